"""node_exporter as a static target, under relabel rules of every common kind, and promtool as who asks.

Between node_exporter and us stands a proxy that keeps the page it passed on, so that what is stored can be
compared value by value with what was served.
"""

import hashlib
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.interop.exporter import send_page, served
from tests.interop.peers import Peer, cardinal, node_exporter, promtool, run_promtool, wait_for

pytestmark = pytest.mark.interop

SHARDS = 7
NAMES_A_TYPE = "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total"
LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')
ESCAPE = re.compile(r"\\(.)")
Labels = tuple[tuple[str, str], ...]


def config(port: int) -> str:
    return f"""
global:
  scrape_interval: 1h
  scrape_timeout: 10s
scrape_configs:
  - job_name: node
    scrape_interval: 3s
    scrape_timeout: 3s
    static_configs:
      - targets: ['127.0.0.1:{port}']
        labels: {{rack: r1, site_name: north, site_row: '4', secret: hidden}}
      - targets: ['127.0.0.1:1']
        labels: {{rack: none}}
    relabel_configs:
      - {{source_labels: [rack], regex: none, action: drop}}
      - {{source_labels: [__address__], regex: '([^:]+):.*', target_label: instance, replacement: 'node-$1'}}
      - {{source_labels: [__address__], modulus: {SHARDS}, target_label: shard, action: hashmod}}
      - {{regex: site_(.+), action: labelmap, replacement: place_$1}}
      - {{regex: site_.+|secret, action: labeldrop}}
    metric_relabel_configs:
      - {{source_labels: [__name__], regex: go_.*, action: drop}}
      - {{source_labels: [__name__], regex: node_(.+), target_label: __name__, replacement: host_$1}}
      - {{source_labels: [device], regex: (.+), target_label: dev, replacement: '/dev/$1'}}
      - {{regex: device, action: labeldrop}}
      - {{source_labels: [mode], target_label: mode, action: uppercase}}
"""


def parsed(page: str) -> dict[Labels, float]:
    """Series of a page of node_exporter, read in the plainest way."""
    found = {}
    for text in page.splitlines():
        if text and not text.startswith("#"):
            match = LINE.match(text)
            assert match, text
            pairs = [(name, ESCAPE.sub(unescaped, value)) for name, value in PAIR.findall(match[2] or "")]
            found[tuple(sorted([("__name__", match[1]), *pairs]))] = float(match[3])
    return found


def unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def relabelled(labels: Labels, target: dict[str, str]) -> Labels | None:
    """What the rules above make of a series, by hand."""
    values = dict(labels)
    if values["__name__"].startswith("go_"):
        return None
    values |= target
    if values["__name__"].startswith("node_"):
        values["__name__"] = "host_" + values["__name__"].removeprefix("node_")
    if device := values.pop("device", ""):
        values["dev"] = f"/dev/{device}"
    if mode := values.get("mode"):
        values["mode"] = mode.upper()
    return tuple(sorted((name, value) for name, value in values.items() if value))


def shard_of(address: str) -> str:
    """As Prometheus computes `hashmod`: the last eight bytes of the MD5, as one number."""
    return str(
        int.from_bytes(hashlib.md5(address.encode(), usedforsecurity=False).digest()[8:], "big") % SHARDS
    )


class Scraped:
    """Our server after at least two scrapes of node_exporter, and every page it was given."""

    def __init__(self, peer: Peer, port: int, pages: list[tuple[int, str]]) -> None:
        self.peer, self.port, self.pages = peer, port, pages
        self.target = {
            "instance": "node-127.0.0.1",
            "job": "node",
            "place_name": "north",
            "place_row": "4",
            "rack": "r1",
            "shard": shard_of(f"127.0.0.1:{port}"),
        }


@contextmanager
def proxy(exporter: Peer, pages: list[tuple[int, str]]) -> Iterator[int]:
    def respond(handler):
        with urllib.request.urlopen(f"{exporter.url}/metrics", timeout=10) as answer:
            body = answer.read()
        pages.append((int(time.time() * 1000), body.decode()))
        send_page(handler, body)

    with served(respond) as port:
        yield port


