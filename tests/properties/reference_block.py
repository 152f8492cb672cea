"""A block's files byte by byte: the twin of `block_index/`, `block_chunks.rs` and `tombstones.rs`."""

import struct
from collections import defaultdict
from dataclasses import dataclass

from tests.properties.reference_frames import Pairs
from tests.properties.reference_log import crc32c, text, uvarint, varint

Chunk = tuple[int, int, int]  # First time, last time, reference.
Series = tuple[Pairs, list[Chunk]]
Stone = tuple[int, int, int]  # Series, first time, last time.


@dataclass
class Bytes:
    """A cursor that trusts what it reads."""

    data: bytes
    at: int = 0

    def take(self, length: int) -> bytes:
        self.at += length
        assert self.at <= len(self.data)
        return self.data[self.at - length : self.at]

    def be32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def uvarint(self) -> int:
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def varint(self) -> int:
        folded = self.uvarint()
        return -(folded + 1) // 2 if folded % 2 else folded // 2

    def text(self) -> str:
        return self.take(self.uvarint()).decode()

    def checked(self, length: int) -> "Bytes":
        """What stands here, with its checksum behind it."""
        body = self.take(length)
        assert self.be32() == crc32c(body)
        return Bytes(body)


def section(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body + struct.pack(">I", crc32c(body))


def label_order(pairs: Pairs) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


def entry(labels: Pairs, chunks: list[Chunk], ordinal: dict[str, int]) -> bytes:
    body = uvarint(len(labels))
    for name, value in labels:
        body += uvarint(ordinal[name]) + uvarint(ordinal[value])
    body += uvarint(len(chunks))
    last_ms, last_ref = 0, 0
    for number, (low, high, ref) in enumerate(chunks):
        body += uvarint(low - last_ms) if number else varint(low)
        body += uvarint(high - low)
        body += varint(ref - last_ref) if number else uvarint(ref)
        last_ms, last_ref = high, ref
    return uvarint(len(body)) + body + struct.pack(">I", crc32c(body))


def write_index(series: list[Series], *, extra_symbols: tuple[str, ...] = ("",)) -> bytes:
    """An index of series in label order. `extra_symbols` are in the table though nobody uses them."""
    used = {string for labels, _ in series for pair in labels for string in pair}
    strings = sorted({*used, *extra_symbols}, key=str.encode)
    ordinal = {string: number for number, string in enumerate(strings)}
    file = bytes.fromhex("baaad70002")
    file += section(struct.pack(">I", len(strings)) + b"".join(map(text, strings)))
    series_at = len(file)
    postings = defaultdict(list)
    for labels, chunks in series:
        file += bytes(-len(file) % 16)
        for pair in (("", ""), *labels):
            postings[pair].append(len(file) // 16)
        file += entry(labels, chunks, ordinal)
    postings_at = len(file)
    file += bytes(-len(file) % 4)
    table = b""
    for name, value in sorted(postings, key=lambda pair: (pair[0].encode(), pair[1].encode())):
        ids = postings[name, value]
        table += b"\x02" + text(name) + text(value) + uvarint(len(file))
        file += section(struct.pack(f">{len(ids) + 1}I", len(ids), *ids))
    table_at = len(file)
    file += section(struct.pack(">I", len(postings)) + table)
    contents = struct.pack(">6Q", 5, series_at, postings_at, table_at, postings_at, table_at)
    return file + contents + struct.pack(">I", crc32c(contents))


def read_index(file: bytes) -> tuple[dict[int, Series], dict[tuple[str, str], list[int]]]:
    """Series and postings of an index, everything checked."""
    assert file[:5] == bytes.fromhex("baaad70002")
    contents = Bytes(file, len(file) - 52).checked(48).data
    symbols_at, series_at, end, table_again, postings_at, table_at = struct.unpack(">6Q", contents)
    assert (symbols_at, table_again, postings_at) == (5, table_at, end)
    symbols = Bytes(file, symbols_at)
    body = symbols.checked(symbols.be32())
    strings = [body.text() for _ in range(body.be32())]
    assert (body.at, symbols.at) == (len(body.data), series_at)
    assert strings == sorted(set(strings), key=str.encode)
    series = read_series(file, series_at, end, strings)
    return series, read_postings(file, end, table_at)


def read_series(file: bytes, at: int, end: int, strings: list[str]) -> dict[int, Series]:
    found = {}
    while at < end:
        assert not any(file[at : at + -at % 16])
        at += -at % 16
        entry = Bytes(file, at)
        body = entry.checked(entry.uvarint())
        labels = tuple((strings[body.uvarint()], strings[body.uvarint()]) for _ in range(body.uvarint()))
        chunks: list[Chunk] = []
        for number in range(body.uvarint()):
            low = chunks[-1][1] + body.uvarint() if number else body.varint()
            high = low + body.uvarint()
            chunks.append((low, high, chunks[-1][2] + body.varint() if number else body.uvarint()))
        assert body.at == len(body.data)
        found[at // 16] = (labels, chunks)
        at = entry.at
    return found


def read_postings(file: bytes, end: int, table_at: int) -> dict[tuple[str, str], list[int]]:
    table = Bytes(file, table_at)
    body = table.checked(table.be32())
    assert table.at == len(file) - 52
    lists = Bytes(file, end + -end % 4)
    found = {}
    for _ in range(body.be32()):
        assert body.take(1) == b"\x02"
        pair = body.text(), body.text()
        assert body.uvarint() == lists.at  # Gapless and in the order of the table, as Thanos wants it.
        ids = lists.checked(lists.be32())
        found[pair] = [ids.be32() for _ in range(ids.be32())]
        assert ids.at == len(ids.data)
    assert (body.at, lists.at) == (len(body.data), table_at)
    keys = [(name.encode(), value.encode()) for name, value in found]
    assert keys == sorted(set(keys))
    return found


def chunk_record(encoding: int, data: bytes) -> bytes:
    covered = bytes([encoding]) + data
    return uvarint(len(data)) + covered + struct.pack(">I", crc32c(covered))


def tombstones(stones: list[Stone]) -> bytes:
    body = b"".join(uvarint(series) + varint(low) + varint(high) for series, low, high in stones)
    return bytes.fromhex("0130ba3001") + body + struct.pack(">I", crc32c(body))


def merged(stones: list[Stone]) -> list[Stone]:
    """By series and time; what overlaps or touches is one."""
    out: list[Stone] = []
    for series, low, high in sorted(stone for stone in stones if stone[1] <= stone[2]):
        if out and out[-1][0] == series and low <= out[-1][2] + 1:
            out[-1] = (series, out[-1][1], max(high, out[-1][2]))
        else:
            out.append((series, low, high))
    return out
