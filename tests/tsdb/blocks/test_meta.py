"""`meta.json`: Prometheus' layout, what others wrote into it, and what no block may say."""

import json
from dataclasses import replace

import pytest

from model.errors import CorruptStoreError, StorageError
from tests.simulation.crash_disk import CrashDisk
from tsdb.blocks.meta import (
    FROM_OUT_OF_ORDER,
    BlockMeta,
    BlockParent,
    BlockStats,
    parse_meta,
    read_meta,
    render_meta,
    write_meta,
)

FIRST, SECOND, THIRD = (
    "01HV2Q3W4X5Y6Z7A8B9CADBECF",
    "01HV2P0000000000000000AAAA",
    "01HV2Q0000000000000000BBBB",
)

WHOLE = f"""{{
	"ulid": "{FIRST}",
	"minTime": 1712000000021,
	"maxTime": 1712008800000,
	"stats": {{
		"numSamples": 240,
		"numFloatSamples": 200,
		"numHistogramSamples": 40,
		"numSeries": 2,
		"numChunks": 3,
		"numTombstones": 1
	}},
	"compaction": {{
		"level": 2,
		"sources": [
			"{SECOND}",
			"{THIRD}"
		],
		"deletable": true,
		"parents": [
			{{
				"ulid": "{SECOND}",
				"minTime": 1712000000021,
				"maxTime": 1712001600000
			}}
		],
		"failed": true,
		"hints": [
			"from-out-of-order"
		]
	}},
	"version": 1
}}"""

META = BlockMeta(
    ulid=FIRST,
    min_ms=1712000000021,
    max_ms=1712008800000,
    stats=BlockStats(240, 200, 40, 2, 3, 1),
    level=2,
    sources=(SECOND, THIRD),
    parents=(BlockParent(SECOND, 1712000000021, 1712001600000),),
    deletable=True,
    failed=True,
    hints=(FROM_OUT_OF_ORDER,),
)


def test_a_file_is_laid_out_as_prometheus_lays_it_out():
    assert render_meta(META).decode() == WHOLE
    assert parse_meta(WHOLE.encode(), "meta.json") == META


def test_what_is_zero_is_left_out_and_reads_as_zero():
    meta = BlockMeta(FIRST, 0, 10, sources=(FIRST,))
    assert json.loads(render_meta(meta)) == {
        "ulid": FIRST,
        "minTime": 0,
        "maxTime": 10,
        "stats": {},
        "compaction": {"level": 1, "sources": [FIRST]},
        "version": 1,
    }
    assert parse_meta(render_meta(meta), "meta.json") == meta


def test_keys_of_others_survive_a_rewrite():
    document = json.loads(WHOLE)
    document["thanos"] = {"labels": {"région": "eu"}}
    document["stats"]["numBytes"] = 7
    document["compaction"]["reason"] = None
    meta = parse_meta(json.dumps(document).encode(), "meta.json")
    document["stats"]["numTombstones"] = 5
    del document["compaction"]["failed"]
    rewritten = replace(meta, failed=False, stats=replace(meta.stats, tombstones=5))
    assert json.loads(render_meta(rewritten)) == document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "b/meta.json: want version 1, got 2"),
        ({"ulid": "x"}, "b/meta.json: ulid: want 26 letters of base 32, got 'x'"),
        ({"minTime": "0"}, "b/meta.json: minTime: want a whole number, got a text"),
        ({"minTime": True}, "b/meta.json: minTime: want a whole number, got true or false"),
        ({"maxTime": 1.5}, "b/meta.json: maxTime: want a whole number, got a fraction"),
        ({"stats": []}, "b/meta.json: stats: want an object, got a list"),
        ({"stats": {"numSeries": {}}}, "b/meta.json: stats.numSeries: want a whole number, got an object"),
        ({"compaction": {"sources": [1]}}, r"b/meta.json: compaction.sources: want a list of texts, got"),
        ({"compaction": {"parents": [None]}}, r"compaction.parents.: want an object, got null"),
    ],
)
def test_what_no_block_may_say_is_named(change, message):
    document = json.dumps(json.loads(WHOLE) | change).encode()
    with pytest.raises(CorruptStoreError, match=message):
        parse_meta(document, "b/meta.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10_000])
def test_bytes_that_are_no_json_are_corrupt(content):
    with pytest.raises(CorruptStoreError, match=r"meta\.json: want JSON"):
        parse_meta(content, "meta.json")


def test_a_file_is_replaced_whole_even_over_what_a_crash_left():
    disk = CrashDisk()
    with pytest.raises(StorageError, match=r"b/meta\.json"):
        read_meta(disk, "b")
    write_meta(disk, "b", META)
    disk.create("b/meta.json.tmp").write(b"half")
    write_meta(disk, "b", replace(META, failed=False))
    after = disk.cut_power()
    assert read_meta(after, "b") == replace(META, failed=False)
    assert after.list("b") == ["meta.json"]


def test_a_block_ends_before_its_last_millisecond():
    block = BlockMeta(FIRST, 10, 20)
    assert [block.overlaps(low, high) for low, high in ((0, 9), (0, 10), (19, 30), (20, 30))] == [
        False,
        True,
        True,
        False,
    ]
