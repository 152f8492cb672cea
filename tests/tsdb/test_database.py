import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from model.errors import ConfigError, DirectoryLockedError, StorageError
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import by_name, frame, metric, open_store, samples_of, scrape, selected
from tsdb.database import Database
from tsdb.options import DatabaseOptions


def test_a_second_owner_of_the_directory_is_refused(tmp_path):
    first = Database.open(tmp_path)
    with pytest.raises(DirectoryLockedError, match="another process has this directory"):
        Database.open(tmp_path)
    first.close()
    Database.open(tmp_path).close()
    assert not (tmp_path / "lock").exists()


def test_without_a_lock_file_nothing_is_locked(tmp_path):
    options = DatabaseOptions(lockfile=False)
    first = Database.open(tmp_path, options)
    assert not (tmp_path / "lock").exists()
    assert first.counters.clean_start == -1
    first.close()


def test_a_directory_that_cannot_be_opened_is_unlocked_again(tmp_path):
    (tmp_path / "wal").mkdir()
    (tmp_path / "wal" / "00000000").touch()
    (tmp_path / "wal" / "00000002").touch()
    for _ in range(2):
        with pytest.raises(StorageError, match="want number 1 next, got 2"):
            Database.open(tmp_path)


def test_clean_start_says_whether_the_last_owner_closed():
    disk = CrashDisk()
    store = open_store(disk)
    assert store.counters.clean_start == 1
    crashed = open_store(disk.kill())
    assert crashed.counters.clean_start == 0
    store.close()
    assert open_store(disk).counters.clean_start == 1


def test_a_closed_database_takes_and_gives_nothing(store):
    scrape(store, 10, {"a": 1.0})
    late = store.appender()
    late.series(frame(store, metric("b")))
    store.close()
    for use in (store.appender, store.close, store.querier(0, 1).__enter__, late.commit):
        with pytest.raises(StorageError, match="want an open"):
            use()


def test_closing_writes_full_chunks_and_what_reopening_finds_is_the_same(tmp_path):
    store = Database.open(tmp_path)
    for step in range(300):
        scrape(store, step * 15_000, {"a": float(step), "b": float(-step)})
    before = selected(store)
    store.close()
    assert (tmp_path / "chunks_head" / "000001").exists()
    again = Database.open(tmp_path)
    assert selected(again) == before
    assert again.counters.wal_corruptions_total == 0
    scrape(again, 300 * 15_000, {"a": 300.0})
    assert samples_of(again, "a")[-1] == (300 * 15_000, 300.0)
    again.close()


def test_statistics_count_what_is_there(store):
    for step in range(130):
        scrape(store, step * 15_000, {"a": 1.0, "b": 2.0})
    statistics = store.statistics(limit=1)
    assert (statistics.series, statistics.label_pairs, statistics.chunks) == (2, 2, 4)
    assert (statistics.min_ms, statistics.max_ms) == store.bounds() == (0, 129 * 15_000)
    assert statistics.series_by_metric == [("a", 1)]
    assert statistics.values_by_label == [("__name__", 2)]
    assert statistics.series_by_pair == [("__name__=a", 1)]
    assert store.log_bytes() > 0


def test_options_that_make_no_sense_are_refused_with_the_number():
    with pytest.raises(ConfigError, match="multiple of 32768 bytes, got 100"):
        DatabaseOptions(wal_segment_bytes=100)
    with pytest.raises(ConfigError, match=r"retention_ms: .* got -1"):
        DatabaseOptions(retention_ms=-1)


def test_the_maintenance_thread_works_until_close(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("tsdb.maintenance.TICK_S", 0.005)
    monkeypatch.setattr("tsdb.maintenance.MAP_INTERVAL_S", 0.01)
    store = Database.open(tmp_path)
    store.start()
    for step in range(300):
        scrape(store, step * 15_000, {"a": float(step)})
    deadline = time.monotonic() + 5
    while store.counters.mmap_chunks_total < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    store.close()
    assert store.counters.mmap_chunks_total >= 2
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


def test_a_bug_in_a_job_does_not_end_maintenance(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("tsdb.maintenance.TICK_S", 0.001)
    store = Database.open(tmp_path)
    turns = []

    def job(_):
        turns.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(store._maintenance, "tick", job)
    store.start()
    deadline = time.monotonic() + 5
    while len(turns) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    store.close()
    assert len(turns) >= 3
    assert "ZeroDivisionError" in caplog.text


WRITER = """
import sys
from tests.tsdb.helpers import scrape
from tsdb.database import Database
store = Database.open(sys.argv[1])
store.start()
step = int(sys.argv[2])
while True:
    scrape(store, step * 15_000, {f"m{n}": float(step) for n in range(20)})
    print(step, flush=True)
    step += 1
"""


def test_every_committed_sample_is_there_after_a_kill(tmp_path):
    """A writer that says what it committed is killed at any moment; the next one goes on where it stopped."""
    committed, random = -1, CrashDisk(5).random
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(committed + 1)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
        ) as writer:
            for _ in range(random.randrange(1, 150)):
                writer.stdout.readline()
            time.sleep(random.random() * 0.01)
            writer.send_signal(signal.SIGKILL)
            said = writer.stdout.read().split("\n")
        store = Database.open(tmp_path)
        found = by_name(selected(store))
        newest = {len(samples) for samples in found.values()}
        assert len(found) == 20
        assert len(newest) == 1, "a commit is there in part"
        (count,) = newest
        committed = max([committed, *(int(line) for line in said[:-1])])
        assert count > committed
        assert found["m7"] == [(step * 15_000, float(step)) for step in range(count)]
        committed = count - 1
        store.close()
