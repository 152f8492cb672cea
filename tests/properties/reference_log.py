"""The log's container and records byte by byte: the twin of `log.rs`, `records.rs` and `head_chunks.rs`."""

import struct

PAGE_BYTES = 32768
HEADER_BYTES = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def uvarint(number: int) -> bytes:
    groups = []
    while True:
        number, group = number >> 7, number & 0x7F
        if not number:
            return bytes([*groups, group])
        groups.append(group | 0x80)


def varint(number: int) -> bytes:
    return uvarint(2 * number if number >= 0 else -2 * number - 1)


def wrapped(number: int) -> int:
    """`number` as a two's complement integer of 64 bits."""
    return (number + 2**63) % 2**64 - 2**63


def text(string: str) -> bytes:
    raw = string.encode()
    return uvarint(len(raw)) + raw


def series_record(entries: list[tuple[int, list[tuple[str, str]]]]) -> bytes:
    record = b"\x01"
    for ref, labels in entries:
        record += struct.pack(">Q", ref) + uvarint(len(labels))
        for name, value in sorted(labels, key=lambda pair: pair[0].encode()):
            record += text(name) + text(value)
    return record


def samples_record(samples: list[tuple[int, int, float]]) -> bytes:
    if not samples:
        return b"\x02"
    base_ref, base_ms, _ = samples[0]
    record = b"\x02" + struct.pack(">Qq", base_ref, base_ms)
    for ref, t, value in samples:
        record += varint(wrapped(ref - base_ref)) + varint(wrapped(t - base_ms)) + struct.pack(">d", value)
    return record


def metadata_record(entries: list[tuple[int, int, str, str]]) -> bytes:
    record = b"\x06"
    for ref, kind, unit, help_text in entries:
        record += uvarint(ref) + bytes([kind, 2])
        record += text("UNIT") + text(unit) + text("HELP") + text(help_text)
    return record


def framed(record: bytes, flags: int, page_offset: int) -> bytes:
    """The fragments of `record`; a page with fewer than seven bytes left is filled with zeros."""

    def padding() -> bytes:
        left = PAGE_BYTES - (page_offset + len(out)) % PAGE_BYTES
        return bytes(left) if left < HEADER_BYTES else b""

    out = b""
    out += padding()
    fragments = 0
    while not fragments or record:
        left = PAGE_BYTES - (page_offset + len(out)) % PAGE_BYTES
        payload, record = record[: left - HEADER_BYTES], record[left - HEADER_BYTES :]
        kind = (MIDDLE if record else LAST) if fragments else (FIRST if record else FULL)
        out += bytes([kind | flags]) + struct.pack(">HI", len(payload), crc32c(payload)) + payload
        out += padding()
        fragments += 1
    return out


def head_chunk(ref: int, min_ms: int, max_ms: int, data: bytes) -> bytes:
    record = struct.pack(">QqqB", ref, min_ms, max_ms, 1) + uvarint(len(data)) + data
    return record + struct.pack(">I", crc32c(record))
