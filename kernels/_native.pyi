"""The contract of the kernels: loops over bytes, samples, postings and label columns.

Every call releases the interpreter lock. Arrays are C-contiguous and must not be written to while a kernel
reads them; what a kernel returns is new. Times are int64 Unix milliseconds. A *symbol* is a uint32 into a
`Symbols` table; symbol 0 is the empty string and means "label absent". A *series ref* is a uint64, rising
with creation, never reused; 0 is "no series". *Flattened* samples of many series are three arrays:
`timestamps_ms [samples]`, `values [samples]`, `offsets [series + 1]`, series i owning
offsets[i]:offsets[i + 1].
A *step matrix* is `values [series, steps]` beside `present [series, steps]`: absent is not NaN.

Errors: `ValueError` for misuse, `CorruptionError` for bad stored bytes, `ExpositionError` for a bad page,
`RegexError` for a pattern RE2 would refuse.
"""

from collections.abc import Sequence
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

__all__ = [
    "BlockIndex",
    "BlockIndexEncoder",
    "CorruptionError",
    "ExpositionError",
    "FullChunks",
    "GroupedAggregate",
    "LabelFrame",
    "Matcher",
    "OpenChunks",
    "Regex",
    "RegexError",
    "ScrapeCache",
    "ScrapePage",
    "SeriesIndex",
    "Symbols",
    "UnsupportedError",
    "align",
    "bucket_fraction",
    "bucket_quantile",
    "bucket_repairs",
    "crc32c",
    "decode_metadata",
    "decode_samples",
    "decode_series",
    "decode_tombstones",
    "decode_xor",
    "encode_block_chunks",
    "encode_head_chunks",
    "encode_metadata",
    "encode_samples",
    "encode_series",
    "encode_tombstones",
    "encode_xor",
    "flatten",
    "format_floats",
    "frame_record",
    "group_any",
    "group_merge",
    "group_quantile",
    "group_top",
    "merge_samples",
    "merge_tombstones",
    "over_windows",
    "parse_float",
    "read_block_chunks",
    "render_labels",
    "render_matrix",
    "render_samples",
    "render_vector",
    "scan_head_chunks",
    "scan_log",
    "snappy_compress",
    "snappy_decompress",
]

_U8: TypeAlias = NDArray[np.uint8]
_U32: TypeAlias = NDArray[np.uint32]
_U64: TypeAlias = NDArray[np.uint64]
_I64: TypeAlias = NDArray[np.int64]
_F64: TypeAlias = NDArray[np.float64]
_Bool: TypeAlias = NDArray[np.bool_]
_Flat: TypeAlias = tuple[_I64, _F64, _I64]  # timestamps_ms, values, offsets: flattened samples.
_Stones: TypeAlias = tuple[_U32, _I64, _I64]  # Series ids (rising), first and last deleted time.
_Matrix: TypeAlias = tuple[_F64, _Bool]  # values, present: a step matrix.

class CorruptionError(Exception):
    """Stored bytes that cannot be what was written: what was wanted, what came, and at which byte."""

class UnsupportedError(Exception):
    """Stored bytes that may be sound, of a kind that no kernel reads; the text names it."""

class ExpositionError(Exception):
    """A page that breaks its format. `args` is (message, samples parsed before the error)."""

class RegexError(ValueError):
    """A pattern outside RE2's syntax, in RE2's words."""

# ---- symbols.rs, regex.rs, matcher.rs

@final
class Symbols:
    """A table of interned UTF-8 strings; symbol 0 is "". Shared, locked inside, append-only."""

    def __new__(cls) -> Symbols: ...
    def __len__(self) -> int: ...
    def intern(self, texts: Sequence[str]) -> _U32: ...
    def find(self, texts: Sequence[str]) -> _U32:
        """Symbols of `texts` without adding any; 2**32 - 1 where unknown."""
    def texts(self, symbols: _U32) -> list[str]: ...
    def lengths(self, symbols: _U32) -> _U32:
        """UTF-8 bytes of each."""
    def size_bytes(self) -> int: ...

