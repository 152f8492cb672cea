"""The plan: what will be evaluated, as a tree of frozen nodes.

`lower` makes it from a preprocessed syntax tree: parentheses are gone, durations are numbers, each node knows
what kind of value it gives. The rules then rewrite plan into plan. Nodes keep the span of the expression that
they came from, so that annotations and errors point into the text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kernels import Matcher
from promql.ast import Span, ValueType, VectorMatching


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: a place in the text and the nodes that it consumes."""

    span: Span
    operands: tuple["Node", ...]

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return ValueType.VECTOR


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A constant."""

    value: float

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return ValueType.SCALAR


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string constant."""

    text: str

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return ValueType.STRING


@dataclass(frozen=True, slots=True)
class Select(Node):
    """The newest sample of each series, by the lookback rule."""

    matchers: tuple[Matcher, ...]
    offset_ms: int
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class SelectRange(Node):
    """All samples of each series in (T - range, T]."""

    matchers: tuple[Matcher, ...]
    offset_ms: int
    at_ms: int | None
    range_ms: int

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return ValueType.MATRIX


@dataclass(frozen=True, slots=True)
class Subquery(Node):
    """The points of the operand on a grid of multiples of the step, taken as samples."""

    offset_ms: int
    at_ms: int | None
    range_ms: int
    step_ms: int

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return ValueType.MATRIX


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of its operands."""

    function: str
    returns: ValueType
    arguments_span: Span

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return self.returns


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """An aggregation of the first operand; the second one, if any, is the parameter."""

    op: str
    grouping: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class StreamedAggregate(Node):
    """An aggregation of a selection that is consumed batch after batch and never held whole.

    The selection is no operand: rules that look at operands have no business with it.
    """

    op: str
    grouping: tuple[str, ...]
    without: bool
    selection: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An operator between scalars, vectors, or one of each."""

    op: str
    return_bool: bool
    matching: VectorMatching | None
    returns: ValueType

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return self.returns


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """Unary minus."""

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return self.operands[0].kind


@dataclass(frozen=True, slots=True)
class Invariant(Node):
    """An operand that has the same value at every step: it is evaluated at the first one and repeated."""

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return self.operands[0].kind


@dataclass(frozen=True, slots=True)
class Shared(Node):
    """An operand that stands in several places of the plan under one number and is evaluated once."""

    number: int

    @property
    def kind(self) -> ValueType:
        """What the node gives."""
        return self.operands[0].kind


Rewrite = Callable[[Node], Node]


def map_bottom_up(node: Node, change: Rewrite) -> Node:
    """`change` of every node, operands first."""
    first, parents = first_spine(node)
    changed = change(first)
    for parent in parents:
        rest = [map_bottom_up(operand, change) for operand in parent.operands[1:]]
        changed = change(with_operands(parent, (changed, *rest)))
    return changed


def walk(plan: Node) -> Iterator[Node]:
    """Every node, in the order of the text."""
    waiting = [plan]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.operands))


def first_spine(node: Node) -> tuple[Node, list[Node]]:
    """The leaf that first operands lead to, and the nodes above it, `node` itself last.

    A chain of operators can be as long as its author likes, and it hangs on first operands; all other nesting
    is bounded by the parser. Walks that loop along this spine need no deep recursion.
    """
    parents = []
    while node.operands:
        parents.append(node)
        node = node.operands[0]
    parents.reverse()
    return node, parents


def with_operands(node: Node, operands: tuple[Node, ...]) -> Node:
    """The node over other operands; itself if they are the same."""
    is_same = all(new is old for new, old in zip(operands, node.operands, strict=True))
    return node if is_same else replace(node, operands=operands)
