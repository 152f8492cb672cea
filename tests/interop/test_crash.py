"""Our server is killed with -9 while a fast target feeds it, at instants drawn from one seed, and started
again.

Whatever a question showed before the kill, it shows after.
"""

import random
import time

import pytest

from tests.interop.exporter import counter, line, served_pages
from tests.interop.peers import Peer, cardinal, wait_for

pytestmark = pytest.mark.interop

SERIES = 300
BORN_PER_SCRAPE = 3  # Series that are new in each page: the log gets labels as well as samples.
INTERVAL_MS = 25
SEED = 1_907


def page(scrape: int) -> bytes:
    rows = [line("steady_total", {"n": str(n)}, counter(scrape, n + 0.1, 40)) for n in range(SERIES)]
    rows += [
        line("born", {"scrape": str(scrape), "n": str(n)}, scrape + n / 3) for n in range(BORN_PER_SCRAPE)
    ]
    return "".join(rows).encode()


def config(port: int) -> str:
    return (
        f"global: {{scrape_interval: {INTERVAL_MS}ms, scrape_timeout: {INTERVAL_MS}ms}}\n"
        f"scrape_configs: [{{job_name: crash, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
    )


def visible(peer: Peer) -> dict[tuple, list[tuple[int, str]]]:
    return peer.samples('{job="crash"}', int(time.time() * 1000) + 1000)


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.large)])
def test_every_sample_that_was_visible_survives_a_kill(tmp_path, kills):
    moments = random.Random(SEED)
    known: dict[tuple, list[tuple[int, str]]] = {}
    starts = []
    with served_pages({"/metrics": page}) as port:
        for kill in range(kills + 1):
            began_s = time.monotonic()
            with cardinal(tmp_path / "data", config(port)) as peer:
                starts.append(time.monotonic() - began_s)
                found = visible(peer)
                lost = {
                    labels: (len(samples), len(found.get(labels, ())))
                    for labels, samples in known.items()
                    if found.get(labels, [])[: len(samples)] != samples
                }
                assert not lost, (
                    f"after kill {kill}, {len(lost)} of {len(known)} series differ: {list(lost.items())[:3]}"
                )
                before = sum(map(len, found.values()))
                wait_for(
                    lambda peer=peer: peer.instant('count_over_time(up{job="crash"}[1s]) > 3'), "scrapes", 20
                )
                time.sleep(moments.uniform(0.2, 1.2))
                known = visible(peer)
                assert sum(map(len, known.values())) > before
                time.sleep(moments.uniform(0, 2 * INTERVAL_MS / 1000))
                peer.kill()
    samples = sum(map(len, known.values()))
    print(f"{kills} kills, {len(known)} series, {samples} samples, ready within {max(starts):.2f} s")
    assert len(known) > SERIES
