"""Binary operators by the kinds of their sides, and unary minus."""

from dataclasses import replace

from promql.ast import ValueType
from promql.operators.arithmetic import scalar_operation, vector_operation
from promql.operators.evaluator import Evaluator
from promql.operators.matching import match_vectors
from promql.operators.sets import SETS, combine_sets
from promql.plan.nodes import Binary, Negate
from promql.values import Floats, Grid, ScalarSteps, StepMatrix, Value


def binary(evaluator: Evaluator, node: Binary, grid: Grid) -> Value:
    """`left op right`; a chain of operators is walked from its left end, however long it is."""
    chain = [node]
    while isinstance(left := chain[-1].operands[0], Binary):
        chain.append(left)
    held = evaluator.budget.held
    value = evaluator.evaluate(left, grid)
    for link in reversed(chain[1:]):
        value = _apply(evaluator, link, value, grid)
        evaluator.settle(link, value, held)
    return _apply(evaluator, node, value, grid)


def _apply(evaluator: Evaluator, node: Binary, left: Value, grid: Grid) -> Value:
    """One operator whose left side is known."""
    right = evaluator.evaluate(node.operands[1], grid)
    match left, right:
        case ScalarSteps(), ScalarSteps():
            return ScalarSteps(scalar_operation(node.op, left.values, right.values))
        case ScalarSteps(), StepMatrix():
            return _with_scalar(evaluator, node, right, left.values, scalar_is_left=True)
        case StepMatrix(), ScalarSteps():
            return _with_scalar(evaluator, node, left, right.values, scalar_is_left=False)
        case StepMatrix(), StepMatrix() if node.op in SETS:
            return combine_sets(node, left, right)
        case StepMatrix(), StepMatrix():
            return match_vectors(evaluator, node, left, right)
        case _:
            raise AssertionError("the type check admits only scalars and vectors to operators")


def negate(evaluator: Evaluator, node: Negate, grid: Grid) -> Value:
    """Unary minus."""
    (operand,) = node.operands
    if operand.kind is ValueType.SCALAR:
        return ScalarSteps(-evaluator.scalar(operand, grid))
    vector = evaluator.vector(operand, grid)
    return evaluator.drop_names(replace(vector, values=-vector.values))


def _with_scalar(
    evaluator: Evaluator, node: Binary, vector: StepMatrix, scalar: Floats, *, scalar_is_left: bool
) -> StepMatrix:
    """An operator between each sample and the scalar of its step; a filter keeps the vector's value."""
    left, right = (scalar, vector.values) if scalar_is_left else (vector.values, scalar)
    values, holds = vector_operation(node.op, left, right, kept=vector.values, return_bool=node.return_bool)
    if holds is not None:
        return replace(vector, present=vector.present & holds).compact()
    return evaluator.drop_names(replace(vector, values=values))
