"""What Prometheus says of a query that does not parse: text, line and column."""

import re

import pytest

from model.errors import QuerySyntaxError
from promql.options import EVERYTHING, STABLE, ParserOptions
from promql.parser import parse
from promql.recovery import EXPLANATIONS

OFFSET = "number, duration, step(), or range()"
STEP = 'number, duration, step(), range(), or "]"'
PRECEDED = "must be preceded by an instant vector selector or range vector selector or a subquery"
FLAG = "must be enabled with --enable-feature=promql-experimental-functions"

SYNTAX = [
    ("", "unknown position", "no expression found in input"),
    (" # nothing", "1:1", "no expression found in input"),
    ("bool", "1:1", "unexpected <bool>"),
    ("a b", "1:3", 'unexpected identifier "b"'),
    ("a b:c", "1:3", 'unexpected metric identifier "b:c"'),
    ("a 5", "1:3", 'unexpected number "5"'),
    ("a 12345678901", "1:3", 'unexpected number "1234567890"...'),
    ("a 5m", "1:3", 'unexpected duration "5m"'),
    ("a 'x'", "1:3", """unexpected string "'x'\""""),
    ('a "x"', "1:3", r'unexpected string "\"x\""'),
    ('a "verylongstring"', "1:3", r'unexpected string "\"verylongs"...'),
    ("a BY", "1:3", "unexpected <BY>"),
    ("a sum", "1:3", "unexpected <aggr:sum>"),
    ("a start", "1:3", 'unexpected "start"'),
    ("a Min_Of", "1:3", 'unexpected "Min_Of"'),
    ("a + ", "1:5", "unexpected end of input"),
    ("a == ==", "1:6", "unexpected <op:==>"),
    ("a @ @", "1:5", "unexpected <op:@> in @, expected timestamp"),
    ("(,)", "1:2", 'unexpected ","'),
    ("a = b", "1:3", 'unexpected "="'),
    ("a{b=='x'}", "1:5", 'unexpected "=" in label matching, expected string'),
    ("a{b=!='x'}", "1:5", "unexpected <op:!=> in label matching, expected string"),
    ("()", "1:2", 'unexpected ")"'),
    ("a\n + \n  ü", "3:3", "unexpected character: 'ü'"),
    ("'ü' b", "1:6", 'unexpected identifier "b"'),
    ("a on (x) b", "1:3", "unexpected <on>"),
    ("a + group_left b", "1:5", "unexpected <group_left>"),
    ("a + on (x) bool b", "1:12", "unexpected <bool>"),
    ("a + bool", "1:9", "unexpected end of input"),
    ("sum b", "1:5", 'unexpected identifier "b"'),
    ("sum(a b)", "1:7", 'unexpected identifier "b" in aggregation'),
    ("sum(rate(a b))", "1:12", 'unexpected identifier "b" in aggregation'),
    ("sum(a) by (b) by (c)", "1:15", "unexpected <by>"),
    ("sum by b", "1:8", 'unexpected identifier "b" in grouping opts, expected "("'),
    ("a + on b", "1:8", 'unexpected identifier "b" in grouping opts, expected "("'),
    ("a + on (b) group_left , c", "1:23", 'unexpected "," in grouping opts, expected "("'),
    ("sum by (5) (a)", "1:9", 'unexpected number "5" in grouping opts, expected label'),
    ("sum by (inf) (a)", "1:9", 'unexpected number "inf" in grouping opts, expected label'),
    ("sum by (a b) (c)", "1:11", 'unexpected identifier "b" in grouping opts, expected "," or ")"'),
    ("sum by (a,,b) (c)", "1:11", 'unexpected "," in grouping opts, expected label'),
    ("a{b='c' d}", "1:9", 'unexpected identifier "d" in label matching, expected "," or "}"'),
    ("a{b=c}", "1:5", 'unexpected identifier "c" in label matching, expected string'),
    ("a{'b'=c}", "1:7", 'unexpected identifier "c" in label matching, expected string'),
    ("a{b}", "1:4", 'unexpected "}" in label matching, expected label matching operator'),
    ("a{,}", "1:3", 'unexpected "," in label matching, expected identifier or "}"'),
    ("a{b='c',,}", "1:9", 'unexpected "," in label matching, expected identifier or "}"'),
    ("a offset", "1:9", f"unexpected end of input in offset, expected {OFFSET}"),
    ("a offset b", "1:10", f'unexpected identifier "b" in offset, expected {OFFSET}'),
    ("a offset (1m", "1:13", "unclosed left parenthesis"),
    ("a offset - x", "1:12", f'unexpected identifier "x" in offset, expected {OFFSET}'),
    ("a @ b", "1:5", 'unexpected identifier "b" in @, expected timestamp'),
    ("a @", "1:4", "unexpected end of input in @, expected timestamp"),
    ("a[*]", "1:3", f"unexpected <op:*> in subquery or range selector, expected {OFFSET}"),
    ("a[]", "1:3", f'unexpected "]" in subquery or range selector, expected {OFFSET}'),
    ("a[5m+]", "1:6", f'unexpected "]" in subquery or range selector, expected {OFFSET}'),
    ("a[5m 5m]", "1:6", 'unexpected duration "5m" in subquery or range, expected ":" or "]"'),
    ("a[5m:{}]", "1:6", f'unexpected "{{" in subquery selector, expected {STEP}'),
    ("a[5m:1m 1m]", "1:9", 'unexpected duration "1m" in subquery selector, expected "]"'),
    ("sum(foo", "1:8", "unclosed left parenthesis"),
    ("foo[5m)", "1:8", "unexpected right parenthesis ')'"),
    ("foo[:1m]", "1:6", "unexpected colon before duration in duration expression"),
    ("foo{a=1}", "1:7", "unexpected character inside braces: '1'"),
]  # fmt: skip

