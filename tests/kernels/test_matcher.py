"""Matchers: what they accept, how they print, when they are the same."""

import pytest

from kernels import Matcher, RegexError


@pytest.mark.parametrize(
    ("op", "value", "accepted"),
    [
        ("=", "x", {"x"}),
        ("=", "", {""}),
        ("!=", "x", {"", "y", "xx"}),
        ("!=", "", {"x", "y", "xx"}),
        ("=~", "x+", {"x", "xx"}),
        ("=~", "x|", {"x", ""}),
        ("=~", ".*", {"", "x", "y", "xx"}),
        ("!~", "x+", {"", "y"}),
        ("!~", ".+", {""}),
        ("!~", ".*", set()),
    ],
)
def test_a_matcher_accepts_exactly_these(op, value, accepted):
    matcher = Matcher("job", op, value)
    assert {text for text in ("", "x", "y", "xx") if matcher.matches(text)} == accepted
    assert (matcher.name, matcher.op, matcher.value) == ("job", op, value)


@pytest.mark.parametrize(
    ("name", "op", "value", "text"),
    [
        ("job", "=", "api", 'job="api"'),
        ("__name__", "!=", 'a"b\\c', r'__name__!="a\"b\\c"'),
        ("le", "=~", "a\nb\t\a\v\x01\x7f", r'le=~"a\nb\t\a\v\x01\x7f"'),
        ("http.status", "!~", "5..", '"http.status"!~"5.."'),
        ("1st", "=", "é日\u200b\U0010ffff", '"1st"="é日\\u200b\\U0010ffff"'),
        ("", "=", "", '""=""'),
    ],
)
def test_a_matcher_prints_as_promql_writes_it(name, op, value, text):
    assert str(Matcher(name, op, value)) == text


def test_matchers_are_equal_when_all_three_parts_are():
    first = Matcher("a", "=", "b")
    assert first == Matcher("a", "=", "b")
    assert hash(first) == hash(Matcher("a", "=", "b"))
    assert len({first, Matcher("a", "=~", "b"), Matcher("a", "=", "c"), Matcher("b", "=", "b")}) == 4
    assert first != 'a="b"'


def test_an_unknown_operator_and_a_bad_pattern_are_refused():
    with pytest.raises(ValueError, match='want one of = != =~ !~, got "=="'):
        Matcher("a", "==", "b")
    with pytest.raises(RegexError, match="missing argument to repetition operator"):
        Matcher("a", "=~", "*")
