"""XOR chunks bit by bit, as strings of 0 and 1: the readable twin of `xor.rs`."""

import struct

from tests.properties.reference_log import uvarint, varint, wrapped

LEAD_MAX = 31


def field(number: int, bits: int) -> str:
    return format(number % 2**bits, f"0{bits}b")


def bits_of(value: float) -> int:
    return int.from_bytes(struct.pack(">d", value))


def step(change: int) -> str:
    """The change of a timestamp's delta."""
    if change == 0:
        return "0"
    for control, bits in (("10", 14), ("110", 17), ("1110", 20)):
        half = 2 ** (bits - 1)
        if -half < change <= half:
            return control + field(change, bits)
    return "1111" + field(change, 64)


def value_change(difference: int, window: tuple[int, int] | None) -> tuple[str, tuple[int, int] | None]:
    """The bits that changed, inside `window` (leading, trailing zeros) where it fits, and the window then."""
    if difference == 0:
        return "0", window
    binary = field(difference, 64)
    lead = min(binary.index("1"), LEAD_MAX)
    trail = 63 - binary.rindex("1")
    if window is not None and lead >= window[0] and trail >= window[1]:
        return "10" + binary[window[0] : 64 - window[1]], window
    significant = 64 - lead - trail
    header = "11" + field(lead, 5) + field(significant, 6)
    return header + binary[lead : 64 - trail], (lead, trail)


def encode(samples: list[tuple[int, int]]) -> bytes:
    """A chunk of (time, value bits)."""
    chunk = struct.pack(">H", len(samples))
    if not samples:
        return chunk
    (t, value), *rest = samples
    chunk += varint(t) + struct.pack(">Q", value)
    stream, window, last_delta = "", None, None
    for next_t, next_value in rest:
        delta = next_t - t
        if last_delta is None:
            chunk += uvarint(delta % 2**64)
        else:
            stream += step(wrapped(delta - last_delta))
        code, window = value_change(next_value ^ value, window)
        stream += code
        t, value, last_delta = next_t, next_value, delta
    stream += "0" * (-len(stream) % 8)
    return chunk + bytes(int(stream[i : i + 8], 2) for i in range(0, len(stream), 8))
