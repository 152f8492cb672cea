"""Regular expressions: RE2's syntax and errors, whatever way a pattern is matched."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import Regex, RegexError


def matching(pattern: str, *texts: str) -> list[str]:
    return [text for text, matches in zip(texts, Regex(pattern).matches(texts), strict=True) if matches]


# Patterns in the part of the syntax that RE2 and Python's `re` read alike.
letters = st.sampled_from(["a", "b", "é", "-", r"\.", r"\x61"])
classes = st.sampled_from(["[ab]", "[^a]", "[a-b-]", r"\d", r"\W", r"[\s\d]", "[^\n]", r"[^\W\d]"])
gaps = st.sampled_from([".*", ".+", ".", ".?", ".*?"])
anchors = st.sampled_from(["^", r"\A", r"\b", r"\B", "(?:)"])


def larger(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = patterns.map(lambda pattern: f"(?:{pattern})") | patterns.map(lambda pattern: f"({pattern})")
    repeated = st.tuples(grouped, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "??"])).map("".join)
    folded = patterns.map(lambda pattern: f"(?i:{pattern})")
    several = st.lists(patterns | gaps, min_size=2, max_size=4)
    return several.map("".join) | several.map("|".join).map("(?:{})".format) | repeated | folded


patterns = st.recursive(letters | classes | gaps | anchors, larger, max_leaves=10)
texts = st.lists(st.text("abAé-.1_\n K", max_size=6), max_size=8)


@given(patterns, texts)
@settings(max_examples=300, deadline=None)
def test_every_way_to_match_agrees_with_a_backtracking_engine(pattern, texts):
    twin = pattern.replace(r"\B", r"(?!\b)")  # Older Pythons find no \B in an empty text.
    want = [re.fullmatch(twin, text, re.DOTALL | re.ASCII) is not None for text in texts]
    # Python's ASCII flag folds only ASCII letters; the texts hold no pair that it would miss.
    folds_accents = "(?i" in pattern and "é" in pattern
    if not folds_accents:
        assert Regex(pattern).matches(texts).tolist() == want


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "é"]) | gaps.filter(lambda gap: "?" not in gap), max_size=6),
    texts,
)
@settings(max_examples=200, deadline=None)
def test_words_with_gaps_match_without_an_engine_as_they_do_with_one(parts, texts):
    pattern = "".join(parts)
    assert (
        Regex(pattern).matches(texts).tolist()
        == Regex(f"{pattern}|[^\\x00-\\x{{10FFFF}}]").matches(texts).tolist()
    )


@given(st.text(r"aZ09é^$.|*+?-()[]{},:<>=!#&~\dsbBQEAzxP_imU ", max_size=12))
@settings(max_examples=400, deadline=None)
def test_any_short_text_is_a_pattern_the_engine_takes_or_an_error_of_the_syntax(pattern):
    refusal = ""
    try:
        Regex(pattern).expand("$0", ["a", ""])
    except RegexError as refused:
        refusal = str(refused)
    # This error would mean that the parser let through what the engine does not understand.
    assert "expression too large" not in refusal


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (".*", ["", "a\nb"], []),
        (".+", ["\n"], [""]),
        (".+|", ["", "a"], []),
        ("", [""], ["a"]),
        ("a|b|", ["a", "b", ""], ["ab"]),
        ("a(b|c)[0-3]", ["ab0", "ac3"], ["ab4", "a0"]),
        ("^(foo|bar)$", ["foo"], ["foobar", ""]),
        ("foo|foo-.*", ["foo", "foo-", "foo-x"], ["foox"]),
        ("a.*b.*c", ["abc", "axbxcxc"], ["acb", "abcx"]),
        (".+.+", ["ab"], ["é", ""]),
        ("a.+a", ["aéa"], ["aa", "a"]),
        ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        ("a^b", [], ["ab", "a^b"]),
        ("$^", [""], ["a"]),
        ("(?i)Straße", ["STRAßE", "straße"], ["strasse"]),
        ("(?i)k", ["K", "\u212a"], ["c"]),
        (r"(?i)\W", ["é", "-"], ["k", "K", "\u212a", "\u017f", "S"]),
        (r"(?i)[[:^lower:]]", ["1", "é"], ["A", "k", "\u212a"]),
        (r"(?i)[^\W\d]", ["A", "\u212a"], ["1", "é"]),
        (r"\w+", ["a_1"], ["é", "\u0661"]),
        (r"\d", ["5"], ["\u0665"]),
        (r"a\sb", ["a\tb", "a\nb"], ["a\vb", "a\xa0b"]),
        (r"[[:space:]]", ["\v"], ["\xa0"]),
        (r"[[:^alpha:][:word:]]", ["a", "_", "-"], []),
        (r"é\b.*", [], ["é", "é x"]),
        (r"é\B.*", ["é", "é x"], ["éx"]),
        (r"\Qa.b*\E+", ["a.b*", "a.b**"], ["axb*", "a.b"]),
        (r"\101\x41\x{1F600}\a", ["AA\U0001f600\a"], []),
        (r"\0", ["\0"], ["0"]),
        (r"[\x{D800}]|x", ["x"], ["\ud7ff"]),
        (r"\x{D800}|x", ["x"], ["\ufffd", ""]),
        ("[^\\x{D800}]", ["a"], [""]),
        (r"\pL\p{Greek}\PN[\p{^Lu}]", ["aλ-a"], ["aa-a", "aλ1a", "aλ-A"]),
        ("(?s-s:a.b)", ["axb"], ["a\nb"]),
        ("(?m)a$\n^b", ["a\nb"], ["ab"]),
        ("(?U)a+", ["aaa"], ["b"]),
        ("a{,2}", ["a{,2}"], ["a"]),
        ("a{01}|b{2", ["a{01}", "b{2"], ["a"]),
        ("[a&&b]", ["a", "&", "b"], []),
        ("[[a]", ["[", "a"], ["]"]),
        ("[~a~~b-]", ["~", "-", "a", "b"], ["c"]),
        ("[]a]", ["]", "a"], [""]),
        ("[^]a]", ["b"], ["]", "a"]),
        ("a)(b", ["ab"], ["a", "b"]),
        (r"\<a\>\-\_\/", ["<a>-_/"], ["a"]),
        ("# a", ["# a"], ["a"]),
    ],
)
def test_patterns_mean_what_they_mean_in_re2(pattern, yes, no):
    assert matching(pattern, *yes, *no) == yes


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", "missing closing ): `^(?s:(a)$`"),
        ("a))", "unexpected ): `^(?s:a)))$`"),
        ("a\\", "missing closing ): `^(?s:a\\)$`"),
        (r"\Qa", r"missing closing ): `^(?s:\Qa)$`"),
        ("[a", "missing closing ]: `[a)$`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("[a--]", "invalid character class range: `a--`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a|+?", "missing argument to repetition operator: `+?`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a++", "invalid nested repetition operator: `++`"),
        ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{3,2}", "invalid repeat count: `{3,2}`"),
        ("(a{600}){2}", "invalid repeat count: `{2}`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\Z", r"invalid escape sequence: `\Z`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
        ("(?>a)", "invalid or unsupported Perl syntax: `(?>`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
        ("(?#a)", "invalid or unsupported Perl syntax: `(?#`"),
        ("(?P<n", "invalid named capture: `(?P<n)$`"),
        ("(?P<n-m>a)", "invalid named capture: `(?P<n-m>`"),
        ("(?<é>a)", "invalid named capture: `(?<é>`"),
    ],
)
def test_what_re2_refuses_is_refused_in_its_words(pattern, message):
    with pytest.raises(RegexError) as refused:
        Regex(pattern)
    assert str(refused.value) == f"error parsing regexp: {message}"


@pytest.mark.parametrize(
    "pattern",
    [
        "|".join(f"pod-{number}" for number in range(10_000)),
        "|".join(f"pod-{number}.*x" for number in range(6_000)),
        "(" * 900 + "a+" + "b)+" * 900,
        "{" * 100_000,
        "[ab]" * 25_000,
        ".*a" * 30_000,
        "(a|b)*c" * 10_000,
        "((a{0,30}){0,30})*b",
    ],
    ids=len,
)
def test_a_large_pattern_works_in_bounded_time(pattern):
    begin = time.process_time()
    assert not Regex(pattern).matches(["pod-17" * 20, "a" * 1000]).any()
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        (r"(\pL{10}){100}", "expression too large"),
        ("(x{1000}|y)" * 9_000, "expression too large"),
        ("(" * 1_001 + ")" * 1_001, "expression nests too deeply"),
        ("[" + "[:" * 50_000, "missing closing ]"),
    ],
    ids=["unicode", "copies", "depth", "class"],
)
def test_a_pattern_too_large_to_compile_is_refused_soon_and_clearly(pattern, what):
    begin = time.process_time()
    with pytest.raises(RegexError, match=f"error parsing regexp: {what}"):
        Regex(pattern)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("pattern", "template", "text", "want"),
    [
        ("(.)(?P<rest>.*)", "p_${1}_$rest", "AbC", "p_A_bC"),
        ("(.)(?P<rest>.*)", "v$2-${rest}-$1x-$$", "AbC", "vbC-bC--$"),
        ("a(b)?", "[$0|$1|$2|$no]", "a", "[a|||]"),
        ("(a)", "$01 $1 ${1", "a", " a ${1"),
        ("(a)", "$ $- ${} ${a b} $", "a", "$ $- ${} ${a b} $"),
        ("(?P<n>a)|(?<n>b)", "$n", "b", "b"),
        ("(?P<1a>x)", "$1a-${1}", "x", "x-x"),
        ("(a|ab)(c|bcd)(d*)", "$1,$2,$3", "abcd", "a,bcd,"),
        ("(?U)(a+)(a*)", "$1,$2", "aaa", "a,aa"),
        ("b", "x", "a", None),
        ("word", "$0!", "word", "word!"),
    ],
)
def test_templates_expand_by_the_rules_of_go(pattern, template, text, want):
    assert Regex(pattern).expand(template, [text]) == [want]


def test_a_pattern_is_kept_as_it_was_written():
    assert Regex(r"a|\x62").pattern == r"a|\x62"
