"""Prometheus' own scripts: what can be asked today holds, and no less than what held before can be asked."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from promql.testscript.runner import run_script
from tests.promql.memory import MemoryStore

SCRIPTS = Path(__file__).parents[3] / "shared" / "promqltest"
PASSING = {
    "aggregators": 81,
    "at_modifier": 45,
    "collision": 1,
    "duration_expression": 35,
    "extended_vectors": 19,
    "fill-modifier": 27,
    "functions": 210,
    "histograms": 61,
    "limit": 1,
    "literals": 16,
    "name_label_dropping": 16,
    "native_histograms": 1,
    "operators": 86,
    "range_queries": 13,
    "selectors": 16,
    "staleness": 13,
    "subquery": 18,
    "trig_functions": 12,
    "type_and_unit": 40,
}
"""Evals that pass; the others need native histograms, start timestamps, `info` or extended selectors."""


@contextmanager
def open_store():
    yield MemoryStore()


@pytest.mark.parametrize("script", PASSING)
def test_a_conformance_script_holds(script):
    path = SCRIPTS / f"{script}.test"
    if not path.exists():
        pytest.skip(f"no conformance scripts at {SCRIPTS}")
    report = run_script(path.read_text(), open_store)
    assert report.failed == []
    assert report.passed >= PASSING[script]
