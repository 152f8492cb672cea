"""The store on a disk that crashes, against a dictionary of what was acknowledged.

One seed decides everything: what is written, when maintenance runs, when the process is killed or the power
goes, what survives, when the disk is full. A seed that failed once stays in `FAILED_ONCE`.
"""

import random

import numpy as np
import pytest

from model.errors import StorageError
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import by_name, frame, metric, selected
from tsdb.database import Database
from tsdb.options import DatabaseOptions
from tsdb.wal.format import PAGE_BYTES

FAILED_ONCE = []
STEP_MS = 15_000


class Simulation:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.options = DatabaseOptions(
            wal_segment_bytes=PAGE_BYTES * self.random.choice([1, 4]),
            wal_compression=self.random.choice(["none", "snappy", "zstd"]),
            chunk_file_bytes=self.random.choice([2048, 1 << 20]),
        )
        self.disk = CrashDisk(seed)
        self.store = self.open()
        self.now_ms = 0
        self.clock_s = 0.0
        self.acknowledged: dict[str, list[tuple[int, float]]] = {}

    def open(self):
        return Database.open("unused", self.options, disk=self.disk)

    def commit(self):
        names = self.random.sample([f"m{n}" for n in range(30)], self.random.randrange(1, 20))
        self.now_ms += STEP_MS * self.random.choice([1, 1, 1, 40])
        values = [float(self.random.randrange(100)) for _ in names]
        appender = self.store.appender()
        refs = appender.series(frame(self.store, *map(metric, names)))
        appender.append(refs, np.full(len(refs), self.now_ms), np.array(values))
        if self.random.random() < 0.1:
            appender.rollback()
            return
        try:
            appender.commit()
        except StorageError:
            return
        for name, value in zip(names, values, strict=True):
            self.acknowledged.setdefault(name, []).append((self.now_ms, value))

    def commits(self):
        for _ in range(self.random.randrange(1, 60)):
            self.commit()

    def maintain(self):
        self.clock_s += 100
        self.store.maintain(self.clock_s)

    def fill_disk(self):
        self.disk.room = self.random.randrange(3000)
        self.commits()
        self.maintain()
        self.disk.room = None

    def restart(self):
        self.store.close()
        self.store = self.open()

    def kill(self):
        self.disk = self.disk.kill()
        self.store = self.open()

    def cut_power(self):
        """What was synced must be there, what was not may be; nothing else, and no series with a hole."""
        self.store._head.log.sync()
        synced = {name: len(samples) for name, samples in self.acknowledged.items()}
        self.commits()
        self.disk = self.disk.cut_power()
        self.store = self.open()
        found = self.found()
        for name, samples in self.acknowledged.items():
            kept = found.get(name, [])
            assert len(kept) >= synced.get(name, 0)
            assert kept == samples[: len(kept)]
        assert found.keys() <= self.acknowledged.keys()
        self.acknowledged = found

    def found(self):
        return by_name(selected(self.store))

    def run(self, turns):
        steps = [
            self.commits,
            self.commits,
            self.maintain,
            self.fill_disk,
            self.restart,
            self.kill,
            self.cut_power,
        ]
        for _ in range(turns):
            self.random.choice(steps)()
            assert self.found() == self.acknowledged


@pytest.mark.parametrize("seed", [*FAILED_ONCE, *range(12)])
def test_the_store_holds_what_it_acknowledged(seed):
    Simulation(seed).run(turns=15)
