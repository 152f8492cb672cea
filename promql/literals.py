"""Numbers, durations and strings of a query: where one ends in the text, and what it means.

The scanning functions work on character positions and return the position after the literal. What they refuse
they refuse in the words of Prometheus, down to how much of the text is shown.
"""

import math
import re
from typing import Final

from model.names import name_character, quote

WORD_CHARACTERS: Final = frozenset("_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS: Final = frozenset("0123456789")
HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")

_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.])")
_PLAIN_DURATION: Final = re.compile(
    r"[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdw]))*(?![A-Za-z0-9_])"  # Only the first unit may be a year.
)
_MORE_DURATION: Final = re.compile(r"[0-9]+")

_NEVER_AFTER: Final = {".": {".", "_"}, "e": {"", ".", "_", "e"}, "_": {"", ".", "_", "e"}}
"""What may not follow a dot, an exponent (and its sign) and a separator; "" is the end of the text."""

_DECIMAL: Final = re.compile(r"0|[1-9](?:_?[0-9])*")
_HEXADECIMAL: Final = re.compile(r"0[xX](?:_?[0-9a-fA-F])+")
_OCTAL: Final = re.compile(r"0(?:_?[0-7])+")
_INT64_MAX: Final = 2**63 - 1

_STRING_RUN: Final = {
    '"': re.compile(r'[^"\\\n\ufffd\ud800-\udfff]*'),
    "'": re.compile(r"[^'\\\n\ufffd\ud800-\udfff]*"),
    "`": re.compile(r"[^`\ufffd\ud800-\udfff]*"),
}
_SIMPLE_ESCAPES: Final = dict(zip("abfnrtv\\", "\a\b\f\n\r\t\v\\", strict=True))
_ESCAPE: Final = re.compile(r"\\(?:([0-7]{3})|x(..)|u(.{4})|U(.{8})|(.))", re.DOTALL)
_NUMERIC_ESCAPES: Final = {"x": (2, 16, 0xFF), "u": (4, 16, 0x10FFFF), "U": (8, 16, 0x10FFFF)}


class LiteralError(Exception):
    """A literal that breaks the rules; the text is the message."""


def scan_number(text: str, start: int) -> tuple[str, int]:
    """NUMBER or DURATION, and where it ends.

    Raises:
        LiteralError: `bad number or duration syntax: ...` with the text that was read.
    """
    if plain := _PLAIN_NUMBER.match(text, start):
        return "NUMBER", plain.end()
    if plain := _PLAIN_DURATION.match(text, start):
        return "DURATION", plain.end()
    whole, end = _number_end(text, start)
    if whole and text[end : end + 1] not in WORD_CHARACTERS:
        return "NUMBER", end
    whole, end = _duration_end(text, end)
    if not whole:
        raise LiteralError(f"bad number or duration syntax: {quote(text[start:end])}")
    return "DURATION", end


def _number_end(text: str, start: int) -> tuple[bool, int]:
    """Whether a number stands here, and how far it was read either way."""
    if text[start : start + 2] in {"0x", "0X"}:
        return _hexadecimal_end(text, start + 2)
    seen, position = set(), start
    while character := text[position : position + 1].lower():
        if character in DIGITS:
            position += 1
            continue
        if character not in _NEVER_AFTER:
            break
        position += 1
        if character in seen:
            return False, position
        if character != "_":
            seen.add(character)
        if character == "e":
            position += text[position : position + 1] in {"+", "-"}
        follower = text[position : position + 1]
        if follower.lower() in _NEVER_AFTER[character]:
            return False, position + len(follower)
    return True, position


def _hexadecimal_end(text: str, position: int) -> tuple[bool, int]:
    while character := text[position : position + 1]:
        if character == ".":
            return False, position + 1
        if character not in HEX_DIGITS and character != "_":
            break
        position += 1
        follower = text[position : position + 1]
        if character == "_" and follower in {"", ".", "_"}:
            return False, position + len(follower)
    return True, position


