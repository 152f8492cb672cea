"""The values that the reference works out, to the last digit, and the shapes of answers."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.errors import QueryExecutionError, QuerySyntaxError
from promql.values import RawMatrix, ScalarSteps, StringValue
from tests.promql.asking import engine_over, instant, ranged

WORKED = """
    c_total 0 10 20 5 15 25
    late_total _ _ _ 100 110 120
    z_total 0x5 1 2
    gap_total 0 1 _ _ _ 10 11
    one_total 3
    g 5 1 4 NaN 2 8
    st 1 2 stale 4 5
    q{i="a"} 1
    q{i="b"} 2
    q{i="c"} 4
    q{i="d"} 8
    lat_bucket{le="0.1"} 2x5
    lat_bucket{le="0.5"} 6x5
    lat_bucket{le="1"} 9x5
    lat_bucket{le="+Inf"} 10x5
    neg_bucket{le="-1"} 2x5
    neg_bucket{le="0"} 4x5
    neg_bucket{le="+Inf"} 4x5
"""
M = 60_000
EMPTY = None


@pytest.mark.parametrize(
    ("at_ms", "query", "value"),
    [
        (5 * M, "increase(c_total[5m])", 43.75),
        (5 * M, "rate(c_total[5m])", 0.14583333333333334),
        (5 * M, "delta(c_total[5m])", 18.75),
        (5 * M, "increase(c_total[2m30s])", 25),
        (5 * M, "increase(late_total[5m])", 25),
        (6 * M, "increase(z_total[5m])", 1),
        (6 * M, "increase(gap_total[6m])", 11),
        (6 * M, "rate(gap_total[10m])", 0.018333333333333333),
        (1 * M, "increase(one_total[5m])", EMPTY),
        (5 * M, "irate(c_total[5m])", 0.16666666666666666),
        (5 * M, "idelta(c_total[5m])", 10),
        (3 * M, "irate(c_total[5m])", 0.08333333333333333),
        (5 * M, "resets(c_total[10m])", 1),
        (5 * M, "changes(g[10m])", 5),
        (5 * M, "deriv(c_total[5m])", 0.041666666666666664),
        (5 * M, "predict_linear(c_total[5m], 60)", 22.5),
        (330_000, "predict_linear(c_total[5m] offset 30s, 60)", 23.75),
        (5 * M, "avg_over_time(g[10m])", math.nan),
        (5 * M, "max_over_time(g[10m])", 8),
        (5 * M, "quantile_over_time(0.5, g[10m])", 3),
        (5 * M, "stddev_over_time(c_total[10m])", 8.539125638299666),
        (5 * M, "mad_over_time(c_total[10m])", 7.5),
        (5 * M, "double_exponential_smoothing(c_total[5m], 0.5, 0.5)", 22.65625),
        (0, "quantile(0.9, q)", 6.800000000000001),
        (0, "stddev(q)", 2.680951323690902),
        (0, "avg(q)", 3.75),
        (0, "histogram_quantile(0.5, lat_bucket)", 0.4),
        (0, "histogram_quantile(0.95, lat_bucket)", 1),
        (0, "histogram_quantile(0.1, lat_bucket)", 0.05),
        (0, "histogram_quantile(0.1, neg_bucket)", -1),
        (0, "histogram_quantile(0.75, neg_bucket)", -0.5),
        (0, "histogram_fraction(0, 0.5, lat_bucket)", 0.6),
        (0, "histogram_fraction(0.3, 0.75, lat_bucket)", 0.35),
        (2 * M, "st", EMPTY),
        (3 * M, "st", 4),
        (9 * M - 1, "st", 5),
        (9 * M, "st", EMPTY),
        (2 * M, "count_over_time(st[5m])", 2),
        (5 * M, "count_over_time(c_total[2m])", 2),
        (5 * M, "count_over_time(c_total[2m:30s])", 4),
        (5 * M, "sum_over_time(c_total[2m:30s])", 60),
        (5 * M, "-c_total ^ 2", -625),
        (5 * M, "c_total offset 1m @ 240", 5),
        (5 * M, "c_total @ 240 offset 1m", 5),
        (7, "day_of_week(vector(1700000000))", 2),
        (7, "days_in_month(vector(1707000000))", 29),
        (7, "day_of_year(vector(1707000000))", 34),
    ],
)
def test_the_reference_works_out_this_value(at_ms, query, value):
    answer = instant(engine_over(WORKED), query, at_ms)
    if value is EMPTY:
        assert answer == {}
    else:
        (got,) = answer.values()
        assert got == pytest.approx(value, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("2 ^ 3 ^ 2", 512),
        ("-5 % 3", -2),
        ("5 - 3 - 1", 1),
        ("NaN ^ 0", 1),
        ("1 < bool 2", 1),
        ("-1 / 0", -math.inf),
    ],
)
def test_operators_between_numbers_follow_c(query, value):
    data = engine_over("").instant(query, 0).data
    assert isinstance(data, ScalarSteps)
    assert data.values.tolist() == [value]


def test_a_string_is_answered_as_it_is():
    assert engine_over("").instant('"a\\n"', 0).data == StringValue("a\n")


def test_a_range_selector_gives_raw_samples_without_markers_sorted_by_labels():
    data = engine_over('st{i="b"} 1 2 stale 4\nst{i="a"} _ 7').instant("st[3m]", 3 * M).data
    assert isinstance(data, RawMatrix)
    assert [labels[1] for labels in data.labels.rows()] == [("i", "a"), ("i", "b")]
    assert data.batch.timestamps_ms.tolist() == [M, M, 3 * M]
    assert data.batch.values.tolist() == [7, 2, 4]
    assert data.batch.offsets.tolist() == [0, 1, 3]


def test_a_range_question_is_sorted_by_labels_and_leaves_out_empty_series():
    answer = ranged(engine_over('m{i="2"} 1 2 3\nm{i="10"} 4 5 6\nm{i="3"} _'), "m", 0, 2 * M, M)
    assert [dict(labels)["i"] for labels in answer] == ["10", "2"]
    assert list(answer.values())[1] == {0: 1, M: 2, 2 * M: 3}


def test_a_range_question_wants_a_scalar_or_a_vector():
    with pytest.raises(QuerySyntaxError, match='invalid expression type "range vector" for range query'):
        engine_over("").range("m[5m]", 0, M, M)


def test_an_answer_over_many_batches_equals_that_over_one(monkeypatch):
    text = "\n".join(f'm_total{{i="{i}",g="{i % 3}"}} 0+{i}x20' for i in range(40))
    queries = ["m_total", "rate(m_total[5m])", "sum by (g) (rate(m_total[5m]))", "avg(m_total)"]
    whole = [ranged(engine_over(text), query, 0, 20 * M, M) for query in queries]
    monkeypatch.setattr("promql.budget.BATCH_SAMPLES", 50)
    assert [ranged(engine_over(text), query, 0, 20 * M, M) for query in queries] == whole


def test_series_that_become_equal_without_their_name_are_an_error_where_they_meet():
    engine = engine_over("a_total 1 2 3 _ _ _ _\nb_total _ _ _ _ 4 5 6")
    query = 'rate({__name__=~"a_total|b_total"}[2m])'
    with pytest.raises(QueryExecutionError, match="vector cannot contain metrics with the same labelset"):
        engine_over("a_total 1 2 3\nb_total 4 5 6").range(query, 0, 2 * M, M)
    assert ranged(engine, query, 0, 6 * M, M)[()].keys() == {M, 2 * M, 5 * M, 6 * M}


def test_a_streamed_sum_minds_series_that_become_equal():
    query = 'sum(rate({__name__=~"a_total|b_total"}[2m]))'
    with pytest.raises(QueryExecutionError, match="same labelset"):
        engine_over("a_total 1 2 3\nb_total 4 5 6").range(query, 0, 2 * M, M)


def test_scalars_that_change_with_time_reach_functions_step_by_step():
    answer = ranged(engine_over("m 0+1x10"), "clamp_max(m, scalar(m) / 2)", 0, 4 * M, 2 * M)
    assert answer[()] == {0: 0, 2 * M: 1, 4 * M: 2}


def test_a_scalar_keeps_the_sign_of_zero():
    """A sum over the series with zeros for absent ones turned -0 into 0, and 1 / scalar(...) into +Inf."""
    engine = engine_over("m 0")
    assert instant(engine, "1 / vector(scalar(-m))", 0) == {(): -math.inf}
    assert engine.instant("1 / scalar(-m)", 0).data.values.tolist() == [-math.inf]


def test_a_pinned_prediction_still_looks_ahead_of_each_step():
    answer = ranged(engine_over("m 0+60x10"), "predict_linear(m[5m] @ 300, 0)", 0, 20 * M, 10 * M)
    assert answer[()] == pytest.approx({0: 0, 10 * M: 600, 20 * M: 1200}, abs=1e-9)


def test_statistics_tell_what_each_node_made():
    stats = engine_over("m{i='1'} 1 2 3\nm{i='2'} 1 2 3".replace("'", '"')).range("m + 1", 0, 2 * M, M).stats
    assert stats.samples_read == 6
    assert stats.samples_peak >= 6
    assert sorted((node.series, node.samples) for node in stats.nodes) == [(1, 3), (2, 6), (2, 6)]


def test_an_engine_serves_many_threads():
    engine = engine_over("m_total 0+1x100")
    wanted = ranged(engine, "rate(m_total[5m])", 0, 100 * M, M)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ranged(engine, "rate(m_total[5m])", 0, 100 * M, M), range(32)))
    assert all(answer == wanted for answer in answers)
    assert not np.isnan(list(wanted[()].values())).any()


def test_a_chain_of_operators_may_be_as_long_as_its_author_likes():
    engine = engine_over("m 1")
    assert engine.instant(" + ".join(["1"] * 5000), 0).data.values.tolist() == [5000]
    assert instant(engine, " + ".join(["m"] * 5000), 0) == {(): 5000}
    assert (
        instant(engine, " or ".join(f'm{{i="{i}"}}' for i in range(3000)) + " or m @ 0", 0).popitem()[1] == 1
    )
