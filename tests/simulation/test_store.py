"""The store on a disk that crashes, against a dictionary of what was acknowledged.

One seed decides everything: what is written, when maintenance runs, when the process is killed or the power
goes, what survives, when the disk is full. A seed that failed once stays in `FAILED_ONCE`.
"""

import random
from contextlib import suppress

import numpy as np
import pytest

from model.errors import StorageError
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import by_name, frame, metric, selected
from tsdb.database import Database
from tsdb.maintenance import truncate_head
from tsdb.options import DatabaseOptions
from tsdb.wal.format import PAGE_BYTES

FAILED_ONCE = [
    13,
    20,
    39,
]  # A disk too full for the header of a chunk file left one without it in the middle.
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
        self.horizon_ms = 0  # Older samples may be there or not.
        self.clock_s = 0.0
        self.acknowledged: dict[str, list[tuple[int, float]]] = {}

    def open(self):
        return Database.open("unused", self.options, disk=self.disk)

    def commit(self):
        generation = self.now_ms // (2000 * STEP_MS)  # Some names die out, and some of those return.
        names = [f"m{n}" for n in range(10)] + [f"m{generation % 3}.{generation % 5}.{n}" for n in range(20)]
        names = self.random.sample(names, self.random.randrange(1, 20))
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

    def truncate(self):
        self.horizon_ms = max(self.horizon_ms, self.now_ms - self.random.randrange(3000) * STEP_MS)
        truncate_head(self.disk, self.store._head, self.horizon_ms)

    def fill_disk(self):
        self.disk.room = self.random.randrange(3000)
        self.commits()
        self.maintain()
        with suppress(StorageError):
            self.truncate()
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
        found = self.young(self.found())
        for name, samples in self.acknowledged.items():
            kept = found.get(name, [])
            first = len(samples) - len(self.young({"": samples}).get("", []))
            assert first + len(kept) >= synced.get(name, 0)
            assert kept == samples[first : first + len(kept)]
            del samples[first + len(kept) :]
        assert found.keys() <= self.acknowledged.keys()

    def found(self):
        return by_name(selected(self.store))

    def young(self, found):
        kept = {name: [s for s in samples if s[0] >= self.horizon_ms] for name, samples in found.items()}
        return {name: samples for name, samples in kept.items() if samples}

    def check(self):
        found = self.found()
        assert self.young(found) == self.young(self.acknowledged)
        for name, samples in found.items():
            assert set(samples) <= set(self.acknowledged[name])

    def run(self, turns):
        crashes = [self.restart, self.kill, self.cut_power]
        steps = [
            self.commits,
            self.commits,
            self.commits,
            self.maintain,
            self.truncate,
            self.fill_disk,
            *crashes,
        ]
        for _ in range(turns):
            self.random.choice(steps)()
            self.check()


@pytest.mark.parametrize("seed", [*FAILED_ONCE, *range(12)])
def test_the_store_holds_what_it_acknowledged(seed):
    Simulation(seed).run(turns=25)
