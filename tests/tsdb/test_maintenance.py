import numpy as np
import pytest

from model.errors import StorageError
from model.storage import Verdict
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import by_name, frame, metric, open_store, samples_of, scrape, selected
from tsdb.maintenance import expired_before, truncate_head
from tsdb.wal.segments import list_checkpoints, list_segments

STEP_MS = 15_000
HOUR_MS = 3_600_000


def run(store, first, last, names):
    for step in range(first, last):
        scrape(store, step * STEP_MS, {name: float(step) for name in names})


def truncated(disk, store, step):
    truncate_head(disk, store._head, step * STEP_MS)


def test_series_that_ended_before_the_horizon_leave_and_others_stay_whole(store, disk):
    run(store, 0, 300, ["a", "b"])
    truncated(disk, store, 0)  # Those born before it may leave with the next one.
    run(store, 300, 900, ["a"])
    store.maintain(1e6)
    truncated(disk, store, 600)
    assert store.statistics().series == 1
    assert store.counters.head_series_removed_total == 1
    kept = samples_of(store, "a", min_ms=600 * STEP_MS)
    assert kept == [(step * STEP_MS, float(step)) for step in range(600, 900)]
    assert store.bounds()[0] > 0
    assert samples_of(store, "b") == []


def test_a_series_just_born_stays_until_its_first_transaction_had_its_time(store, disk):
    run(store, 0, 10, ["a"])
    appender = store.appender()
    refs = appender.series(frame(store, metric("young")))
    truncated(disk, store, 5)
    assert appender.append(refs, np.array([9 * STEP_MS]), np.array([1.0])).tolist() == [Verdict.ACCEPTED]
    assert appender.commit().samples == 1
    assert samples_of(store, "young") == [(9 * STEP_MS, 1.0)]


def test_a_transaction_open_across_a_truncation_hears_that_its_series_went(store, disk):
    run(store, 0, 10, ["a", "b"])
    truncated(disk, store, 0)
    run(store, 10, 20, ["b"])
    appender = store.appender()
    refs = appender.series(frame(store, metric("a"), metric("b")))
    times = np.full(2, 20 * STEP_MS, dtype=np.int64)
    assert appender.append(refs, times, np.array([1.0, 1.0])).tolist() == [Verdict.ACCEPTED] * 2
    truncated(disk, store, 15)
    result = appender.commit()
    assert (result.samples, result.verdicts.tolist()) == (1, [Verdict.UNKNOWN_SERIES, Verdict.ACCEPTED])
    again = store.appender().series(frame(store, metric("a")))
    assert again[0] > refs.max()


def test_a_reader_keeps_its_samples_across_a_truncation(store, disk):
    run(store, 0, 600, ["a"])
    store.maintain(1e6)
    with store.querier(0, 1 << 60):
        truncated(disk, store, 500)
    assert samples_of(store, "a", min_ms=500 * STEP_MS) == [
        (step * STEP_MS, float(step)) for step in range(500, 600)
    ]


def test_samples_before_the_horizon_are_out_of_bounds(store, disk):
    run(store, 0, 100, ["a"])
    truncated(disk, store, 90)
    assert scrape(store, 89 * STEP_MS, {"new": 1.0}).verdicts.tolist() == [Verdict.OUT_OF_BOUNDS]
    assert scrape(store, 90 * STEP_MS, {"new": 1.0}).verdicts.tolist() == [Verdict.ACCEPTED]


def churn(disk, rounds=8):
    """Each round brings a metric of its own beside one that stays; truncation follows two rounds behind."""
    store = open_store(disk, chunk_file_bytes=4096)
    for turn in range(rounds):
        run(store, turn * 200, (turn + 1) * 200, ["stays", f"round{turn}"])
        store.maintain(1e6 * turn + 1e6)
        truncated(disk, store, max(0, (turn - 1) * 200))
    return store


def test_log_and_chunk_files_stay_bounded_under_churn():
    disk = CrashDisk()
    store = churn(disk, rounds=12)
    assert store.statistics().series <= 4
    assert len(list_segments(disk, "wal")) <= 5
    assert list_checkpoints(disk, "wal") != []
    assert "000001" not in disk.list("chunks_head")
    assert store.counters.checkpoint_creations_total == store.counters.wal_truncations_total > 0


