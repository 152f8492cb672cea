"""Properties of the language: printing parses to an equal tree, and no text breaks the parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import QuerySyntaxError
from promql.options import EVERYTHING
from promql.parser import parse
from promql.preprocess import preprocess
from promql.pretty import pretty
from tests.properties.queries import Vocabulary, queries, vector_queries
from tests.properties.trees import shape

WORDS = "sum rate foo a:b by on group_left bool offset start step fill anchored and or 5 5m 1e 0x Inf"
SIGNS = '( ) { } [ ] , : @ = =~ !~ != == </ < + - * / ^ . _ "x" \' ` \\ # \xe9 \ud800'
PIECES = (*WORDS.split(), *SIGNS.split(), "\n", " ")


@given(queries())
def test_what_is_printed_parses_to_an_equal_tree(query):
    expr = parse(query, EVERYTHING)
    assert shape(parse(str(expr), EVERYTHING)) == shape(expr)
    assert shape(parse(pretty(expr), EVERYTHING)) == shape(expr)


@given(queries())
def test_a_query_prepared_for_its_times_prints_what_parses_to_it(query):
    try:
        expr = preprocess(parse(query, EVERYTHING), 1_000_000, 2_000_000, 15_000)
    except QuerySyntaxError:
        return  # Some computed durations are negative or divide by zero.
    assert shape(parse(str(expr), EVERYTHING)) == shape(expr)


@given(st.text(), st.text(alphabet="abc{}()[]\"'`=~!<>+-*/^%@:,.0123456789_ \n#mse\\x"))
def test_text_parses_or_is_refused(anything, likely):
    for text in (anything, likely):
        _parse_or_refuse(text)


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_words_of_the_language_in_any_order_parse_or_are_refused(pieces):
    _parse_or_refuse(" ".join(pieces))
    _parse_or_refuse("".join(pieces))


@given(queries(), st.data())
def test_a_mutilated_query_parses_or_is_refused(query, data):
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, min(len(query), start + 5)))
    _parse_or_refuse(query[:start] + data.draw(st.sampled_from(["", *PIECES])) + query[end:])


@settings(max_examples=30)
@given(
    vector_queries(Vocabulary(metrics=("up",), labels=("job",), functions=("rate", "abs"), modifiers=False))
)
def test_a_vocabulary_bounds_what_is_drawn(query):
    assert parse(query, EVERYTHING)
    assert "http_requests_total" not in query
    assert "offset" not in query


def _parse_or_refuse(text: str) -> None:
    """Nothing but a refusal, at a place inside the text."""
    try:
        parse(text, EVERYTHING)
    except QuerySyntaxError as refusal:
        start, end = refusal.start, refusal.end
    else:
        return
    assert 0 <= start <= end <= len(text.encode(errors="surrogatepass"))


@pytest.mark.parametrize("cut", range(1, 70))
def test_every_prefix_of_a_query_parses_or_is_refused(cut):
    query = 'sum by (a, "b") (rate(x{c=~"d",e!="f"}[5m:step()] @ 5)) > on (g) 0x1'
    _parse_or_refuse(query[:cut])
