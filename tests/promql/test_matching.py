"""Operators between vectors: what pairs up, what the result is called, and how mistakes are told."""

import pytest

from model.errors import QueryExecutionError
from tests.promql.asking import MINUTE_MS, engine_over, instant, ranged

METRICS = """
    errors{code="500",method="get"} 24
    errors{code="404",method="get"} 30
    errors{code="500",method="post"} 6
    requests{method="get",team="a"} 600
    requests{method="post",team="b"} 120
    requests{method="del",team="c"} 34
"""


def ask(query, text=METRICS):
    return {
        " ".join(f"{name}={value}" for name, value in labels): value
        for labels, value in instant(engine_over(text), query, 0).items()
    }


def test_many_errors_divide_by_the_requests_of_their_method():
    assert ask("errors / on(method) group_left(team) requests") == {
        "code=500 method=get team=a": 0.04,
        "code=404 method=get team=a": 0.05,
        "code=500 method=post team=b": 0.05,
    }


def test_group_right_keeps_the_order_of_the_operands():
    assert ask("requests - on(method) group_right errors")["code=404 method=get"] == 570


def test_one_to_one_keeps_the_matched_labels_alone():
    query = 'errors{code="500"} / on(method) requests'
    assert ask(query) == {"method=get": 0.04, "method=post": 0.05}
    assert ask('errors{code="500"} / ignoring(code, team) requests') == {
        "method=get": 0.04,
        "method=post": 0.05,
    }


def test_a_filter_keeps_the_left_value_and_bool_gives_the_verdict():
    text = 'a{x="1"} 5\na{x="2"} 1\nb{x="1"} 3\nb{x="2"} 3'
    assert ask("a > ignoring() b", text) == {"__name__=a x=1": 5}
    assert ask("a > on(x) b", text) == {"x=1": 5}
    assert ask("a > bool b", text) == {"x=1": 1, "x=2": 0}
    assert ask("2 < a", text) == {"__name__=a x=1": 5}


MANY_TO_MANY = (
    'found duplicate series for the match group {{method="get"}} on the {} hand-side of the operation: '
    '[{{__name__="errors", code="404", method="get"}}, {{__name__="errors", code="500", method="get"}}];'
    "many-to-many matching not allowed: matching labels must be unique on one side"
)
MANY_TO_ONE = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
GROUPING = "multiple matches for labels: grouping labels must ensure unique matches"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("errors / on(method) requests", MANY_TO_ONE),
        ("requests / on(method) errors", MANY_TO_MANY.format("right")),
        ("errors * on(method) group_right requests", MANY_TO_MANY.format("left")),
        ("errors * on(method) group_left(code) requests", GROUPING),
    ],
)
def test_ambiguous_matches_are_refused_in_these_words(query, message):
    with pytest.raises(QueryExecutionError) as caught:
        engine_over(METRICS).instant(query, 0)
    assert str(caught.value) == message


def test_duplicates_matter_only_at_steps_where_they_meet():
    text = 'a{x="1"} 1 1 1 1\nb{x="1",v="old"} 10 10 stale\nb{x="1",v="new"} _ _ 20 20'
    answer = ranged(engine_over(text), "a * on(x) b", 0, 3 * MINUTE_MS, MINUTE_MS)
    assert answer == {(("x", "1"),): {0: 10, MINUTE_MS: 10, 2 * MINUTE_MS: 20, 3 * MINUTE_MS: 20}}
    both = 'a{x="1"} 1 1 1\nb{x="1",v="old"} 10 10 10\nb{x="1",v="new"} _ _ 20'
    with pytest.raises(QueryExecutionError, match="found duplicate series"):
        engine_over(both).range("a * on(x) b", 0, 2 * MINUTE_MS, MINUTE_MS)


def test_duplicates_on_one_side_are_no_error_where_the_other_side_is_empty():
    assert ask("nothing / on(method) errors") == {}


def test_included_labels_follow_the_series_of_their_step():
    text = 'a{x="1"} 1 1 1 1\nb{x="1",v="old"} 10 10 stale\nb{x="1",v="new"} _ _ 20 20'
    answer = ranged(engine_over(text), "a * on(x) group_left(v) b", 0, 3 * MINUTE_MS, MINUTE_MS)
    assert {dict(labels)["v"]: list(points) for labels, points in answer.items()} == {
        "new": [2 * MINUTE_MS, 3 * MINUTE_MS],
        "old": [0, MINUTE_MS],
    }


def test_set_operators_decide_by_labels_and_step():
    text = 'a{x="1"} 1 1\na{x="2"} 2 2\nb{x="1"} 7 stale\nb{x="3"} 8 8'
    engine = engine_over(text)

    def at(query, step_ms):
        points = ranged(engine, query, 0, MINUTE_MS, MINUTE_MS).values()
        return sorted(series[step_ms] for series in points if step_ms in series)

    assert (at("a and b", 0), at("a and b", MINUTE_MS)) == ([1], [])
    assert (at("a unless b", 0), at("a unless b", MINUTE_MS)) == ([2], [1, 2])
    assert (at("a or b", 0), at("b or a", MINUTE_MS)) == ([1, 2, 8], [1, 2, 8])


def test_a_series_that_comes_from_both_sides_of_a_union_stays_one():
    answer = ranged(engine_over('a{x="1"} 1 5 2'), "(a > 2) or a", 0, 2 * MINUTE_MS, MINUTE_MS)
    assert answer == {(("__name__", "a"), ("x", "1")): {0: 1, MINUTE_MS: 5, 2 * MINUTE_MS: 2}}


def test_fill_stands_in_for_the_missing_side():
    text = 'a{x="1"} 5\na{x="2"} 6\nb{x="2"} 1\nb{x="3"} 2'
    assert ask("a - fill(0) b", text) == {"x=1": 5, "x=2": 5, "x=3": -2}
    assert ask("a - fill_right(1) b", text) == {"x=1": 4, "x=2": 5}
    assert ask("a - fill_left(1) b", text) == {"x=2": 5, "x=3": -1}


def test_a_filled_row_and_a_pair_of_the_same_labels_are_one_series():
    """Under `bool` they stayed two rows of one label set, and readers saw only the first."""
    text = 'a{x="1"} 5 stale\nb{x="1"} 5 5'
    answer = ranged(engine_over(text), "a == bool fill(0) b", 0, MINUTE_MS, MINUTE_MS)
    assert answer == {(("x", "1"),): {0: 1, MINUTE_MS: 0}}
