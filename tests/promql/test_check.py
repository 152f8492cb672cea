"""Types, and the rules that need them."""

import pytest

from model.errors import QuerySyntaxError
from promql.ast import ValueType
from promql.check import type_of
from promql.options import EVERYTHING
from promql.parser import parse

BOTH = "binary expression must contain only scalar and instant vector types"
STRING = 'expected type string in call to function "label_join", got scalar'
UNARY = "unary expression only allowed on expressions of type scalar or instant vector"
EMPTY = "vector selector must contain at least one non-empty matcher"

TABLE = [
    # Functions: how many arguments, and of which type.
    ("1 + abs()", "1:5", 'expected 1 argument(s) in call to "abs", got 0'),
    ("pi(1)", "1:1", 'expected 0 argument(s) in call to "pi", got 1'),
    ("rate(a[5m], 1)", "1:1", 'expected 1 argument(s) in call to "rate", got 2'),
    ('label_join(a, "b")', "1:1", 'expected at least 3 argument(s) in call to "label_join", got 2'),
    ("round()", "1:1", 'expected at least 1 argument(s) in call to "round", got 0'),
    ("round(a, 1, 2)", "1:1", 'expected at most 2 argument(s) in call to "round", got 3'),
    ("hour(a, b)", "1:1", 'expected at most 1 argument(s) in call to "hour", got 2'),
    ("rate(foo)", "1:6", 'expected type range vector in call to function "rate", got instant vector'),
    ("abs(a[5m])", "1:5", 'expected type instant vector in call to function "abs", got range vector'),
    ("clamp(a, b, 1)", "1:10", 'expected type scalar in call to function "clamp", got instant vector'),
    ('label_join(a, "b", 1)', "1:20", STRING),
    ('label_join(a, "b", "", "d", 1)', "1:29", STRING),
    ("vector('x')", "1:8", 'expected type scalar in call to function "vector", got string'),
    ("info(a, b)", "1:9", "expected label selectors only, got vector selector instead"),
    ("info(a, 1)", "1:1", 'expected type instant vector in call to function "info", got scalar'),
    ("info(a, sum({b='c'}))", "1:9", "expected label selectors only"),
    ("info(a[5m], {})", "1:6", 'expected type instant vector in call to function "info", got range vector'),
    # Aggregations.
    ("sum(1)", "1:5", "expected type instant vector in aggregation expression, got scalar"),
    ("sum(a[5m])", "1:5", "expected type instant vector in aggregation expression, got range vector"),
    ("topk(a, b)", "1:6", "expected type scalar in aggregation parameter, got instant vector"),
    ("quantile('x', b)", "1:10", "expected type scalar in aggregation parameter, got string"),
    ("limitk(b, b)", "1:8", "expected type scalar in aggregation parameter, got instant vector"),
    ("count_values(1, b)", "1:14", "expected type string in aggregation parameter, got scalar"),
    ("topk('x', 1)", "1:11", "expected type instant vector in aggregation expression, got scalar"),
    # Binary operators.
    ("a  + bool b", "1:4", "bool modifier can only be used on comparison operators"),
    ("a </ bool b", "1:3", "bool modifier can only be used on comparison operators"),
    ("a and bool b", "1:3", "bool modifier can only be used on comparison operators"),
    ("1 == 1", "1:3", "comparisons between scalars must use BOOL modifier"),
    ("a + 1 < 2 * (3 >= 4)", "1:16", "comparisons between scalars must use BOOL modifier"),
    ("1 # one ü\n == 1", "2:2", "comparisons between scalars must use BOOL modifier"),
    ("(1)\t>= time()", "1:5", "comparisons between scalars must use BOOL modifier"),
    ("a + on (b, c) group_left (c) d", "1:3", 'label "c" must not occur in ON and GROUP clause at once'),
    ("a offset (1m+1m) * bool b", "1:18", "bool modifier can only be used on comparison operators"),
    ("a @ end() * bool b", "1:11", "bool modifier can only be used on comparison operators"),
    ("a[5m] + 1", "1:1", BOTH),
    ("1 + a[5m]", "1:5", BOTH),
    ("'x' + 1", "1:1", BOTH),
    ("1 + a + on (b) 'x'", "1:16", BOTH),
    ("a + on (b) 1", "1:1", "vector matching only allowed between instant vectors"),
    ("1 + ignoring (b) group_left a", "1:1", "vector matching only allowed between instant vectors"),
    ("1 and a", "1:1", 'set operator "and" not allowed in binary scalar expression'),
    ("a or 1", "1:1", 'set operator "or" not allowed in binary scalar expression'),
    ("1 unless 1", "1:1", 'set operator "unless" not allowed in binary scalar expression'),
    ("a and on (b) group_left (c) d", "1:1", 'no grouping allowed for "and" operation'),
    ("a OR ignoring (b) group_right d", "1:1", 'no grouping allowed for "or" operation'),
    ("a + fill(1) 1", "1:1", "filling in missing series only allowed between instant vectors"),
    ("a and fill(1) b", "1:1", "filling in missing series not allowed for set operators"),
    # Unary operators, subqueries, selectors.
    ("1 + -a[5m]", "1:5", f'{UNARY}, got "range vector"'),
    ("-foo[5m:]", "1:1", f'{UNARY}, got "range vector"'),
    ("+'x'", "1:1", f'{UNARY}, got "string"'),
    ("foo[5m:][5m:]", "1:1", "subquery is only allowed on instant vector, got matrix instead"),
    ("1[5m:]", "1:1", "subquery is only allowed on instant vector, got scalar instead"),
    ("('x')[5m:1m]", "1:1", "subquery is only allowed on instant vector, got string instead"),
    ("1 + {}", "1:5", EMPTY),
    ("{a=~'.*'}", "1:1", EMPTY),
    ("{''}", "1:1", EMPTY),
    ("{a!='b'}[5m]", "1:1", EMPTY),
    ("foo{'bar'}", "1:1", 'metric name must not be set twice: "foo" or "bar"'),
    ("foo{__name__=~'x'}", "1:1", 'metric name must not be set twice: "foo" or "x"'),
]  # fmt: skip


