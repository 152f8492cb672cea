"""What queries mean: trees, precedence, spans, and words that are keywords here and names there."""

import re
from pathlib import Path

import pytest

from kernels import Matcher
from model.errors import QuerySyntaxError
from promql.ast import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    DurationExpr,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Span,
    StringLiteral,
    Subquery,
    Unary,
    VectorMatching,
    VectorSelector,
)
from promql.functions.signatures import SIGNATURES
from promql.lexer import KEYWORDS
from promql.options import EVERYTHING
from promql.parser import parse, parse_selector
from tests.properties.trees import shape

SCRIPTS = Path(__file__).parents[3] / "shared" / "promqltest"
EVALUATION = re.compile(
    r"eval(?:_\w+)?\s+(?:instant\s+at\s+\S+|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(?P<query>.*)"
)


def grouped(query: str) -> str:
    """The tree with parentheses around every operator."""

    def text(node: object) -> str:
        if isinstance(node, Binary):
            return f"({text(node.left)} {node.op} {text(node.right)})"
        if isinstance(node, Unary):
            return f"({node.op}{text(node.expr)})"
        return str(node)

    return text(parse(query, EVERYTHING))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("a or b unless c or d", "((a or (b unless c)) or d)"),
        ("a and b == c", "(a and (b == c))"),
        ("a == b + c", "(a == (b + c))"),
        ("a < b > c", "((a < b) > c)"),
        ("a </ b + c >/ d", "((a </ (b + c)) >/ d)"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b / c % d atan2 e", "((((a * b) / c) % d) atan2 e)"),
        ("a * b ^ c ^ d", "(a * (b ^ (c ^ d)))"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("-foo^2", "(-(foo ^ 2))"),
        ("-2^2", "(-(2 ^ 2))"),
        ("2^-1", "(2 ^ -1)"),
        ("2^-1^2*3", "((2 ^ (-(1 ^ 2))) * 3)"),
        ("a ^ -b * c", "((a ^ (-b)) * c)"),
        ("-a*b", "((-a) * b)"),
        ("a*-b+c", "((a * (-b)) + c)"),
        ("- - a", "(-(-a))"),
        ("a + b offset 5m", "(a + b offset 5m)"),
        ("-a offset 5m", "(-a offset 5m)"),
        ("foo offset 1m*2", "(foo offset 1m * 2)"),
        ("foo offset -2^2", "(foo offset -2s ^ 2)"),
        ("foo offset (1m*2)", "foo offset (1m * 2)"),
        ("foo @ 5 - 3", "(foo @ 5.000 - 3)"),
        ("fill + fill", "(fill + fill)"),
        ("and and and", "(and and and)"),
        ("offset offset 5m", "offset offset 5m"),
        ("anchored smoothed", "anchored smoothed"),
    ],
)
def test_operators_bind_by_precedence(query, expected):
    assert grouped(query) == expected


@pytest.mark.parametrize(
    ("query", "value", "is_duration"),
    [
        ("1", 1.0, False),
        ("--2", 2.0, False),
        ("+-5", -5.0, False),
        ("017", 15.0, False),
        ("1_000", 1000.0, False),
        ("5m", 300.0, True),
        ("-1s500ms", -1.5, True),
        ("0s", 0.0, True),
        ("-Inf", float("-inf"), False),
    ],
)
def test_a_number_is_a_literal_with_its_sign(query, value, is_duration):
    assert parse(query) == NumberLiteral(value, is_duration, Span(0, len(query)))


def test_a_string_is_a_literal():
    assert parse(r"""'it\'s'""") == StringLiteral("it's", Span(0, 7))


def test_a_selector_has_the_matchers_of_its_braces_and_of_its_name():
    query = 'foo{a="b", "ü"!~`x|y`,} offset 5m @ 1.5'
    matchers = (Matcher("a", "=", "b"), Matcher("ü", "!~", "x|y"), Matcher("__name__", "=", "foo"))
    expected = VectorSelector(
        "foo", matchers, offset=300_000, at=1500, extension="", span=Span(0, len(query) + 1)
    )
    assert parse(query) == expected


