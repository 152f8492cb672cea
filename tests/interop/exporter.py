"""An exporter whose every page is a pure function, and a history that many questions can be asked about.

`history` is one page that holds an hour: every series at every step of a grid, each line with its explicit
timestamp. One scrape of it fills a store in the same way wherever it is scraped. Values are multiples of 1/4,
so that sums are exact in any order; only `extreme` is not.
"""

import http.server
import itertools
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP_MS = 15_000
STEPS = 216  # 54 minutes: a head that begins empty takes an hour back.
ALIGNED_MS = (
    300_000  # The history ends at a multiple of this, so that subqueries' grids lie alike every time.
)
PHASE_MS = 7  # Samples lie beside the seconds and half seconds at which questions are asked.
SERVICES = ("api", "cart", "größe", 'quo"te', "back\\slash")
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.5, 2.5, 5.5)

Series = tuple[str, dict[str, str]]
Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


def line(name: str, labels: dict[str, str], value: float, at_ms: int | None = None) -> str:
    """One line of a page."""
    pairs = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
    time = "" if at_ms is None else f" {at_ms}"
    return f"{name}{{{pairs}}} {value_text(value)}{time}\n"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def value_text(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def counter(step: int, increment: float, life: int) -> float:
    """Rises every step and begins again from 0 every `life` steps."""
    return (step % life) * increment


def gauges(step: int) -> Iterator[tuple[str, dict[str, str], float]]:
    for n, service in enumerate(SERVICES):
        yield "build_info", {"service": service, "version": f"1.{n % 3}"}, 1.0
        for room in range(4):
            yield (
                "temperature",
                {"service": service, "room": str(room)},
                ((step * 7 + n * 13 + room * 29) % 101 - 50) / 4,
            )
        for queue in ("in", "out", "two\nlines"):
            if (step + 17 * n) % 60 < 30:  # Gone for 7.5 minutes, longer than an instant question looks back.
                yield (
                    "jobs_waiting",
                    {"service": service, "queue": queue},
                    float((step * (n + 1)) % 23 + len(queue)),
                )
    for n in range(12):
        if n * 12 <= step < n * 12 + 40:
            yield "pod_up", {"service": SERVICES[n % 5], "pod": f"pod-{n}"}, float(step % 3 != 0)


def extremes(step: int) -> Iterator[tuple[str, dict[str, str], float]]:
    """What is hard to compare, to print and to add."""
    kinds = {
        "nan": math.nan,
        "inf": math.inf,
        "minus_inf": -math.inf,
        "tiny": 5e-324,
        "huge": 1.7e308,
        "minus_zero": -0.0,
        "negative": -1234.5 - step,
        "alternating": (math.nan, 1.5, -math.inf, 0.1)[step % 4],
        "thirds": step / 3,
        "long": 123456789.123456789 + step,
    }
    for kind, value in kinds.items():
        yield "extreme", {"kind": kind}, value


def counters(step: int) -> Iterator[tuple[str, dict[str, str], float]]:
    combinations = itertools.product(SERVICES, ("GET", "POST", "PUT"), ("200", "404", "500"))
    for n, (service, method, code) in enumerate(combinations):
        labels = {"service": service, "method": method, "code": code}
        yield "requests_total", labels, counter(step, n + 1.0, 31 + 7 * n)
        if code != "404":
            yield "sent_bytes_total", labels, counter(step, 1024.25 * (n + 1), 400)


def distributions(step: int) -> Iterator[tuple[str, dict[str, str], float]]:
    for n, service in enumerate(SERVICES):
        below = 0.0
        for rank, bound in enumerate((*map(str, BOUNDS), "+Inf")):
            below += counter(step, float((n + 2) * (rank + 1) % 7), 150)
            yield "latency_seconds_bucket", {"service": service, "le": bound}, below
        yield "latency_seconds_sum", {"service": service}, below / 4
        yield "latency_seconds_count", {"service": service}, below
        for quantile in ("0.5", "0.9", "0.99"):
            yield (
                "pause_seconds",
                {"service": service, "quantile": quantile},
                (step + n) % 16 / 4 + float(quantile),
            )
        yield "pause_seconds_sum", {"service": service}, counter(step, 2.5 + n, 400)
        yield "pause_seconds_count", {"service": service}, counter(step, 3.0 + n, 400)


KINDS = {
    "requests_total": "counter",
    "sent_bytes_total": "counter",
    "build_info": "gauge",
    "temperature": "gauge",
    "jobs_waiting": "gauge",
    "pod_up": "gauge",
    "extreme": "gauge",
    "latency_seconds": "histogram",
    "pause_seconds": "summary",
}


def family(name: str) -> str:
    return next(
        (kind for kind in KINDS if name in (kind, f"{kind}_bucket", f"{kind}_sum", f"{kind}_count")), name
    )


def history(newest_ms: int) -> bytes:
    """The whole grid as one page, its last step before `newest_ms`."""
    base_ms = newest_ms // ALIGNED_MS * ALIGNED_MS - STEPS * STEP_MS + PHASE_MS
    found: dict[str, list[str]] = {name: [] for name in KINDS}
    for step in range(STEPS):
        rows = itertools.chain(counters(step), gauges(step), distributions(step), extremes(step))
        for name, labels, value in rows:
            found[family(name)].append(line(name, labels, value, base_ms + step * STEP_MS))
    texts = (
        f"# HELP {name} A {kind}.\n# TYPE {name} {kind}\n" + "".join(found[name])
        for name, kind in KINDS.items()
    )
    return "".join(texts).encode()


def blinking(scrape: int) -> bytes:
    """Series without timestamps, some of which vanish and come back: whoever scrapes marks them stale."""
    rows = [line("live_total", {"n": str(n)}, counter(scrape, n + 1.0, 25)) for n in range(10)]
    rows += [line("blink", {"n": str(n)}, float(scrape)) for n in range(10) if scrape // (n + 5) % 2 == 0]
    return "".join(rows).encode()


@contextmanager
def served(respond: Respond) -> Iterator[int]:
    """Serve GET with `respond` in threads. Gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            respond(self)

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # The scraper had enough.

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 256  # Five, the default, makes the kernel turn away targets scraped at once.

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send_page(handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    """A page as a well-behaved target sends it."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def served_pages(pages: dict[str, Callable[[int], bytes]]) -> Iterator[int]:
    """Serve each path's page; a page is a function of how often its path was asked for. Gives the port."""
    asked = {path: itertools.count() for path in pages}

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        send_page(handler, pages[path](next(asked[path])))

    with served(respond) as port:
        yield port
