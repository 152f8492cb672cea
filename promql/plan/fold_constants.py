"""Rule: an operator between numbers is a number."""

from promql.operators.arithmetic import COMPARISONS, scalar_operation
from promql.plan.nodes import Binary, Negate, Node, Number, map_bottom_up


def fold_constants(plan: Node) -> Node:
    """`2 * 3 ^ 2`, `-(1 < bool 2)` and `vector(1 + 1)`'s argument become what they are."""
    return map_bottom_up(plan, _fold)


def _fold(node: Node) -> Node:
    numbers = [operand.value for operand in node.operands if isinstance(operand, Number)]
    if not node.operands or len(numbers) < len(node.operands):
        return node
    if isinstance(node, Negate):
        return Number(node.span, (), -numbers[0])
    if isinstance(node, Binary) and (node.return_bool or node.op not in COMPARISONS):
        return Number(node.span, (), float(scalar_operation(node.op, *numbers)))
    return node
