"""What the project promises about speed, measured: the median of five runs, in CPU time of one core.

python -m benches.targets             all of them, into docs/benchmarks/targets.md
python -m benches.targets replay      one of them, printed
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benches.data import aligned_samples, fill_store, store_labels
from benches.growth import measure_apart
from benches.machine import described
from kernels import decode_xor, encode_xor
from tsdb.database import Database

RUNS = 5
PAGE = Path("docs/benchmarks/targets.md")


@dataclass(frozen=True, slots=True)
class Size:
    """How much work one run is."""

    growth_series: int
    replay_series: int
    replay_scrapes: int
    chunks: int


SMALL = Size(1_000, 500, 20, 100)
LARGE = Size(100_000, 50_000, 200, 5_000)


@dataclass(frozen=True, slots=True)
class Target:
    """One promise."""

    name: str
    promise: str
    bound: float
    unit: str
    is_least: bool  # Whether the bound is the least that will do; otherwise it is the most.
    measure: Callable[[Size], float]

    def is_met_by(self, figure: float) -> bool:
        return figure >= self.bound if self.is_least else figure <= self.bound


def new_series_per_s(size: Size) -> float:
    return measure_apart(size.growth_series).created_per_s


def scrape_kernels_ns(size: Size) -> float:
    return measure_apart(size.growth_series).kernels_ns


def replayed_samples_per_s(size: Size) -> float:
    """What a start after a kill brings back in a second of CPU, the reading thread's included."""
    with tempfile.TemporaryDirectory(prefix="cardinal-replay-") as directory:
        live, killed = Path(directory, "live"), Path(directory, "killed")
        store = Database.open(live)
        refs = store.appender().series(store_labels(store.symbols, size.replay_series))
        written = fill_store(store, refs, size.replay_scrapes)
        shutil.copytree(live, killed)
        store.close()
        started = time.process_time()
        again = Database.open(killed)
        spent_s = time.process_time() - started
        assert again.statistics().series == size.replay_series
        assert again.counters.wal_replay_unknown_refs_total["samples"] == 0
        again.close()
    return written / spent_s


def decode_ns(size: Size) -> float:
    """Chunks of 120 samples scraped on time: half constants, three counters and two gauges of ten."""
    flat = aligned_samples("mixed", size.chunks)
    data, offsets = encode_xor(*flat)
    starts, lengths = offsets[:-1].copy(), np.diff(offsets)
    started = time.process_time()
    times_ms, values, _ = decode_xor(data, starts, lengths)
    spent_s = time.process_time() - started
    assert (times_ms == flat[0]).all()
    assert (values == flat[1]).all()
    return spent_s * 1e9 / len(values)


TARGETS = (
    Target(
        "new-series",
        "new series through target labels and two relabelling rules, from the page to the end of the commit",
        300_000,
        "series/s",
        is_least=True,
        measure=new_series_per_s,
    ),
    Target(
        "scrape",
        "page of known lines to open chunks and log record, time in kernels",
        60,
        "ns a sample",
        is_least=False,
        measure=scrape_kernels_ns,
    ),
    Target(
        "replay",
        "start after a kill, log replayed",
        10_000_000,
        "samples/s",
        is_least=True,
        measure=replayed_samples_per_s,
    ),
    Target(
        "decode", "XOR chunks decoded, samples on time", 6, "ns a sample", is_least=False, measure=decode_ns
    ),
)


def figure_of(target: Target, size: Size, runs: int = RUNS) -> float:
    """The median of some runs."""
    return median(target.measure(size) for _ in range(runs))


def table(figures: Sequence[tuple[Target, float]]) -> str:
    """Markdown, a row for each promise."""
    rows = ["| what | target | measured | | command |", "|---|---:|---:|---|---|"]
    for target, figure in figures:
        sign = "≥" if target.is_least else "≤"
        verdict = "met" if target.is_met_by(figure) else "**missed**"
        digits = ",.0f" if figure >= 100 else ".1f"
        rows.append(
            f"| {target.promise} | {sign} {target.bound:,.0f} {target.unit} | {figure:{digits}} | {verdict} "
            f"| `python -m benches.targets {target.name}` |"
        )
    return "\n".join(rows) + "\n"


def page(figures: Sequence[tuple[Target, float]]) -> str:
    """The table with how it came about."""
    return (
        f"# Targets\n\nThe median of {RUNS} runs each, in CPU time of one core. `make bench` measures all of "
        "them; a command\nby itself runs in the environment that `make test` builds (`.venv/bin/python`).\n\n"
        f"{table(figures)}\nMeasured on {described()}.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="?", choices=[target.name for target in TARGETS])
    name = parser.parse_args().name
    figures = [(target, figure_of(target, LARGE)) for target in TARGETS if name in (None, target.name)]
    print(table(figures))
    if name is None:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(figures))


if __name__ == "__main__":
    main()
