"""Names of blocks: 48 bits of wall-clock milliseconds and 80 random bits, as 26 letters of base 32.

The time says when a block was written, not what it holds. Names sort as the bytes behind them do.
"""

import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BYTES: Final = 10
ZERO: Final = "0" * 26  # The parent of blocks that Prometheus writes from its out-of-order head.

_LENGTH: Final = 26
_TIME_LETTERS: Final = 10
_TIME_MAX: Final = (1 << 48) - 1
_PATTERN: Final = re.compile(f"[0-7][{ALPHABET}]{{25}}")  # A first letter above 7 would be bit 129.


def make_ulid(now_ms: int, random: bytes) -> str:
    """The name of a block written at `now_ms`.

    Raises:
        ValueError: a time outside 48 bits, or not ten random bytes.
    """
    if not 0 <= now_ms <= _TIME_MAX:
        raise ValueError(f"ulid: want a time from 0 to {_TIME_MAX} ms, got {now_ms}")
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"ulid: want {RANDOM_BYTES} random bytes, got {len(random)}")
    number = now_ms << 8 * RANDOM_BYTES | int.from_bytes(random, "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def is_ulid(name: str) -> bool:
    """Whether a directory of this name is a block."""
    return _PATTERN.fullmatch(name) is not None


def written_ms(ulid: str) -> int:
    """When the block was written, as its name says."""
    time_ms = 0
    for letter in ulid[:_TIME_LETTERS]:
        time_ms = time_ms << 5 | ALPHABET.index(letter)
    return time_ms
