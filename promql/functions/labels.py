"""Functions that write labels. Texts are matched and joined once per distinct value, never per series."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels import Regex, RegexError
from model.errors import QueryExecutionError
from model.labels import METRIC_NAME
from model.names import is_label_name
from promql.operators.evaluator import Evaluator
from promql.operators.labelsets import merge_equal
from promql.plan.nodes import Call
from promql.values import Grid, StepMatrix


def label_replace(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`label_replace(V, destination, replacement, source, regex)`."""
    destination, replacement, source, pattern = (evaluator.text(operand) for operand in call.operands[1:])
    try:
        regex = Regex(pattern)
    except RegexError as error:
        raise QueryExecutionError(f"invalid regular expression in label_replace(): {pattern}") from error
    if not is_label_name(destination):
        raise QueryExecutionError(f"invalid destination label name in label_replace(): {destination}")
    matrix = evaluator.vector(call.operands[0], grid)
    symbols = evaluator.question.symbols
    distinct, value_of = np.unique(matrix.labels.column(source), return_inverse=True)
    replaced = regex.expand(replacement, symbols.texts(distinct))
    matched = np.array([text is not None for text in replaced], dtype=np.bool_)
    written = symbols.intern([text or "" for text in replaced])
    kept = matrix.labels.column(destination)
    return _written(
        matrix, destination, np.where(matched[value_of], written[value_of], kept), matched[value_of]
    )


def label_join(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`label_join(V, destination, separator, source...)`."""
    destination, separator, *sources = (evaluator.text(operand) for operand in call.operands[1:])
    for source in sources:
        if not is_label_name(source):
            raise QueryExecutionError(f"invalid source label name in label_join(): {source}")
    if not is_label_name(destination):
        raise QueryExecutionError(f"invalid destination label name in label_join(): {destination}")
    matrix = evaluator.vector(call.operands[0], grid)
    symbols = evaluator.question.symbols
    columns = np.zeros((len(matrix), len(sources)), dtype=np.uint32)
    for place, source in enumerate(sources):
        columns[:, place] = matrix.labels.column(source)
    distinct, value_of = np.unique(columns, axis=0, return_inverse=True)
    joined = [separator.join(symbols.texts(np.ascontiguousarray(values))) for values in distinct]
    written = symbols.intern(joined)[value_of.reshape(-1)]
    return _written(matrix, destination, written, np.ones(len(matrix), dtype=np.bool_))


def _written(
    matrix: StepMatrix, destination: str, values: NDArray[np.uint32], touched: NDArray[np.bool_]
) -> StepMatrix:
    """The series with the label set; a name that was written is there to stay."""
    nameless = matrix.nameless
    if nameless is not None and destination == METRIC_NAME:
        nameless = nameless & ~touched
    labels = matrix.labels.with_column(destination, values.astype(np.uint32, copy=False))
    return merge_equal(replace(matrix, labels=labels, nameless=nameless))