RULES = [
    ("rate(a,)", "1:7", "trailing commas not allowed in function call args"),
    ("rate(a, *)", "1:7", "trailing commas not allowed in function call args"),
    ("nope(a) b", "1:1", 'unknown function with name "nope"'),
    ("1 + Rate(a[5m])", "1:5", 'unknown function with name "Rate"'),
    ("sum()", "1:1", "no arguments for aggregate expression provided"),
    ("sum(a, b)", "1:1", "wrong number of arguments for aggregate expression provided, expected 1, got 2"),
    ("topk(a)", "1:1", "wrong number of arguments for aggregate expression provided, expected 2, got 1"),
    ('sum by ("") (a)', "1:9", 'invalid label name for grouping: ""'),
    (r'sum by ("\xff") (a)', "1:9", r'invalid label name for grouping: "\xff"'),
    ("1 offset 5m", "1:1", f"offset modifier {PRECEDED}"),
    ("(a) offset 5m", "1:1", f"offset modifier {PRECEDED}"),
    ("rate(a[5m]) offset 5m", "1:1", f"offset modifier {PRECEDED}"),
    ("-(a) @ 5", "1:2", f"@ modifier {PRECEDED}"),
    ("a offset 1m offset 1m", "1:1", "offset may not be set multiple times"),
    ("a[5m] offset 1m offset 1m", "1:1", "offset may not be set multiple times"),
    ("a offset (1m+1m) offset 1m", "1:1", "offset may not be set multiple times"),
    ("a[5m:] @ 5 @ 6", "1:1", "@ <timestamp> may not be set multiple times"),
    ("a @ start() @ end()", "1:1", "@ <timestamp> may not be set multiple times"),
    ("a @ Inf", "1:1", "timestamp out of bounds for @ modifier: +Inf"),
    ("a @ -Inf", "1:1", "timestamp out of bounds for @ modifier: -Inf"),
    ("a @ NaN", "1:1", "timestamp out of bounds for @ modifier: NaN"),
    ("a @ 1e19", "1:1", "timestamp out of bounds for @ modifier: 10000000000000000000.000000"),
    ("(foo)[5m]", "1:6", "ranges only allowed for vector selectors"),
    ("a[5m][5m]", "1:6", "ranges only allowed for vector selectors"),
    ("a offset 5m [5m]", "1:13", "no offset modifiers allowed before range"),
    ("a @ 5 [5m]", "1:7", "no @ modifiers allowed before range"),
    ("a[0]", "1:3", "duration must be greater than 0"),
    ("a[-5m]", "1:3", "duration must be greater than 0"),
    ("a[0.0009]", "1:3", "duration must be greater than 0"),
    ("a[5m:0s]", "1:6", "duration must be greater than 0"),
    ("a[1e10]", "1:3", "duration out of range"),
    ("a offset 1e10", "1:10", "duration out of range"),
    ("a offset NaN", "1:10", "duration out of range"),
    ("a[300y]", "1:3", "duration out of range"),
    ("a[5m/0]", "1:5", "division by zero"),
    ("a[5m%(0)]", "1:5", "modulo by zero"),
    ("a[5m1h]", "1:3", 'not a valid duration string: "5m1h"'),
    ("5y1hs", "1:1", 'unknown unit "hs" in duration "5y1hs"'),
    ("1.5m", "1:1", 'unknown unit "." in duration "1.5m"'),
    ("1e400", "1:1", 'error parsing number: strconv.ParseFloat: parsing "1e400": value out of range'),
    ("a anchored smoothed", "1:1", "anchored and smoothed modifiers cannot be used together"),
    ("a[5m] smoothed anchored", "1:1", "anchored and smoothed modifiers cannot be used together"),
    ("a[5m:] anchored", "1:1", "anchored modifier is not supported for subqueries"),
    ("sum(a) smoothed", "1:1", "smoothed modifier not implemented"),
    ("1 offset 5m !", "1:1", f"offset modifier {PRECEDED}"),
    ("nope(a) !", "1:1", 'unknown function with name "nope"'),
    ("1 + nope(a) + !", "1:5", 'unknown function with name "nope"'),
]

