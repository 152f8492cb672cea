"""Which names metrics and labels may have, and how messages quote what a user wrote.

The legacy scheme is the old alphabet; in the UTF-8 scheme any non-empty text that can be encoded is a name.
A lone surrogate stands for a byte that is not UTF-8, as Python's `surrogateescape` has it.
"""

import re
from enum import StrEnum
from typing import Final

_LEGACY_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LEGACY_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")  # Printable ASCII without quote and backslash.

_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


class NameScheme(StrEnum):
    """`metric_name_validation_scheme` of a configuration."""

    UTF8 = "utf8"
    LEGACY = "legacy"


def is_utf8(text: str) -> bool:
    """Whether `text` has a UTF-8 form: it holds no lone surrogate."""
    return text.isascii() or _SURROGATE.search(text) is None


def is_label_name(name: str, scheme: NameScheme = NameScheme.UTF8) -> bool:
    """Whether `name` may stand left of an equals sign."""
    if scheme is NameScheme.LEGACY:
        return _LEGACY_LABEL.fullmatch(name) is not None
    return bool(name) and is_utf8(name)


def is_metric_name(name: str, scheme: NameScheme = NameScheme.UTF8) -> bool:
    """Whether `name` may stand before the braces."""
    if scheme is NameScheme.LEGACY:
        return _LEGACY_METRIC.fullmatch(name) is not None
    return bool(name) and is_utf8(name)


def quote(text: str) -> str:
    """`text` in double quotes with Go's escapes."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(_escaped(character, '"') for character in text) + '"'


def quote_character(character: str) -> str:
    """One character in single quotes with Go's escapes; "" is what stands after the end of the text."""
    return "'" + _escaped(character or "\ufffd", "'") + "'"


def name_character(character: str) -> str:
    """A character by code point, and as it looks if it can be printed: `U+0071 'q'`."""
    code = f"U+{ord(character):04X}"
    return f"{code} '{character}'" if character.isprintable() else code


def _escaped(character: str, delimiter: str) -> str:
    if character == delimiter:
        return "\\" + delimiter
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
