"""Rule: an aggregation directly over a selection consumes it batch after batch.

A selection is a selector, or a range function of a range selector that the window kernels compute without a
parameter. The matrix of all series at all steps then never exists, only that of the groups.
"""

from promql.plan.nodes import Aggregate, Call, Node, Select, SelectRange, StreamedAggregate, map_bottom_up

STREAMED_OPS = frozenset({"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"})

STREAMED_FUNCTIONS = frozenset(
    {
        *("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets"),
        *("avg_over_time", "sum_over_time", "count_over_time", "min_over_time", "max_over_time"),
        *("stddev_over_time", "stdvar_over_time", "last_over_time", "first_over_time", "present_over_time"),
        *("mad_over_time", "ts_of_min_over_time", "ts_of_max_over_time"),
        *("ts_of_first_over_time", "ts_of_last_over_time"),
    }
)
"""Range functions of a window alone: neither a parameter nor the time of the step enters."""


def stream_aggregations(plan: Node) -> Node:
    """Turn aggregations over selections into streamed ones."""
    return map_bottom_up(plan, _stream)


def _stream(node: Node) -> Node:
    if not isinstance(node, Aggregate) or node.op not in STREAMED_OPS:
        return node
    if not is_selection(node.operands[0]):
        return node
    return StreamedAggregate(node.span, (), node.op, node.grouping, node.without, node.operands[0])


def is_selection(node: Node) -> bool:
    """Whether the node reads nothing but one selector."""
    if isinstance(node, Call):
        return node.function in STREAMED_FUNCTIONS and isinstance(node.operands[0], SelectRange)
    return isinstance(node, Select)
