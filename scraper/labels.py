"""Target labels on scraped series, and the limits on what a series may carry; columns at a time."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.labels import METRIC_NAME, Labels
from model.names import NameScheme, is_label_name, is_metric_name
from scraper.errors import LabelLimitError, PageError, ScrapeError
from scraper.job import Limits

EXPORTED: Final = "exported_"
_SHOWN_CHARACTERS_MAX: Final = 50

Suppressed = Sequence[tuple[int, tuple[str, ...]]]
"""Rows that exposed labels with an empty value, and the names of those."""


def with_target_labels(
    scraped: LabelFrame, target: Labels, *, honor_labels: bool, suppressed: Suppressed = ()
) -> LabelFrame:
    """Scraped series with the labels of their target.

    With `honor_labels` the series wins, even by an empty value; without, its value becomes `exported_<name>`.
    """
    if not len(scraped) or not target:
        return scraped
    symbols = scraped.symbols.intern([value for _, value in target])
    named = dict(zip((name for name, _ in target), symbols, strict=True))
    return _fill_in(scraped, named, suppressed) if honor_labels else _override(scraped, named)


def _fill_in(scraped: LabelFrame, target: dict[str, np.uint32], suppressed: Suppressed) -> LabelFrame:
    labels = scraped
    for name, symbol in target.items():
        column = scraped.column(name)
        free = column == 0
        free[[row for row, names in suppressed if name in names]] = False
        labels = labels.with_column(name, np.where(free, symbol, column))
    return labels


def _override(scraped: LabelFrame, target: dict[str, np.uint32]) -> LabelFrame:
    own = set(scraped.names())
    taken = {name: scraped.column(name) for name in target if name in own}
    labels = scraped
    for name, symbol in target.items():
        labels = labels.with_column(name, np.full(len(scraped), symbol, dtype=np.uint32))
    for name in sorted(taken, key=len):  # Shortest first, so that `exported_` names settle in one order.
        labels = _export(labels, name, taken[name])
    return labels


def _export(labels: LabelFrame, name: str, values: NDArray[np.uint32]) -> LabelFrame:
    """Move each non-zero value to the first free name of exported_x, exported_exported_x, ..."""
    waiting = values != 0
    while waiting.any():
        name = EXPORTED + name
        column = labels.column(name)
        settles = waiting & (column == 0)
        labels = labels.with_column(name, np.where(settles, values, column))
        waiting &= ~settles
    return labels


def check_series(labels: LabelFrame, limits: Limits, scheme: NameScheme) -> None:
    """Refuse the page for its first series without a name, with a bad name, or with too many or long labels.

    Raises:
        PageError: the series cannot be stored.
        LabelLimitError: the series breaks a limit.
    """
    bad = _suspects(labels, limits, scheme)
    if bad.any():
        raise _complaint(labels.labels(int(bad.argmax())), limits, scheme)


def _suspects(labels: LabelFrame, limits: Limits, scheme: NameScheme) -> NDArray[np.bool_]:
    metric_names = labels.column(METRIC_NAME)
    bad: NDArray[np.bool_] = np.equal(metric_names, 0)
    if limits.labels:
        bad |= labels.counts() > limits.labels
    for name in labels.names():
        bad_name = not is_label_name(name, scheme)
        too_long = 0 < limits.label_name_bytes < len(name.encode())
        if bad_name or too_long:
            bad |= labels.column(name) != 0
        if limits.label_value_bytes:
            bad |= labels.symbols.lengths(labels.column(name)) > limits.label_value_bytes
    if scheme is NameScheme.LEGACY:
        distinct, of_row = np.unique(metric_names, return_inverse=True)
        valid = [is_metric_name(text, scheme) for text in labels.symbols.texts(distinct)]
        bad |= ~np.array(valid, dtype=np.bool_)[of_row]
    return bad


def _complaint(labels: Labels, limits: Limits, scheme: NameScheme) -> ScrapeError:
    metric = dict(labels).get(METRIC_NAME, "")
    if not metric:
        return PageError("missing metric name (__name__ label)")
    if not is_metric_name(metric, scheme) or not all(is_label_name(name, scheme) for name, _ in labels):
        shown = ", ".join(f'{name}="{value}"' for name, value in labels)
        return PageError(f"invalid metric name or label names: {{{shown}}}")
    shown_metric = metric[:_SHOWN_CHARACTERS_MAX]
    if 0 < limits.labels < len(labels):
        return LabelLimitError(
            f"label_limit exceeded (metric: {shown_metric}, "
            f"number of labels: {len(labels)}, limit: {limits.labels})"
        )
    for name, value in labels:
        shown = f"metric: {shown_metric}, label name: {name[:_SHOWN_CHARACTERS_MAX]}"
        if 0 < limits.label_name_bytes < (length := len(name.encode())):
            return LabelLimitError(
                f"label_name_length_limit exceeded ({shown}, "
                f"length: {length}, limit: {limits.label_name_bytes})"
            )
        if 0 < limits.label_value_bytes < (length := len(value.encode())):
            return LabelLimitError(
                f'label_value_length_limit exceeded ({shown}, value: "{value[:_SHOWN_CHARACTERS_MAX]}", '
                f"length: {length}, limit: {limits.label_value_bytes})"
            )
    raise AssertionError(f"the series {labels} was found wanting without a reason")