@final
class Regex:
    """A fully anchored RE2 pattern in which a dot matches a newline; linear time."""

    def __new__(cls, pattern: str) -> Regex: ...
    @property
    def pattern(self) -> str: ...
    def matches(self, texts: Sequence[str]) -> _Bool: ...
    def expand(self, template: str, texts: Sequence[str]) -> list[str | None]:
        """`template` with $1, ${1}, $name, ${name} and $$ filled in from each match, or None."""

@final
class Matcher:
    """One label condition. `op` is "=", "!=", "=~" or "!~"; an absent label has the value ""."""

    def __new__(cls, name: str, op: str, value: str) -> Matcher: ...
    @property
    def name(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def value(self) -> str: ...
    def matches(self, text: str) -> bool: ...
    def __str__(self) -> str:
        """As PromQL prints it: name, op, Go-quoted value; the name quoted unless it is a plain identifier."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

# ---- frame.rs

@final
class LabelFrame:
    """Many label sets as columns: a shape (ordered label names) per row and a row of value symbols. Frozen.

    Names inside a row are in byte order, values never empty. Every method that changes labels returns a new
    frame.
    """

    @staticmethod
    def from_labels(symbols: Symbols, rows: Sequence[Sequence[tuple[str, str]]]) -> LabelFrame:
        """Pairs in any order; empty values are dropped.

        Raises:
            ValueError: `label name "x" is not unique`.
        """
    @staticmethod
    def empty(symbols: Symbols, rows: int) -> LabelFrame: ...
    @staticmethod
    def concat(symbols: Symbols, frames: Sequence[LabelFrame]) -> LabelFrame: ...
    @property
    def symbols(self) -> Symbols: ...
    def __len__(self) -> int: ...
    def names(self) -> list[str]:
        """Every label name that some row has, in byte order."""
    def counts(self) -> _U32:
        """Labels of each row."""
    def shapes(self) -> tuple[_U32, list[tuple[str, ...]]]:
        """The shape number of each row, and the names of each shape."""
    def column(self, name: str) -> _U32:
        """The value symbol of label `name` in each row, 0 where absent."""
    def with_column(self, name: str, values: _U32) -> LabelFrame:
        """Label `name` set to `values` [rows]; 0 removes it."""
    def drop(self, names: Sequence[str]) -> LabelFrame: ...
    def keep(self, names: Sequence[str]) -> LabelFrame: ...
    def take(self, rows: _I64) -> LabelFrame: ...
    def group(self, names: Sequence[str], *, without: bool) -> tuple[_U32, LabelFrame]:
        """Rows with equal labels under `keep(names)` (or `drop(names)` when `without`) share a group.

        Returns:
            The group of each row, numbered in order of first appearance, and one frame row per group.
        """
    def match(self, other: LabelFrame, names: Sequence[str], *, ignoring: bool) -> tuple[_U32, _U32, int]:
        """Groups over both frames: of each row here, of each row of `other`, and how many there are."""
    def order(self) -> _I64:
        """Row numbers in label-set order: pairs compared name then value as bytes, a prefix first."""
    def labels(self, row: int) -> tuple[tuple[str, str], ...]: ...
    def rows(self) -> list[tuple[tuple[str, str], ...]]:
        """Every row's labels; for edges only."""
    def hashes(self) -> _U64:
        """XXH64 over each row's length-prefixed names and values, as `limit_ratio` wants it."""
    def __eq__(self, other: object, /) -> bool:
        """Equal rows in equal order over the same table."""

# ---- series_index.rs, postings.rs

@final
class SeriesIndex:
    """Label sets to series refs, and postings per name-value pair. Series stand in order of their refs."""

    def __new__(cls, symbols: Symbols) -> SeriesIndex: ...
    def __len__(self) -> int: ...
    def add(self, labels: LabelFrame, next_ref: int) -> tuple[_U64, _Bool]:
        """The ref of each row, and whether it is new; new rows take next_ref, next_ref + 1, ... in order."""
    def restore(self, refs: _U64, labels: LabelFrame) -> _U64:
        """Series under refs read from a log; a label set already known keeps its first ref: that is given."""
    def find(self, labels: LabelFrame) -> _U64:
        """The ref of each row, 0 where unknown."""
    def labels(self, refs: _U64) -> LabelFrame:
        """
        Raises:
            ValueError: a ref is unknown.
        """
    def select(self, matchers: Sequence[Matcher]) -> _U64:
        """Refs of the series that satisfy every matcher, rising. No matcher selects all."""
    def label_names(self, matchers: Sequence[Matcher]) -> list[str]: ...
    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
    def statistics(self, limit: int) -> list[list[tuple[str, int]]]:
        """Four top lists, largest first and then by name, as `status/tsdb` shows them.

        Series by metric name; values by label name; bytes of label values by label name; series by
        `name=value`.
        """
    def pairs(self) -> int:
        """Distinct name-value pairs."""
    def retain(self, refs: _U64) -> None:
        """Forget every series not in `refs` (rising)."""
    def size_bytes(self) -> int: ...

# ---- xor.rs, open_chunks.rs

def encode_xor(timestamps_ms: _I64, values: _F64, offsets: _I64) -> tuple[bytes, _I64]:
    """One XOR chunk per series. Returns the chunks end to end and their offsets [series + 1].

    Source: storage reference section 6.2; Pelkonen et al., Gorilla, VLDB 2015.
    """

def decode_xor(data: Buffer, starts: _I64, lengths: _I64) -> _Flat:
    """XOR chunks at `starts` in `data`, flattened. Raises `CorruptionError` where a chunk ends early."""

@final
class FullChunks:
    """Completed chunks that still lie in the heap, oldest first."""

    @property
    def refs(self) -> _U64: ...
    @property
    def min_ms(self) -> _I64: ...
    @property
    def max_ms(self) -> _I64: ...
    @property
    def data(self) -> bytes: ...
    @property
    def offsets(self) -> _I64:
        """[chunks + 1] into `data`."""

@final
class OpenChunks:
    """The head's samples: the open chunk of each series, and where its completed chunks lie.

    One `append` is one commit: readers see all of it or nothing. A read names the snapshot it began with.
    """

    def __new__(cls, chunk_range_ms: int = 7_200_000, samples_per_chunk: int = 120) -> OpenChunks: ...
    def check(self, refs: _U64, timestamps_ms: _I64, values: _F64, min_valid_ms: int) -> _U8:
        """What `append` would say of each sample, against the samples already committed.

        Returns:
            0 accept; 1 out of order; 2 duplicate timestamp with another value; 3 out of bounds (before
            `min_valid_ms`); 5 equal to the newest sample and so silently dropped; 6 a series without samples
            here, of which the caller knows whether it exists.
        """
    def append(self, refs: _U64, timestamps_ms: _I64, values: _F64) -> _U8:
        """Append in this order, creating series as needed; verdicts of `check`, each after those before."""
    def full(self, bytes_max: int) -> FullChunks:
        """Completed chunks not yet mapped, up to about `bytes_max` of data; they stay until `map_chunks`."""
    def full_bytes(self) -> int:
        """Bytes of the heap that completed chunks not yet mapped take."""
    def map_chunks(self, refs: _U64, min_ms: _I64, max_ms: _I64, locations: _U64) -> None:
        """Completed chunks now lie in chunk files at `locations` (file << 32 | offset of the record).

        Frees the heap copy where there is one with that ref and `min_ms`; otherwise (at start) notes them.
        """
    def snapshot(self) -> int:
        """A reading point: later commits are invisible to reads that name it. Give it back with `release`."""
    def release(self, snapshot: int) -> None: ...
    def read(
        self, refs: _U64, min_ms: int, max_ms: int, snapshot: int, files: Sequence[Buffer | None]
    ) -> _Flat:
        """Samples in [min_ms, max_ms]; `files[n]` is chunk file n, None where there is none."""
    def count(self, refs: _U64, min_ms: int, max_ms: int) -> _I64:
        """An upper bound on the samples `read` would return, per series."""
    def latest(
        self, refs: _U64, at_ms: int, lookback_ms: int, snapshot: int, files: Sequence[Buffer | None]
    ) -> tuple[_I64, _F64, _Bool]:
        """The newest sample with at_ms - lookback_ms < t <= at_ms per series: time, value, presence.

        A stale one is absent, with its time; where there is none at all the time is -2**63.
        """
    def newest(self, refs: _U64) -> _I64:
        """Time of each series' newest sample; -2**63 where it has none."""
    def bounds(self) -> tuple[int, int]:
        """Oldest and newest sample time; (2**63 - 1, -2**63) when empty."""
    def chunks(self) -> int:
        """Open, full and mapped chunks."""
    def retain(self, refs: _U64, min_ms: int) -> None:
        """Forget every series not in `refs` (rising), and every completed chunk that ends before `min_ms`."""
    def lowest_file(self) -> int:
        """The smallest chunk file number still pointed at; 2**31 if none."""
    def size_bytes(self) -> int: ...

# ---- head_chunks.rs, log.rs, records.rs

def encode_head_chunks(
    refs: _U64, min_ms: _I64, max_ms: _I64, data: Buffer, offsets: _I64
) -> tuple[bytes, _I64]:
    """Records of a `chunks_head` file (XOR, in order), and the offset of each within the bytes returned."""

def scan_head_chunks(data: Buffer) -> tuple[_U64, _I64, _I64, _U8, _I64, int, str]:
    """Records of a file: refs, min_ms, max_ms, encodings, offsets; their end; what is wrong there or ""."""

def crc32c(data: Buffer) -> int: ...
def snappy_compress(data: Buffer) -> bytes: ...
def snappy_decompress(data: Buffer) -> bytes:
    """Raises `CorruptionError`; refuses to make more than 1 GiB."""

def frame_record(record: Buffer, flags: int, page_offset: int) -> bytes:
    """The fragments of a stored record from `page_offset` on, padding included; `flags` are bits 3 and 4."""

def scan_log(data: Buffer, start: int, bytes_max: int) -> tuple[list[bytes], _U8, _I64, int, str]:
    """Records of a segment from offset `start`, until about `bytes_max` were read or the segment ends.

    Returns:
        The stored records, the compression bits of each, the offset just after each, where to go on (the
        segment's length at its end), and what is wrong at that place or "".
    """

def encode_series(refs: _U64, labels: LabelFrame) -> bytes: ...
def decode_series(symbols: Symbols, records: Sequence[Buffer]) -> tuple[_U64, LabelFrame]: ...
def encode_samples(refs: _U64, timestamps_ms: _I64, values: _F64) -> bytes: ...
def decode_samples(records: Sequence[Buffer]) -> tuple[_U64, _I64, _F64]: ...
def encode_metadata(refs: _U64, kinds: _U8, units: Sequence[str], helps: Sequence[str]) -> bytes: ...
def decode_metadata(records: Sequence[Buffer]) -> tuple[_U64, _U8, list[str], list[str]]: ...

# ---- block_index/, block_chunks.rs, tombstones.rs

@final
class BlockIndex:
    """The index of a block over mapped bytes. A *series id* is its offset / 16; ids rise in label order."""

    def __new__(cls, symbols: Symbols, data: Buffer) -> BlockIndex: ...
    def select(self, matchers: Sequence[Matcher]) -> _U32: ...
    def series(
        self, ids: _U32, min_ms: int, max_ms: int, tombstones: _Stones
    ) -> tuple[_U32, LabelFrame, _I64, _I64, _I64, _U64]:
        """Of these series those with a chunk in [min_ms, max_ms] that no stone covers whole, and such chunks.

        Returns:
            Ids, labels, offsets [series + 1] into the chunks; min_ms, max_ms and reference of each chunk.
        """
    def label_names(self, matchers: Sequence[Matcher]) -> list[str]: ...
    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]: ...
    def size_bytes(self) -> int: ...

