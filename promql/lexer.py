"""From text to tokens, with what a word means at its place.

The scanner is in one of three modes: inside braces, where no keyword exists; right after `[`, where only
durations and their arithmetic may stand; and everywhere else. Tokens carry byte offsets into the UTF-8 text.
A mistake becomes a last token of type `LEXER_ERROR` whose text is the message, so that the parser first does
what the text before it asks.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from lark import Token
from lark.common import LexerConf
from lark.lexer import Lexer

from model.names import quote_character
from promql.literals import DIGITS, LiteralError, scan_number, scan_string

LEXER_ERROR: Final = "LEXER_ERROR"

AGGREGATORS: Final = (
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "count_values",
    "quantile", "limitk", "limit_ratio",
)  # fmt: skip

KEYWORDS: Final = {
    **dict.fromkeys(AGGREGATORS, "AGGREGATOR"),
    "start": "BOUND_WORD",
    "end": "BOUND_WORD",
    "step": "STEP_WORD",
    "range": "STEP_WORD",
    "max_of": "CHOICE_WORD",
    "min_of": "CHOICE_WORD",
    "inf": "NUMBER",
    "nan": "NUMBER",
} | {
    word: word.upper()
    for word in (
        "and", "or", "unless", "atan2", "offset", "smoothed", "anchored", "by", "without", "on", "ignoring",
        "group_left", "group_right", "fill", "fill_left", "fill_right", "bool",
    )
}  # fmt: skip
"""Token type of each keyword, by its lower-case form."""

OPERATORS: Final = {
    "+": "SUM_OP", "-": "SUM_OP",
    "*": "PRODUCT_OP", "/": "PRODUCT_OP", "%": "PRODUCT_OP",
    "^": "POWER_OP",
    "==": "COMPARE_OP", "!=": "COMPARE_OP", "<": "COMPARE_OP", "<=": "COMPARE_OP", ">": "COMPARE_OP",
    ">=": "COMPARE_OP", "</": "COMPARE_OP", ">/": "COMPARE_OP",
    "=": "EQUAL", ",": "COMMA", "@": "AT",
}  # fmt: skip
_MATCH_OPERATORS: Final = frozenset({"=", "!=", "=~", "!~"})
_DURATION_OPERATORS: Final = frozenset("+-*/%^,")
_ONLY_BEFORE_PAREN: Final = frozenset({"FILL", "FILL_LEFT", "FILL_RIGHT"})
_DURATION_WORDS: Final = frozenset({"STEP_WORD", "CHOICE_WORD"})

_BLANK: Final = re.compile(r"(?:[ \t\n\r]+|#[^\n\r]*)*")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_WORD: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_QUOTES: Final = frozenset("\"'`")

Scanned = tuple[str, int]  # Token type, and the position after the token.


class QueryLexer(Lexer):
    """The face that Lark asks for tokens."""

    __future_interface__ = 0  # Lark hands over the text itself.

    def __init__(self, conf: LexerConf) -> None:
        """Lark offers the grammar's terminals; ours are fixed."""

    def lex(self, text: str) -> Iterator[Token]:  # type: ignore[override]
        """The tokens of one query."""
        return Scanner(text).tokens()


