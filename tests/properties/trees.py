"""Comparing syntax trees by what they mean."""

from dataclasses import fields, is_dataclass
from enum import Enum

from kernels import Matcher
from promql.ast import Span


def shape(node: object) -> object:
    """The tree as nested tuples without places, matchers sorted; numbers as text, for NaN equals nothing."""
    if isinstance(node, Enum):
        return node
    if is_dataclass(node):
        values = (getattr(node, field.name) for field in fields(node))
        return type(node).__name__, *(shape(value) for value in values if not isinstance(value, Span))
    if isinstance(node, tuple) and node and isinstance(node[0], Matcher):
        return tuple(sorted(map(str, node)))
    if isinstance(node, tuple):
        return tuple(map(shape, node))
    return repr(node) if isinstance(node, float) else node