@final
class BlockIndexEncoder:
    """The parts of an index file in this order, `series` as often as wanted; `labels` rise strictly."""

    def __new__(cls, labels: LabelFrame) -> BlockIndexEncoder: ...
    def symbols(self) -> bytes: ...
    def series(self, offsets: _I64, min_ms: _I64, max_ms: _I64, refs: _U64) -> bytes:
        """Entries of the next len(offsets) - 1 series; references rise throughout."""
    def postings(self) -> bytes: ...
    def end(self) -> bytes: ...

def encode_block_chunks(encodings: _U8, data: Buffer, offsets: _I64) -> tuple[bytes, _I64]:
    """Records of a chunk segment in order, and the offset of each within the bytes returned."""

def read_block_chunks(
    files: Sequence[Buffer],
    ids: _U32,
    offsets: _I64,
    refs: _U64,
    min_ms: int,
    max_ms: int,
    tombstones: _Stones,
) -> _Flat:
    """Samples in [min_ms, max_ms] of each series that no stone covers. `UnsupportedError` unless XOR."""

def merge_tombstones(ids: _U32, min_ms: _I64, max_ms: _I64) -> _Stones:
    """Stones in any order, by series and time; those that overlap or touch are one."""

def merge_samples(parts: Sequence[tuple[_I64, _I64, _F64, _I64]], rows: int) -> _Flat:
    """Rows 0 to `rows` of several sources, each (rows it has, rising) and flattened; later ones win a tie."""

