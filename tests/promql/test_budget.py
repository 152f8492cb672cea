"""A question ends when it must: too long, not wanted any more, or too large."""

from threading import Event

import pytest

from model.errors import QueryCanceledError, QueryLimitError, QueryTimeoutError
from promql.budget import Budget
from promql.engine import Engine, EngineOptions
from tests.promql.asking import MINUTE_MS, engine_over, loaded

TEXT = "\n".join(f'm{{i="{i}"}} 0+1x10' for i in range(10))


def test_a_question_past_its_deadline_ends():
    engine = Engine(loaded(TEXT), clock=lambda: 100.0)
    with pytest.raises(QueryTimeoutError, match=r"^query timed out in expression evaluation$"):
        engine.instant("m", 0, deadline_s=99.0)


def test_the_configured_timeout_bounds_every_deadline():
    times = iter([0.0, 200.0])
    engine = Engine(loaded(TEXT), EngineOptions(timeout_s=120.0), clock=lambda: next(times))
    with pytest.raises(QueryTimeoutError):
        engine.instant("m", 0, deadline_s=1e9)


def test_a_question_nobody_waits_for_ends():
    cancel = Event()
    cancel.set()
    with pytest.raises(QueryCanceledError, match=r"^query was canceled in expression evaluation$"):
        engine_over(TEXT).instant("m", 0, cancel=cancel)


TOO_MANY = "query processing would load too many samples into memory in query execution"


@pytest.mark.parametrize("query", ["m", "sum_over_time(m[5m])", "m + 1"])
def test_a_question_that_holds_too_many_samples_ends(query):
    with pytest.raises(QueryLimitError, match=TOO_MANY):
        engine_over(TEXT, samples_max=30).range(query, 0, 10 * MINUTE_MS, MINUTE_MS)


def test_raw_samples_count_too():
    with pytest.raises(QueryLimitError, match=TOO_MANY):
        engine_over(TEXT, samples_max=30).instant("m[20m]", 10 * MINUTE_MS)


def test_a_streamed_aggregation_holds_less_than_what_it_reads():
    engine = engine_over(TEXT, samples_max=50)
    result = engine.range("sum(m)", 0, 10 * MINUTE_MS, MINUTE_MS)
    assert result.stats.samples_read == 110
    assert result.data.values[0].tolist() == [10.0 * step for step in range(11)]


def test_raw_samples_are_held_only_while_they_are_looked_at():
    budget = Budget(100, 1.0, lambda: 0.0)
    with budget.holding(60):
        budget.hold(30)
        with pytest.raises(QueryLimitError):
            budget.hold(11)
    assert (budget.held, budget.peak, budget.read) == (41, 101, 60)


@pytest.mark.parametrize("query", ["max_over_time(m[200y:1ms])", "max_over_time(vector(1)[200y:1ms])"])
def test_a_subquery_of_absurdly_many_points_is_refused_before_it_takes_memory(query):
    with pytest.raises(QueryLimitError, match=TOO_MANY):
        engine_over(TEXT).instant(query, 0)