@pytest.mark.parametrize(("query", "place", "message"), TABLE)
def test_a_query_that_breaks_a_rule_of_types_is_refused(query, place, message):
    with pytest.raises(QuerySyntaxError) as caught:
        parse(query, EVERYTHING)
    assert str(caught.value) == f"{place}: parse error: {message}"


@pytest.mark.parametrize(
    "query",
    [
        "{a!=''}",
        "{a=~'.+'}",
        "{'foo'}",
        "info(a, {})",
        "info(a, {b=''})",
        "1 </ 1",
        "1 == bool 1",
        "a == bool 1",
        "rate((a[5m]))",
        "abs(-(a))",
        "label_replace(a, ('b'), 'c', 'd', 'e')",
        "a + on () 1",
        "a + on (b) group_left (c) d",
        "a + ignoring (b) group_left (b) d",
        "topk(scalar(a), b)",
    ],
)
def test_a_query_that_keeps_the_rules_is_allowed(query):
    assert parse(query, EVERYTHING)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("1", ValueType.SCALAR),
        ("-(1 + 1)", ValueType.SCALAR),
        ("1 + time() == bool 3", ValueType.SCALAR),
        ("'x'", ValueType.STRING),
        ("a", ValueType.VECTOR),
        ("-(a)", ValueType.VECTOR),
        ("1 + 1 + a", ValueType.VECTOR),
        ("sum(a)", ValueType.VECTOR),
        ("vector(1)", ValueType.VECTOR),
        ("a[5m]", ValueType.MATRIX),
        ("(a[5m:])", ValueType.MATRIX),
    ],
)
def test_every_expression_has_a_type(query, kind):
    assert type_of(parse(query)) is kind


def test_the_first_mistake_is_reported_operands_before_operators():
    with pytest.raises(QuerySyntaxError, match="expected type range vector"):
        parse("rate(a) + bool (1 == 1)")
    with pytest.raises(QuerySyntaxError, match="comparisons between scalars"):
        parse("(1 == 1) + bool sum(1)")
