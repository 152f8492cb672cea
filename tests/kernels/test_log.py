"""The log's container: checksums, compression, fragments on pages, and what a reader says of damage."""

import mmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import CorruptionError, crc32c, frame_record, scan_log, snappy_compress, snappy_decompress
from tests.properties import reference_log

PAGE = reference_log.PAGE_BYTES
UP = bytes.fromhex("01000000000000000102085f5f6e616d655f5f027570036a6f620161")


def segment_of(records: list[bytes], flags: int = 0) -> bytes:
    segment = b""
    for record in records:
        segment += frame_record(record, flags, len(segment) % PAGE)
    return segment


def test_checksums_are_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0
    assert crc32c(memoryview(b"a123456789a")[1:-1]) == 0xE3069283


def test_a_mapped_file_is_read_where_it_lies(tmp_path):
    path = tmp_path / "00000000"
    path.write_bytes(segment_of([UP, b""]))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        records, *_, problem = scan_log(mapped, 0, 1 << 20)
    assert (records, problem) == ([UP, b""], "")


@given(st.binary(max_size=2000))
def test_snappy_gives_back_what_it_took(data):
    assert snappy_decompress(snappy_compress(data)) == data


@pytest.mark.parametrize("damaged", [b"", b"\x0a", b"\x05\x10ab", b"\xff\xff\xff\xff\x0f\x00"])
def test_damaged_snappy_is_corruption(damaged):
    with pytest.raises(CorruptionError, match="snappy"):
        snappy_decompress(damaged)


def test_a_record_is_framed_as_prometheus_frames_it():
    assert frame_record(UP, 0, 0).hex() == "01001ce2137703" + UP.hex()


def test_flags_and_offsets_outside_a_page_are_misuse():
    with pytest.raises(ValueError, match="flags"):
        frame_record(b"", 0x20, 0)
    with pytest.raises(ValueError, match="page_offset"):
        frame_record(b"", 0, PAGE)
    with pytest.raises(ValueError, match="start"):
        scan_log(b"", 1, 1)


sizes = st.one_of(st.integers(0, 40), st.integers(PAGE - 40, PAGE + 10), st.integers(2 * PAGE, 3 * PAGE))


@settings(max_examples=15)
@given(sizes, st.sampled_from([0, 8, 16]), st.integers(PAGE - 40, PAGE - 1) | st.integers(0, 20))
def test_the_framing_agrees_with_its_reference(size, flags, page_offset):
    record = bytes(i * 7 % 251 for i in range(size))
    assert frame_record(record, flags, page_offset) == reference_log.framed(record, flags, page_offset)


@settings(max_examples=30)
@given(st.lists(sizes, max_size=6), st.sampled_from([0, 8, 16]), st.integers(1, 3 * PAGE))
def test_a_segment_gives_back_its_records_whatever_is_read_at_once(lengths, flags, bytes_max):
    records = [bytes([i]) * length for i, length in enumerate(lengths, start=1)]
    segment = segment_of(records, flags)
    read, ends, at = [], [], 0
    while at < len(segment):
        found, compressions, found_ends, at, problem = scan_log(segment, at, bytes_max)
        assert not problem
        assert set(compressions.tolist()) <= {flags}
        read += found
        ends += found_ends.tolist()
    assert read == records
    for count, end in enumerate(ends, start=1):
        assert scan_log(segment[:end], 0, 1 << 30)[0] == records[:count]


@settings(max_examples=40)
@given(st.lists(sizes, min_size=1, max_size=4), st.data())
def test_any_prefix_of_a_log_is_readable(lengths, data):
    records = [bytes([i]) * length for i, length in enumerate(lengths, start=1)]
    segment = segment_of(records)
    cut = data.draw(st.integers(0, len(segment)))
    found, _, ends, at, problem = scan_log(segment[:cut], 0, 1 << 30)
    assert found == records[: len(found)]
    whole = scan_log(segment, 0, 1 << 30)[2].tolist()
    assert ends.tolist() == [end for end in whole if end <= cut]
    # Either the cut stands between two records (or in the padding behind one), or the last one is torn.
    if problem:
        assert "last record is torn" in problem
        assert at >= (ends[-1] if len(ends) else 0)
    else:
        assert at == cut


@settings(max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.data())
def test_a_flipped_bit_never_makes_another_record(lengths, data):
    # An empty record is 01 and six zeros: there one flipped bit makes padding of it, and no reader can tell.
    records = [bytes([i]) * length for i, length in enumerate(lengths, start=1)]
    segment = bytearray(segment_of(records))
    bit = data.draw(st.integers(0, 8 * len(segment) - 1))
    segment[bit // 8] ^= 1 << bit % 8
    found, _, _, at, problem = scan_log(segment, 0, 1 << 30)
    assert found == records[: len(found)]
    assert found == records or problem
    assert at == len(segment) or problem


def test_a_torn_last_record_ends_the_log_at_the_last_good_one():
    segment = segment_of([b"a" * 10, b"b" * (2 * PAGE)])
    for length in (20, PAGE - 1, PAGE, PAGE + 3, len(segment) - 1):
        found, _, _, at, problem = scan_log(segment[:length], 0, 1 << 30)
        assert found == [b"a" * 10]
        assert at == 17
        assert "last record is torn" in problem


def test_zeros_to_the_end_of_a_page_are_skipped_and_other_bytes_there_are_not():
    padded = segment_of([b"a"]).ljust(PAGE, b"\0") + segment_of([b"b"])
    assert scan_log(padded, 0, 1 << 30)[0] == [b"a", b"b"]
    dirty = bytearray(padded)
    dirty[100] = 1
    found, _, _, at, problem = scan_log(dirty, 0, 1 << 30)
    assert (found, at) == ([b"a"], 8)
    assert "want zeros to the end of the page" in problem


def fragment(kind: int, payload: bytes = b"x") -> bytes:
    return bytes([kind]) + frame_record(payload, 0, 0)[1:]


@pytest.mark.parametrize(
    ("segment", "problem"),
    [
        (fragment(3), "want a full or first fragment, got kind 3 at 0"),
        (fragment(4), "want a full or first fragment, got kind 4 at 0"),
        (fragment(2) + fragment(1), "want a middle or last fragment, got kind 1 at 8"),
        (fragment(2) + fragment(2), "want a middle or last fragment, got kind 2 at 8"),
        (fragment(5), "want fragment kinds 0 to 4, got 5 at 0"),
        (fragment(7), "want fragment kinds 0 to 4, got 7 at 0"),
        (b"\x01\xff\xff" + bytes(PAGE), "want a fragment of at most 32761 bytes, got 65535 at 0"),
        (fragment(1)[:-1] + b"y", "want crc32c"),
        (fragment(2), "last record is torn"),
        (b"\x08" + bytes(PAGE), "want fragment kinds 0 to 4, got header 0x08 at 0"),
    ],
)
def test_a_fragment_that_cannot_stand_there_ends_the_log(segment, problem):
    found, _, _, at, got = scan_log(segment, 0, 1 << 30)
    assert not found
    assert at == 0
    assert problem in got


def test_the_last_fragment_says_how_the_record_was_compressed():
    segment = fragment(2, b"one") + fragment(4 | 8, b"two")
    found, compressions, *_ = scan_log(segment, 0, 1 << 30)
    assert (found, compressions.tolist()) == ([b"onetwo"], [8])