def test_a_quoted_metric_name_stands_in_the_braces_alone():
    selector = parse('{"foo", "bar"}')
    assert selector.name == ""
    assert selector.matchers == (Matcher("__name__", "=", "foo"), Matcher("__name__", "=", "bar"))


def test_modifiers_of_a_range_live_on_its_selector():
    selector = VectorSelector(
        "a", (Matcher("__name__", "=", "a"),), offset=-60_000, at="end", extension="smoothed", span=Span(0, 1)
    )
    query = "a[5m] smoothed @ end() offset -1m"
    assert parse(query, EVERYTHING) == MatrixSelector(selector, 300_000, Span(0, len(query)))


def test_offset_and_at_may_stand_in_either_order():
    assert shape(parse("a offset 1m @ 240")) == shape(parse("a @ 240 offset 1m"))
    assert shape(parse("a[5m] offset 1m @ start()")) == shape(parse("a[5m] @ start() offset 1m"))


def test_a_subquery_has_a_range_a_step_and_modifiers():
    query = "a[1h:5m] @ 0.0005 offset 300"
    subquery = parse(query)
    expected = Subquery(parse("a"), 3_600_000, 300_000, offset=300_000, at=1, span=Span(0, len(query)))
    assert subquery == expected
    assert parse("a[1h:]").step is None


@pytest.mark.parametrize(
    ("timestamp", "at_ms"),
    [("1.4994", 1499), ("1.4995", 1500), ("-1.4995", -1500), ("5m", 300_000), ("+2", 2000)],
)
def test_a_timestamp_is_the_nearest_millisecond(timestamp, at_ms):
    assert parse(f"a @ {timestamp}").at == at_ms


@pytest.mark.parametrize(
    ("text", "range_ms"),
    [("300", 300_000), ("1.5", 1500), ("0.0019", 1), ("(5m)", 300_000), ("0x10", 16_000)],
)
def test_a_range_may_be_a_number_of_seconds(text, range_ms):
    assert parse(f"a[{text}]").range == range_ms


def test_arithmetic_of_durations_stays_a_tree():
    def number(seconds, start, end, *, is_duration, wrapped=False):
        return DurationExpr("number", None, None, seconds, wrapped, is_duration, Span(start, end))

    def expression(op, left, right, start, end, *, wrapped=False):
        return DurationExpr(op, left, right, 0.0, wrapped, is_duration=False, span=Span(start, end))

    step = expression("step", None, None, 2, 8)
    product = expression(
        "*", number(60, 12, 14, is_duration=True), number(2, 15, 16, is_duration=False), 12, 16, wrapped=True
    )
    assert parse("a[step() - (1m*2)]").range == expression("-", step, product, 2, 16)
    power = expression("^", number(2, 3, 4, is_duration=False), number(-1, 5, 7, is_duration=False), 3, 7)
    assert parse("a[-2^-1]").range == expression("-", power, None, 2, 7)
    negative = number(-2, 3, 5, is_duration=False, wrapped=True)
    assert parse("a[(-2)^2]").range == expression("^", negative, number(2, 7, 8, is_duration=False), 3, 8)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a[RANGE()/2:min_of(1m, step())]", "a[range() / 2:min_of(1m, step())]"),
        ("a offset step()", "a offset step()"),
        ("a offset -range()", "a offset -range()"),
        ("a offset +max_of(1m,2m)", "a offset max_of(1m, 2m)"),
        ("a offset -(5m-10m)", "a offset -(5m - 10m)"),
        ("a offset -(5m)", "a offset -5m"),
        ("a[1m+2m*3m^2%5/+7]", "a[1m + 2m * 3m ^ 2 % 5 / 7]"),
        ("a[step():5m]", "a[step():5m]"),
    ],
)
def test_durations_may_be_computed(query, expected):
    assert str(parse(query)) == expected


