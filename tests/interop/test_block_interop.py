"""Blocks handed back and forth between Cardinal and Debian's promtool and Prometheus, 2.42 both."""

import json
import re
from collections import defaultdict

import numpy as np
import pytest

from kernels import Matcher, Symbols
from model.storage import SelectHints
from tests.interop.conftest import NO_TARGETS
from tests.interop.peers import prometheus, promtool
from tests.properties.reference_block import label_order
from tests.tsdb.blocks.helpers import ULID, write
from tests.tsdb.helpers import read
from tsdb.blocks.reader import Block
from tsdb.blocks.tombstones import NONE, write_tombstones
from tsdb.blocks.ulid import is_ulid
from tsdb.disk import LocalDisk

pytestmark = pytest.mark.interop

SERIES = 3000
START_MS = 1_700_000_000_000 - 1_700_000_000_000 % 7_200_000
STEP_MS = 15_000


def labels(number):
    pairs = {"__name__": f"m{number % 20}", "job": "ours", "n": str(number), "zone": "abc"[number % 3]}
    if number % 5 == 0:
        pairs["path"] = 'ä"\\\n'
    return tuple(sorted(pairs.items()))


def content(samples):
    """Thousands of series, whose samples fill several chunks each where `samples` is large."""
    return {
        labels(n): [(START_MS + t * STEP_MS, n * 1000 + t * (0.1 if n % 3 else 1.0)) for t in range(samples)]
        for n in range(SERIES)
    }


def dumped(directory):
    """What `promtool tsdb dump` prints, as labels to samples; labels are written as in PromQL."""
    samples = defaultdict(list)
    for line in promtool("tsdb", "dump", str(directory)).splitlines():
        selector, value, time_ms = line.rsplit(" ", 2)
        samples[selector].append((int(time_ms), float(value)))
    return {row_of(selector): own for selector, own in samples.items()}


def row_of(selector):
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', selector)
    return tuple(sorted((name, json.loads(text)) for name, text in pairs))


def test_promtool_reads_our_block(tmp_path):
    ours = content(samples=260)
    (tmp_path / "wal").mkdir()
    meta = write(LocalDisk(tmp_path), ours, per_batch=1000, segment_bytes=1 << 20)
    assert meta.stats.chunks == 3 * SERIES
    assert len(list((tmp_path / ULID / "chunks").iterdir())) > 1
    columns = [ULID, START_MS, meta.max_ms, r"\S+", 260 * SERIES, 3 * SERIES, SERIES]
    assert re.search(r"\s+".join(map(str, columns)), promtool("tsdb", "list", str(tmp_path)))
    analysis = promtool("tsdb", "analyze", str(tmp_path))
    assert f"Series: {SERIES}" in analysis
    assert "Label names: 5" in analysis
    assert f"Postings (unique label pairs): {20 + 1 + SERIES + 3 + 1}" in analysis
    assert dumped(tmp_path) == ours


def test_promtool_does_not_see_what_our_tombstones_delete(tmp_path):
    ours = content(samples=130)
    disk = LocalDisk(tmp_path)
    (tmp_path / "wal").mkdir()
    write(disk, ours)
    block = Block.open(disk, Symbols(), ULID)
    ids = block.index.select([Matcher("zone", "=", "a")])
    low, high = START_MS + 10 * STEP_MS, START_MS + 125 * STEP_MS
    stones = NONE.with_more(ids, np.full(len(ids), low), np.full(len(ids), high))
    write_tombstones(disk, ULID, stones)
    want = {
        row: [(t, v) for t, v in samples if ("zone", "a") not in row or not low <= t <= high]
        for row, samples in ours.items()
    }
    assert dumped(tmp_path) == want
    block = Block.open(disk, Symbols(), ULID)
    with block.querier(START_MS, 1 << 62) as querier:
        assert read(querier) == want


def openmetrics(ours):
    lines = []
    for name in sorted({dict(row)["__name__"] for row in ours}):
        lines.append(f"# TYPE {name} gauge")
        for row, samples in ours.items():
            pairs = dict(row)
            if pairs.pop("__name__") == name:
                texts = {key: json.dumps(value, ensure_ascii=False) for key, value in pairs.items()}
                selector = ",".join(f"{key}={text}" for key, text in texts.items())
                lines += [f"{name}{{{selector}}} {value!r} {t / 1000:.3f}" for t, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def test_we_read_the_blocks_that_promtool_makes(tmp_path):
    theirs = {row: samples[::3] for row, samples in list(content(samples=900).items())[:200]}
    (tmp_path / "page").write_text(openmetrics(theirs))
    promtool("tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "page"), str(tmp_path / "data"))
    disk, symbols = LocalDisk(tmp_path / "data"), Symbols()
    names = [name for name in disk.list("") if is_ulid(name)]
    assert len(names) == 2
    blocks = sorted((Block.open(disk, symbols, name) for name in names), key=lambda block: block.meta.min_ms)
    found = defaultdict(list)
    for block in blocks:
        assert block.meta.stats.series == 200
        with block.querier(0, 1 << 62) as querier:
            part = read(querier)
            assert list(part) == sorted(theirs, key=label_order)
            assert querier.label_values("zone", []) == ["a", "b", "c"]
            matchers = [Matcher("n", "=~", "1[01]"), Matcher("path", "!=", "")]
            one = querier.select(matchers, SelectHints(0, 1 << 62))
            assert one.labels.rows() == [labels(10)]
        assert sum(map(len, part.values())) == block.meta.stats.samples
        for row, samples in part.items():
            found[row] += samples
    assert found == theirs


def test_prometheus_serves_our_block(tmp_path):
    ours = content(samples=130)
    (tmp_path / "data").mkdir()
    write(LocalDisk(tmp_path / "data"), ours)
    at_ms = START_MS + 129 * STEP_MS
    with prometheus(tmp_path / "data", NO_TARGETS) as peer:
        question = 'sum by (zone) ({job="ours",n=~"[1-9]+"})'
        result = peer.instant(question, time=at_ms / 1000)
    want = defaultdict(float)
    for row, samples in ours.items():
        if "0" not in dict(row)["n"]:
            want[dict(row)["zone"]] += samples[-1][1]
    assert {part["metric"]["zone"]: float(part["value"][1]) for part in result} == pytest.approx(dict(want))
    log = (tmp_path / "prometheus.log").read_text()
    assert "level=error" not in log
