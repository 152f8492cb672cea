"""The same questions over the same samples, asked of Cardinal, Prometheus and VictoriaMetrics on one machine.

python -m benches.side_by_side [--series 10000] [--runs 20]

One directory of counters is written by Cardinal's own store. Cardinal answers from it, Prometheus from a copy
of it (log and chunk files are the same), VictoriaMetrics from an import of the same samples. Servers run one
at a time. Answers are compared before times are: a fast wrong answer counts for nothing.
"""

import argparse
import json
import math
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from benches.machine import described
from kernels import LabelFrame, format_floats
from tsdb.database import Database

STEP_S = 15
SAMPLES = 241
STEPS = 240
GROUPS = 10
READY_S = 120
QUESTIONS = (
    "sum by (a) (rate(m_total[5m]))",
    "max_over_time(m_total[5m]) > 1e300",
    "count(m_total)",
    'sum(m_total{i=~".*7"})',
)


@dataclass(frozen=True, slots=True)
class Peer:
    """One server: how to start it over a directory, and where it says that it is ready."""

    name: str
    arguments: tuple[str, ...]  # {data}, {port} and {config} are filled in.
    ready_path: str
    imports: bool = False  # Takes the samples over HTTP instead of from the directory.


PEERS = (
    Peer(
        "cardinal",
        (
            sys.executable,
            "-m",
            "server",
            "serve",
            "--config.file={config}",
            "--storage.tsdb.path={data}",
            "--web.listen-address=127.0.0.1:{port}",
        ),
        "/-/ready",
    ),
    Peer(
        "prometheus",
        (
            "prometheus",
            "--config.file={config}",
            "--storage.tsdb.path={data}",
            "--web.listen-address=127.0.0.1:{port}",
        ),
        "/-/ready",
    ),
    Peer(
        "victoria-metrics",
        (
            "victoria-metrics",
            "-storageDataPath={data}",
            "-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=1",
        ),
        "/health",
        imports=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Counters on one grid of times that ends now."""

    labels: list[list[tuple[str, str]]]
    times_ms: np.ndarray  # [samples].
    values: np.ndarray  # [samples, series].


def make_samples(series: int, now_s: int) -> Samples:
    generator = np.random.default_rng(7)
    labels = [
        [("__name__", "m_total"), ("a", f"group-{i % GROUPS}"), ("i", f"i-{i:06}"), ("job", "bench")]
        for i in range(series)
    ]
    end_s = now_s // STEP_S * STEP_S
    times_ms = (np.arange(SAMPLES, dtype=np.int64) - (SAMPLES - 1)) * STEP_S * 1000 + end_s * 1000
    # Far from zero: versions of Prometheus extrapolate towards a counter's zero differently.
    values = 1e6 + np.cumsum(generator.integers(0, 50, size=(SAMPLES, series)), axis=0)
    return Samples(labels, times_ms, values)


def write_directory(samples: Samples, path: Path) -> None:
    database = Database.open(path)
    labels = LabelFrame.from_labels(database.symbols, samples.labels)
    for time_ms, values in zip(samples.times_ms.tolist(), samples.values, strict=True):
        appender = database.appender()
        refs = appender.series(labels)
        appender.append(refs, np.full(len(refs), time_ms, dtype=np.int64), np.ascontiguousarray(values))
        appender.commit()
    database.close()


def import_samples(samples: Samples, port: int) -> None:
    """Five hundred series a request, in the line format that carries arrays."""
    lines = []
    for row, labels in enumerate(samples.labels):
        values = [
            float(text) for text in format_floats(np.ascontiguousarray(samples.values[:, row]), exponent=True)
        ]
        entry = {"metric": dict(labels), "values": values, "timestamps": samples.times_ms.tolist()}
        lines.append(json.dumps(entry))
        if len(lines) == 500 or row + 1 == len(samples.labels):
            status, body = request(port, "POST", "/api/v1/import", "\n".join(lines))
            assert status == 204, body
            lines = []
    request(port, "GET", "/internal/force_flush")


def request(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def running(peer: Peer, data: Path, config: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [part.format(data=data, port=port, config=config) for part in peer.arguments]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + READY_S
        while not is_ready(port, peer.ready_path):
            assert process.poll() is None, f"{peer.name} ended"
            assert time.monotonic() < deadline, f"{peer.name} is not ready after {READY_S} s"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def is_ready(port: int, path: str) -> bool:
    try:
        return request(port, "GET", path)[0] == 200
    except OSError:
        return False


def ask(
    port: int, question: str, samples: Samples, runs: int
) -> tuple[float, dict[str, list[tuple[float, float]]]]:
    """Median milliseconds over one kept connection, and the answer."""
    start_s, end_s = int(samples.times_ms[0]) // 1000, int(samples.times_ms[-1]) // 1000
    # Off the grid of samples, lest a server's choice of open or closed windows decide.
    parameters = {"query": question, "start": start_s + 7, "end": end_s - 8, "step": STEP_S, "nocache": 1}
    path = "/api/v1/query_range?" + urlencode(parameters)
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    times_ms, body = [], b""
    for _ in range(runs + 2):
        began = time.perf_counter()
        connection.request("GET", path)
        body = connection.getresponse().read()
        times_ms.append((time.perf_counter() - began) * 1000)
    connection.close()
    return statistics.median(times_ms[2:]), points(body)


def points(body: bytes) -> dict[str, list[tuple[float, float]]]:
    answer = json.loads(body)
    assert answer["status"] == "success", answer
    return {
        json.dumps(each["metric"], sort_keys=True): [(t, float(v)) for t, v in each["values"]]
        for each in answer["data"]["result"]
    }


def agree(left: dict[str, list[tuple[float, float]]], right: dict[str, list[tuple[float, float]]]) -> bool:
    return left.keys() == right.keys() and all(
        len(left[key]) == len(right[key])
        and all(
            a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=1e-9)
            for a, b in zip(left[key], right[key], strict=True)
        )
        for key in left
    )


def compare(series: int, runs: int) -> None:
    samples = make_samples(series, int(time.time()))
    peers = [peer for peer in PEERS if shutil.which(peer.arguments[0])]
    results: dict[str, dict[str, tuple[float, dict[str, list[tuple[float, float]]]]]] = {}
    with tempfile.TemporaryDirectory(prefix="cardinal-side-by-side-") as folder:
        root = Path(folder)
        config = root / "empty.yml"
        config.write_text("global: {}\n")
        write_directory(samples, root / "cardinal")
        for peer in peers:
            data = root / peer.name
            if not peer.imports and not data.exists():
                shutil.copytree(root / "cardinal", data)
            with running(peer, data, config) as port:
                if peer.imports:
                    import_samples(samples, port)
                results[peer.name] = {each: ask(port, each, samples, runs) for each in QUESTIONS}
            if peer.name == "cardinal":
                continue
            shutil.rmtree(data)
    print(
        f"{described()}; {series} series x {SAMPLES} samples, {STEPS} steps, median of {runs}, milliseconds\n"
    )
    names = [peer.name for peer in peers]
    print("| question | " + " | ".join(names) + " | answers like Cardinal's |")
    print("|---|" + "---|" * (len(names) + 1))
    for question in QUESTIONS:
        ours = results["cardinal"][question]
        cells = [f"{results[name][question][0]:.1f}" for name in names]
        same = [name for name in names[1:] if agree(ours[1], results[name][question][1])]
        print(f"| `{question}` | " + " | ".join(cells) + f" | {', '.join(same) or 'none'} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    compare(given.series, given.runs)