def test_a_call_knows_the_place_of_its_arguments():
    call = parse(" rate( a[5m] )")
    assert call == Call("rate", (call.arguments[0],), Span(1, 14), Span(5, 14))


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_every_function_of_the_table_can_be_called(name):
    signature = SIGNATURES[name]
    texts = {"scalar": "1", "string": '"x"', "instant vector": "v", "range vector": "v[5m]"}
    least = [texts[signature.argument_type(i).value] for i in range(signature.arguments_min)]
    call = parse(f"{name}({', '.join(least)})", EVERYTHING)
    assert isinstance(call, Call)
    assert call.function == name
    assert len(call.arguments) == signature.arguments_min
    if signature.arguments_max is not None:
        more = [texts[signature.argument_type(i).value] for i in range(signature.arguments_max)]
        if name == "info":
            more[1] = "{a='b'}"
        assert parse(f"{name}({', '.join(more)})", EVERYTHING).arguments[len(more) :] == ()
        with pytest.raises(QuerySyntaxError, match=r"argument\(s\) in call to"):
            parse(f"{name}({', '.join([*more, 'v'])})", EVERYTHING)


@pytest.mark.parametrize("query", ["sum by (a, b) (x)", "sum(x) by (a, b)", "SUM BY (a, b,) (x)"])
def test_a_clause_stands_before_or_after_the_arguments(query):
    assert shape(parse(query)) == shape(
        Aggregation("sum", parse("x"), None, ("a", "b"), without=False, span=Span(0, 0))
    )


def test_an_aggregation_may_have_a_parameter():
    aggregation = parse('count_values without () ("v", x)')
    assert aggregation.parameter == StringLiteral("v", Span(25, 28))
    assert aggregation.without
    assert aggregation.grouping == ()


NAMES = sorted(set(KEYWORDS) - {"bool", "on", "ignoring", "group_left", "group_right", "atan2", "inf", "nan"})


@pytest.mark.parametrize("word", NAMES)
@pytest.mark.parametrize("form", ["{}", "{}{{}}", "x + {} > 1", "({})", "{} offset 5m", "sum({})", "{}[5m:]"])
def test_most_keywords_may_name_a_metric(word, form):
    for spelling in (word, word.upper()):
        matchers = selectors(parse(form.format(spelling)))
        assert Matcher("__name__", "=", spelling) in matchers


def selectors(node: object) -> list[Matcher]:
    """All matchers of a tree."""
    if isinstance(node, VectorSelector):
        return list(node.matchers)
    if isinstance(node, Binary):
        return selectors(node.left) + selectors(node.right)
    return selectors(node.expr) if isinstance(node, Paren | Unary | Aggregation | Subquery) else []


@pytest.mark.parametrize("word", ["bool", "on", "ignoring", "group_left", "group_right", "atan2"])
def test_some_keywords_name_a_metric_only_in_quotes(word):
    with pytest.raises(QuerySyntaxError, match=f"1:1: parse error: unexpected <(op:)?{word}>"):
        parse(word)
    assert parse(f'{{"{word}"}}').matchers == (Matcher("__name__", "=", word),)


@pytest.mark.parametrize("word", sorted(set(KEYWORDS) - {"inf", "nan"}))
def test_every_keyword_may_be_a_label_in_a_clause(word):
    assert parse(f"sum by ({word.upper()}, x) (y)").grouping == (word.upper(), "x")
    assert parse(f"a + on ({word}) b").matching.labels == (word,)


def test_labels_in_a_clause_may_hold_colons_or_be_quoted():
    assert parse("sum by (a:b, \"c d\", 'ü') (x)").grouping == ("a:b", "c d", "ü")


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ("", (Cardinality.ONE_TO_ONE, (), False, (), None, None)),
        ("on (a)", (Cardinality.ONE_TO_ONE, ("a",), True, (), None, None)),
        ("on ()", (Cardinality.ONE_TO_ONE, (), True, (), None, None)),
        ("ignoring (a, b)", (Cardinality.ONE_TO_ONE, ("a", "b"), False, (), None, None)),
        ("on (a) group_left", (Cardinality.MANY_TO_ONE, ("a",), True, (), None, None)),
        ("on (a) GROUP_RIGHT (b)", (Cardinality.ONE_TO_MANY, ("a",), True, ("b",), None, None)),
        ("fill(5)", (Cardinality.ONE_TO_ONE, (), False, (), 5.0, 5.0)),
        ("on (a) fill_left(-1m)", (Cardinality.ONE_TO_ONE, ("a",), True, (), -60.0, None)),
        ("fill_right (0) fill_left (1)", (Cardinality.ONE_TO_ONE, (), False, (), 1.0, 0.0)),
    ],
)
def test_modifiers_say_how_vectors_match(modifiers, expected):
    assert parse(f"x / {modifiers} y", EVERYTHING).matching == VectorMatching(*expected)


