import struct
import threading

import numpy as np
import pytest

from model.errors import AppendError, StorageError
from model.samples import STALE, STALE_BITS
from model.storage import Metadata, MetricKind, Verdict
from tests.tsdb.helpers import by_name, frame, metric, open_store, samples_of, scrape, selected

ACCEPTED, OUT_OF_ORDER, DUPLICATE, OUT_OF_BOUNDS = range(4)
UNCHANGED, UNKNOWN = Verdict.UNCHANGED, Verdict.UNKNOWN_SERIES
HOUR_MS = 3_600_000


def times_of(*times):
    return np.array(times, dtype=np.int64)


def values_of(*values):
    return np.array(values, dtype=np.float64)


def test_nothing_is_visible_before_commit_and_all_of_it_after(store):
    appender = store.appender()
    refs = appender.series(frame(store, metric("a"), metric("b")))
    appender.append(refs, times_of(1000, 1000), values_of(1, 2))
    assert by_name(selected(store)) == {}
    result = appender.commit()
    assert (result.samples, result.verdicts.tolist()) == (2, [ACCEPTED, ACCEPTED])
    assert by_name(selected(store)) == {"a": [(1000, 1.0)], "b": [(1000, 2.0)]}


def test_rolled_back_samples_are_gone_and_the_series_stay(store, disk):
    appender = store.appender()
    refs = appender.series(frame(store, metric("a")))
    appender.append(refs, times_of(1000), values_of(1))
    appender.rollback()
    assert by_name(selected(store)) == {}
    again = open_store(disk.kill())
    assert again.appender().series(frame(again, metric("a"))).tolist() == refs.tolist()


def test_equal_labels_are_one_series_in_whatever_order_they_come(store):
    appender = store.appender()
    rows = [
        {"__name__": "a", "x": "1"},
        {"x": "1", "__name__": "a"},
        {"__name__": "a", "x": "1", "empty": ""},
    ]
    refs = appender.series(frame(store, *rows, metric("b")))
    assert refs[0] == refs[1] == refs[2] != refs[3]
    assert store.appender().series(frame(store, *rows)).tolist() == refs[:3].tolist()


def test_a_row_without_labels_is_refused_and_creates_nothing(store):
    appender = store.appender()
    with pytest.raises(AppendError, match="row 1: want a label set, got an empty one"):
        appender.series(frame(store, metric("a"), {"x": ""}))
    assert store.statistics().series == 0


def test_verdicts_follow_the_rules_of_time(store):
    scrape(store, 2 * HOUR_MS, {"a": 1.0, "b": 1.0})
    appender = store.appender()
    a, c = appender.series(frame(store, metric("a"), metric("c")))
    cases = [
        (a, 2 * HOUR_MS, 1.0, UNCHANGED),
        (a, 2 * HOUR_MS, 2.0, DUPLICATE),
        (a, 2 * HOUR_MS - 1, 1.0, OUT_OF_ORDER),
        (a, HOUR_MS - 1, 1.0, OUT_OF_BOUNDS),
        (c, HOUR_MS - 1, 1.0, OUT_OF_BOUNDS),
        (c, HOUR_MS, 1.0, ACCEPTED),
        (np.uint64(999), 2 * HOUR_MS, 1.0, UNKNOWN),
        (a, 2 * HOUR_MS + 1, 1.0, ACCEPTED),
    ]
    refs, times, values, verdicts = zip(*cases, strict=True)
    got = appender.append(np.array(refs, dtype=np.uint64), times_of(*times), values_of(*values))
    assert got.tolist() == list(verdicts)
    result = appender.commit()
    assert (result.samples, result.verdicts.tolist()) == (2, list(verdicts))
    assert samples_of(store, "a") == [(2 * HOUR_MS, 1.0), (2 * HOUR_MS + 1, 1.0)]
    counters = store.counters
    assert counters.head_samples_appended_total["float"] == 4
    assert counters.out_of_order_samples_total["float"] == 1
    assert counters.out_of_bound_samples_total["float"] == 2
    assert counters.duplicate_samples_total == 1
    assert counters.head_series_not_found_total == 1


def test_in_an_empty_head_the_first_sample_says_what_is_in_bounds(store):
    appender = store.appender()
    refs = appender.series(frame(store, metric("a"), metric("b"), metric("c")))
    verdicts = appender.append(refs, times_of(5 * HOUR_MS, 4 * HOUR_MS, 4 * HOUR_MS - 1), values_of(1, 1, 1))
    assert verdicts.tolist() == [ACCEPTED, ACCEPTED, OUT_OF_BOUNDS]


