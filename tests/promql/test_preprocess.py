"""What a query's own range and step put into its tree."""

import pytest

from model.errors import QuerySyntaxError
from promql.options import EVERYTHING
from promql.parser import parse
from promql.preprocess import preprocess
from tests.properties.trees import shape

START_MS, END_MS, STEP_MS = 1_000_000, 4_600_000, 15_500


def preprocessed(query: str, step_ms: int = STEP_MS) -> str:
    return str(preprocess(parse(query, EVERYTHING), START_MS, END_MS, step_ms))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("start()", "1000"),
        ("end() + a", "4600 + a"),
        ("range() > bool step()", "3600 > bool 15.5"),
        ("sum(a * range())", "sum(a * 3600)"),
        ("topk(step(), a)", "topk(15.5, a)"),
        ("-(step())", "-(15.5)"),
        ("max_over_time((a + start())[5m:])", "max_over_time((a + 1000)[5m:])"),
        ("a @ start()", "a @ 1000.000"),
        ("a[5m] @ end()", "a[5m] @ 4600.000"),
        ("a[5m:] @ end()", "a[5m:] @ 4600.000"),
        ("sum(a @ start()) + b @ end()", "sum(a @ 1000.000) + b @ 4600.000"),
        ("a @ 5", "a @ 5.000"),
        ("a[step()]", "a[15s500ms]"),
        ("a[range() / 4]", "a[15m]"),
        ("a[2 * step():step() / 2]", "a[31s:7s750ms]"),
        ("a[-(1m - 5m)]", "a[4m]"),
        ("a[2 ^ 3 ^ 2]", "a[8m32s]"),
        ("a[-2 ^ 2 + 10]", "a[6s]"),
        ("a[7m % 4m]", "a[3m]"),
        ("a[-7 % 4 + 10]", "a[7s]"),
        ("a[min_of(1m, 2m) + max_of(step(), 1m)]", "a[2m]"),
        ("a[1ms * 1.9999]", "a[1ms]"),
        ("a offset (1m - 5m)", "a offset -4m"),
        ("a offset -step()", "a offset -15s500ms"),
        ("a offset (5m - 5m)", "a"),
        ("a[5m] offset -(range())", "a[5m] offset -1h"),
        ("a[5m:] offset min_of(step(), 1m)", "a[5m:] offset 15s500ms"),
        ("a offset -(1ms * 1.9)", "a offset -1ms"),
    ],
)
def test_times_of_the_query_become_numbers(query, expected):
    assert preprocessed(query) == expected


def test_an_instant_query_is_a_range_of_one_instant_with_step_zero():
    expr = parse("start() + end() + range() + step() + a @ end() offset (step() + range() + 1)", EVERYTHING)
    assert str(preprocess(expr, 5000, 5000, 0)) == "5 + 5 + 0 + 0 + a @ 5.000 offset 1s"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("t[5m-10m]", "2:8: duration must be greater than 0"),
        ("t[5m:1m - 1m]", "5:12: duration must be greater than 0"),
        ("1 + rate(t[(step() - step())])", "12:27: duration must be greater than 0"),
        ("t[1m / (1m - 1m)]", "2:15: division by zero"),
        ("t[1m + 5 % (1 - 1)]", "7:17: modulo by zero"),
        ("t offset (1 / (step() - step()))", "10:30: division by zero"),
        ("t[0 ^ -1 * 1]", "2:12: duration is NaN or infinite"),
        ("t[(-8) ^ 0.5]", "3:12: duration is NaN or infinite"),
        ("t[10 ^ 400]", "2:10: duration is NaN or infinite"),
        ("t offset (max_of((-8) ^ 0.5, 1))", "10:31: duration is NaN or infinite"),
        ("t[9e9 * 9e9]", "2:11: duration is out of range"),
        ('{"ü"}[1m-1m]', "7:12: duration must be greater than 0"),
    ],
)
def test_a_computed_duration_that_is_none_is_refused_at_its_bytes(query, message):
    with pytest.raises(QuerySyntaxError) as caught:
        preprocessed(query)
    assert str(caught.value) == message


def test_a_step_of_zero_is_no_range():
    with pytest.raises(QuerySyntaxError, match=r"^2:8: duration must be greater than 0$"):
        preprocessed("t[step()]", step_ms=0)


def test_a_query_that_asks_nothing_of_its_times_stays_the_same_tree():
    query = "sum by (x) (rate(a[5m] offset 1m)) / -(b @ 5) > bool 2 or vector(1) and max_over_time(c[1h:5m])"
    expr = parse(query)
    assert preprocess(expr, START_MS, END_MS, STEP_MS) is expr


def test_a_long_chain_is_no_deep_nesting():
    expr = parse("+".join(["a"] * 5000) + " + start()", EVERYTHING)
    assert str(preprocess(expr, 0, 1000, 1)).endswith("a + 0")


def test_nothing_is_left_to_compute():
    expr = preprocess(
        parse("a[step()+1m:range()] @ end() offset (step())", EVERYTHING), START_MS, END_MS, STEP_MS
    )
    assert "DurationExpr" not in str(shape(expr))