def test_set_operators_match_many_to_many():
    assert parse("a or on (x) b").matching.cardinality is Cardinality.MANY_TO_MANY


def test_an_operator_with_a_scalar_matches_nothing():
    for query in ("1 + a", "a + 1", "1 + 1", "a + on () 1"):
        assert parse(query).matching is None
    outer = parse("a > 1 > b")
    assert outer.matching is not None
    assert outer.left.matching is None


def test_bool_is_a_flag_of_the_operator():
    assert parse("a > BOOL on (x) b").return_bool
    assert not parse("a > b").return_bool


def test_spans_are_bytes_of_utf8():
    binary = parse('{"ü"} + b')
    assert (binary.left.span, binary.right.span) == (Span(0, 6), Span(9, 10))


def test_a_selector_alone_may_select_everything():
    assert parse_selector("{}") == ()
    assert parse_selector('up{job=~"a.*"}') == (Matcher("job", "=~", "a.*"), Matcher("__name__", "=", "up"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown position: parse error: unexpected end of input"),
        ("up[5m]", '1:3: parse error: unexpected "["'),
        ("up offset 5m", "1:4: parse error: unexpected <offset>"),
        ("sum(x)", '1:4: parse error: unexpected "("'),
        ("{a=}", '1:4: parse error: unexpected "}" in label matching, expected string'),
    ],
)
def test_a_selector_alone_has_nothing_around_it(text, message):
    with pytest.raises(QuerySyntaxError, match=f"^{re.escape(message)}$"):
        parse_selector(text)


def test_a_long_chain_of_operators_is_no_deep_nesting():
    chain = parse("+".join(["a"] * 5000))
    assert str(chain) == " + ".join(["a"] * 5000)


@pytest.mark.parametrize("query", ["{}1{}", "{}"], ids=["balanced", "open"])
def test_many_parentheses_end_in_a_clear_error(query):
    text = query.format("(" * 5_000, ")" * 5_000)
    with pytest.raises(QuerySyntaxError, match=r"nests deeper than 200 levels|unclosed left parenthesis"):
        parse(text)


@pytest.mark.parametrize(
    ("before", "after"), [("abs(", ")"), ("- ", ""), ("a ^ ", ""), ("a and (", ")"), ("sum by (x) (", ")")]
)
def test_nesting_is_bounded(before, after):
    assert parse(before * 90 + "a" + after * 90)
    with pytest.raises(QuerySyntaxError, match="expression nests deeper than 200 levels"):
        parse(before * 1000 + "a" + after * 1000)


@pytest.mark.parametrize("query", ["a[{}]", "a[5m:{}]", "a offset ({})", "a[{}:]", "a[5m] offset ({})"])
def test_arithmetic_of_durations_is_bounded(query):
    assert parse(query.format("+".join(["1m"] * 150)))
    with pytest.raises(QuerySyntaxError, match="expression nests deeper than 200 levels"):
        parse(query.format("+".join(["1m"] * 1000)))


def conformance_queries():
    if not SCRIPTS.is_dir():
        return []
    lines = (
        line.strip() for script in sorted(SCRIPTS.glob("*.test")) for line in script.read_text().splitlines()
    )
    return [match.group("query") for line in lines if (match := EVALUATION.match(line))]


def test_every_query_of_the_conformance_scripts_parses_and_prints_itself():
    queries = conformance_queries()
    if not queries:
        pytest.skip(f"no conformance scripts at {SCRIPTS}")
    for query in queries:
        expr = parse(query, EVERYTHING)
        assert shape(parse(str(expr), EVERYTHING)) == shape(expr), query
