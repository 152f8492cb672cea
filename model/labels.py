"""Label names that have a meaning, and one label set as Python sees it at the edges.

Inside Cardinal labels travel as `kernels.LabelFrame` columns. A tuple of pairs exists only where one series
is
looked at by itself: a target, a message, a small answer.
"""

from collections.abc import Iterable, Mapping

METRIC_NAME = "__name__"
BUCKET_BOUND = "le"
QUANTILE = "quantile"
JOB = "job"
INSTANCE = "instance"

Labels = tuple[tuple[str, str], ...]  # Pairs in byte order of their names; no value is empty.


def labels_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """Sorted pairs without the empty values."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    kept = [(name, value) for name, value in items if value]
    return tuple(sorted(kept, key=lambda pair: pair[0].encode()))
