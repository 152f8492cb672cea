"""Series lines: a label set and a shorthand for many values.

`5`, `1x3` (four ones), `0+10x5` (0 10 20 30 40 50), `5-1x2`, `_` (nothing), `_x3`, `stale`. Hexadecimal
numbers do not exist here, so that `0x3` is four zeros.
"""

import re

from model.labels import Labels, labels_of
from model.samples import STALE
from promql.parser import parse_selector
from promql.testscript.commands import SeriesLine

_UNSIGNED = r"(?:[Ii][Nn][Ff]|[Nn][Aa][Nn]|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
_ITEM = re.compile(
    rf"(?P<first>[+-]?{_UNSIGNED})(?:(?P<sign>[+-])(?P<change>{_UNSIGNED}))?(?:x(?P<count>[0-9]+))?"
)
_GAP = re.compile(r"_(?:x([0-9]+))?")
_HISTOGRAM = "{{"


def parse_series(line: str) -> SeriesLine:
    """
    A whole series line.

    Raises:
        ValueError: it breaks the language.
    """
    end = _end_of_labels(line)
    labels = parse_labels(line[:end])
    rest = line[end:].strip()
    if rest.startswith("@st"):
        return SeriesLine(labels, (), (), "start timestamps")
    if _HISTOGRAM in rest:
        return SeriesLine(labels, (), (), "native histograms")
    values: list[float] = []
    present: list[bool] = []
    for item in rest.split():
        expanded, is_present = _expand(item)
        values += expanded
        present += [is_present] * len(expanded)
    return SeriesLine(labels, tuple(values), tuple(present))


def parse_labels(text: str) -> Labels:
    """`metric{label="value"}`; braces alone are the empty label set."""
    return labels_of((matcher.name, matcher.value) for matcher in parse_selector(text))


def parse_number(text: str) -> float | None:
    """A lone number; None if the text is none."""
    return float(text) if re.fullmatch(f"[+-]?{_UNSIGNED}", text) else None


def _end_of_labels(line: str) -> int:
    """Where the label set ends: after its closing brace, or at the first space if it has none."""
    start = re.match(r"[^\s{]*\s*", line)
    place = start.end() if start else 0
    if place == len(line) or line[place] != "{" or line.startswith(_HISTOGRAM, place):
        bare = re.match(r"[^\s{@]+", line)
        return bare.end() if bare else 0
    quote = ""
    while place < len(line):
        character = line[place]
        if quote:
            if character == "\\" and quote != "`":
                place += 1
            elif character == quote:
                quote = ""
        elif character in "\"'`":
            quote = character
        elif character == "}":
            return place + 1
        place += 1
    raise ValueError(f"want a closing brace in {line!r}")


def _expand(item: str) -> tuple[list[float], bool]:
    """The values of one item, and whether they are there."""
    if item == "stale":
        return [STALE], True
    gap = _GAP.fullmatch(item)
    if gap:
        return [0.0] * int(gap[1] or 1), False
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"want a value, got {item!r}")
    value = float(match["first"])
    change = float((match["sign"] or "") + match["change"]) if match["change"] else 0.0
    values = [value]
    for _ in range(int(match["count"] or 0)):
        value = value + change if match["change"] else value
        values.append(value)
    return values, True
