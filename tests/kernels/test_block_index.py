"""The index of a block: kernel and twin read what the other wrote; selection equals a scan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import BlockIndex, BlockIndexEncoder, CorruptionError, LabelFrame, Matcher, Symbols
from tests.properties import reference_block
from tests.properties.reference_block import Series, label_order
from tests.properties.reference_frames import pairs_of
from tests.properties.reference_index import ReferenceIndex

NO_STONES = np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64)
FIRST_MS, LAST_MS = -(2**63), 2**63 - 1

names = st.sampled_from(["__name__", "a", "b", "job", "é"])
values = st.sampled_from(["x", "y", "xy", "é", "z" * 300]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3
)
label_sets = st.dictionaries(names, values, min_size=1, max_size=4).map(pairs_of)
times = st.lists(st.integers(-(2**62), 2**62), min_size=2, max_size=8, unique=True).map(sorted)


@st.composite
def blocks(draw) -> list[Series]:
    series, ref = [], 8
    for labels in sorted(draw(st.sets(label_sets, min_size=1, max_size=12)), key=label_order):
        bounds = draw(times)
        chunks = []
        for low, high in zip(bounds[::2], bounds[1::2], strict=False):
            chunks.append((low, high, ref))
            ref += draw(st.integers(0, 2**33))
        series.append((labels, chunks))
    return series


def written(series: list[Series], batch: int = 5) -> bytes:
    """The file as the kernel writes it, a few series at a time."""
    frame = LabelFrame.from_labels(Symbols(), [labels for labels, _ in series])
    encoder = BlockIndexEncoder(frame)
    file = encoder.symbols()
    for start in range(0, len(series), batch):
        chunks = [chunks for _, chunks in series[start : start + batch]]
        flat = [chunk for own in chunks for chunk in own]
        low, high, refs = zip(*flat, strict=True)
        offsets = np.cumsum([0, *map(len, chunks)], dtype=np.int64)
        file += encoder.series(
            offsets, np.array(low, np.int64), np.array(high, np.int64), np.array(refs, np.uint64)
        )
    return file + encoder.postings() + encoder.end()


def read(index: BlockIndex, ids: np.ndarray, low: int = FIRST_MS, high: int = LAST_MS, stones=NO_STONES):
    """Id to labels and chunks."""
    found, labels, offsets, min_ms, max_ms, refs = index.series(ids, low, high, stones)
    chunks = list(zip(min_ms.tolist(), max_ms.tolist(), refs.tolist(), strict=True))
    spans = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    rows = zip(found.tolist(), labels.rows(), spans, strict=True)
    return {series: (row, chunks[start:end]) for series, row, (start, end) in rows}


@given(blocks(), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_twin_reads_what_the_kernel_writes_and_writes_the_same(series, batch):
    file = written(series, batch)
    assert file == reference_block.write_index(series)
    found, postings = reference_block.read_index(file)
    assert list(found.values()) == series
    assert postings["", ""] == list(found)
    for name, value in {pair for labels, _ in series for pair in labels}:
        assert postings[name, value] == [i for i, (labels, _) in found.items() if (name, value) in labels]


@given(blocks(), st.sampled_from([(), ("",), ("", "unused", "é2")]))
@settings(max_examples=60, deadline=None)
def test_the_kernel_reads_what_the_twin_writes(series, extra_symbols):
    file = reference_block.write_index(series, extra_symbols=extra_symbols)
    index = BlockIndex(Symbols(), file)
    ids = index.select([])
    assert read(index, ids) == reference_block.read_index(file)[0]
    assert read(index, ids[::-1].copy()[:3]) == dict(list(read(index, ids).items())[::-1][:3])


@given(blocks(), st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
@settings(max_examples=40, deadline=None)
def test_only_chunks_in_the_range_are_given_and_series_without_any_are_not(series, low, high):
    index = BlockIndex(Symbols(), reference_block.write_index(series))
    want = [
        (labels, kept)
        for labels, chunks in series
        if (kept := [chunk for chunk in chunks if chunk[0] <= high and chunk[1] >= low])
    ]
    assert list(read(index, index.select([]), low, high).values()) == want


def test_a_chunk_that_one_stone_covers_is_not_given_and_one_that_two_cover_is():
    labels = (("a", "x"),)
    series = [(labels, [(0, 9, 8), (10, 19, 20), (20, 29, 40), (30, 30, 50)])]
    index = BlockIndex(Symbols(), written(series))
    ids = index.select([])
    number = int(ids[0])
    stones = (
        np.array([number - 1, number, number, number, number + 1], np.uint32),
        np.array([0, 0, 20, 26, 0], np.int64),
        np.array([50, 9, 25, 30, 50], np.int64),
    )
    assert read(index, ids, stones=stones) == {number: (labels, [(10, 19, 20), (20, 29, 40)])}


# More than 32 symbols, and values of a name, so that samples count; enough series for every set operation.
LARGE = sorted(
    {
        pairs_of(
            {
                "__name__": f"m{number % 3}",
                "job": "x" if number % 10 else "",
                "a": f"z{number % 7}",
                "b": f"z{number}" if number % 4 else "",
                "half": "y" if number < 1500 else "",
            }
        )
        for number in range(3000)
    },
    key=label_order,
)
large_index = BlockIndex(Symbols(), written([(labels, [(0, 1, 8)]) for labels in LARGE], batch=1000))
large_ids = large_index.select([]).tolist()
large_twin = ReferenceIndex()
large_twin.restore(large_ids, LARGE)
patterns = ["z.*", "z1.*", ".*7", "z(1|2|700)", "z[1-3]|", ".+", ".*", "|z5", "z2[0-9]+1", "y|x", "m[12]", ""]
conditions = st.lists(
    st.tuples(
        st.sampled_from(["__name__", "job", "a", "b", "half", "absent"]),
        st.sampled_from(["=~", "!~", "=", "!="]),
        st.sampled_from(patterns),
    )
    | st.tuples(
        st.sampled_from(["__name__", "a", "b", "half"]),
        st.sampled_from(["=", "!="]),
        st.sampled_from(["m1", "z3", "z7", "z701", "z2999", "y", "zz"]),
    ),
    max_size=4,
)


@given(conditions)
@settings(max_examples=150, deadline=None)
def test_selection_equals_a_scan_whatever_set_operation_it_takes(asked):
    matchers = [Matcher(*condition) for condition in asked]
    want = large_twin.select(asked)
    assert large_index.select(matchers).tolist() == want
    assert large_index.label_names(matchers) == large_twin.label_names(asked)
    for name in ("a", "b", "absent"):
        found = {dict(large_twin.labels_of[ref]).get(name, "") for ref in want} - {""}
        assert large_index.label_values(name, matchers) == sorted(found)


large_file = written([(labels, [(0, 1, 8)]) for labels in LARGE[:400]])


def everything(file):
    index = BlockIndex(Symbols(), file)
    answers = [index.select(m) for m in ([], [Matcher("b", "=~", "z1.*")], [Matcher("a", "!=", "z3")])]
    names = index.label_names([]), index.label_values("b", [Matcher("a", "=", "z5")])
    return [ids.tolist() for ids in answers], names, read(index, answers[0])


sound = everything(large_file)


@given(st.integers(0, len(large_file) - 1), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_byte_is_corruption_or_changes_nothing(at, change):
    damaged = bytearray(large_file)
    damaged[at] ^= change
    try:
        assert everything(bytes(damaged)) == sound
    except CorruptionError as error:
        assert str(error).startswith("index: ")  # noqa: PT017 - both outcomes are right.


def test_only_what_is_asked_for_is_interned():
    symbols = Symbols()
    index = BlockIndex(symbols, reference_block.write_index([(row, [(0, 1, 8)]) for row in LARGE[:500]]))
    assert index.select([Matcher("b", "=~", "z1.*")]).size
    assert len(symbols) == 1
    _, labels, *_ = index.series(index.select([])[:1], 0, 1, NO_STONES)
    assert len(symbols) == 1 + 2 * len(labels.labels(0))


def test_samples_take_little_memory():
    assert large_index.size_bytes() < 10 * len(LARGE)


def test_a_series_that_is_not_there_is_corruption():
    for stranger in (0, large_ids[-1] + 1, 2**32 - 1):
        with pytest.raises(CorruptionError, match=f"series {stranger} at"):
            large_index.series(np.array([stranger], np.uint32), 0, 1, NO_STONES)


@pytest.mark.parametrize(
    "file", [b"", b"\xba\xaa\xd7\x00\x01" + bytes(60), b"\xba\xaa\xd7\x00\x02" + bytes(60)]
)
def test_a_file_that_is_no_index_of_format_2_is_corruption(file):
    with pytest.raises(CorruptionError, match="index: "):
        BlockIndex(Symbols(), file)


def test_an_index_with_the_further_table_of_prometheus_2_is_read():
    # The offsets of its label indices stand before the last table; the interop tests have whole files of it.
    series = [((("a", "x"),), [(0, 9, 8)]), ((("a", "y"),), [(0, 9, 20)])]
    file = reference_block.write_index(series)
    body, contents = file[:-52], file[-52:-4]
    places = [int.from_bytes(contents[at : at + 8], "big") for at in range(0, 48, 8)]
    more = reference_block.section(bytes(12))
    moved = body[: places[5]] + more + body[places[5] :]
    places[3], places[5] = places[5], places[5] + len(more)
    contents = b"".join(place.to_bytes(8, "big") for place in places)
    file = moved + contents + reference_block.crc32c(contents).to_bytes(4, "big")
    index = BlockIndex(Symbols(), file)
    assert list(read(index, index.select([Matcher("a", "!=", "")])).values()) == series
