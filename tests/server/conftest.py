"""One server for all tests that only ask."""

import time
from types import SimpleNamespace

import pytest

from tests.server.running import fill, serving, target

CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  external_labels: {{region: eu}}
scrape_configs:
- job_name: app
  static_configs:
  - targets: ['{target}']
  - targets: ['127.0.0.1:1']
    labels: {{drop: me}}
  relabel_configs:
  - {{source_labels: [drop], regex: me, action: drop}}
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running server with history (`wide`), one target that is scraped and one that relabelling drops."""
    folder = tmp_path_factory.mktemp("server")
    at_s = int(time.time()) - 60
    fill(folder / "data", at_s * 1000)
    flags = (
        "--web.enable-lifecycle",
        "--query.max-concurrency=4",
        "--scrape.discovery-reload-interval=50ms",
        "--web.cors.origin=https?://(.*\\.)?example\\.org",
    )
    with target() as address, serving(folder, *flags, config=CONFIG.format(target=address)) as running:
        running.at_s = at_s
        running.target = address
        running.facts = SimpleNamespace(series=300, samples=40)
        running.wait_until(lambda: running.api("query", query="jobs_total").data["result"], "a scrape")
        yield running
