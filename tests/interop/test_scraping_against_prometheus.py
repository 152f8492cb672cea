"""One page with an hour of history, scraped by both servers, is stored alike."""

import time

import pytest

from tests.interop.exporter import history, served_pages
from tests.interop.peers import cardinal, prometheus, wait_for

pytestmark = pytest.mark.interop

SELECTOR = '{job="history", __name__!~"up|scrape_.*"}'


def config(port: int) -> str:
    target = f"static_configs: [{{targets: ['127.0.0.1:{port}']}}]"
    return (
        "global: {scrape_interval: 2s, scrape_timeout: 2s}\n"
        f"scrape_configs: [{{job_name: history, metrics_path: /history, {target}}}]\n"
    )


def test_a_page_of_explicit_timestamps_is_stored_as_prometheus_stores_it(tmp_path):
    now_ms = int(time.time() * 1000)
    page = history(now_ms)
    stored = []
    for name, start in (("theirs", prometheus), ("ours", cardinal)):
        (tmp_path / name).mkdir()
        pages = {"/history": lambda scrape: page if scrape == 0 else b""}
        with served_pages(pages) as port, start(tmp_path / name / "data", config(port)) as peer:
            wait_for(lambda peer=peer: peer.instant("count_over_time(up[1m]) > 0"), "a scrape", 20)
            found = peer.samples(SELECTOR, now_ms)
        stored.append(
            {
                tuple(pair for pair in labels if pair[0] != "instance"): [
                    (at_ms, float(v)) for at_ms, v in samples
                ]
                for labels, samples in found.items()
            }
        )
    theirs, ours = stored
    assert len(theirs) > 200
    assert sum(map(len, theirs.values())) > 40_000
    assert ours.keys() == theirs.keys()
    differing = [labels for labels in theirs if repr(theirs[labels]) != repr(ours[labels])]  # NaN is NaN.
    assert differing == []