@pytest.fixture(scope="module")
def scraped(tmp_path_factory) -> Iterator[Scraped]:
    place = tmp_path_factory.mktemp("node")
    pages: list[tuple[int, str]] = []
    with (
        node_exporter(place) as exporter,
        proxy(exporter, pages) as port,
        cardinal(place / "data", config(port)) as peer,
    ):
        wait_for(lambda: peer.instant('count_over_time(up{job="node"}[1m]) > 1'), "two scrapes")
        yield Scraped(peer, port, pages)


def test_every_series_on_the_page_is_stored_with_its_value(scraped):
    at_ms, page = scraped.pages[0]
    want = {}
    for labels, value in parsed(page).items():
        if (stored := relabelled(labels, scraped.target)) is not None:
            want[stored] = value
    own = re.compile("up|scrape_.*")
    samples = scraped.peer.samples('{job="node"}', int(time.time() * 1000))
    found = {
        labels: values for labels, values in samples.items() if not own.fullmatch(dict(labels)["__name__"])
    }
    first_ms = min(values[0][0] for values in found.values())
    first = {labels: float(values[0][1]) for labels, values in found.items() if values[0][0] == first_ms}
    assert abs(first_ms - at_ms) < 5_000
    assert len(want) > 300
    assert first.keys() == want.keys()
    assert [labels for labels, value in want.items() if repr(first[labels]) != repr(value)] == []
    (up,) = scraped.peer.instant('up{job="node"}')
    assert up["metric"] == {"__name__": "up", **scraped.target}


def test_the_dropped_target_is_listed_as_dropped(scraped):
    targets = scraped.peer.api("targets").data
    assert [target["labels"] for target in targets["activeTargets"]] == [scraped.target]
    assert [target["health"] for target in targets["activeTargets"]] == ["up"]
    assert [target["discoveredLabels"]["rack"] for target in targets["droppedTargets"]] == ["none"]


def test_promtool_asks_instant_questions(scraped):
    shown = promtool("query", "instant", scraped.peer.url, "count by (mode) (host_cpu_seconds_total)")
    answered = scraped.peer.instant("count by (mode) (host_cpu_seconds_total)")
    assert len(answered) >= 4
    lines = sorted(line.rpartition(" @[")[0] for line in shown.splitlines() if line)
    assert lines == sorted(
        f'{{mode="{series["metric"]["mode"]}"}} => {series["value"][1]}' for series in answered
    )


def test_promtool_asks_range_questions(scraped):
    end = int(time.time())
    times = [f"--start={end - 10}", f"--end={end}", "--step=1s"]
    shown = promtool("query", "range", *times, scraped.peer.url, 'up{job="node"}')
    result = scraped.peer.api("query_range", query='up{job="node"}', start=end - 10, end=end, step=1).data[
        "result"
    ]
    points = [f"{value} @[{at}]" for at, value in result[0]["values"]]
    assert shown.splitlines()[0].endswith(" =>")
    assert shown.splitlines()[1:] == points


def test_promtool_lists_labels_and_series(scraped):
    values = promtool("query", "labels", scraped.peer.url, "mode").split()
    assert values == scraped.peer.api("label/mode/values").data
    assert "IDLE" in values
    shown = promtool("query", "series", "--match=host_load1", scraped.peer.url).splitlines()
    assert len(shown) == 1
    assert 'place_name="north"' in shown[0]
    assert f'shard="{scraped.target["shard"]}"' in shown[0]


def test_promtool_finds_no_fault_with_our_own_metrics_but_a_name_that_prometheus_chose(scraped):
    page = scraped.peer.get("/metrics").body
    assert page.count(b"# TYPE") > 40
    complaints = run_promtool("check", "metrics", stdin=page).stderr.decode().splitlines()
    assert [text.partition(" ")[0] for text in complaints] == [NAMES_A_TYPE]
