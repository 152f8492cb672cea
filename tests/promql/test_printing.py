"""The canonical form of a query in one line, and over many."""

import pytest

from promql.options import EVERYTHING
from promql.parser import parse
from promql.pretty import pretty
from tests.properties.trees import shape

LONG = "a_metric_whose_name_alone_takes_a_good_part_of_the_hundred_columns_that_a_line_may_hold"[:86]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1e21", "1000000000000000000000"),
        ("0.0000001", "0.0000001"),
        ("inf - -iNf + nan", "+Inf - -Inf + NaN"),
        ("0x1f", "31"),
        ("90s + 7d + 8d + -36h", "1m30s + 1w + 8d + -1d12h"),
        ("0s", "0s"),
        ("'a\"b'", r'"a\"b"'),
        (r'"\xff\n"', r'"\xff\n"'),
        ("{a!=''}", '{a!=""}'),
        ("foo{}", "foo"),
        ("foo{ c='d' , a=~\"b\" }", 'foo{a=~"b",c="d"}'),
        ("{'foo', a='b'}", '{__name__="foo",a="b"}'),
        ("{'a b'='c'}", '{"a b"="c"}'),
        ("foo @ 12.3456 offset 1h", "foo @ 12.346 offset 1h"),
        ("foo offset -5m @ -0.001", "foo @ -0.001 offset -5m"),
        ("foo OFFSET 5m ANCHORED @ START()", "foo @ start() anchored offset 5m"),
        ("foo [90s] offset 1m smoothed @ end ( )", "foo[1m30s] smoothed @ end() offset 1m"),
        ("foo[1h : ]", "foo[1h:]"),
        ("foo[1h:60] offset 1 @ 5", "foo[1h:1m] @ 5.000 offset 1s"),
        ("foo[ 5m+(step( )*2) ]", "foo[5m + (step() * 2)]"),
        ("foo[(5m)*(2+3)]", "foo[5m * (2 + 3)]"),
        ("foo[(-2)^2]", "foo[(-2) ^ 2]"),
        ("SUM(x)by(a,b)", "sum by (a, b) (x)"),
        ("sum by () (x)", "sum(x)"),
        ("sum without () (x)", "sum without () (x)"),
        ("sum by ('a b', c:d, e) (x)", 'sum by ("a b", "c:d", e) (x)'),
        ("topk (2,x) without (a)", "topk without (a) (2, x)"),
        ("count_values('v',x)", 'count_values("v", x)'),
        ("rate ( x [ 5m ] )", "rate(x[5m])"),
        ("time( )", "time()"),
        ("MAX_OF(1,2)", "max_of(1, 2)"),
        ("((a))", "((a))"),
        ("- a+ +b", "-a + +b"),
        ("a>bool b", "a > bool b"),
        ("a AND b Or c", "a and b or c"),
        ("a/on()b", "a / on () b"),
        ("a/ignoring()b", "a / b"),
        ("a/ignoring()group_left b", "a / ignoring () group_left () b"),
        ("a/ignoring(c)group_right(d)b", "a / ignoring (c) group_right (d) b"),
        ("a == bool on(c,'d e') b", 'a == bool on (c, "d e") b'),
        ("a+fill(5)b", "a + fill (5) b"),
        ("a+fill(NaN)b", "a + fill (NaN) b"),
        ("a+fill_right(1)fill_left(2)b", "a + fill_left (2) fill_right (1) b"),
        ("a+on(c)fill_left(-1m)b", "a + on (c) fill_left (-60) b"),
        ("a+fill_right(+Inf)b", "a + fill_right (+Inf) b"),
        ("a </b >/ 2", "a </ b >/ 2"),
    ],
)
def test_a_query_prints_in_one_canonical_line(query, expected):
    expr = parse(query, EVERYTHING)
    assert str(expr) == expected
    assert shape(parse(expected, EVERYTHING)) == shape(expr)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1 + 2", "1 + 2"),
        (LONG + "_and_more_and_more_and_more", LONG + "_and_more_and_more_and_more"),
        (
            f"sum by (job) (rate({LONG}[5m]) + 1)",
            f"sum by (job) (\n  rate({LONG}[5m]) + 1\n)",
        ),
        (
            f"topk(5, {LONG} offset 5m)",
            f"topk(\n  5,\n  {LONG} offset 5m\n)",
        ),
        (
            f"histogram_quantile(0.9, sum({LONG}))",
            f"histogram_quantile(\n  0.9,\n  sum({LONG})\n)",
        ),
        (
            f"{LONG} / on (job) group_left (x) other",
            f"  {LONG}\n/ on (job) group_left (x)\n  other",
        ),
        (
            f"aaaaa + bbbb + {LONG} - cccc",
            f"    aaaaa + bbbb\n  +\n    {LONG}\n-\n  cccc",
        ),
        (
            f"-(({LONG} + another_one))",
            f"-(\n  (\n    {LONG} + another_one\n  )\n)",
        ),
        (
            f"-(({LONG} + one_with_a_long_name))",
            f"-(\n  (\n      {LONG}\n    +\n      one_with_a_long_name\n  )\n)",
        ),
        (
            f"(rate({LONG}[5m]) + 1)[1h:5m] offset 1d",
            f"(\n  rate({LONG}[5m]) + 1\n)[1h:5m] offset 1d",
        ),
    ],
)
def test_a_long_query_is_split_where_its_parts_meet(query, expected):
    expr = parse(query)
    assert pretty(expr) == expected
    assert shape(parse(expected)) == shape(expr)


def test_a_line_of_a_hundred_characters_is_not_split():
    name = "x" * 96
    assert pretty(parse(f"{name} + 1")) == f"{name} + 1"
    assert pretty(parse(f"{name}x + 1")) == f"  {name}x\n+\n  1"


def test_the_margin_of_a_long_chain_stays_in_proportion():
    text = pretty(parse(" + ".join(["a"] * 2000)))
    assert max(map(len, text.splitlines())) < 302
    assert shape(parse(text).right) == shape(parse("a"))
