"""`meta.json`: what a block is, where it came from, and what is to become of it.

Keys that nobody here knows are kept where the file is rewritten: Thanos and others note theirs in it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from model.errors import CorruptStoreError
from tsdb.blocks.format import META, META_VERSION
from tsdb.blocks.ulid import is_ulid
from tsdb.disk import Disk, replace_file

FROM_OUT_OF_ORDER: Final = "from-out-of-order"
FROM_STALE_SERIES: Final = "from-stale-series"
FROM_SELECTED_SERIES: Final = "from-selected-series"

_Value = TypeVar("_Value")

_STATS: Final = {
    "numSamples": "samples",
    "numFloatSamples": "float_samples",
    "numHistogramSamples": "histogram_samples",
    "numSeries": "series",
    "numChunks": "chunks",
    "numTombstones": "tombstones",
}
_COMPACTION: Final = frozenset({"level", "sources", "deletable", "parents", "failed", "hints"})
_TOP: Final = frozenset({"ulid", "minTime", "maxTime", "stats", "compaction", "version"})


@dataclass(frozen=True, slots=True)
class BlockStats:
    """What a block holds, in numbers."""

    samples: int = 0
    float_samples: int = 0  # 0 in files of Prometheus 2, and so is the next one.
    histogram_samples: int = 0
    series: int = 0
    chunks: int = 0
    tombstones: int = 0  # Deleted intervals.


@dataclass(frozen=True, slots=True)
class BlockParent:
    """A block that this one was made of."""

    ulid: str
    min_ms: int
    max_ms: int


@dataclass(frozen=True, slots=True)
class BlockMeta:
    """One block. It covers [min_ms, max_ms)."""

    ulid: str
    min_ms: int
    max_ms: int
    stats: BlockStats = BlockStats()
    level: int = 1  # One more than the highest level it was made of.
    sources: tuple[str, ...] = ()  # The level-1 blocks behind it; a level-1 block names itself.
    parents: tuple[BlockParent, ...] = ()  # To be deleted once this block is loaded.
    deletable: bool = False  # Compacting it left nothing.
    failed: bool = False  # Compacting it went wrong.
    hints: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """As it was read."""

    def overlaps(self, min_ms: int, max_ms: int) -> bool:
        """Whether the block may have samples in [min_ms, max_ms]."""
        return self.min_ms <= max_ms and min_ms < self.max_ms


def parse_meta(data: bytes | memoryview, name: str) -> BlockMeta:
    """The meta of a file called `name`.

    Raises:
        CorruptStoreError: it is not what a block may say of itself.
    """
    try:
        document = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise CorruptStoreError(f"{name}: want JSON, got {error}") from error
    top = _Section(name, "", document)
    if (version := top.integer("version")) != META_VERSION:
        raise CorruptStoreError(f"{name}: want version {META_VERSION}, got {version}")
    ulid = top.text("ulid")
    if not is_ulid(ulid):
        raise CorruptStoreError(f"{name}: ulid: want 26 letters of base 32, got {ulid!r}")
    stats, compaction = top.section("stats"), top.section("compaction")
    return BlockMeta(
        ulid=ulid,
        min_ms=top.integer("minTime"),
        max_ms=top.integer("maxTime"),
        stats=BlockStats(**{field: stats.integer(key) for key, field in _STATS.items()}),
        level=compaction.integer("level"),
        sources=compaction.texts("sources"),
        parents=tuple(
            BlockParent(parent.text("ulid"), parent.integer("minTime"), parent.integer("maxTime"))
            for parent in compaction.sections("parents")
        ),
        deletable=compaction.flag("deletable"),
        failed=compaction.flag("failed"),
        hints=compaction.texts("hints"),
        document=top.document,
    )


class _Section:
    """One object of the file; a key that is missing reads as Go's zero."""

    def __init__(self, name: str, path: str, document: object) -> None:
        if not isinstance(document, dict):
            raise CorruptStoreError(f"{name}: {path or 'file'}: want an object, got {_kind(document)}")
        self.document: dict[str, Any] = document
        self._name, self._path = name, path

    def _get(self, key: str, wanted: type[_Value], zero: _Value) -> _Value:
        value = self.document.get(key)
        if value is None:
            return zero
        if type(value) is not wanted:  # A bool is an int, but none that a number may be.
            raise CorruptStoreError(
                f"{self._name}: {self._path}{key}: want {_KINDS[wanted]}, got {_kind(value)}"
            )
        return value

    def integer(self, key: str) -> int:
        return self._get(key, int, 0)

    def text(self, key: str) -> str:
        return self._get(key, str, "")

    def flag(self, key: str) -> bool:
        return self._get(key, bool, False)

    def texts(self, key: str) -> tuple[str, ...]:
        found = self._get(key, list, [])
        if wrong := [value for value in found if not isinstance(value, str)]:
            raise CorruptStoreError(
                f"{self._name}: {self._path}{key}: want a list of texts, got {_kind(wrong[0])} in it"
            )
        return tuple(found)

    def section(self, key: str) -> "_Section":
        return _Section(self._name, f"{self._path}{key}.", self._get(key, dict, {}))

    def sections(self, key: str) -> "list[_Section]":
        return [_Section(self._name, f"{self._path}{key}.", value) for value in self._get(key, list, [])]


_KINDS: Final[Mapping[type, str]] = {
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    float: "a fraction",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _KINDS[type(value)]


def render_meta(meta: BlockMeta) -> bytes:
    """The file, laid out as Prometheus lays it out; what is zero or empty is left out."""
    stats = {key: getattr(meta.stats, name) for key, name in _STATS.items()}
    parents = [{"ulid": p.ulid, "minTime": p.min_ms, "maxTime": p.max_ms} for p in meta.parents]
    compaction = {
        "sources": list(meta.sources),
        "deletable": meta.deletable,
        "parents": parents,
        "failed": meta.failed,
        "hints": list(meta.hints),
    }
    known_stats = frozenset(_STATS).__contains__
    document = {
        "ulid": meta.ulid,
        "minTime": meta.min_ms,
        "maxTime": meta.max_ms,
        "stats": _filled(stats) | _others(meta.document.get("stats"), known_stats),
        "compaction": {"level": meta.level}
        | _filled(compaction)
        | _others(meta.document.get("compaction"), _COMPACTION.__contains__),
        "version": META_VERSION,
    }
    whole = document | _others(meta.document, _TOP.__contains__)
    return json.dumps(whole, indent="\t", ensure_ascii=False).encode()


def _filled(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}


def _others(values: Mapping[str, Any] | None, known: Callable[[str], bool]) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if not known(key)}


def read_meta(disk: Disk, directory: str) -> BlockMeta:
    """What the block in `directory` says of itself.

    Raises:
        CorruptStoreError: it is not what a block may say of itself.
        StorageError: there is no such file.
    """
    name = f"{directory}/{META}"
    return parse_meta(disk.map(name), name)


def write_meta(disk: Disk, directory: str, meta: BlockMeta) -> None:
    """Replace the meta of the block in `directory`, whole or not at all."""
    replace_file(disk, f"{directory}/{META}", render_meta(meta))
