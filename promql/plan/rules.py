"""The way from a preprocessed syntax tree to the plan that is evaluated."""

from promql import ast
from promql.plan.fold_constants import fold_constants
from promql.plan.hoist_step_invariants import hoist_step_invariants
from promql.plan.lower import lower
from promql.plan.merge_equal_selectors import merge_equal_selectors
from promql.plan.nodes import Node, Rewrite
from promql.plan.stream_aggregations import stream_aggregations

RULES: tuple[Rewrite, ...] = (
    fold_constants,
    hoist_step_invariants,  # After folding: constants need no hoisting.
    stream_aggregations,
    merge_equal_selectors,  # After streaming: what is never held cannot be shared.
)


def make_plan(expr: ast.Expr, default_step_ms: int) -> Node:
    """The plan of an expression that was checked and preprocessed."""
    plan = lower(expr, default_step_ms)
    for rule in RULES:
        plan = rule(plan)
    return plan
