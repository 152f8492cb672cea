"""The whole server among targets that misbehave: each is named by its error, memory stays bounded, and a
healthy neighbour is scraped on time all the while.
"""

import itertools
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.interop.exporter import send_page, served
from tests.interop.hostile import CASES, LIMITED, UNLIMITED, Case
from tests.interop.peers import cardinal, wait_for

pytestmark = pytest.mark.interop

NEIGHBOUR_MS = 250
NEIGHBOUR_GAP_MS_MAX = 1_500
GROWTH_BYTES_MAX = 200 << 20
PEAK_BYTES_MAX = 600 << 20  # Two of the largest bodies that are read without a limit, side by side.
ROUNDS = 3


def config(port: int) -> str:
    def targets(cases: tuple[Case, ...]) -> str:
        return "".join(
            f"\n      - {{targets: ['127.0.0.1:{port}'], labels: {{__metrics_path__: /{case.name},"
            f" instance: {case.name}}}}}"
            for case in cases
        )

    return f"""
global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: neighbour
    scrape_interval: {NEIGHBOUR_MS}ms
    scrape_timeout: {NEIGHBOUR_MS}ms
    metrics_path: /neighbour
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
  - job_name: hostile
    static_configs:{targets(CASES)}
  - job_name: limited
    body_size_limit: 1MB
    static_configs:{targets(LIMITED)}
  - job_name: unlimited
    scrape_interval: 6s
    scrape_timeout: 6s
    static_configs:{targets(UNLIMITED)}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server said after every target had been scraped a few times."""

    targets: dict[str, dict[str, Any]]  # By instance.
    up: dict[str, str]
    values: dict[str, str]  # The one sample of a metric, by metric name.
    metrics: dict[str, float]
    neighbour_ups: list[tuple[int, str]]
    neighbour_samples: list[tuple[int, str]]
    growth_bytes: int
    peak_growth_bytes: int


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Seen:
    place = tmp_path_factory.mktemp("hostile")
    cases = {f"/{case.name}": case for case in (*CASES, *LIMITED, *UNLIMITED)}

    def respond(handler):
        if handler.path == "/neighbour":
            send_page(handler, b"healthy 1\n")
        else:
            cases[handler.path].answer(handler)

    with served(respond) as port, cardinal(place / "data", config(port)) as peer:
        resident = peer.resident_bytes()
        wait_for(
            lambda: (
                len(peer.instant(f"count_over_time(up{{job!='unlimited'}}[1m]) >= {ROUNDS}"))
                == 1 + len(CASES) + len(LIMITED)
                and len(peer.instant("up{job='unlimited'}")) == len(UNLIMITED)
            ),
            "scrapes of every target",
        )
        now_ms = int(time.time() * 1000) + 100
        targets = peer.api("targets", state="active").data["activeTargets"]
        up = {series["metric"]["instance"]: series["value"][1] for series in peer.instant("up")}
        stored = peer.instant('{job=~"hostile|unlimited"}')
        values = {series["metric"]["__name__"]: series["value"][1] for series in stored}
        (ups,) = peer.samples('up{job="neighbour"}', now_ms).values()
        (samples,) = peer.samples("healthy", now_ms).values()
        return Seen(
            {target["labels"]["instance"]: target for target in targets},
            up,
            values,
            peer.metrics(),
            ups,
            samples,
            peer.resident_bytes() - resident,
            peer.resident_bytes_max() - resident,
        )


@pytest.mark.parametrize("case", [*CASES, *LIMITED, *UNLIMITED], ids=lambda case: case.name)
def test_a_misbehaviour_is_known_by_its_error(seen, case):
    target = seen.targets[case.name]
    assert case.error in target["lastError"], target["lastError"]
    assert bool(case.error) == bool(target["lastError"]), target["lastError"]
    assert target["health"] == ("down" if case.error else "up")
    assert seen.up[case.name] == ("0" if case.error else "1")
    if case.metric:
        assert seen.values.get(case.metric) == case.value


def test_the_neighbour_is_healthy_and_on_time(seen):
    assert {value for _, value in seen.neighbour_ups} == {"1"}
    times = [at_ms for at_ms, _ in seen.neighbour_samples]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    print(f"{len(times)} samples of the neighbour, the widest gap {max(gaps)} ms of {NEIGHBOUR_MS} ms")
    assert max(gaps) <= NEIGHBOUR_GAP_MS_MAX
    assert len(times) >= 0.8 * (times[-1] - times[0]) / NEIGHBOUR_MS


def test_memory_stays_bounded(seen):
    print(f"grew by {seen.growth_bytes >> 20} MiB, at the peak by {seen.peak_growth_bytes >> 20} MiB")
    assert seen.growth_bytes < GROWTH_BYTES_MAX
    assert seen.peak_growth_bytes < PEAK_BYTES_MAX


def test_what_was_refused_is_counted(seen):
    assert seen.metrics["prometheus_target_scrapes_exceeded_body_size_limit_total"] >= len(LIMITED) * ROUNDS
    assert seen.metrics["prometheus_target_scrapes_sample_duplicate_timestamp_total"] >= ROUNDS
