"""Warnings and infos: their words, their places, and how they are told apart."""

import pytest

from promql.annotations import Annotations, format_g
from promql.ast import Span
from tests.promql.asking import MINUTE_MS, engine_over

NOT_A_COUNTER = "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100000.0, "100000"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (-0.0, "-0"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_in_messages_read_as_in_go(value, text):
    assert format_g(value) == text


def test_annotations_of_one_text_are_one_and_stand_at_the_last_place():
    annotations = Annotations("é\nab")
    annotations.warn("same", Span(0, 1))
    annotations.warn("same", Span(4, 5))
    assert annotations.warnings() == ("PromQL warning: same (2:2)",)
    assert annotations.infos() == ()


@pytest.mark.parametrize("query", ["rate(gauge[5m])", "sum(rate(gauge[5m]))", "increase(gauge[5m])"])
def test_a_rate_of_what_is_no_counter_is_told(query):
    engine = engine_over("gauge 0+1x10\nx_total 0+1x10\nlonely 1")
    column = query.index("gauge") + 1
    for result in (
        engine.instant(query, 5 * MINUTE_MS),
        engine.range(query, 0, 10 * MINUTE_MS, MINUTE_MS),
    ):
        assert result.infos == (f'{NOT_A_COUNTER}: "gauge" (1:{column})',)
    assert engine.range(query.replace("gauge", "x_total"), 0, 10 * MINUTE_MS, MINUTE_MS).infos == ()
    assert engine.range(query.replace("gauge", "lonely"), 0, 10 * MINUTE_MS, MINUTE_MS).infos == ()


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        ("quantile(1.5, m)", "quantile value should be between 0 and 1, got 1.5 (1:10)"),
        ("quantile(NaN, m)", "quantile value should be between 0 and 1, got NaN (1:10)"),
        ("quantile_over_time(-1, m[5m])", "quantile value should be between 0 and 1, got -1 (1:20)"),
        ("histogram_quantile(2, m)", "quantile value should be between 0 and 1, got 2 (1:20)"),
        ("limit_ratio(-3, m)", "ratio value should be between -1 and 1, got -3, capping to -1 (1:13)"),
    ],
)
def test_impossible_parameters_are_told(query, warning):
    result = engine_over('m{le="1"} 1').instant(query, 0)
    assert f"PromQL warning: {warning}" in result.warnings


def test_sorting_a_range_is_told_and_has_no_effect():
    result = engine_over('m{i="1"} 2 2\nm{i="2"} 1 1').range("sort(m)", 0, MINUTE_MS, MINUTE_MS)
    wanted = "sort is ineffective for range queries since results are always ordered by labels (1:1)"
    assert result.warnings == (f"PromQL warning: {wanted}",)
    assert result.data.values[:, 0].tolist() == [2, 1]


def test_buckets_that_fall_are_told_with_what_was_mended():
    text = 'm_bucket{le="1"} 10 10\nm_bucket{le="2"} 7 9\nm_bucket{le="4"} 12 12\nm_bucket{le="+Inf"} 12 12'
    (info,) = engine_over(text).range("histogram_quantile(0.5, m_bucket)", 0, MINUTE_MS, MINUTE_MS).infos
    assert info.startswith(
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
    )
    assert info.endswith(
        "from buckets 2 to 2, with a max diff of 3, over 2 samples "
        "from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:25)"
    )


def test_buckets_without_a_bound_are_told_and_left_out():
    text = 'm_bucket{le="1"} 5\nm_bucket{le="+Inf"} 10\nm_bucket{le="soon"} 99'
    result = engine_over(text).instant("histogram_quantile(0.25, m_bucket)", 0)
    assert result.data.values.tolist() == [[0.5]]
    wanted = 'bucket label "le" is missing or has a malformed value of "soon" for metric name "m_bucket"'
    assert result.warnings == (f"PromQL warning: {wanted} (1:26)",)
