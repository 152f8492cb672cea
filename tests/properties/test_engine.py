"""The columnar engine answers as its plain twin does, and a plan answers the same after every rule."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import QueryExecutionError
from model.samples import STALE
from promql.engine import Engine, EngineOptions
from promql.options import EVERYTHING
from promql.parser import parse
from promql.plan.rules import RULES
from promql.preprocess import preprocess
from tests.promql.memory import MemoryStore
from tests.properties.queries import AGGREGATORS, COMPARISONS, SETS, Vocabulary, vector_queries
from tests.properties.reference_engine import Frame, ReferenceEngine, RefusedError
from tests.properties.reference_windows import Sample

SECOND_MS = 1000
LOOKBACK_MS = 90 * SECOND_MS
VOCABULARY = Vocabulary(
    metrics=("a_total", "b", "c"),
    labels=("x", "y"),
    values=("", "1"),
    patterns=(".*", "1|2", ".+"),
    functions=(
        *("rate", "increase", "delta", "irate", "idelta", "changes", "resets", "quantile_over_time"),
        *("sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time"),
        *("last_over_time", "first_over_time", "present_over_time"),
        *("abs", "ceil", "floor", "sgn", "sqrt", "scalar", "vector", "time", "timestamp"),
    ),
    operators=("+", "-", "*", "/", "%", *COMPARISONS, *SETS),
    aggregators=(*AGGREGATORS, "quantile", "count_values"),
    durations=("30s", "1m", "150s", "45"),
    numbers=("0", "1", "2.5", "NaN", "Inf", "60"),
    timestamps=("60", "start()", "end()", "200.5"),
    duration_expressions=False,
    extensions=False,
)


def label_sets():
    pairs = st.fixed_dictionaries({"x": st.sampled_from(["", "1", "2"]), "y": st.sampled_from(["", "1"])})
    names = st.sampled_from(VOCABULARY.metrics)
    return st.builds(
        lambda name, labels: tuple(sorted([("__name__", name), *((k, v) for k, v in labels.items() if v)])),
        names,
        pairs,
    )


def samples():
    """Values on a grid of 15 s with gaps, a reset now and then, and what is hard to compare."""
    cell = st.one_of(
        st.none(),
        st.integers(0, 20).map(float),
        st.integers(0, 20).map(float),
        st.sampled_from([STALE, math.nan, -1.5, math.inf]),
    )
    return st.lists(cell, min_size=12, max_size=24).map(
        lambda cells: [Sample(i * 15_000, v) for i, v in enumerate(cells) if v is not None]
    )


frames = st.builds(
    lambda start, count, step: Frame(start * 7_000, start * 7_000 + count * step * 1000, step * 1000),
    st.integers(0, 30),
    st.integers(0, 8),
    st.sampled_from([1, 20, 60, 100]),
)


def histories():
    return st.dictionaries(label_sets(), samples(), min_size=3, max_size=9)


def filled(series):
    store = MemoryStore()
    store.load(
        [(dict(labels), [(sample.t, sample.v) for sample in points]) for labels, points in series.items()]
    )
    return store


def close(left, right):
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return left == right or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def ask(engine, query, frame):
    """The answer of the engine as the twin gives it; None if it is refused."""
    try:
        result = engine.range(query, frame.start_ms, frame.end_ms, frame.step_ms)
    except QueryExecutionError:
        return None
    times = list(frame.times())
    return {
        labels: {time: value for time, value, there in zip(times, values, present, strict=True) if there}
        for labels, values, present in zip(
            result.data.labels.rows(), result.data.values.tolist(), result.data.present.tolist(), strict=True
        )
    }


@settings(max_examples=200, deadline=None, derandomize=True)
@given(histories(), vector_queries(VOCABULARY), frames)
def test_the_columnar_engine_answers_as_its_plain_twin_does(series, query, frame):
    store = filled(series)
    engine = Engine(store, EngineOptions(lookback_delta_ms=LOOKBACK_MS, parser=EVERYTHING))
    got = ask(engine, query, frame)
    twin = ReferenceEngine(series, LOOKBACK_MS, engine.options.default_step_ms)
    expr = preprocess(parse(query, EVERYTHING), frame.start_ms, frame.end_ms, frame.step_ms)
    try:
        wanted = twin.range(expr, frame)
    except RefusedError:
        wanted = None
    if got is None or wanted is None:
        assert got == wanted
        return
    assert got.keys() == wanted.keys()
    for labels, points in wanted.items():
        assert got[labels].keys() == points.keys()
        for time, value in points.items():
            assert close(got[labels][time], value), (labels, time)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    histories(),
    vector_queries(VOCABULARY),
    frames,
    st.integers(0, 4),
)
def test_a_plan_answers_the_same_after_every_rule(series, query, frame, rules):
    engine = Engine(filled(series), EngineOptions(lookback_delta_ms=LOOKBACK_MS, parser=EVERYTHING))
    whole = ask(engine, query, frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("promql.plan.rules.RULES", RULES[:rules])
        engine = Engine(filled(series), EngineOptions(lookback_delta_ms=LOOKBACK_MS, parser=EVERYTHING))
        part = ask(engine, query, frame)
    assert repr(part) == repr(whole)
