"""What the parser was about when it met a token that cannot stand there.

The parser of Prometheus is made by yacc, and its messages show it: a state with a rule reduces it whatever
comes next, and then the innermost construct that can explain a mistake is looked for on the stack. Here
Lark's stack is treated alike, so that messages and their order agree: alternatives of the grammar that end in
ERROR mark the constructs, and `EXPLANATIONS` says what each of them wants.
"""

from collections import Counter
from typing import Any, Final

from lark import Token, UnexpectedToken
from lark.parsers.lalr_analysis import Reduce, Shift
from lark.parsers.lalr_parser_state import ParserState

from model.names import quote
from promql.lexer import LEXER_ERROR
from promql.located import LocatedError

EXPLANATIONS: Final = {
    "inside_aggregation": ("aggregation", ""),
    "wants_labels": ("grouping opts", '"("'),
    "wants_label": ("grouping opts", "label"),
    "wants_more_labels": ("grouping opts", '"," or ")"'),
    "wants_more_matchers": ("label matching", '"," or "}"'),
    "wants_label_value": ("label matching", "string"),
    "wants_match_operator": ("label matching", "label matching operator"),
    "wants_matcher": ("label matching", 'identifier or "}"'),
    "wants_offset": ("offset", "number, duration, step(), or range()"),
    "wants_timestamp": ("@", "timestamp"),
    "wants_range": ("subquery or range selector", "number, duration, step(), or range()"),
    "wants_range_end": ("subquery or range", '":" or "]"'),
    "wants_step": ("subquery selector", 'number, duration, step(), range(), or "]"'),
    "wants_subquery_end": ("subquery selector", '"]"'),
}
"""For each alternative of the grammar that ends in ERROR: the construct, and what was expected there."""

_NAMED: Final = {
    "NUMBER": "number",
    "DURATION": "duration",
    "STRING": "string",
    "IDENTIFIER": "identifier",
    "METRIC_IDENTIFIER": "metric identifier",
}
_OPERATORS: Final = frozenset(
    {"OR", "AND", "UNLESS", "ATAN2", "COMPARE_OP", "SUM_OP", "PRODUCT_OP", "POWER_OP", "AT"}
)
_KEYWORDS: Final = frozenset(
    {"ANCHORED", "SMOOTHED", "BOOL", "BY", "GROUP_LEFT", "GROUP_RIGHT", "FILL", "FILL_LEFT", "FILL_RIGHT"}
    | {"IGNORING", "OFFSET", "ON", "WITHOUT"}
)
_SHOWN_MAX: Final = 10


def explain(error: UnexpectedToken, query_bytes: int) -> LocatedError:
    """The message for the token at which the parser stopped.

    Raises:
        LocatedError: something before that token is wrong, and only now was its rule reduced.
    """
    state, token = error.interactive_parser.parser_state, error.token
    start = query_bytes if token.type == "$END" else token.start_pos or 0
    if token.type == LEXER_ERROR:
        _reduce(state, only_certain=True)
        return LocatedError(str(token), start, start)
    if token.type == "$END" and not state.value_stack and state.parse_conf.start == "query":
        return LocatedError("no expression found in input", 0, 0)
    _reduce(state, only_certain=False)
    end = query_bytes if token.type == "$END" else token.end_pos or start
    return LocatedError(f"unexpected {_shown(token)}{_context(state)}", start, end)


def _reduce(state: ParserState[Any], *, only_certain: bool) -> None:
    """Reduce as a yacc parser does: as long as possible, or `only_certain` rules that depend on no token.

    A state that can explain a mistake itself reduces nothing.
    """
    while True:
        actions = state.parse_conf.states[state.position]
        if actions.get("ERROR", (Reduce, None))[0] is Shift:
            return
        rules = [argument for action, argument in actions.values() if action is Reduce]
        if not rules or (only_certain and (len(rules) < len(actions) or len(set(rules)) > 1)):
            return
        ((rule, _),) = Counter(rules).most_common(1)
        size = len(rule.expansion)
        kept = len(state.value_stack) - size
        children = state.value_stack[kept:]
        del state.value_stack[kept:]
        del state.state_stack[len(state.state_stack) - size :]
        state.value_stack.append(state.parse_conf.callbacks[rule](children))
        _, after = state.parse_conf.states[state.position][rule.origin.name]
        state.state_stack.append(after)


def _context(state: ParserState[Any]) -> str:
    """` in <construct>, expected <what>` of the innermost construct that explains itself."""
    states = state.parse_conf.states
    for position in reversed(state.state_stack):
        action, after = states[position].get("ERROR", (Reduce, None))
        if action is Shift:
            _, rule = next(iter(states[after].values()))
            construct, wanted = EXPLANATIONS[rule.alias]
            return f" in {construct}, expected {wanted}" if wanted else f" in {construct}"
    return ""


def _shown(token: Token) -> str:
    """A token as messages name it."""
    kind, text = token.type, str(token)
    if kind == "$END":
        return "end of input"
    if kind in {"IDENTIFIER", "METRIC_IDENTIFIER"}:
        return f"{_NAMED[kind]} {quote(text)}"
    if kind in _OPERATORS or (kind == "MATCH_OP" and text != "="):
        return f"<op:{text}>"
    if kind in _KEYWORDS:
        return f"<{text}>"
    if kind == "AGGREGATOR":
        return f"<aggr:{text}>"
    shown = quote(text) if len(text) <= _SHOWN_MAX else f"{quote(text[:_SHOWN_MAX])}..."
    return f"{_NAMED[kind]} {shown}" if kind in _NAMED else shown
