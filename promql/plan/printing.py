"""A plan as indented text, one node per line: for golden files, for people, for statistics."""

from collections.abc import Callable
from typing import Any

from promql.plan.nodes import (
    Aggregate,
    Binary,
    Call,
    Invariant,
    Negate,
    Node,
    Number,
    Select,
    SelectRange,
    Shared,
    StreamedAggregate,
    Subquery,
    Text,
)


def print_plan(plan: Node, depth: int = 0) -> str:
    """The whole tree."""
    lines = [f"{'  ' * depth}{describe(plan)}"]
    below = (plan.selection,) if isinstance(plan, StreamedAggregate) else plan.operands
    lines += [print_plan(operand, depth + 1) for operand in below]
    return "\n".join(lines)


def describe(node: Node) -> str:
    """One node without its operands."""
    return _DESCRIBE[type(node)](node)


def _number(node: Number) -> str:
    return f"number {node.value:g}"


def _text(node: Text) -> str:
    return f"text {node.text!r}"


def _select(node: Select) -> str:
    return f"select {_matchers(node)}{_window(node)}"


def _select_range(node: SelectRange) -> str:
    return f"select range {_matchers(node)}[{node.range_ms}ms]{_window(node)}"


def _subquery(node: Subquery) -> str:
    return f"subquery [{node.range_ms}ms:{node.step_ms}ms]{_window(node)}"


def _call(node: Call) -> str:
    return f"call {node.function}"


def _aggregate(node: Aggregate) -> str:
    return f"aggregate {node.op}{_grouping(node)}"


def _streamed_aggregate(node: StreamedAggregate) -> str:
    return f"streamed aggregate {node.op}{_grouping(node)}"


def _binary(node: Binary) -> str:
    return f"binary {node.op}{' bool' if node.return_bool else ''}"


def _negate(_node: Negate) -> str:
    return "negate"


def _invariant(_node: Invariant) -> str:
    return "invariant"


def _shared(node: Shared) -> str:
    return f"shared {node.number}"


def _matchers(node: Select | SelectRange) -> str:
    return f"{{{','.join(map(str, node.matchers))}}}"


def _window(node: Select | SelectRange | Subquery) -> str:
    offset = f" offset {node.offset_ms}ms" if node.offset_ms else ""
    return offset if node.at_ms is None else f"{offset} @ {node.at_ms}ms"


def _grouping(node: Aggregate | StreamedAggregate) -> str:
    if not node.grouping and not node.without:
        return ""
    return f" {'without' if node.without else 'by'} ({', '.join(node.grouping)})"


# Each function takes the type it stands beside; a dict of functions of different types has no better type.
_DESCRIBE: dict[type, Callable[[Any], str]] = {
    Number: _number,
    Text: _text,
    Select: _select,
    SelectRange: _select_range,
    Subquery: _subquery,
    Call: _call,
    Aggregate: _aggregate,
    StreamedAggregate: _streamed_aggregate,
    Binary: _binary,
    Negate: _negate,
    Invariant: _invariant,
    Shared: _shared,
}
