import numpy as np
import pytest

from kernels import Matcher
from model.errors import CorruptStoreError
from model.storage import SelectHints
from tests.tsdb.helpers import EVERYTHING, by_name, frame, metric, read, samples_of, scrape, selected

MINUTE_MS = 60_000


def fill(store, names=("a", "b", "c"), scrapes=500):
    for step in range(scrapes):
        scrape(store, step * MINUTE_MS, {name: float(step) for name in names})


@pytest.mark.parametrize("samples_max", [1, 7, 500, 501, 10_000])
def test_batches_cover_every_series_once_in_order(store, samples_max):
    fill(store)
    with store.querier(0, 1 << 60) as querier:
        series = querier.select([EVERYTHING], SelectHints(0, 1 << 60))
        places, sizes = [], []
        for where, batch in series.batches(samples_max):
            places.append(where)
            sizes.append((where.stop - where.start, len(batch.values)))
        assert [place.start for place in places] == [0, *(place.stop for place in places[:-1])]
        assert places[-1].stop == len(series.labels) == 3
        assert sum(samples for _, samples in sizes) == 1500
        assert all(samples <= max(samples_max, 500) for _, samples in sizes)


def test_samples_come_from_mapped_full_and_open_chunks_alike(store):
    fill(store, scrapes=250)
    store.maintain(1e6)
    assert store.counters.mmap_chunks_total > 0
    fill(store, names=("d",))
    for step in range(250, 400):
        scrape(store, (step + 250) * MINUTE_MS, {"a": float(step)})
    expected = [(n * MINUTE_MS, float(n)) for n in range(250)]
    expected += [((n + 250) * MINUTE_MS, float(n)) for n in range(250, 400)]
    assert samples_of(store, "a") == expected


@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (3, 3), (100, 130), (119, 121), (0, 499), (499, 900), (250, 249)]
)
def test_a_range_is_closed_at_both_ends(store, low, high):
    fill(store, names=("a",))
    store.maintain(1e6)
    got = samples_of(store, "a", min_ms=low * MINUTE_MS, max_ms=high * MINUTE_MS)
    assert got == [(n * MINUTE_MS, float(n)) for n in range(low, min(high, 499) + 1)]


def test_series_without_chunks_in_the_range_are_left_out(store):
    scrape(store, 0, {"old": 1.0})
    scrape(store, 100 * MINUTE_MS, {"new": 1.0})
    store.appender().series(frame(store, metric("never")))
    assert by_name(selected(store)) == {"old": [(0, 1.0)], "new": [(100 * MINUTE_MS, 1.0)]}
    with store.querier(0, 10) as querier:
        assert querier.select([EVERYTHING], SelectHints(0, 10)).labels.rows() == [(("__name__", "old"),)]


def test_a_snapshot_does_not_see_later_commits_even_after_chunks_moved(store):
    fill(store, names=("a",), scrapes=100)
    with store.querier(0, 1 << 60) as querier:
        fill_later = [(n, float(n)) for n in range(100, 500)]
        for step, value in fill_later:
            scrape(store, step * MINUTE_MS, {"a": value, "late": value})
        store.maintain(1e6)
        found = by_name(read(querier))
        assert found == {"a": [(n * MINUTE_MS, float(n)) for n in range(100)]}
    assert len(samples_of(store, "a")) == 500


def test_latest_is_the_newest_sample_within_the_lookback(store):
    fill(store, names=("a", "b"), scrapes=300)
    scrape(store, 300 * MINUTE_MS, {"a": 300.0})
    store.maintain(1e6)
    with store.querier(0, 1 << 60) as querier:
        series = querier.select([EVERYTHING], SelectHints(0, 1 << 60))
        column = series.latest(300 * MINUTE_MS, MINUTE_MS)
        assert (column.present.tolist(), column.values[0]) == ([True, False], 300.0)
        column = series.latest(150 * MINUTE_MS + 5, 5 * MINUTE_MS)
        assert column.timestamps_ms.tolist() == [150 * MINUTE_MS] * 2
        assert column.values.tolist() == [150.0, 150.0]


def test_a_limit_cuts_the_series(store):
    fill(store, scrapes=1)
    with store.querier(0, 1000) as querier:
        assert len(querier.select([EVERYTHING], SelectHints(0, 1000, limit=2)).labels) == 2


def test_label_names_and_values_are_sorted_and_know_the_range_of_the_head(store):
    appender = store.appender()
    refs = appender.series(frame(store, metric("a", job="x", zone="1"), metric("b", job="y")))
    appender.append(refs, np.array([1000, 2000], dtype=np.int64), np.array([1.0, 1.0]))
    appender.commit()
    with store.querier(0, 1500) as querier:
        assert querier.label_names([]) == ["__name__", "job", "zone"]
        assert querier.label_names([Matcher("job", "=", "y")]) == ["__name__", "job"]
        assert querier.label_values("job", []) == ["x", "y"]
        assert querier.label_values("job", [Matcher("zone", "=", "1")]) == ["x"]
    for low, high in [(0, 999), (2001, 9999)]:
        with store.querier(low, high) as querier:
            assert querier.label_names([]) == []
            assert querier.label_values("job", []) == []


def test_a_chunk_that_rots_while_it_is_mapped_is_an_error_that_names_its_place(store, disk):
    fill(store, names=("a",), scrapes=300)
    store.maintain(1e6)
    length_at = 8 + 8 + 8 + 8 + 1
    disk.files["chunks_head/000001"].content[length_at] = 0x7F
    store._head.chunk_files.scan()
    with pytest.raises(CorruptStoreError, match="chunks_head"):
        samples_of(store, "a")