def _duration_end(text: str, position: int) -> tuple[bool, int]:
    """The same for what follows the first digits of a duration."""
    units = "smhdwy"
    while True:
        if position >= len(text) or text[position] not in units:
            return False, position
        position += 1
        position += (
            text[position : position + 1] == "s"
        )  # For `ms`; `hs` is refused when it is read as a duration.
        more = _MORE_DURATION.match(text, position)
        if more is None:
            break
        units, position = "smhdw", more.end()
    follower = text[position : position + 1]
    if follower in WORD_CHARACTERS:
        return False, position + 1
    return True, position


def number_value(text: str) -> float:
    """The number that a NUMBER token means: an integer with Go's base prefixes, else a float.

    Raises:
        LiteralError: `error parsing number: ...`.
    """
    if _OCTAL.fullmatch(text):
        integer = int(text, 8)
    elif _HEXADECIMAL.fullmatch(text) or (_DECIMAL.fullmatch(text) and len(text) < 40):
        integer = int(text, 0)
    else:
        return _float_value(text)
    return float(integer) if integer <= _INT64_MAX else _float_value(text)


def _float_value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise LiteralError(
            f"error parsing number: strconv.ParseFloat: parsing {quote(text)}: invalid syntax"
        ) from None
    if math.isinf(value) and text.lower() != "inf":
        raise LiteralError(
            f"error parsing number: strconv.ParseFloat: parsing {quote(text)}: value out of range"
        )
    return value


def scan_string(text: str, start: int) -> int:
    """Where the string that opens at `start` ends.

    Raises:
        LiteralError: it does not end, or holds what no string may hold.
    """
    delimiter = text[start]
    run = _STRING_RUN[delimiter]
    position = start + 1
    while True:
        matched = run.match(text, position)
        assert matched is not None, "a run may be empty"
        position = matched.end()
        stop = text[position : position + 1]
        if stop == delimiter:
            return position + 1
        if stop == "\\":
            position = _escape_end(text, position + 1, delimiter)
        elif stop in {"", "\n"}:
            raise LiteralError(
                "unterminated raw string" if delimiter == "`" else "unterminated quoted string"
            )
        else:
            raise LiteralError("invalid UTF-8 rune")


def _escape_end(text: str, position: int, delimiter: str) -> int:
    """Where the escape ends whose letter stands at `position`."""
    letter = text[position : position + 1]
    if letter and (letter in _SIMPLE_ESCAPES or letter == delimiter):
        return position + 1
    if letter and letter in "01234567":
        count, base, maximum = 3, 8, 0xFF
    elif letter in _NUMERIC_ESCAPES:
        count, base, maximum = _NUMERIC_ESCAPES[letter]
        position += 1
    elif letter:
        raise LiteralError(f"unknown escape sequence {name_character(letter)}")
    else:
        raise LiteralError("escape sequence not terminated")
    code = 0
    for digit in range(position, position + count):
        character = text[digit : digit + 1]
        if not character:
            raise LiteralError("escape sequence not terminated")
        if character not in HEX_DIGITS or int(character, 16) >= base:
            raise LiteralError(f"illegal character {name_character(character)} in escape sequence")
        code = code * base + int(character, 16)
    if code > maximum or 0xD800 <= code <= 0xDFFF:
        raise LiteralError("escape sequence is an invalid Unicode code point")
    return position + count


def unquote(text: str) -> str:
    """What a STRING token means. A byte that is not UTF-8 becomes a lone surrogate (`surrogateescape`)."""
    content = text[1:-1]
    if text[0] == "`" or "\\" not in content:
        return content
    unescaped = _ESCAPE.sub(_unescape, content)
    return unescaped.encode(errors="surrogateescape").decode(errors="surrogateescape")


def _unescape(match: re.Match[str]) -> str:
    octal, byte, short, long, letter = match.groups()
    if letter is not None:
        return _SIMPLE_ESCAPES.get(letter, letter)
    if octal is not None or byte is not None:
        code = int(octal, 8) if octal is not None else int(byte, 16)
        return chr(code) if code < 0x80 else chr(0xDC00 + code)
    return chr(int(short or long, 16))
