"""Which operator evaluates which node of a plan."""

from typing import Final

from promql.functions.table import call
from promql.operators.aggregations import aggregate
from promql.operators.binaries import binary, negate
from promql.operators.constants import invariant, number, shared, text
from promql.operators.evaluator import Operator
from promql.operators.selectors import select
from promql.operators.streaming import streamed_aggregate
from promql.plan.nodes import (
    Aggregate,
    Binary,
    Call,
    Invariant,
    Negate,
    Node,
    Number,
    Select,
    Shared,
    StreamedAggregate,
    Text,
)

OPERATORS: Final[dict[type[Node], Operator]] = {
    Aggregate: aggregate,
    Binary: binary,
    Call: call,
    Invariant: invariant,
    Negate: negate,
    Number: number,
    Select: select,
    Shared: shared,
    StreamedAggregate: streamed_aggregate,
    Text: text,
}
"""Ranges are not here: they have no value of their own at every step, whoever consumes them reads them."""