def encode_tombstones(tombstones: _Stones) -> bytes: ...
def decode_tombstones(data: Buffer) -> _Stones: ...

# ---- exposition.rs, scrape_cache.rs

@final
class ScrapePage:
    """What one page said. Known series first, then the series never seen before, both in page order."""

    @property
    def refs(self) -> _U64:
        """[known]."""
    @property
    def timestamps_ms(self) -> _I64:
        """[known + new]."""
    @property
    def values(self) -> _F64:
        """[known + new]."""
    @property
    def labels(self) -> LabelFrame:
        """[new] as exposed, before target labels and relabelling; `__name__` included."""
    @property
    def suppressed(self) -> list[tuple[int, tuple[str, ...]]]:
        """Rows of `labels` that exposed a label with an empty value, and those names (for honor_labels)."""
    @property
    def samples(self) -> int:
        """Sample lines parsed, dropped series and duplicates included."""
    @property
    def duplicates(self) -> int:
        """Lines whose series stood on the page before, without own timestamp; the first one counts."""
    @property
    def kept(self) -> int:
        """Known lines that relabelling keeps, duplicates included."""

@final
class ScrapeCache:
    """One target's memory: which text is which series, what stood on the last page, what HELP and TYPE said.

    `parse` changes nothing that matters until `accept` or `reject` ends the scrape.
    """

    def __new__(cls, symbols: Symbols) -> ScrapeCache: ...
    def parse(
        self, body: Buffer, default_ms: int, *, honor_timestamps: bool = True, track_timestamps: bool = False
    ) -> ScrapePage:
        """Parse a text page, format 0.0.4 and 1.0.0.

        Raises:
            ExpositionError: a line breaks the format.
        """
    def accept(self, refs: _U64) -> _U64:
        """The scrape stands. `refs` [new] are the new rows' series, 0 where relabelling dropped them.

        Returns:
            Refs tracked after the previous scrape and gone now: they get staleness markers.
        """
    def reject(self) -> _U64:
        """The scrape failed: every tracked ref, no longer tracked."""
    def forget(self, refs: _U64) -> None:
        """These series no longer exist in the store; their lines are new when they next stand on a page."""
    def __len__(self) -> int:
        """Lines known, dropped ones included."""
    def metadata(self) -> list[tuple[str, str, str, str]]:
        """(family, type, help, unit), in order of first appearance; "unknown" until a TYPE line."""
    def size_bytes(self) -> int: ...