def test_within_a_transaction_commit_has_the_last_word(store):
    appender = store.appender()
    (a,) = appender.series(frame(store, metric("a")))
    refs = np.array([a, a, a, a], dtype=np.uint64)
    verdicts = appender.append(refs, times_of(10, 20, 15, 20), values_of(1, 2, 3, 4))
    assert verdicts.tolist() == [ACCEPTED] * 4
    result = appender.commit()
    assert result.verdicts.tolist() == [ACCEPTED, ACCEPTED, OUT_OF_ORDER, DUPLICATE]
    assert result.samples == 2
    assert samples_of(store, "a") == [(10, 1.0), (20, 2.0)]


def test_of_two_transactions_the_first_commit_wins(store, disk):
    first, second = store.appender(), store.appender()
    refs = first.series(frame(store, metric("a")))
    first.append(refs, times_of(10), values_of(1))
    second.append(refs, times_of(10), values_of(2))
    assert second.commit().samples == 1
    assert first.commit().verdicts.tolist() == [DUPLICATE]
    assert samples_of(store, "a") == [(10, 2.0)]
    assert samples_of(open_store(disk.kill()), "a") == [(10, 2.0)]


def test_a_series_is_logged_before_its_samples_even_when_its_creator_commits_last(store, disk):
    """Prometheus logs a series with the commit of the appender that created it: after a crash before that,
    samples that another appender committed are of a series nobody knows. Here the first commit logs it."""
    creator, other = store.appender(), store.appender()
    creator.series(frame(store, metric("a")))
    refs = other.series(frame(store, metric("a")))
    other.append(refs, times_of(10), values_of(1))
    other.commit()
    assert samples_of(open_store(disk.kill()), "a") == [(10, 1.0)]
    creator.rollback()


def test_a_staleness_marker_keeps_its_bits_and_differs_from_a_plain_nan(store, disk):
    scrape(store, 10, {"a": STALE, "b": float("nan")})
    bits = {
        name: int.from_bytes(struct.pack(">d", samples[0][1]))
        for name, samples in by_name(selected(open_store(disk.kill()))).items()
    }
    assert bits["a"] == STALE_BITS != bits["b"]
    assert scrape(store, 10, {"a": STALE}).verdicts.tolist() == [UNCHANGED]
    assert scrape(store, 10, {"a": float("nan")}).verdicts.tolist() == [DUPLICATE]


def test_a_full_disk_refuses_whole_transactions_and_recovers(store, disk):
    scrape(store, 10, {"a": 1.0})
    disk.room = 30
    for _ in range(3):
        with pytest.raises(StorageError, match="no space left"):
            scrape(store, 20, {"a": 2.0, "new": 2.0})
    assert by_name(selected(store)) == {"a": [(10, 1.0)]}
    disk.room = None
    scrape(store, 30, {"a": 3.0, "new": 3.0})
    expected = {"a": [(10, 1.0), (30, 3.0)], "new": [(30, 3.0)]}
    assert by_name(selected(store)) == expected
    assert by_name(selected(open_store(disk.kill()))) == expected
    assert store.counters.wal_writes_failed_total == 3
    assert store.counters.head_samples_appended_total["float"] == 3


def test_arrays_of_different_lengths_and_finished_transactions_are_refused(store):
    appender = store.appender()
    refs = appender.series(frame(store, metric("a")))
    with pytest.raises(AppendError, match="1 refs, 2 times, 1 values"):
        appender.append(refs, times_of(1, 2), values_of(1))
    appender.commit()
    with pytest.raises(AppendError, match="committed or rolled back"):
        appender.append(refs, times_of(1), values_of(1))
    with pytest.raises(AppendError):
        appender.rollback()
    assert store.counters.head_active_appenders == 0
    assert store.counters.head_appenders_created_total == 1


def test_metadata_is_kept_by_metric_survives_and_is_logged_once(store, disk):
    told = Metadata(MetricKind.COUNTER, "Requests served.", "requests")
    for _ in range(3):
        appender = store.appender()
        refs = appender.series(frame(store, metric("a", x="1"), metric("a", x="2"), metric("b")))
        appender.metadata(refs[1:2], [told])
        appender.commit()
    logged = store.counters.wal_record_parts_bytes_written_total
    assert store.metadata() == {"a": told}
    assert open_store(disk.kill()).metadata() == {"a": told}
    appender = store.appender()
    appender.metadata(refs[:1], [told])
    appender.commit()
    assert store.counters.wal_record_parts_bytes_written_total == logged


def test_concurrent_readers_see_whole_commits(store):
    """Eight series move in step; whoever reads in between must find them in step."""
    names = [f"m{n}" for n in range(8)]
    done = threading.Event()
    torn = []

    def look():
        while not done.is_set():
            found = selected(store)
            if len({len(samples) for samples in found.values()}) > 1:
                torn.append({row: len(samples) for row, samples in found.items()})

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for step in range(400):
        scrape(store, 1000 + step * 15_000, dict.fromkeys(names, float(step)))
        if step % 50 == 0:
            store.maintain(step * 100.0)
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert {len(samples) for samples in selected(store).values()} == {400}
