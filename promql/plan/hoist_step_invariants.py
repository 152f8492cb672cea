"""Rule: what has the same value at every step is evaluated once.

Invariant are constants, selections under `@`, and everything made only of such, unless it is a function that
reads the time of the step. A function over an invariant range still runs at every step if it reads the time
(`predict_linear`); the operand of an aggregation alone decides about it, its parameter may change.
"""

from promql.ast import ValueType
from promql.functions.signatures import SIGNATURES
from promql.plan.nodes import (
    Aggregate,
    Call,
    Invariant,
    Node,
    Number,
    Select,
    SelectRange,
    Subquery,
    Text,
    first_spine,
    with_operands,
)


def hoist_step_invariants(plan: Node) -> Node:
    """Put `Invariant` over the largest invariant parts that are not constants already."""
    node, is_invariant = _hoist_inside(plan)
    return _hoisted(node) if is_invariant else node


def _hoist_inside(plan: Node) -> tuple[Node, bool]:
    """The plan with invariant parts of variant ones hoisted, and whether it is invariant itself."""
    node, parents = first_spine(plan)
    is_invariant = _is_invariant(node, [])
    for parent in parents:
        walked = [(node, is_invariant), *map(_hoist_inside, parent.operands[1:])]
        is_invariant = _is_invariant(parent, [flag for _, flag in walked])
        operands = [_hoisted(operand) if flag and not is_invariant else operand for operand, flag in walked]
        node = with_operands(parent, tuple(operands))
    return node, is_invariant


def _hoisted(node: Node) -> Node:
    """Ranges and constants cost nothing by themselves: whoever consumes them is hoisted, or nobody."""
    if isinstance(node, Number | Text) or node.kind is ValueType.MATRIX:
        return node
    return Invariant(node.span, (node,))


def _is_invariant(node: Node, operands: list[bool]) -> bool:
    """Whether a node is invariant, knowing which of its operands are."""
    if isinstance(node, Select | SelectRange | Subquery):
        return node.at_ms is not None
    if isinstance(node, Aggregate):
        return operands[0]
    if isinstance(node, Call) and SIGNATURES[node.function].reads_time:
        # The raw timestamp of a pinned sample is the one exception.
        is_pinned = node.function == "timestamp" and isinstance(node.operands[0], Select)
        return is_pinned and operands[0]
    return all(operands)