def parse_float(text: str) -> float:
    """As the text format reads numbers. Raises `ValueError` in Go's words."""

# ---- float_text.rs, json.rs

def format_floats(values: _F64, *, exponent: bool) -> list[str]:
    """Shortest text that reads back; with `exponent` Go's form for |v| < 1e-6 and >= 1e21, else none ever."""

def render_vector(labels: LabelFrame, timestamps_ms: _I64, values: _F64) -> bytes:
    """`[{"metric":{...},"value":[t,"v"]},...]`."""

def render_matrix(labels: LabelFrame, start_ms: int, step_ms: int, values: _F64, present: _Bool) -> bytes:
    """`[{"metric":{...},"values":[[t,"v"],...]},...]` of a step matrix, without series that have no point."""

def render_samples(labels: LabelFrame, timestamps_ms: _I64, values: _F64, offsets: _I64) -> bytes:
    """The same of flattened raw samples."""

def render_labels(labels: LabelFrame) -> bytes:
    """`[{"a":"b"},...]`."""

# ---- windows/, steps.rs

def over_windows(
    function: str,
    timestamps_ms: _I64,
    values: _F64,
    offsets: _I64,
    start_ms: int,
    step_ms: int,
    steps: int,
    range_ms: int,
    parameter: _F64 | None = None,
) -> _Matrix:
    """A range function of every window (T - range, T] of every series, T = start + i * step. Stale samples
    are skipped.

    Args:
        function: its PromQL name, `rate`, `increase`, `delta`, `irate`, `idelta`, `deriv`, `predict_linear`,
        `changes`,
            `resets`, or `X_over_time` for X in avg sum count min max stddev stdvar quantile last first
            present mad
            ts_of_min ts_of_max ts_of_first ts_of_last; and `double_exponential_smoothing`.
        parameter: [steps] for `predict_linear` (seconds ahead) and `quantile_over_time`; [2 * steps]
        smoothing and
            trend for `double_exponential_smoothing`. Where an offset or `@` ends windows elsewhere than at
            their step,
            [2 * steps] for `predict_linear`: seconds ahead, then each step's evaluation time in milliseconds.
    Raises:
        ValueError: an unknown function, or a parameter of the wrong length.
    """

