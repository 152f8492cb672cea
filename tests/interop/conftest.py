"""The two servers over the same samples, made once for all tests that ask both."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.exporter import blinking, history, served_pages
from tests.interop.peers import Peer, cardinal, prometheus, wait_for

NO_TARGETS = "scrape_configs: []\n"
BLINKS = 60
GRID_MS = 500  # Questions are asked at multiples of this.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Twins:
    """Debian's Prometheus and our server, each over its own copy of one data directory."""

    theirs: Peer
    ours: Peer
    history_end_ms: int  # Half past a second, a little after the newest sample of the history.
    blinking_end_ms: int  # The same for the series that blink.


def scraping(port: int) -> str:
    return f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: history
    metrics_path: /history
    scrape_interval: 2s
    scrape_timeout: 2s
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
  - job_name: blinking
    metrics_path: /blinking
    scrape_interval: 100ms
    scrape_timeout: 100ms
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def fill(data: Path) -> bool:
    """Let Prometheus scrape a history and some blinking; False where a sample fell on the questions' grid."""
    page = history(int(time.time() * 1000))
    pages = {"/history": lambda scrape: page if scrape == 0 else b"", "/blinking": blinking}
    with served_pages(pages) as port, prometheus(data, scraping(port)) as peer:
        now_ms = int(time.time() * 1000)
        wait_for(lambda: peer.instant(f"count_over_time(live_total[1m]) > {BLINKS}"), f"{BLINKS} scrapes")
        wait_for(lambda: peer.instant("count_over_time(temperature[1h])"), "the history")
        found = peer.samples('{__name__=~".+"}', now_ms + 60_000)
    return not any(at_ms % GRID_MS == 0 for samples in found.values() for at_ms, _ in samples)


def half_past(at_ms: int) -> int:
    return at_ms // 1000 * 1000 + 1500


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    for _ in range(ATTEMPTS):
        place = tmp_path_factory.mktemp("twins")
        if fill(place / "data"):
            break
    else:
        pytest.fail(f"want no sample at a multiple of {GRID_MS} ms, got one in each of {ATTEMPTS} attempts")
    (place / "copy").mkdir()
    shutil.copytree(place / "data", place / "copy" / "data")
    with (
        prometheus(place / "data", NO_TARGETS) as theirs,
        cardinal(place / "copy" / "data", NO_TARGETS) as ours,
    ):
        yield Twins(
            theirs,
            ours,
            history_end_ms=half_past(newest_ms(theirs, "temperature")),
            blinking_end_ms=half_past(newest_ms(theirs, "live_total")),
        )


def newest_ms(peer: Peer, selector: str) -> int:
    now_ms = int(time.time() * 1000)
    return max(samples[-1][0] for samples in peer.samples(selector, now_ms).values())
