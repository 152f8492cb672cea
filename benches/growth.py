"""What one step of growth costs: the whole path of the product in one process, from pages to answers.

    python -m benches.growth --series 100000

A fleet of targets is scraped until five minutes of samples lie in the head; then questions are asked. Pages
come from another process (`benches.exporter`). What is printed is one line of JSON. Times are CPU time of
this process.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

import kernels
from benches.exporter import (
    ENDPOINTS,
    INTERVAL_MS,
    POD_SERIES,
    REQUEST_SERIES,
    STATUSES,
    Target,
    fleet,
    pages,
)
from kernels import Matcher
from model.relabel import Action, RelabelRule
from model.storage import SelectHints
from promql.engine import Engine
from scraper.append import SeriesMemory
from scraper.job import ScrapeJob
from tsdb.database import Database

START_MS = 1_700_000_100_000  # Five minutes fit into the two-hour range around it.
SCRAPES = 21  # The first creates; twenty lie in a window of five minutes.
END_MS = START_MS + (SCRAPES - 1) * INTERVAL_MS
WINDOW_S = 300
SAMPLED_S = 19 * INTERVAL_MS / 1000  # From the first to the last sample of the window.
QUESTIONS = 5
RULES = (
    RelabelRule(source_labels=("__name__",), regex="go_.*|process_.*", action=Action.DROP),
    RelabelRule(
        source_labels=("endpoint", "status"),
        regex="/api/v1/([^/;]+).*;(.)..",
        target_label="route",
        replacement="${1}_${2}xx",
    ),
)
JOB = ScrapeJob("web", metric_relabel_rules=RULES)
RATE = "sum by (endpoint) (rate(http_requests_total[5m]))"
THREE_MATCHERS = (
    Matcher("__name__", "=", "http_requests_total"),
    Matcher("instance", "=", "host-0000:9100"),
    Matcher("status", "=~", "5.."),
)
HINTS = SelectHints(END_MS - 300_000, END_MS)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of growth."""

    series: int
    created_per_s: int  # On one core: parsed, relabelled, indexed, logged, first sample stored.
    resident_bytes_per_series: int  # With twenty-one samples each.
    peak_bytes_per_series: int
    counted_bytes_per_series: int  # What the kernels say they hold.
    parse_ns: float  # A sample of a page whose lines are all known.
    kernels_ns: float  # From the page to open chunks and a log record, parsing included.
    packing_ns: float  # Compressing and framing the record.
    scrape_ns: float  # All of it, from the page to the end of the commit.
    count_ms: float
    rate_ms: float
    select_ms: float
    values_ms: float
    cpu_s: float  # Of all scrapes together.


def resident_bytes() -> int:
    pages_resident = int(Path("/proc/self/statm").read_text().split()[1])
    return pages_resident * resource.getpagesize()


def peak_bytes() -> int:
    """The most this program ever had; `getrusage` would count what stood in the process before it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


class Stopwatch:
    """CPU time of the calls it is put around."""

    def __init__(self) -> None:
        self.spent_ns = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.thread_time_ns()
            try:
                return call(*args, **kwargs)
            finally:
                self.spent_ns += time.thread_time_ns() - started

        return timed


class Timed:
    """A kernel object, some of whose methods are timed."""

    def __init__(self, kernel: object, watches: dict[str, Stopwatch]) -> None:
        self._kernel = kernel
        for name, watch in watches.items():
            setattr(self, name, watch.around(getattr(kernel, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def __len__(self) -> int:
        return len(self._kernel)  # type: ignore[arg-type]


@contextmanager
def timed_functions(watches: dict[str, Stopwatch]) -> Iterator[None]:
    """The product's calls of these kernel functions pass through a watch each."""
    originals = {name: getattr(kernels, name) for name in watches}
    for name, call in originals.items():
        setattr(kernels, name, watches[name].around(call))
    try:
        yield
    finally:
        for name, call in originals.items():
            setattr(kernels, name, call)


