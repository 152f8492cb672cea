"""New series from a page to the store's door: target labels, two relabelling rules, limits."""

import pytest

from benches.data import RULES, new_series, note_each
from kernels import LabelFrame, Symbols
from model.names import NameScheme
from model.relabel import relabel
from scraper.job import Limits
from scraper.labels import check_series, with_target_labels

TARGET = (("env", "prod"), ("instance", "127.0.0.1:9100"), ("job", "node"))
LIMITS = Limits(labels=30, label_name_bytes=100, label_value_bytes=1_000)


def dressed(scraped: LabelFrame) -> LabelFrame:
    labels = with_target_labels(scraped, TARGET, honor_labels=False)
    result = relabel(RULES, labels)
    check_series(result.labels, LIMITS, NameScheme.UTF8)
    return result.labels


@pytest.mark.parametrize("rows", [10_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def bench_target_labels_rules_and_limits(benchmark, rows):
    scraped = new_series(Symbols(), rows)
    labels = benchmark.pedantic(dressed, (scraped,), rounds=3, iterations=1, warmup_rounds=1)
    note_each(benchmark, rows, "row")
    assert len(labels) == rows
    assert dict(labels.labels(98)) == {
        "__name__": "requests_48_total",
        "code": "203",
        "env": "prod",
        "instance": "127.0.0.1:9100",
        "job": "node",
        "path": "/p1",
        "pod": "pod-98",
        "route": "p1_2xx",
    }
