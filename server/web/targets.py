"""`/targets`, `/scrape_pools`, `/metadata` and `/targets/metadata`.

Source: HTTP API reference, sections 3.4 to 3.8.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.durations import format_duration
from model.errors import QuerySyntaxError
from model.labels import Labels
from scraper.loop import ScrapeLoop, TargetState
from server.web.envelope import success, to_json
from server.web.labels import parse_selector
from server.web.parameters import Parameters, bad_data, parse_integer, read_parameters
from server.web.routes import route
from server.web.services import Services

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
NEVER: Final = "0001-01-01T00:00:00Z"


def rfc3339(time_ms: int) -> str:
    """UTC with as many digits as it takes; Go's zero time for 0."""
    if time_ms == 0:
        return NEVER
    whole_s, rest_ms = divmod(time_ms, 1000)
    fraction = f".{rest_ms:03d}".rstrip("0") if rest_ms else ""
    return datetime.fromtimestamp(whole_s, UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def global_url(url: str, external_url: str) -> str:
    """`url` as others reach it: a loopback host becomes the external one."""
    parts, external = urlsplit(url), urlsplit(external_url)
    if parts.hostname not in LOCAL_HOSTS:
        return url
    ours = parts.port == external.port
    host = external.hostname or ""
    port = external.port if ours else parts.port
    return urlunsplit(
        parts._replace(
            scheme=external.scheme if ours else parts.scheme,
            netloc=f"{host}:{port}" if port else host,
        )
    )


def _active(state: TargetState, pool: str, external_url: str) -> dict[str, object]:
    target = state.target
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.public_labels),
        "scrapePool": pool,
        "scrapeUrl": target.url,
        "globalUrl": global_url(target.url, external_url),
        "lastError": state.last_error,
        "lastScrape": rfc3339(state.last_scrape_ms),
        "lastScrapeDuration": state.last_duration_seconds,
        "health": state.health.value,
        "scrapeInterval": format_duration(target.interval_ms),
        "scrapeTimeout": format_duration(target.timeout_ms),
    }


def _loops(services: Services) -> Iterator[ScrapeLoop]:
    for _, pool in sorted(services.scrapes.pools.items()):
        yield from pool.loops


def _number(parameters: Parameters, name: str) -> int:
    text = parameters.text(name)
    number = parse_integer(text) if text else -1
    if number is None:
        raise bad_data(f"{name} must be a number")
    return number


def _metadata(services: Services, parameters: Parameters) -> dict[str, list[dict[str, str]]]:
    limit, limit_per_metric = _number(parameters, "limit"), _number(parameters, "limit_per_metric")
    metric = parameters.text("metric")
    found: dict[str, list[dict[str, str]]] = {}
    for loop in _loops(services):
        for family, kind, help_text, unit in loop.memory.cache.metadata():
            if metric and family != metric:
                continue
            entry = {"type": kind, "unit": unit, "help": help_text}
            known = found.get(family)
            if known is None:
                if 0 <= limit <= len(found):
                    continue
                known = found[family] = []
            if entry not in known and not 0 < limit_per_metric <= len(known):
                known.append(entry)
    return found


def _matches(services: Services, text: str, labels: Labels) -> bool:
    try:
        matchers = parse_selector(text, services.questions.engine.options.parser)
    except QuerySyntaxError as error:
        raise bad_data(f'invalid parameter "match_target": {error}') from error
    values = dict(labels)
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)


def _targets_metadata(services: Services, parameters: Parameters) -> list[dict[str, object]]:
    limit, metric = _number(parameters, "limit"), parameters.text("metric")
    selector = parameters.text("match_target")
    found: list[dict[str, object]] = []
    for loop in _loops(services):
        if 0 <= limit <= len(found):
            break  # As in Prometheus, which asks before each target and not before each metric.
        labels = loop.state.target.public_labels
        if selector and not _matches(services, selector, labels):
            continue
        for family, kind, help_text, unit in loop.memory.cache.metadata():
            if metric and family != metric:
                continue
            entry: dict[str, object] = {"target": dict(labels)}
            if not metric:
                entry["metric"] = family
            found.append(entry | {"type": kind, "help": help_text, "unit": unit})
    return found


def _targets(services: Services, state: str, pool_name: str) -> dict[str, object]:
    pools = [(name, pool) for name, pool in sorted(services.scrapes.pools.items()) if pool_name in ("", name)]
    active: list[dict[str, object]] = []
    dropped: list[dict[str, object]] = []
    counts: dict[str, int] | None = None
    if state in ("", "any", "active"):
        active = [_active(loop.state, name, services.external_url) for name, p in pools for loop in p.loops]
    if state in ("", "any", "dropped"):
        dropped = [
            {"discoveredLabels": dict(labels), "scrapePool": name}
            for name, p in pools
            for labels in p.dropped
        ]
        counts = {name: pool.dropped_count for name, pool in pools}
    return {"activeTargets": active, "droppedTargets": dropped, "droppedTargetCounts": counts}


def targets_routes(prefix: str, services: Services) -> list[Route]:
    """The routes of this file."""

    async def targets(request: Request) -> Response:
        parameters = await read_parameters(request)
        state, pool_name = parameters.text("state").lower(), parameters.text("scrapePool")
        return success(to_json(_targets(services, state, pool_name)))

    async def scrape_pools(_: Request) -> Response:
        return success(to_json({"scrapePools": sorted(services.scrapes.pools)}))

    async def metadata(request: Request) -> Response:
        return success(to_json(_metadata(services, await read_parameters(request))))

    async def targets_metadata(request: Request) -> Response:
        return success(to_json(_targets_metadata(services, await read_parameters(request))))

    return [
        route(f"{prefix}/targets", targets),
        route(f"{prefix}/targets/metadata", targets_metadata),
        route(f"{prefix}/scrape_pools", scrape_pools),
        route(f"{prefix}/metadata", metadata),
    ]
