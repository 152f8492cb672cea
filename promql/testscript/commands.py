"""What a script says, line by line."""

from dataclasses import dataclass, field
from typing import Literal

from model.labels import Labels


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """`metric{labels} values`: one series and a value per interval, None where there is none."""

    labels: Labels
    values: tuple[float, ...]
    present: tuple[bool, ...]
    unsupported: str = ""  # What the line needs that is not there yet, such as native histograms.


@dataclass(frozen=True, slots=True)
class Clear:
    """Begin with an empty store."""

    line: int


@dataclass(frozen=True, slots=True)
class Load:
    """Append series, one value every `step_ms` from the epoch."""

    line: int
    step_ms: int
    series: tuple[SeriesLine, ...]
    makes_native: bool = False  # Also one native histogram with custom buckets per classic one.


@dataclass(frozen=True, slots=True)
class TextPattern:
    """How a message must read: any text, exactly this, or one in which the expression is found."""

    kind: Literal["any", "msg", "regex"] = "any"
    text: str = ""


@dataclass(slots=True)
class Expectations:
    """What an eval must give."""

    fail: TextPattern | None = None
    warnings: list[TextPattern] = field(default_factory=list)
    infos: list[TextPattern] = field(default_factory=list)
    no_warnings: bool = False
    no_infos: bool = False
    ordered: bool = False
    range_vector: tuple[int, int, int] | None = None  # start_ms, end_ms, step_ms.
    string: str | None = None
    scalar: float | None = None
    series: list[SeriesLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Eval:
    """Ask at an instant, or over a range where there is a step."""

    line: int
    query: str
    start_ms: int
    end_ms: int
    step_ms: int | None  # None asks at `start_ms` only.
    expected: Expectations


Command = Clear | Load | Eval


class ScriptError(Exception):
    """A script that breaks the language, with its line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