class _ScanError(Exception):
    """A mistake and the character position that the message names."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Scanner:
    """One pass over one query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.byte_at = _byte_offsets(text)
        self.parens = 0
        self.in_braces = False
        self.in_brackets = False
        self.before_duration = False  # Between `[` and the first number in it.
        self.saw_step = False  # A `step()` or its like in place of that number.
        self.saw_colon = False

    def tokens(self) -> Iterator[Token]:
        """All tokens, without one for the end."""
        text, byte_at, position = self.text, self.byte_at, 0
        while True:
            start = position
            try:
                blank = (_SPACE if self.before_duration else _BLANK).match(text, position)
                start = position if blank is None else blank.end()
                if start == len(text):
                    self._at_end(start)
                    return
                kind, position = self._scan(start)
            except LiteralError as error:
                yield Token(LEXER_ERROR, str(error), byte_at[start], end_pos=byte_at[start])
                return
            except _ScanError as error:
                place = byte_at[error.position]
                yield Token(LEXER_ERROR, error.message, place, end_pos=place)
                return
            yield Token(kind, text[start:position], byte_at[start], end_pos=byte_at[position])

    def _at_end(self, position: int) -> None:
        if self.in_braces:
            raise _ScanError("unexpected end of input inside braces", position)
        if self.before_duration:
            raise _ScanError("unexpected end of input in duration expression", position)
        if self.parens:
            raise _ScanError("unclosed left parenthesis", position)
        if self.in_brackets:
            raise _ScanError("unclosed left bracket", position)

    def _scan(self, start: int) -> Scanned:
        if self.in_braces:
            return self._scan_in_braces(start)
        if self.before_duration:
            return self._scan_before_duration(start)
        return self._scan_outside(start)

    def _scan_outside(self, start: int) -> Scanned:
        text = self.text
        character = text[start]
        if character in _LETTERS or character == ":":
            return self._scan_in_brackets(start) if self.in_brackets else self._scan_word(start)
        if character in DIGITS or (character == "." and text[start + 1 : start + 2] in DIGITS):
            return scan_number(text, start)
        if character in _QUOTES:
            return "STRING", scan_string(text, start)
        if (pair := text[start : start + 2]) in OPERATORS and len(pair) == 2:
            return OPERATORS[pair], start + 2
        if character in "=!":
            follower = text[start + 1 : start + 2]
            if character == "!" or follower == "~":
                message = f"unexpected character after '{character}': {quote_character(follower)}"
                raise _ScanError(message, start)
        if character in OPERATORS:
            return OPERATORS[character], start + 1
        return self._scan_bracket(start)

    def _scan_bracket(self, start: int) -> Scanned:
        character = self.text[start]
        if character in "()":
            return self._scan_paren(start)
        if character == "{":
            self.in_braces = True
            return "LEFT_BRACE", start + 1
        if character == "[":
            if self.in_brackets:
                raise _ScanError("unexpected left bracket '['", start)
            self.in_brackets = self.before_duration = True
            self.saw_colon = self.saw_step = False
            return "LEFT_BRACKET", start + 1
        if character == "]":
            if not self.in_brackets:
                raise _ScanError("unexpected right bracket ']'", start)
            self.in_brackets = self.before_duration = False
            return "RIGHT_BRACKET", start + 1
        raise _ScanError(f"unexpected character: {quote_character(character)}", start)

    def _scan_paren(self, start: int) -> Scanned:
        if self.text[start] == "(":
            self.parens += 1
            return "LEFT_PAREN", start + 1
        if not self.parens:
            raise _ScanError("unexpected right parenthesis ')'", start + 1)
        self.parens -= 1
        return "RIGHT_PAREN", start + 1

    def _scan_word(self, start: int) -> Scanned:
        matched = _WORD.match(self.text, start)
        assert matched is not None, "the caller saw a letter"
        word, end = matched.group(), matched.end()
        kind = KEYWORDS.get(word.lower())
        if kind is None:
            return ("METRIC_IDENTIFIER" if ":" in word else "IDENTIFIER"), end
        if kind in _ONLY_BEFORE_PAREN and not self._paren_follows(end):
            return "IDENTIFIER", end
        return kind, end

    def _paren_follows(self, position: int) -> bool:
        space = _SPACE.match(self.text, position)
        return space is not None and self.text.startswith("(", space.end())

    def _scan_in_brackets(self, start: int) -> Scanned:
        """A word or colon after the first duration in brackets."""
        if self.text[start] == ":":
            if self.saw_colon:
                raise _ScanError("unexpected colon ':'", start)
            self.saw_colon = True
            return "COLON", start + 1
        if (scanned := self._duration_word(start)) is not None:
            return scanned
        raise _ScanError(f"unexpected character: {quote_character(self.text[start])}, expected ':'", start)

    def _duration_word(self, start: int) -> Scanned | None:
        word = _LABEL.match(self.text, start)
        if word is None or KEYWORDS.get(word.group().lower()) not in _DURATION_WORDS:
            return None
        return KEYWORDS[word.group().lower()], word.end()

    def _scan_before_duration(self, start: int) -> Scanned:
        text = self.text
        character = text[start]
        if character in DIGITS or (character == "." and text[start + 1 : start + 2] in DIGITS):
            self.before_duration = False
            return scan_number(text, start)
        if character == ":":
            if not self.saw_step:
                raise _ScanError("unexpected colon before duration in duration expression", start + 1)
            if self.saw_colon:
                raise _ScanError("unexpected repeated colon in duration expression", start + 1)
            self.saw_colon = True
            return "COLON", start + 1
        if character in "()":
            return self._scan_paren(start)
        if character in _DURATION_OPERATORS:
            return OPERATORS[character], start + 1
        if character == "]":
            return self._scan_bracket(start)
        if (scanned := self._duration_word(start)) is not None:
            self.saw_step = True
            return scanned
        raise _ScanError(f"unexpected character in duration expression: {quote_character(character)}", start)

    def _scan_in_braces(self, start: int) -> Scanned:
        text = self.text
        character = text[start]
        if character in _LETTERS:
            label = _LABEL.match(text, start)
            assert label is not None, "a letter was seen"
            return "IDENTIFIER", label.end()
        if character in _QUOTES:
            return "STRING", scan_string(text, start)
        if text[start : start + 2] in _MATCH_OPERATORS:
            return "MATCH_OP", start + len(text[start : start + 2])
        if character == "=":
            return "MATCH_OP", start + 1
        if character == "!":
            follower = quote_character(text[start + 1 : start + 2])
            raise _ScanError(f"unexpected character after '!' inside braces: {follower}", start)
        if character == ",":
            return "COMMA", start + 1
        if character == "}":
            self.in_braces = False
            return "RIGHT_BRACE", start + 1
        if character == "{":
            raise _ScanError("unexpected left brace '{'", start)
        raise _ScanError(f"unexpected character inside braces: {quote_character(character)}", start)


def _byte_offsets(text: str) -> Sequence[int]:
    """For every character position, the end included, the byte offset in UTF-8."""
    if text.isascii():
        return range(len(text) + 1)
    widths = (1 if c < "\x80" else 2 if c < "\u0800" else 3 if c < "\U00010000" else 4 for c in text)
    return list(accumulate(widths, initial=0))
