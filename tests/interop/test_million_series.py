"""Many series over a set of targets: every one counted, and the largest listed in their right order."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.interop.exporter import send_page, served
from tests.interop.peers import cardinal, wait_for

pytestmark = pytest.mark.interop

REPORTS = (
    *("up", "scrape_duration_seconds", "scrape_samples_scraped"),
    *("scrape_samples_post_metric_relabeling", "scrape_series_added"),
)
METRICS = 12
LISTED = 10
BYTES_PER_SERIES_MAX = 1_500


def names(target: int, series: int) -> Iterator[tuple[str, str, str]]:
    """Metric, shard and item of a target's series: metric m has about twice the series of metric m + 1."""
    for n in range(series):
        rank = min((n + 1 & -(n + 1)).bit_length() - 1, METRICS - 1)  # How often 2 divides n + 1.
        yield f"size_{rank:02d}", f"s{rank % 3}", f"{n}"


def page(target: int, series: int) -> bytes:
    rows = (
        f'{name}{{shard="{shard}",item="{item}"}} {target}\n' for name, shard, item in names(target, series)
    )
    return "".join(rows).encode()


def config(port: int, targets: int, interval: str) -> str:
    groups = "".join(
        f"\n      - {{targets: ['127.0.0.1:{port}'],"
        f" labels: {{__metrics_path__: /{n}, instance: 'target-{n:03d}'}}}}"
        for n in range(targets)
    )
    return (
        f"global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}\n"
        f"scrape_configs:\n  - job_name: many\n    static_configs:{groups}\n"
    )


def top(counts: dict[str, int]) -> list[int]:
    return sorted(counts.values(), reverse=True)[:LISTED]


def listed(entries: list[dict]) -> dict[str, int]:
    return {entry["name"]: entry["value"] for entry in entries}


@pytest.mark.parametrize(
    ("targets", "series", "interval"),
    [(10, 5_000, "3s"), pytest.param(100, 10_000, "15s", marks=pytest.mark.large)],
)
def test_all_series_are_counted_and_the_largest_listed_in_order(tmp_path, targets, series, interval):
    bodies = [page(n, series) for n in range(targets)]
    total = targets * (series + len(REPORTS))
    with (
        served(lambda handler: send_page(handler, bodies[int(handler.path[1:])])) as port,
        cardinal(tmp_path / "data", config(port, targets, interval)) as peer,
    ):
        empty = peer.resident_bytes()
        began_s = time.monotonic()
        wait_for(lambda: peer.metrics()["prometheus_tsdb_head_series"] >= total, f"{total} series", 120)
        taken_s = time.monotonic() - began_s
        wait_for(lambda: peer.instant("count(up == 1)")[0]["value"][1] == str(targets), "healthy targets", 60)
        assert peer.metrics()["prometheus_tsdb_head_series"] == total
        status = peer.api("status/tsdb", limit=LISTED).data
        grown = (peer.resident_bytes() - empty) / total
        assert peer.instant('count({job="many"})')[0]["value"][1] == str(total)
    print(f"{total} series taken in within {taken_s:.1f} s, {grown:.0f} bytes resident a series")

    by_metric, by_pair = Counter(), Counter()
    for name, shard, item in names(0, series):
        by_metric[name] += targets
        by_pair[f"shard={shard}"] += targets
        by_pair[f"__name__={name}"] += targets
        by_pair[f"item={item}"] += targets
    by_metric.update(dict.fromkeys(REPORTS, targets))
    by_pair.update({f"__name__={name}": targets for name in REPORTS})
    by_pair.update({f"instance=target-{n:03d}": series + len(REPORTS) for n in range(targets)})
    by_pair["job=many"] = total
    values_by_label = {
        "item": series,
        "instance": targets,
        "__name__": METRICS + len(REPORTS),
        "shard": 3,
        "job": 1,
    }
    for found, truth in (
        (status["seriesCountByMetricName"], by_metric),
        (status["seriesCountByLabelValuePair"], by_pair),
        (status["labelValueCountByLabelName"], values_by_label),
    ):
        assert [entry["value"] for entry in found] == top(truth)
        assert listed(found).items() <= truth.items()
    assert status["headStats"]["numSeries"] == total
    assert grown < BYTES_PER_SERIES_MAX
