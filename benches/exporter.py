"""Targets as a fleet of web pods shows them: counters, gauges and classic histograms, 500 series a pod.

    python -m benches.exporter --series 10000 --scrapes 2

writes every page of every target, scrape after scrape, each behind its length in eight bytes. A process of
its own keeps the memory and the time of making pages away from those of whoever reads them.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kernels import format_floats

PODS_PER_TARGET = 10
POD_SERIES = 500
TARGET_SERIES = PODS_PER_TARGET * POD_SERIES
INTERVAL_MS = 15_000
LENGTH_BYTES = 8
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
METHODS = ("GET", "POST", "PUT", "DELETE")
ENDPOINTS = (
    "/api/v1/users",
    "/api/v1/users/:id",
    "/api/v1/orders",
    "/api/v1/orders/:id",
    "/api/v1/search",
    "/healthz",
    "/login",
    "/static/assets",
)
STATUSES = ("200", "201", "400", "404", "500")


def _requests(pod: str) -> Iterator[str]:
    for method, endpoint, status in product(METHODS, ENDPOINTS, STATUSES):
        yield f'{{endpoint="{endpoint}",method="{method}",pod="{pod}",status="{status}"}}'


def _numbered(name: str, count: int) -> Callable[[str], Iterator[str]]:
    return lambda pod: (f'{{{name}="{number:02d}",pod="{pod}"}}' for number in range(count))


def _durations(pod: str) -> Iterator[str]:
    for method, endpoint in product(METHODS, ENDPOINTS[:4]):
        labels = f'endpoint="{endpoint}",method="{method}",pod="{pod}"'
        yield from (f'_bucket{{{labels},le="{bound}"}}' for bound in BUCKETS)
        yield from (f"_sum{{{labels}}}", f"_count{{{labels}}}")


FAMILIES = {  # name: (type, what stands behind the name in each series of a pod)
    "http_requests_total": ("counter", _requests),
    "app_cpu_seconds_total": ("counter", _numbered("core", 16)),
    "app_queue_depth": ("gauge", _numbered("queue", 30)),
    "app_temperature_celsius": ("gauge", _numbered("sensor", 30)),
    "app_load_ratio": ("gauge", _numbered("shard", 20)),
    "app_config_value": ("gauge", _numbered("key", 20)),
    "http_request_duration_seconds": ("histogram", _durations),
}
REQUEST_SERIES = len(METHODS) * len(ENDPOINTS) * len(STATUSES)  # Of `http_requests_total`, a pod.


@dataclass(frozen=True)
class Target:
    """One exporter of a fleet; its numbers depend on nothing but its own number and the scrape's."""

    number: int
    pods: int = PODS_PER_TARGET

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """What the scraper adds to every series."""
        return (("env", "prod"), ("instance", f"host-{self.number:04d}:9100"), ("job", "web"))

    @property
    def series(self) -> int:
        """How many it exposes."""
        return self.pods * POD_SERIES

    @property
    def pod_names(self) -> list[str]:
        return [
            f"web-{self.number:03d}-{pod:02d}-{(self.number * 1009 + pod) * 40_503 % 65_536:04x}"
            for pod in range(self.pods)
        ]

    @cached_property
    def _texts(self) -> list[str]:
        """Everything on a page that stays: each piece stands before a value."""
        pieces: list[str] = []
        for name, (kind, series_of) in FAMILIES.items():
            head = f"# HELP {name} Synthetic {kind}.\n# TYPE {name} {kind}\n"
            lines = [f"{name}{series} " for pod in self.pod_names for series in series_of(pod)]
            pieces += [head + lines[0], *lines[1:]]
        return [pieces[0], *("\n" + piece for piece in pieces[1:]), "\n"]

    def requests(self, scrape: int) -> NDArray[np.float64]:
        """Values of `http_requests_total`: three of ten never move, the rest at 0.02 to 200 a second."""
        size = self.pods * REQUEST_SERIES
        fixed, moving = np.random.default_rng([self.number]), np.random.default_rng([self.number, scrape])
        a_scrape = 15 * 0.02 * 10 ** (4 * fixed.random(size)) * (fixed.random(size) > 0.3)
        start = np.floor(fixed.random(size) * 5_000 * a_scrape)
        return start + np.floor(a_scrape * (scrape + moving.random(size)))

    def values(self, scrape: int) -> NDArray[np.float64]:
        """The value of every line."""
        fixed, moving = (
            np.random.default_rng([self.number, 0, 1]),
            np.random.default_rng([self.number, scrape, 2]),
        )
        pods = self.pods
        cpu = np.floor(fixed.random(16 * pods) * 1e6 + 1e3 * (scrape + moving.random(16 * pods))) / 100
        depth = np.floor(fixed.random(30 * pods) * 50 + 4 * moving.random(30 * pods))
        warmth = np.floor(5_000 + 2_000 * fixed.random(30 * pods) + 20 * moving.random(30 * pods)) / 100
        load = fixed.random(20 * pods) + 0.01 * moving.random(20 * pods)
        setting = np.floor(fixed.random(20 * pods) * 4096)
        rows = 16 * pods
        observed = np.floor(fixed.random((rows, 1)) ** 8 * 1_000 * (fixed.random((rows, 12)) * scrape + 9))
        counts = np.cumsum(observed, axis=1)
        sums = observed @ (0.003 * 2.2 ** np.arange(12.0))
        histograms = np.column_stack([counts, sums, counts[:, -1]])
        return np.concatenate([self.requests(scrape), cpu, depth, warmth, load, setting, histograms.ravel()])

    def page(self, scrape: int) -> bytes:
        """The text format."""
        texts = self._texts
        parts = [""] * (2 * len(texts) - 1)
        parts[::2] = texts
        parts[1::2] = format_floats(self.values(scrape), exponent=True)
        return "".join(parts).encode()


def fleet(series: int) -> list[Target]:
    """Targets that expose so many series together."""
    pods, rest = divmod(series, POD_SERIES)
    if rest or not pods:
        raise ValueError(f"series: want a positive multiple of {POD_SERIES}, got {series}")
    starts = range(0, pods, PODS_PER_TARGET)
    return [Target(number, min(PODS_PER_TARGET, pods - at)) for number, at in enumerate(starts)]


def write_pages(out: BinaryIO, series: int, scrapes: int) -> None:
    """Every page, scrape after scrape."""
    targets = fleet(series)
    for scrape in range(scrapes):
        for target in targets:
            page = target.page(scrape)
            out.write(len(page).to_bytes(LENGTH_BYTES, "little") + page)


def pages(series: int, scrapes: int) -> Iterator[bytes]:
    """What another process writes by `write_pages`."""
    command = [sys.executable, "-m", "benches.exporter", f"--series={series}", f"--scrapes={scrapes}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as exporter:
        assert exporter.stdout
        while length := exporter.stdout.read(LENGTH_BYTES):
            yield exporter.stdout.read(int.from_bytes(length, "little"))
    assert exporter.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, required=True)
    parser.add_argument("--scrapes", type=int, required=True)
    asked = parser.parse_args()
    write_pages(sys.stdout.buffer, asked.series, asked.scrapes)


if __name__ == "__main__":
    main()
