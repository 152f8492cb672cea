"""A real `cardinal serve` in a process of its own, a target for it, and small ways to ask it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np

from kernels import LabelFrame
from tsdb.database import Database

ROOT = Path(__file__).parents[2]
PAGE = """\
# HELP jobs_total Jobs done & "so" on.
# TYPE jobs_total counter
jobs_total{queue="fast"} 10
jobs_total{queue="slow"} 3
# HELP heat <warmth>
# TYPE heat gauge
heat 21.5
"""
PATIENCE_S = 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        assert self.status == 200, self.text
        return self.json["data"]

    @property
    def error(self):
        return (self.status, self.json["errorType"], self.json["error"])


class Running:
    """One server."""

    def __init__(self, process, port, folder):
        self.process, self.port, self.folder = process, port, folder
        self.log: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.process.stderr as lines:
            self.log.extend(lines)

    @property
    def config(self):
        return self.folder / "prometheus.yml"

    def request(self, method, path, body=None, headers: Mapping[str, str] | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, headers=None, **parameters):
        return self.request("GET", _with_query(path, parameters), headers=headers)

    def api(self, path, **parameters):
        return self.get(f"/api/v1/{path}", **parameters)

    def post(self, path, form=None, **parameters):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", _with_query(path, parameters), urlencode(form or {}), headers)

    def transcript(self, line):
        """The answer to `GET /path?query`, written undecoded as the reference writes it."""
        method, _, url = line.partition(" ")
        path, _, query = url.partition("?")
        return self.request(method, f"{path}?{quote(query, safe='=&')}" if query else path)

    def wait_until(self, holds, what):
        return wait_until(holds, what, self.log)

    def log_text(self):
        return "".join(self.log)

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code


def wait_until(holds, what, log=()):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if result := holds():
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}\n{''.join(log)}")


def _with_query(path, parameters):
    pairs = [
        (name.replace("match", "match[]") if name == "match" else name, value)
        for name, values in parameters.items()
        for value in (values if isinstance(values, list | tuple) else [values])
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def launch(folder, *flags, config=None):
    """The process itself, whatever becomes of it."""
    path = folder / "prometheus.yml"
    if config is not None:
        path.write_text(config)
    arguments = [
        *("serve", f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}"),
        *flags,
    ]
    program = "import sys; from server.cli import main; main(sys.argv[1:], prog_name='cardinal')"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(folder, *flags, config="", wait=True):
    """A server on a port of its own, killed in the end if it still runs."""
    process = launch(folder, "--web.listen-address=127.0.0.1:0", *flags, config=config)
    try:
        line = process.stdout.readline()
        match = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert match, line + process.stderr.read()
        server = Running(process, int(match[1]), folder)
        prefix = re.search(r"127\.0\.0\.1:\d+(\S*)/api/v1", line)[1]
        if wait:
            server.wait_until(lambda: server.get(f"{prefix}/-/ready").status == 200, "readiness")
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)
        process.stdout.close()


class _Target(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(20)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        pass


@contextmanager
def target():
    """`host:port` of a page that never changes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Target)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def fill(path, last_ms, series=300, samples=40):
    """A store with `wide{n="0"...}`, a sample each second up to `last_ms`; sample i of every series is i."""
    store = Database.open(path)
    rows = [[("__name__", "wide"), ("n", str(n)), ("parity", str(n % 2))] for n in range(series)]
    refs = store.appender().series(LabelFrame.from_labels(store.symbols, rows))
    for i in range(samples):
        appender = store.appender()
        if i == 0:
            refs = appender.series(LabelFrame.from_labels(store.symbols, rows))
        times = np.full(len(refs), last_ms - (samples - 1 - i) * 1000, dtype=np.int64)
        appender.append(refs, times, np.full(len(refs), float(i)))
        appender.commit()
    store.close()
