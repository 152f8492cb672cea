"""The head's samples: verdicts, chunk cutting, chunk files, snapshots, forgetting."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from kernels import CorruptionError, OpenChunks, decode_xor, encode_head_chunks
from tests.properties import reference_head, reference_xor

STALE = 0x7FF0000000000002
MIN, MAX = -(2**63), 2**63 - 1
HOUR = 3_600_000
ONE = reference_xor.bits_of(1.0)
TWO = reference_xor.bits_of(2.0)


def columns(samples):
    refs, times, bits = zip(*samples, strict=True) if samples else ((), (), ())
    return np.array(refs, np.uint64), np.array(times, np.int64), np.array(bits, np.uint64).view(np.float64)


def append(head, samples):
    return head.append(*columns(samples)).tolist()


def read(head, ref, low=MIN, high=MAX, snapshot=None, files=()):
    held = head.snapshot() if snapshot is None else snapshot
    times, floats, offsets = head.read(np.array([ref], np.uint64), low, high, held, files)
    if snapshot is None:
        head.release(held)
    assert offsets.tolist() == [0, len(times)]
    return list(zip(times.tolist(), floats.view(np.uint64).tolist(), strict=True))


def chunks_of(head):
    """Completed chunks that lie in the heap: (ref, min, max, samples)."""
    full = head.full(1 << 40)
    times, floats, ends = decode_xor(full.data, full.offsets[:-1].copy(), np.diff(full.offsets))
    flat = list(zip(times.tolist(), floats.view(np.uint64).tolist(), strict=True))
    samples = [flat[start:end] for start, end in pairwise(ends.tolist())]
    return list(zip(full.refs.tolist(), full.min_ms.tolist(), full.max_ms.tolist(), samples, strict=True))


def write_file(head, files, bytes_max=1 << 40):
    """Move full chunks into a new chunk file behind `files`."""
    full = head.full(bytes_max)
    records, starts = encode_head_chunks(full.refs, full.min_ms, full.max_ms, full.data, full.offsets)
    number = max(len(files), 1)
    files += [None] * (number - len(files))
    files.append(bytes(8) + records)
    locations = (number << 32) + 8 + starts.astype(np.uint64)
    head.map_chunks(full.refs, full.min_ms, full.max_ms, locations.astype(np.uint64))


def test_verdicts_are_those_of_the_reference():
    head = OpenChunks()
    first = [(7, 1000, ONE), (7, 1000, ONE), (7, 1000, TWO), (7, 999, ONE), (7, 1001, STALE)]
    assert append(head, first) == [0, 5, 2, 1, 0]
    samples = [
        (7, 1001, STALE),
        (7, 1001, STALE + 1),
        (7, 1000, ONE),
        (7, 1002, ONE),
        (8, 5, ONE),
        (8, 4, ONE),
    ]
    assert head.check(*columns(samples), 5).tolist() == [5, 2, 1, 0, 6, 6]
    assert append(head, [(8, 6, ONE)]) == [0]
    assert head.check(*columns([(7, 4, ONE), (8, 4, ONE), (8, 7, ONE)]), 5).tolist() == [3, 3, 0]
    assert read(head, 7) == [(1000, ONE), (1001, STALE)]


def test_the_earliest_time_of_all_is_a_sample_too():
    head = OpenChunks()
    assert append(head, [(1, MIN, ONE), (1, MIN, ONE), (1, MIN, TWO)]) == [0, 5, 2]
    assert append(head, [(2, MAX, ONE), (2, MAX, ONE), (2, MIN, ONE)]) == [0, 5, 1]
    assert read(head, 1) == [(MIN, ONE)]
    assert read(head, 2) == [(MAX, ONE)]
    held = head.snapshot()
    append(head, [(3, MIN, ONE), (3, 0, ONE)])
    assert read(head, 3, snapshot=held) == []


rates = st.one_of(
    st.just(15_000),
    st.integers(1, 3),
    st.integers(1, 100_000),
    st.just(60_000),
    st.just(HOUR),
    st.just(3 * HOUR),
)
runs = st.lists(
    st.tuples(rates, st.integers(1, 200), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=6
)


def run_of(start, pieces, seed):
    """Runs of samples: a rate with jitter, and values that stand, count, or jump."""
    random, t, samples, value = np.random.default_rng(seed), start, [], 0.0
    for rate, count, jitter, kind in pieces:
        for _ in range(count):
            samples.append((t, reference_xor.bits_of(value)))
            t += max(1, rate + int(random.integers(-jitter, jitter + 1)))
            value = (value, value + 1, float(random.normal()))[kind]
    return samples


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([0, 1_700_000_000_000, -5 * HOUR, 7_199_999, -1]),
    runs,
    st.integers(0, 9),
    st.sampled_from([(2 * HOUR, 120), (2 * HOUR, 40), (10_000, 4)]),
)
def test_chunks_are_cut_where_prometheus_cuts_them(start, pieces, seed, rules):
    samples = run_of(start, pieces, seed)
    head, cutter = OpenChunks(*rules), reference_head.Cutter(*rules)
    for t, value in samples:
        cutter.add(t, value)
    append(head, [(3, t, value) for t, value in samples])
    *full, open_chunk = cutter.chunks
    assert [samples for *_, samples in chunks_of(head)] == full
    assert [chunk[:3] for chunk in chunks_of(head)] == [(3, chunk[0][0], chunk[-1][0]) for chunk in full]
    assert head.full(1 << 40).data == b"".join(map(reference_xor.encode, full))
    assert head.chunks() == len(cutter.chunks)
    assert read(head, 3, low=open_chunk[0][0]) == open_chunk
    assert read(head, 3) == samples


@pytest.mark.parametrize(
    ("rate_ms", "lengths"), [(15_000, [120] * 4), (60_000, [120] * 4), (5_000, [120, 120, 120])]
)
def test_a_steady_series_has_120_samples_a_chunk(rate_ms, lengths):
    head = OpenChunks()
    start = 1_699_999_200_000  # A multiple of two hours.
    samples = [(1, start + i * rate_ms, ONE) for i in range(sum(lengths) + 1)]
    append(head, samples)
    assert [len(chunk) for *_, chunk in chunks_of(head)] == lengths


def test_no_chunk_crosses_two_hours_or_grows_beyond_twice_its_target_or_a_thousand_bytes():
    head = OpenChunks()
    edge = 1_699_999_200_000
    append(head, [(1, edge - 2, ONE), (1, edge - 1, ONE), (1, edge, ONE)])
    append(head, [(2, edge + i, ONE) for i in range(30)] + [(2, edge + HOUR + i, ONE) for i in range(300)])
    random = np.random.default_rng(1).integers(0, 2**63, 200).tolist()
    append(head, [(3, edge + 40_000 * i, value) for i, value in enumerate(random)])
    lengths = {ref: [len(s) for r, *_, s in chunks_of(head) if r == ref] for ref in (1, 2, 3)}
    assert lengths[1] == [2]
    assert lengths[2][0] == 30
    assert max(map(max, lengths.values())) <= 240
    sizes = [len(reference_xor.encode(s)) for r, *_, s in chunks_of(head) if r == 3]
    assert 1005 < max(sizes) <= 1024


def test_mapped_chunks_are_read_from_their_files_and_leave_the_heap():
    head, files = OpenChunks(10_000, 4), []
    samples = [(t, reference_xor.bits_of(float(t))) for t in range(0, 30_000, 7)]
    append(head, [(5, t, value) for t, value in samples])
    chunks = head.chunks()
    before, waiting = head.size_bytes(), head.full_bytes()
    assert len(head.full(1 << 30).data) <= waiting < before
    while len(head.full(1).refs):
        write_file(head, files, bytes_max=5000)
    assert head.size_bytes() < before
    assert head.full_bytes() < waiting
    assert head.chunks() == chunks
    assert head.lowest_file() == 1
    assert read(head, 5, files=files) == samples
    assert read(head, 5, 100, 20_000, files=files) == [s for s in samples if 100 <= s[0] <= 20_000]
    for at in (-1, 0, 13, 14, 9_999, 29_999, 40_000):
        held = head.snapshot()
        times, floats, present = head.latest(np.array([5, 6], np.uint64), at, 10, held, files)
        want = [s for s in samples if at - 10 < s[0] <= at][-1:]
        got = list(zip(times[present].tolist(), floats[present].view(np.uint64).tolist(), strict=True))
        assert got == want
        head.release(held)


def test_the_count_is_an_upper_bound_and_exact_on_the_heap():
    head, files = OpenChunks(), []
    append(head, [(5, 15_000 * i, ONE) for i in range(500)])
    refs = np.array([5, 9], np.uint64)
    assert head.count(refs, MIN, MAX).tolist() == [500, 0]
    assert head.count(refs, 499 * 15_000, MAX).tolist() == [20, 0]
    write_file(head, files)
    bound, nothing = head.count(refs, MIN, MAX).tolist()
    assert (bound >= 500, nothing) == (True, 0)


def mapped_head():
    head, files = OpenChunks(), []
    append(head, [(5, 15_000 * i, ONE) for i in range(130)])
    write_file(head, files)
    return head, files


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda file: None, "want the file, there is none"),
        (lambda file: file[:60], "want a record, only 52 bytes are left"),
        (lambda file: file[:30] + b"?" + file[31:], "want crc32c"),
        (lambda file: b"", "want a record, only 0 bytes are left"),
    ],
)
def test_a_damaged_chunk_file_is_named_with_the_place(damage, problem):
    head, files = mapped_head()
    files[1] = damage(files[1])
    with pytest.raises(CorruptionError, match=rf"chunk file 000001 at 8: {problem}.*\(series 5\)"):
        read(head, 5, files=files)
    with pytest.raises(CorruptionError, match="chunk file 000001 at 8"):
        read(head, 5, files=[])
    assert len(read(head, 5, low=120 * 15_000, files=files)) == 10


def test_a_place_with_another_series_is_corruption():
    head, files = OpenChunks(), []
    append(head, [(5, 15_000 * i, ONE) for i in range(130)])
    append(head, [(6, 15_000 * i, ONE) for i in range(130)])
    write_file(head, files)
    other = OpenChunks()
    other.map_chunks(
        np.array([6], np.uint64), np.array([0]), np.array([1_785_000]), np.array([(1 << 32) + 8], np.uint64)
    )
    with pytest.raises(CorruptionError, match="want a chunk of the series, got one of series 5"):
        read(other, 6, files=files)


def test_chunks_found_at_start_are_recorded_and_their_samples_not_taken_again():
    head, files = mapped_head()
    again = OpenChunks()
    again.map_chunks(
        np.array([5], np.uint64), np.array([0]), np.array([1_785_000]), np.array([(1 << 32) + 8], np.uint64)
    )
    assert again.bounds() == (0, 1_785_000)
    assert again.newest(np.array([5, 6], np.uint64)).tolist() == [1_785_000, MIN]
    replayed = [(5, 15_000 * i, ONE) for i in range(130)]
    assert append(again, replayed) == [1] * 119 + [5] + [0] * 10
    assert read(again, 5, files=files) == read(head, 5, files=files)
    with pytest.raises(ValueError, match="want one after the newest sample, at 1935000"):
        again.map_chunks(
            np.array([5], np.uint64), np.array([1]), np.array([2]), np.array([(1 << 32) + 8], np.uint64)
        )


def test_what_is_not_retained_is_forgotten_and_refs_keep_their_series():
    head, files = OpenChunks(10_000, 4), []
    for ref in range(1, 50):
        append(head, [(ref, t, ref) for t in range(0, 40_000, 500)])
    write_file(head, files, bytes_max=3000)
    kept = np.arange(1, 50, 7, dtype=np.uint64)
    head.retain(np.append(kept, np.uint64(1000)), 20_000)
    for ref in range(1, 50):
        samples = read(head, ref, files=files)
        if ref in kept:
            assert samples == [(t, ref) for t in range(samples[0][0], 40_000, 500)]
            assert 10_000 < samples[0][0] <= 20_000
        else:
            assert samples == []
    assert head.bounds()[1] == 39_500
    assert {ref for ref, *_ in chunks_of(head)} <= set(kept.tolist())
    append(head, [(1, 40_000, 1), (2, 0, 2)])
    assert (read(head, 1, 40_000), read(head, 2)) == ([(40_000, 1)], [(0, 2)])
    head.retain(np.array([], np.uint64), MIN)
    assert (head.chunks(), head.bounds(), head.lowest_file()) == (0, (MAX, MIN), 2**31)
    with pytest.raises(ValueError, match="refs: want them to rise, got 2 then 2"):
        head.retain(np.array([2, 2], np.uint64), 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [((0, 120), "chunk_range_ms"), ((2**31, 120), "chunk_range_ms"), ((1, 3), "samples_per_chunk")],
)
def test_limits_out_of_range_are_misuse(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        OpenChunks(*arguments)


def test_a_snapshot_nobody_holds_cannot_be_released():
    head = OpenChunks()
    head.release(head.snapshot())
    with pytest.raises(ValueError, match="snapshot 0: nobody holds it"):
        head.release(0)


def test_readers_beside_a_writer_see_whole_commits():
    head = OpenChunks()
    refs = np.arange(1, 200, dtype=np.uint64)
    done = threading.Event()

    def write():
        for commit in range(1, 400):
            head.append(refs, np.full(len(refs), commit), np.full(len(refs), float(commit)))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        snapshot = head.snapshot()
        for _ in range(3):
            _, newest, present = head.latest(refs, MAX, MAX, snapshot, [])
            _, values, offsets = head.read(refs, MIN, MAX, snapshot, [])
            assert present.all() == present.any() == (snapshot > 0)
            assert (newest == snapshot).all()
            assert (np.diff(offsets) == snapshot).all()
            assert values.sum() == len(refs) * snapshot * (snapshot + 1) / 2
        seen.append(snapshot)
        head.release(snapshot)
    writer.join()
    assert seen == sorted(seen)
    assert head.snapshot() == 399


REFS = range(1, 5)
batches = st.lists(
    st.tuples(st.sampled_from(REFS), st.integers(0, 12), st.sampled_from([ONE, TWO, STALE])), max_size=12
)


class HeadAgainstLists(RuleBasedStateMachine):
    """Random commits, snapshots, chunk files, forgetting; every snapshot always reads what it saw first."""

    snapshots = Bundle("snapshots")

    @initialize()
    def start(self):
        self.head, self.twin = OpenChunks(20, 4), reference_head.Head()
        self.files, self.held, self.now = [], {}, 0

    @rule(batch=batches)
    def commit(self, batch):
        samples = [(ref, self.now + ahead, value) for ref, ahead, value in batch]
        want = self.twin.check(samples, self.now - 3)
        assert self.head.check(*columns(samples), self.now - 3).tolist() == want
        assert append(self.head, samples) == self.twin.append(samples)
        self.now += 1

    @rule(target=snapshots)
    def take(self):
        snapshot = self.head.snapshot()
        assert snapshot == self.twin.commit
        self.held[snapshot] = self.held.get(snapshot, 0) + 1
        return snapshot

    @rule(snapshot=consumes(snapshots))
    def release(self, snapshot):
        self.head.release(snapshot)
        self.held[snapshot] -= 1
        if not self.held[snapshot]:
            del self.held[snapshot]

    @rule()
    def write(self):
        if len(self.head.full(1).refs):
            write_file(self.head, self.files, bytes_max=30)

    @rule(refs=st.sets(st.sampled_from(REFS), min_size=2))
    def forget(self, refs):
        self.head.retain(np.array(sorted(refs), np.uint64), MIN)
        self.twin.series = {ref: series for ref, series in self.twin.series.items() if ref in refs}

    @rule(snapshot=snapshots, low=st.integers(-5, 60), span=st.integers(0, 40))
    def read_range(self, snapshot, low, span):
        for ref in REFS:
            want = self.twin.read(ref, low, low + span, snapshot)
            assert read(self.head, ref, low, low + span, snapshot, self.files) == want

    @rule(snapshot=snapshots, at=st.integers(-5, 60), lookback=st.integers(1, 20))
    def look_back(self, snapshot, at, lookback):
        refs = np.array([*REFS, 99], np.uint64)
        times, floats, present = self.head.latest(refs, at, lookback, snapshot, self.files)
        bits = floats.view(np.uint64)
        for row, ref in enumerate(REFS):
            want = self.twin.read(ref, at - lookback + 1, at, snapshot)[-1:]
            want = [sample for sample in want if sample[1] != STALE]
            assert ([(times[row], bits[row])] if present[row] else []) == want
        assert not present[-1]

    @invariant()
    def every_snapshot_reads_what_it_saw(self):
        for snapshot in self.held:
            for ref in REFS:
                want = self.twin.read(ref, MIN, MAX, snapshot)
                assert read(self.head, ref, snapshot=snapshot, files=self.files) == want

    @invariant()
    def sums_are_right(self):
        times = [t for series in self.twin.series.values() for t, *_ in series.samples]
        bounds = (min(times), max(times)) if times else (MAX, MIN)
        assert self.head.bounds() == bounds
        refs = np.array(REFS, np.uint64)
        lengths = [len(self.twin.read(ref, MIN, MAX, self.twin.commit)) for ref in REFS]
        assert (self.head.count(refs, MIN, MAX) >= lengths).all()


HeadAgainstLists.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestHeadAgainstLists = HeadAgainstLists.TestCase