class Growth:
    """A store and the targets that fill it."""

    def __init__(self, directory: Path, series: int) -> None:
        self.series = series
        self.store = Database.open(directory)
        self.engine = Engine(self.store)
        self.targets = fleet(series)
        self.memories: list[SeriesMemory] = []
        self.before_bytes = resident_bytes()
        self.parsing, self.storing, self.packing = Stopwatch(), Stopwatch(), Stopwatch()
        self.created_s = self.scraped_s = 0.0

    def fill(self) -> None:
        """Scrape everything as often as five minutes ask for."""
        arriving = pages(self.series, SCRAPES)
        for target in self.targets:
            self.created_s += self._scrape(target, next(arriving), 0)
        self._put_watches()
        with timed_functions(
            {"encode_samples": self.storing, "snappy_compress": self.packing, "frame_record": self.packing}
        ):
            for scrape in range(1, SCRAPES):
                for target in self.targets:
                    self.scraped_s += self._scrape(target, next(arriving), scrape)
        assert next(arriving, None) is None

    def _scrape(self, target: Target, page: bytes, scrape: int) -> float:
        """CPU seconds of one scrape, from the bytes of the page to the end of the commit."""
        now_ms = START_MS + scrape * INTERVAL_MS
        started = time.thread_time()
        if scrape == 0:
            self.memories.append(SeriesMemory(self.store, JOB, target.labels))
        memory, appender = self.memories[target.number], self.store.appender()
        totals = memory.append_page(appender, page, now_ms, now_ms)
        memory.append_report(appender, now_ms, [1.0, 0.1, totals.samples, totals.kept, totals.added])
        result = appender.commit()
        spent = time.thread_time() - started
        assert result.samples == totals.samples + 5 == target.series + 5
        assert totals.added == (target.series if scrape == 0 else 0)
        return spent

    def _put_watches(self) -> None:
        storing = self.storing
        for memory in self.memories:
            memory.cache = Timed(memory.cache, {"parse": self.parsing, "accept": storing})
        head = self.store._head
        head.chunks = Timed(head.chunks, {"check": storing, "append": storing})

    def counted_bytes(self) -> int:
        head = self.store._head
        shared = head.symbols.size_bytes() + head.index.size_bytes() + head.chunks.size_bytes()
        return shared + sum(memory.cache.size_bytes() for memory in self.memories)

    def ask_count(self) -> None:
        answer = self.engine.instant("count(http_requests_total)", END_MS).data
        assert answer.values.tolist() == [[sum(target.pods for target in self.targets) * REQUEST_SERIES]]

    def ask_rate(self) -> dict[str, float]:
        answer = self.engine.instant(RATE, END_MS).data
        return {
            endpoint: value
            for ((_, endpoint),), value in zip(
                answer.labels.rows(), answer.values[:, 0].tolist(), strict=True
            )
        }

    def select(self) -> None:
        with self.store.querier(HINTS.min_ms, HINTS.max_ms) as querier:
            found = querier.select(THREE_MATCHERS, HINTS)
        assert len(found.labels) == self.targets[0].pods * REQUEST_SERIES // len(STATUSES)

    def pod_values(self) -> None:
        with self.store.querier(HINTS.min_ms, HINTS.max_ms) as querier:
            pods = querier.label_values("pod", [])
        assert len(pods) == sum(target.pods for target in self.targets)

    def expected_rates(self) -> dict[str, float]:
        """The sum over each endpoint, from what the targets say of their counters."""
        sums = np.zeros(len(ENDPOINTS))
        for target in self.targets:
            first, last = target.requests(1), target.requests(SCRAPES - 1)
            rises = last - first
            to_zero_s = np.divide(SAMPLED_S * first, rises, out=np.zeros_like(first), where=rises > 0)
            covered_s = SAMPLED_S + np.minimum(to_zero_s, INTERVAL_MS / 1000)
            rates = rises * covered_s / SAMPLED_S / WINDOW_S
            sums += rates.reshape(-1, len(ENDPOINTS), len(STATUSES)).sum(axis=(0, 2))
        return dict(zip(ENDPOINTS, sums.tolist(), strict=True))


def cpu_ms(question: Callable[[], object]) -> float:
    """The median over some askings."""
    spent_s = []
    for _ in range(QUESTIONS):
        started = time.process_time()
        question()
        spent_s.append(time.process_time() - started)
    return median(spent_s) * 1000


def warm_up() -> None:
    """Let the process take what every process takes once, so that it does not count as memory of series."""
    with tempfile.TemporaryDirectory(prefix="cardinal-warm-") as directory:
        growth = Growth(Path(directory), POD_SERIES)
        growth.fill()
        growth.ask_count()
        growth.ask_rate()
        growth.store.close()


def measure(series: int) -> Step:
    """One step, in this process: only the first in a process tells the truth about memory."""
    warm_up()
    with tempfile.TemporaryDirectory(prefix="cardinal-growth-") as directory:
        growth = Growth(Path(directory), series)
        growth.fill()
        resident, peak = resident_bytes(), max(resident_bytes(), peak_bytes())
        counted = growth.counted_bytes()
        samples = series * (SCRAPES - 1)
        step = Step(
            series=series,
            created_per_s=round(series / growth.created_s),
            resident_bytes_per_series=(resident - growth.before_bytes) // series,
            peak_bytes_per_series=(peak - growth.before_bytes) // series,
            counted_bytes_per_series=counted // series,
            parse_ns=growth.parsing.spent_ns / samples,
            kernels_ns=(growth.parsing.spent_ns + growth.storing.spent_ns) / samples,
            packing_ns=growth.packing.spent_ns / samples,
            scrape_ns=growth.scraped_s * 1e9 / samples,
            count_ms=cpu_ms(growth.ask_count),
            rate_ms=cpu_ms(growth.ask_rate),
            select_ms=cpu_ms(growth.select),
            values_ms=cpu_ms(growth.pod_values),
            cpu_s=growth.created_s + growth.scraped_s,
        )
        assert growth.ask_rate() == pytest.approx(growth.expected_rates())
        growth.store.close()
    return step


def measure_apart(series: int) -> Step:
    """One step, in a process of its own."""
    command = [sys.executable, "-m", "benches.growth", f"--series={series}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return Step(**json.loads(answer.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, required=True)
    print(json.dumps(asdict(measure(parser.parse_args().series))))


if __name__ == "__main__":
    main()
