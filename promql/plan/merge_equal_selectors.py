"""Rule: a selection that stands in several places is read once.

`errors / (errors + successes)` reads `errors` twice as written. Selections are equal if they ask the same of
the store, wherever they stand in the text; the evaluator keeps what a shared one gave for each grid of steps.
"""

from collections import Counter
from dataclasses import replace

from promql.ast import Span
from promql.plan.nodes import Call, Node, Shared, map_bottom_up, walk
from promql.plan.stream_aggregations import is_selection

NOWHERE = Span(0, 0)


def merge_equal_selectors(plan: Node) -> Node:
    """Number the selections that stand more than once and wrap each in `Shared`."""
    counts = Counter(_placeless(node) for node in walk(plan) if is_selection(node))
    repeated = [selection for selection, count in counts.items() if count > 1]
    if not repeated:
        return plan
    numbers = {selection: number for number, selection in enumerate(repeated)}

    def share(node: Node) -> Node:
        number = numbers.get(_placeless(node)) if is_selection(node) else None
        return node if number is None else Shared(node.span, (node,), number)

    return map_bottom_up(plan, share)


def _placeless(node: Node) -> Node:
    """The node as if it stood nowhere, so that equal questions compare equal."""
    operands = tuple(_placeless(operand) for operand in node.operands)
    if isinstance(node, Call):
        return replace(node, span=NOWHERE, operands=operands, arguments_span=NOWHERE)
    return replace(node, span=NOWHERE, operands=operands)
