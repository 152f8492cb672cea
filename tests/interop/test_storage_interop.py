"""Data directories handed back and forth between Cardinal and Debian's Prometheus, each side killed with -9.

Prometheus gets its samples by scraping a page that the test serves; Cardinal gets them through `Database`.
"""

import shutil
import time

import numpy as np
import pytest

from kernels import LabelFrame, Matcher
from model.samples import STALE
from tests.interop.conftest import NO_TARGETS
from tests.interop.exporter import served_pages
from tests.interop.peers import prometheus, wait_for
from tests.tsdb.helpers import selected
from tsdb.database import Database
from tsdb.maintenance import truncate_head
from tsdb.options import DatabaseOptions

pytestmark = pytest.mark.interop

SERIES = 300
STEP_MS = 15_000
OURS = Matcher("job", "=", "ours")


def exported(peer, matcher, at_ms, range_s=86_400 * 30):
    """Labels to samples of a selector, as a Prometheus has them. Staleness markers do not show."""
    found = peer.samples(matcher, at_ms, range_s)
    return {row: [(at, float(value)) for at, value in samples] for row, samples in found.items()}


def without_stale(found):
    return {row: [sample for sample in samples if not is_stale(sample[1])] for row, samples in found.items()}


def is_stale(value):
    return np.float64(value).view(np.uint64) == np.float64(STALE).view(np.uint64)


def write_ours(data, first_step, last_step, base_ms, options):
    """Scrapes of a few hundred series, every seventh of which goes stale now and then."""
    store = Database.open(data, options)
    rows = [
        [("__name__", f"m{n % 20}"), ("job", "ours"), ("n", f"{n}"), ("quoted", 'ä"\\\n')]
        for n in range(SERIES)
    ]
    labels = LabelFrame.from_labels(store.symbols, rows)
    numbers = np.arange(SERIES, dtype=np.float64)
    for step in range(first_step, last_step):
        appender = store.appender()
        refs = appender.series(labels)
        values = numbers * 1000 + step * np.where(numbers % 3, 1.0, 0.1)
        if step % 50 == 49:
            values[::7] = STALE
        result_times = np.full(SERIES, base_ms + step * STEP_MS, dtype=np.int64)
        assert not appender.append(refs, result_times, values).any()
        assert appender.commit().samples == SERIES
    return store


@pytest.mark.parametrize(
    ("compression", "segment_bytes", "mapped"),
    [("snappy", 128 << 20, True), ("none", 1 << 20, False), ("snappy", 256 << 10, True)],
)
def test_prometheus_opens_what_cardinal_left_when_killed(tmp_path, compression, segment_bytes, mapped):
    options = DatabaseOptions(wal_compression=compression, wal_segment_bytes=segment_bytes)
    now_ms = int(time.time()) * 1000
    base_ms = now_ms - 400 * STEP_MS
    store = write_ours(tmp_path / "killed", 0, 390, base_ms, options)
    if mapped:
        store.maintain(1e6)
        assert store.counters.mmap_chunks_total >= 2 * SERIES
    expected = without_stale(selected(store, OURS))
    assert len(expected) == SERIES
    shutil.copytree(tmp_path / "killed", tmp_path / "copy" / "data")
    with prometheus(tmp_path / "copy" / "data", NO_TARGETS) as peer:
        assert exported(peer, '{job="ours"}', now_ms) == expected
        metrics = peer.get("/metrics").body.decode()
    assert "prometheus_tsdb_wal_corruptions_total 0" in metrics
    assert "prometheus_tsdb_mmap_chunk_corruptions_total 0" in metrics
    assert f"prometheus_tsdb_head_series {SERIES}" in metrics
    log = (tmp_path / "copy" / "prometheus.log").read_text()
    assert "level=error" not in log
    assert "corrupt" not in log
    store.close()


def test_prometheus_opens_a_checkpointed_directory(tmp_path):
    now_ms = int(time.time()) * 1000
    base_ms = now_ms - 400 * STEP_MS
    data = tmp_path / "killed"
    for part in range(5):  # Every start begins a segment.
        store = write_ours(data, part * 60, part * 60 + 60, base_ms, DatabaseOptions())
        if part < 4:
            store.close()
    store.maintain(1e6)
    truncate_head(store._disk, store._head, base_ms + 100 * STEP_MS)
    assert store.counters.checkpoint_creations_total == 1
    expected = without_stale(selected(store, OURS, min_ms=base_ms + 100 * STEP_MS))
    shutil.copytree(data, tmp_path / "copy" / "data")
    with prometheus(tmp_path / "copy" / "data", NO_TARGETS) as peer:
        found = exported(peer, '{job="ours"}', now_ms)
    young = {
        row: [sample for sample in samples if sample[0] >= base_ms + 100 * STEP_MS]
        for row, samples in found.items()
    }
    assert young == expected
    store.close()


def page(scrape):
    """Half of the series vanish now and then, so that Prometheus marks them stale."""
    present = range(SERIES) if scrape % 20 < 15 else range(0, SERIES, 2)
    return "".join(f'page{n % 10}{{n="{n}"}} {n + scrape / 10}\n' for n in present).encode()


def scraping(page_port):
    return (
        "global: {scrape_interval: 20ms, scrape_timeout: 20ms}\n"
        f"scrape_configs: [{{job_name: page, static_configs: [{{targets: ['127.0.0.1:{page_port}']}}]}}]\n"
    )


def test_cardinal_opens_what_prometheus_left_when_killed_and_prometheus_goes_on_with_it(tmp_path):
    data = tmp_path / "data"
    with served_pages({"/metrics": page}) as page_port, prometheus(data, scraping(page_port)) as peer:
        wait_for(lambda: peer.instant('count_over_time(up{job="page"}[1m]) > 300'), "300 scrapes")
        at_ms = int(time.time() * 1000) - 500
        theirs = exported(peer, '{job="page"}', at_ms, range_s=600)
    assert len(theirs) > SERIES
    assert max(map(len, theirs.values())) > 240
    store = Database.open(data)
    found = selected(store, Matcher("job", "=", "page"))
    assert any(is_stale(value) for samples in found.values() for _, value in samples)
    upto = {
        row: [sample for sample in samples if sample[0] <= at_ms]
        for row, samples in without_stale(found).items()
    }
    assert {tuple(sorted(row)): samples for row, samples in upto.items() if samples} == theirs
    assert store.counters.wal_replay_unknown_refs_total["samples"] == 0
    newest_ms = store.bounds()[1]
    store.close()

    store = write_ours(data, 0, 200, newest_ms, DatabaseOptions())
    now_ms = newest_ms + 200 * STEP_MS
    store.maintain(1e6)
    expected = {**without_stale(selected(store, Matcher("job", "=~", "ours|page")))}
    shutil.copytree(data, tmp_path / "copy" / "data")
    with prometheus(tmp_path / "copy" / "data", NO_TARGETS) as peer:
        again = exported(peer, '{job=~"ours|page"}', now_ms)
    assert again == {row: samples for row, samples in expected.items() if samples}
    store.close()