@pytest.mark.parametrize("rounds", range(2, 9))
def test_a_truncated_store_opens_again_with_all_that_is_young_enough(rounds):
    disk = CrashDisk()
    store = churn(disk, rounds)
    horizon_ms = (rounds - 2) * 200 * STEP_MS
    young = by_name(selected(store, min_ms=horizon_ms))
    assert len(young["stays"]) == 400
    again = open_store(disk.kill())
    assert by_name(selected(again, min_ms=horizon_ms)) == young
    born = again.appender().series(frame(again, metric("another")))
    assert born[0] > max(store._head.refs.highest, rounds)


def test_a_series_that_comes_back_after_leaving_is_whole_after_a_restart():
    disk = CrashDisk()
    store = open_store(disk)
    run(store, 0, 200, ["a", "b"])
    truncated(disk, store, 0)
    run(store, 200, 600, ["b"])
    truncated(disk, store, 400)
    run(store, 600, 900, ["a", "b"])
    store.maintain(1e6)
    run(store, 900, 910, ["a", "b"])
    young = by_name(selected(store, min_ms=400 * STEP_MS))
    assert young["a"] == [(step * STEP_MS, float(step)) for step in range(600, 910)]
    after_kill = disk.kill()
    again = open_store(after_kill)
    assert by_name(selected(again, min_ms=400 * STEP_MS)) == young
    truncated(after_kill, again, 500)
    run(again, 910, 920, ["a"])
    last = open_store(after_kill.kill())
    assert samples_of(last, "a", min_ms=600 * STEP_MS) == [
        (step * STEP_MS, float(step)) for step in range(600, 920)
    ]


def test_retention_truncates_once_enough_has_expired():
    disk = CrashDisk()
    store = open_store(disk, retention_ms=4 * HOUR_MS)
    scrape(store, 0, {"a": 1.0})
    scrape(store, 6 * HOUR_MS - 1, {"a": 2.0})
    assert expired_before(store._head) is None
    scrape(store, 6 * HOUR_MS + 1, {"a": 3.0})
    assert expired_before(store._head) == 2 * HOUR_MS + 1
    assert expired_before(open_store(CrashDisk(), retention_ms=HOUR_MS)._head) is None
    assert expired_before(open_store(disk.kill())._head) is None


def test_a_disk_too_full_for_chunks_or_checkpoints_is_reported_and_tried_again(caplog):
    disk = CrashDisk()
    store = open_store(disk, retention_ms=HOUR_MS)
    run(store, 0, 1000, ["a"])
    disk.room = 100
    store.maintain(1e3)
    assert "writing full chunks" in caplog.text
    assert "no space left" in caplog.text
    disk.room = None
    assert len(samples_of(store, "a", min_ms=900 * STEP_MS)) == 100
    store.maintain(2e3)
    assert store.counters.mmap_chunks_total > 0
    run(store, 1000, 1001, ["a"])
    disk.room = 0
    with pytest.raises(StorageError):
        truncated(disk, store, 950)
    assert store.counters.head_truncations_failed_total == 1


def test_the_log_is_synced_as_often_as_asked():
    disk = CrashDisk()
    store = open_store(disk, wal_sync_interval_ms=5000)
    for now_s in range(100, 112):
        scrape(store, now_s, {"a": 1.0})
        store.maintain(float(now_s))
    assert store.counters.wal_fsync_duration_seconds.count == 3


def test_full_chunks_go_to_their_file_by_the_minute_or_at_once_when_there_are_many(store, monkeypatch):
    store.maintain(100.0)
    run(store, 0, 300, ["a"])
    store.maintain(101.0)
    assert store.counters.mmap_chunks_total == 0
    store.maintain(161.0)
    assert store.counters.mmap_chunks_total == 2
    run(store, 300, 420, ["a"])
    monkeypatch.setattr("tsdb.maintenance.FULL_BYTES_MAX", 1)
    store.maintain(162.0)
    assert store.counters.mmap_chunks_total == 3
    assert store._head.chunks.full_bytes() < 1 << 20
