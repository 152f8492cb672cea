"""From the text of a query to its checked tree."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from lark import Lark, UnexpectedToken

from kernels import Matcher
from promql.ast import Expr, VectorSelector
from promql.builder.expressions import Builder
from promql.check import check
from promql.lexer import QueryLexer
from promql.located import LocatedError
from promql.options import STABLE, ParserOptions
from promql.recovery import explain

GRAMMAR: Final = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")


def parse(query: str, options: ParserOptions = STABLE) -> Expr:
    """The tree of a query, with types checked.

    Raises:
        QuerySyntaxError: in the words of Prometheus, `<line>:<column>: parse error: ...`.
    """
    try:
        expr: Expr = _read(query, "query", options)
        return check(expr, query)
    except LocatedError as error:
        raise error.in_query(query) from None


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a selector without modifiers that stands alone, as in `match[]`; it may select all.

    Raises:
        QuerySyntaxError: as for a query.
    """
    try:
        selector: VectorSelector = _read(text, "selector", STABLE)
    except LocatedError as error:
        raise error.in_query(text) from None
    return selector.matchers


def _read(text: str, rule: str, options: ParserOptions) -> Any:  # noqa: ANN401
    try:
        return _grammar(options).parse(text, start=rule)
    except UnexpectedToken as error:
        raise explain(error, len(text.encode(errors="surrogatepass"))) from None


@cache
def _grammar(options: ParserOptions) -> Lark:
    """Built once for each set of options; the tables take about a tenth of a second."""
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer=QueryLexer,
        start=["query", "selector"],
        transformer=Builder(options),
        maybe_placeholders=False,
    )