GATED = [
    ("limitk(1, a)", "1:1", f"limitk() is experimental and {FLAG}"),
    ("LIMIT_RATIO(1, a)", "1:1", f"limit_ratio() is experimental and {FLAG}"),
    ("1 + info(a)", "1:5", 'function "info" is not enabled'),
    ("START()", "1:1", 'function "start" is not enabled'),
    ("1 + a anchored", "1:5", "anchored modifier is experimental and not enabled"),
    ("a[5m] SMOOTHED", "1:1", "smoothed modifier is experimental and not enabled"),
    ("a + fill(1) b", "1:5", "binop fill modifiers are experimental and not enabled"),
]


def complaint(query: str, options: ParserOptions) -> str:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(query, options)
    return str(caught.value)


@pytest.mark.parametrize(("query", "place", "message"), SYNTAX)
def test_an_unexpected_token_is_named_with_what_was_expected(query, place, message):
    assert complaint(query, EVERYTHING) == f"{place}: parse error: {message}"


@pytest.mark.parametrize(("query", "place", "message"), RULES)
def test_what_the_grammar_allows_may_still_break_a_rule(query, place, message):
    assert complaint(query, EVERYTHING) == f"{place}: parse error: {message}"


@pytest.mark.parametrize(("query", "place", "message"), GATED)
def test_experimental_parts_of_the_language_need_a_flag(query, place, message):
    assert complaint(query, STABLE) == f"{place}: parse error: {message}"
    assert parse(query, EVERYTHING)


def test_flags_are_independent():
    assert parse("a anchored", ParserOptions(extended_range_selectors=True))
    assert "not enabled" in complaint("a anchored", ParserOptions(experimental_functions=True))
    assert parse("limitk(1, a)", ParserOptions(experimental_functions=True))
    assert "not enabled" in complaint("a + fill(1) b", ParserOptions(extended_range_selectors=True))
    assert parse("a + fill(1) b", ParserOptions(binop_fill_modifiers=True))


def test_durations_are_computed_without_any_flag():
    assert parse("a[step() + 1m] offset (1m * 2)", STABLE)


def test_a_regular_expression_that_does_not_compile_is_shown_at_its_label():
    assert complaint('a{b="c", d=~"("}', STABLE).startswith(
        "1:10: parse error: error parsing regexp: missing closing ):"
    )


def test_every_explanation_has_a_case():
    missing = {
        name
        for name, (construct, wanted) in EXPLANATIONS.items()
        if not any(
            message.endswith(f" in {construct}, expected {wanted}" if wanted else f" in {construct}")
            for _, _, message in SYNTAX
        )
    }
    assert not missing


def test_an_error_knows_the_bytes_it_is_about():
    with pytest.raises(QuerySyntaxError, match=re.escape('unexpected identifier "bar"')) as caught:
        parse("'ü' + foo bar")
    assert (caught.value.start, caught.value.end) == (11, 14)
    with pytest.raises(QuerySyntaxError) as caught:
        parse("'ü' + (")
    assert (caught.value.start, caught.value.end) == (8, 8)
