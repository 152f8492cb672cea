"""From the text of a script to its commands."""

import re

from model.durations import parse_duration
from promql.ast import StringLiteral
from promql.options import STABLE
from promql.parser import parse
from promql.testscript.commands import (
    Clear,
    Command,
    Eval,
    Expectations,
    Load,
    ScriptError,
    TextPattern,
)
from promql.testscript.series import parse_number, parse_series

_INSTANT = re.compile(
    r"eval(?:_(?P<mode>fail|warn|info|ordered))?\s+instant\s+(?:at\s+(?P<at>\S+)\s+)?(?P<query>.+)"
)
_RANGE = re.compile(
    r"eval(?:_(?P<mode>fail|warn|info))?\s+range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+)"
    r"\s+(?P<query>.+)"
)
_RANGE_VECTOR = re.compile(r"expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")
_EXPECT = re.compile(
    r"expect\s+(?P<what>fail|warn|info|no_warn|no_info|ordered)(?:\s+(?P<kind>msg|regex):(?P<text>.*))?"
)
_STRING = re.compile(r"expect\s+string\s+(.+)")
_OLD_FAILURE = re.compile(r"expected_fail_(message|regexp)\s+(.*)")


def load_script(text: str) -> list[Command]:
    """
    The commands of a whole script, in order.

    Raises:
        ScriptError: a line breaks the language.
    """
    lines = [line.strip() for line in text.split("\n")]
    lines = ["" if line.startswith("#") else line for line in lines]
    commands: list[Command] = []
    place = 0
    while place < len(lines):
        if not lines[place]:
            place += 1
            continue
        end = place + 1
        while end < len(lines) and lines[end]:
            end += 1
        command, used = _command(lines, place, end)
        commands.append(command)
        place = used
    return commands


def _command(lines: list[str], place: int, end: int) -> tuple[Command, int]:
    """The command at `place`, whose block ends before `end`, and where to go on."""
    number, line = place + 1, lines[place]
    word = line.split()[0].lower()
    if word == "clear":
        return Clear(number), place + 1
    if word.startswith("load"):
        return _load(number, line, lines[place + 1 : end]), end
    if word.startswith("eval"):
        return _eval(number, line, lines[place + 1 : end]), end
    raise ScriptError(number, f"want clear, load or eval, got {word!r}")


def _load(number: int, line: str, block: list[str]) -> Load:
    word, _, duration = line.partition(" ")
    series = []
    for place, text in enumerate(block):
        try:
            series.append(parse_series(text))
        except ValueError as error:
            raise ScriptError(number + 1 + place, str(error)) from error
    return Load(number, _time(duration.strip()), tuple(series), word == "load_with_nhcb")


def _eval(number: int, line: str, block: list[str]) -> Eval:
    expected = Expectations()
    for place, text in enumerate(block):
        try:
            _expect(expected, text)
        except ValueError as error:
            raise ScriptError(number + 1 + place, str(error)) from error
    instant, ranged = _INSTANT.fullmatch(line), _RANGE.fullmatch(line)
    match = instant or ranged
    if match is None:
        raise ScriptError(number, f"want an instant or a range eval, got {line!r}")
    _apply_mode(expected, match["mode"])
    if ranged:
        times = (_time(ranged["start"]), _time(ranged["end"]), _time(ranged["step"]))
        return Eval(number, ranged["query"], *times, expected)
    at_ms = _time(match["at"] or "0")
    return Eval(number, match["query"], at_ms, at_ms, None, expected)


def _apply_mode(expected: Expectations, mode: str | None) -> None:
    if mode == "fail" and expected.fail is None:
        expected.fail = TextPattern()
    elif mode == "ordered":
        expected.ordered = True
    elif mode == "warn":
        expected.warnings.append(TextPattern())
    elif mode == "info":
        expected.infos.append(TextPattern())


def _expect(expected: Expectations, text: str) -> None:
    """One line below an eval."""
    if re.match(r"expect\s", text):
        _directive(expected, text)
        return
    old = _OLD_FAILURE.fullmatch(text)
    number = parse_number(text)
    if old:
        expected.fail = _pattern("msg" if old[1] == "message" else "regex", old[2])
    elif number is not None:
        expected.scalar = number
    else:
        expected.series.append(parse_series(text))


def _directive(expected: Expectations, text: str) -> None:
    span, string, match = _RANGE_VECTOR.fullmatch(text), _STRING.fullmatch(text), _EXPECT.fullmatch(text)
    if span:
        expected.range_vector = (_time(span[1]), _time(span[2]), _time(span[3]))
    elif string:
        literal = parse(string[1], STABLE)
        if not isinstance(literal, StringLiteral):
            raise ValueError(f"want a string, got {string[1]!r}")
        expected.string = literal.value
    elif match:
        _annotate(expected, match["what"], _pattern(match["kind"], match["text"]))
    else:
        raise ValueError(f"want an expectation, got {text!r}")


def _pattern(kind: str | None, text: str | None) -> TextPattern:
    if kind is None:
        return TextPattern()
    return TextPattern("msg" if kind == "msg" else "regex", (text or "").strip())


def _annotate(expected: Expectations, what: str, pattern: TextPattern) -> None:
    match what:
        case "fail":
            if expected.fail is not None:
                raise ValueError("a question fails once: two expectations of failure")
            expected.fail = pattern
        case "warn":
            expected.warnings.append(pattern)
        case "info":
            expected.infos.append(pattern)
        case "no_warn":
            expected.no_warnings = True
        case "no_info":
            expected.no_infos = True
        case _:
            expected.ordered = True
    if (expected.warnings and expected.no_warnings) or (expected.infos and expected.no_infos):
        raise ValueError("an annotation is wanted and forbidden at once")


def _time(text: str) -> int:
    """Milliseconds of a signed duration."""
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)
