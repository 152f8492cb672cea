"""Real processes for tests to talk to: Debian's Prometheus and node_exporter, and our own server.

Each starts on a port of its own over a directory of its own, is waited for with a deadline, and is ended by
the process handle that started it. Nothing here ends what it did not start.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
Parameters = Sequence[tuple[str, str | float]]


def binary(name: str) -> str:
    """Path of an installed program; skips the test where it is missing, and fails it in CI."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"want {name} in CI, got none")
        pytest.skip(f"{name} is not installed")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS_MAX) -> Any:
    """What `condition` gives once it is true; a refused connection counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise AssertionError(f"want {what} within {seconds:g} s")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the HTTP API."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """What a successful answer holds."""
        assert self.status == 200, self.body[:500]
        return self.json["data"]


class Peer:
    """One running process that answers HTTP."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, parameters: Parameters = ()) -> Answer:
        """One request over the connection that stays open; one that broke is replaced for the next."""
        query = urllib.parse.urlencode(parameters)
        try:
            self._connection.request("GET", f"{path}?{query}" if query else path)
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def api(self, path: str, **parameters: str | float) -> Answer:
        return self.get(f"/api/v1/{path}", tuple(parameters.items()))

    def instant(self, query: str, **parameters: str | float) -> list[dict[str, Any]]:
        """The series of an instant question."""
        return self.api("query", query=query, **parameters).data["result"]

    def samples(self, selector: str, at_ms: int, range_s: int = 7_200) -> dict[tuple, list[tuple[int, str]]]:
        """Labels to stored samples of a selector, values as written in the answer."""
        return {
            tuple(sorted(series["metric"].items())): [
                (round(at * 1000), value) for at, value in series["values"]
            ]
            for series in self.instant(f"{selector}[{range_s}s]", time=at_ms / 1000)
        }

    def metrics(self) -> dict[str, float]:
        """The process's own samples by their text up to the value."""
        lines = (line for line in self.get("/metrics").body.decode().splitlines() if line[:1] != "#")
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def resident_bytes(self) -> int:
        """Memory of the process that is in use now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def resident_bytes_max(self) -> int:
        """Most memory that the process ever had in use."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("want VmHWM in the status of a process")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._connection.close()
        self.process.kill()
        self.process.wait(END_SECONDS_MAX)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self._connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def running(command: Sequence[str], port: int, log: Path, ready_path: str) -> Iterator[Peer]:
    """`command` from its readiness on; killed at the end where it still runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
    peer = Peer(process, port, log)

    def ready() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"{command[0]} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        return peer.get(ready_path).status == 200

    try:
        wait_for(ready, f"{command[0]} ready (see {log})")
        yield peer
    finally:
        peer.kill()


@contextmanager
def prometheus(data: Path, config: str) -> Iterator[Peer]:
    """Debian's Prometheus over a data directory; killed at the end, so that the directory stays as it is."""
    program, port = binary("prometheus"), free_port()
    file = data.parent / "prometheus.yml"
    file.write_text(config)
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=10y",
    ]
    with running(command, port, data.parent / "prometheus.log", "/-/ready") as peer:
        yield peer


@contextmanager
def cardinal(data: Path, config: str, *flags: str) -> Iterator[Peer]:
    """Our server over a data directory."""
    port = free_port()
    file = data.parent / "cardinal.yml"
    file.write_text(config)
    command = [
        *(sys.executable, "-m", "server", "serve"),
        f"--config.file={file}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=10y",
        "--scrape.discovery-reload-interval=1s",
        *flags,
    ]
    with running(command, port, data.parent / "cardinal.log", "/-/ready") as peer:
        yield peer


@contextmanager
def node_exporter(directory: Path) -> Iterator[Peer]:
    """Debian's node_exporter."""
    program, port = binary("prometheus-node-exporter"), free_port()
    command = [program, f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, port, directory / "node_exporter.log", "/metrics") as peer:
        yield peer


def promtool(*arguments: str) -> str:
    """What promtool prints; it must end with 0."""
    done = run_promtool(*arguments)
    assert done.returncode == 0, (arguments, done.stdout[-1000:], done.stderr[-1000:])
    return done.stdout.decode()


def run_promtool(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [binary("promtool"), *arguments], input=stdin, capture_output=True, timeout=60, check=False
    )