def align(
    timestamps_ms: _I64,
    values: _F64,
    offsets: _I64,
    start_ms: int,
    step_ms: int,
    steps: int,
    lookback_ms: int,
) -> tuple[_I64, _F64, _Bool]:
    """The newest sample in (T - lookback, T] for each step T: time, value, presence; absent where stale."""

def flatten(start_ms: int, step_ms: int, values: _F64, present: _Bool) -> _Flat:
    """A step matrix as flattened samples (a subquery's points)."""

# ---- aggregate.rs, groups.rs, buckets.rs

@final
class GroupedAggregate:
    """A running aggregation of step matrices into groups; feed it batch after batch.

    `op` is one of sum avg count min max group stddev stdvar. Sums are compensated, in feeding order.
    """

    def __new__(cls, op: str, groups: int, steps: int) -> GroupedAggregate: ...
    def add(self, values: _F64, present: _Bool, group_of: _U32) -> None:
        """Rows of a step matrix, each into the group it names."""
    def add_windows(
        self,
        function: str,
        timestamps_ms: _I64,
        values: _F64,
        offsets: _I64,
        start_ms: int,
        step_ms: int,
        range_ms: int,
        group_of: _U32,
    ) -> None:
        """`add(*over_windows(...))` without the matrix between."""
    def finish(self) -> _Matrix:
        """[groups, steps]."""

def group_quantile(values: _F64, present: _Bool, group_of: _U32, groups: int, q: _F64) -> _Matrix:
    """PromQL's `quantile` per group and step; `q` is [steps]."""

def group_top(values: _F64, present: _Bool, group_of: _U32, groups: int, k: _I64, *, largest: bool) -> _Bool:
    """Which cells `topk` (or `bottomk`) keeps; `k` is [steps]. NaN ranks last; ties keep the earlier row."""

def group_any(present: _Bool, group_of: _U32, groups: int) -> _Bool:
    """[groups, steps]: whether any row of the group is present."""

def group_merge(values: _F64, present: _Bool, group_of: _U32, groups: int) -> tuple[_F64, _Bool, _I64]:
    """Rows of a group that never share a step, as one row.

    Returns:
        Values and presence [groups, steps], and the first collision as (step, row, row), or an empty array.
    """

def bucket_quantile(
    values: _F64, present: _Bool, group_of: _U32, groups: int, bounds: _F64, q: _F64
) -> tuple[_F64, _Bool, _Bool]:
    """`histogram_quantile` over classic buckets: rows are cumulative counts under `bounds` [rows]; `q` is
    [steps].

    Returns:
        Values and presence [groups, steps], and where the counts had to be forced to rise.
    """

def bucket_repairs(
    values: _F64, present: _Bool, group_of: _U32, groups: int, bounds: _F64
) -> tuple[_F64, _F64, _F64]:
    """What `bucket_quantile` forces, for its annotation: lowest bound, highest bound and largest fall of each
    cell.

    Returns:
        Three arrays [groups, steps]; NaN where nothing is forced.
    """

def bucket_fraction(
    values: _F64, present: _Bool, group_of: _U32, groups: int, bounds: _F64, lower: _F64, upper: _F64
) -> _Matrix:
    """`histogram_fraction` over classic buckets; `lower` and `upper` are [steps]."""
