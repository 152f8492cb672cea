"""Label frames as lists of dictionaries: the twin of `frame/`."""

from collections.abc import Iterable, Sequence

Row = dict[str, str]
Pairs = tuple[tuple[str, str], ...]


def pairs_of(row: Row) -> Pairs:
    return tuple(sorted(((n, v) for n, v in row.items() if v), key=lambda pair: pair[0].encode()))


def names_of(rows: Iterable[Row]) -> list[str]:
    return sorted({name for row in rows for name, value in row.items() if value}, key=str.encode)


def project(rows: Sequence[Row], names: Iterable[str], *, keep: bool) -> list[Row]:
    return [{n: v for n, v in row.items() if (n in set(names)) == keep} for row in rows]


def with_column(rows: Sequence[Row], name: str, values: Sequence[str]) -> list[Row]:
    return [{**row, name: value} for row, value in zip(rows, values, strict=True)]


def group(rows: Sequence[Row], names: Iterable[str], *, keep: bool) -> tuple[list[int], list[Pairs]]:
    numbers: dict[Pairs, int] = {}
    group_of = [numbers.setdefault(pairs_of(row), len(numbers)) for row in project(rows, names, keep=keep)]
    return group_of, list(numbers)


def order(rows: Sequence[Row]) -> list[int]:
    def key(row: int) -> list[tuple[bytes, bytes]]:
        return [(name.encode(), value.encode()) for name, value in pairs_of(rows[row])]

    return sorted(range(len(rows)), key=key)


def sized(text: str) -> bytes:
    data = text.encode()
    if len(data) < 255:
        return bytes([len(data)]) + data
    return b"\xff" + len(data).to_bytes(3, "little") + data


def hash_of(row: Row) -> int:
    return xxh64(b"".join(sized(text) for pair in pairs_of(row) for text in pair))


PRIMES = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
MASK = 2**64 - 1


def rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & MASK


def mixed(lane: int, word: int) -> int:
    return rotated((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0, from its specification."""
    at = 0
    if len(data) >= 32:
        lanes = [(PRIMES[0] + PRIMES[1]) & MASK, PRIMES[1], 0, -PRIMES[0] & MASK]
        while at + 32 <= len(data):
            words = [int.from_bytes(data[i : i + 8], "little") for i in range(at, at + 32, 8)]
            lanes = [mixed(lane, word) for lane, word in zip(lanes, words, strict=True)]
            at += 32
        hashed = sum(rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
        for lane in lanes:
            hashed = ((hashed ^ mixed(0, lane)) * PRIMES[0] + PRIMES[3]) & MASK
    else:
        hashed = PRIMES[4]
    hashed = (hashed + len(data)) & MASK
    while at + 8 <= len(data):
        word = int.from_bytes(data[at : at + 8], "little")
        hashed = (rotated(hashed ^ mixed(0, word), 27) * PRIMES[0] + PRIMES[3]) & MASK
        at += 8
    if at + 4 <= len(data):
        word = int.from_bytes(data[at : at + 4], "little")
        hashed = (rotated(hashed ^ (word * PRIMES[0] & MASK), 23) * PRIMES[1] + PRIMES[2]) & MASK
        at += 4
    for byte in data[at:]:
        hashed = rotated(hashed ^ (byte * PRIMES[4] & MASK), 11) * PRIMES[0] & MASK
    for shift, prime in ((33, PRIMES[1]), (29, PRIMES[2])):
        hashed = (hashed ^ hashed >> shift) * prime & MASK
    return hashed ^ hashed >> 32
