"""New series through two relabelling rules."""

import pytest

from benches.data import RULES, new_series, note_each
from kernels import Symbols
from model.relabel import relabel


@pytest.mark.parametrize("rows", [10_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def bench_two_rules_over_new_series(benchmark, rows):
    frame = new_series(Symbols(), rows)
    result = benchmark.pedantic(relabel, (RULES, frame), rounds=3, iterations=1, warmup_rounds=1)
    note_each(benchmark, rows, "row")
    assert len(result.labels) == rows
    assert dict(result.labels.labels(98))["route"] == "p1_2xx"
