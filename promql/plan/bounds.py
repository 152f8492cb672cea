"""Which span of time a plan reads, so that one querier can be opened for all of it."""

from collections.abc import Iterator

from promql.plan.nodes import Node, Select, SelectRange, StreamedAggregate, Subquery


def time_bounds(plan: Node, start_ms: int, end_ms: int, lookback_ms: int) -> tuple[int, int]:
    """The oldest and newest sample times that any selector may want; the question's own if there is none."""
    spans = list(_spans(plan, start_ms, end_ms, lookback_ms))
    if not spans:
        return start_ms, end_ms
    return min(low for low, _high in spans), max(high for _low, high in spans)


def _spans(plan: Node, start_ms: int, end_ms: int, lookback_ms: int) -> Iterator[tuple[int, int]]:
    """What each selector wants, seen from the span that the subqueries around it ask for."""
    waiting = [(plan, start_ms, end_ms)]
    while waiting:
        node, low_ms, high_ms = waiting.pop()
        if isinstance(node, Select | SelectRange | Subquery):
            if node.at_ms is not None:
                low_ms = high_ms = node.at_ms
            low_ms, high_ms = low_ms - node.offset_ms, high_ms - node.offset_ms
            low_ms -= lookback_ms if isinstance(node, Select) else node.range_ms
            if not isinstance(node, Subquery):
                yield low_ms + 1, high_ms
        below = (node.selection,) if isinstance(node, StreamedAggregate) else node.operands
        waiting += [(operand, low_ms, high_ms) for operand in below]
