"""`scrape_configs`: jobs, and what they inherit from `global`."""

from dataclasses import fields, replace
from typing import Any, Final

import yaml

from model.errors import ConfigError
from model.names import NameScheme
from scraper.job import EscapingScheme, Limits, ScrapeJob
from scraper.protocols import DEFAULT_PROTOCOLS, PROTO_FIRST
from server.config.discovery import DISCOVERY, check_addresses
from server.config.global_ import JOB_ESCAPING, JOB_LIMITS, GlobalConfig, check_protocol, check_protocols
from server.config.http_client import HTTP_CLIENT
from server.config.kinds import BOOL, DURATION, PATH, STRING, STRINGS, ListOf, MapOf, Scalar
from server.config.nodes import Reading
from server.config.relabel import METRIC_RULES, TARGET_RULES, under_scheme
from server.config.schema import Inline, Key, Schema

JobValues = dict[str, Any]
"""The attributes of a `ScrapeJob` that its section gives; the rest comes from `global`."""

_INHERITED: Final = (
    "scrape_native_histograms",
    "always_scrape_classic_histograms",
    "convert_classic_histograms_to_nhcb",
    "extra_scrape_metrics",
    "scrape_failure_log_file",
)


def build_job_values(**values: Any) -> JobValues:
    """A job's own values; everything that needs no `global` is checked here."""
    if not values.get("job_name"):
        raise ConfigError("job_name is empty")
    return values


def _job_scheme(node: yaml.ScalarNode, _: Reading) -> NameScheme | None:
    if not node.value:
        return None
    try:
        return NameScheme(node.value)
    except ValueError:
        raise ConfigError(
            "unknown scrape config name validation method specified, must be either '', 'legacy' or 'utf8', "
            f"got {node.value}"
        ) from None


SCRAPE: Final[Schema[Any]] = Schema(
    build_job_values,
    (
        Key("job_name", STRING, always=True),
        Key("honor_labels", BOOL),
        Key("honor_timestamps", BOOL, always=True),
        Key("track_timestamps_staleness", BOOL, always=True),
        Key("params", MapOf(STRINGS)),
        Key("scrape_interval", DURATION, "scrape_interval_ms", always=True),
        Key("scrape_timeout", DURATION, "scrape_timeout_ms", always=True),
        Key("scrape_protocols", ListOf(STRING)),
        Key("fallback_scrape_protocol", STRING),
        Key("scrape_native_histograms", BOOL, always=True),
        Key("always_scrape_classic_histograms", BOOL, always=True),
        Key("convert_classic_histograms_to_nhcb", BOOL, always=True),
        Key("extra_scrape_metrics", BOOL),
        Key("scrape_failure_log_file", PATH),
        Key("metrics_path", STRING),
        Key("scheme", STRING),
        Key("enable_compression", BOOL, always=True),
        Inline("limits", JOB_LIMITS),
        Key("metric_name_validation_scheme", Scalar("string", _job_scheme, str), "name_scheme"),
        Key("metric_name_escaping_scheme", JOB_ESCAPING, "escaping_scheme"),
        Inline("client", HTTP_CLIENT),
        Key("relabel_configs", TARGET_RULES, "relabel_rules"),
        Key("metric_relabel_configs", METRIC_RULES, "metric_relabel_rules"),
        Inline("discovery", DISCOVERY),
    ),
    "config.ScrapeConfig",
)
SCRAPE_CONFIGS: Final = ListOf(SCRAPE, "[]*config.ScrapeConfig", "empty or null scrape config section")


def resolve_job(values: JobValues, defaults: GlobalConfig) -> ScrapeJob:
    """A job with everything it inherits.

    Raises:
        ConfigError: the job contradicts itself or `global`.
    """
    values = {name: getattr(defaults, name) for name in _INHERITED} | values
    values["metrics_path"] = values.get("metrics_path") or "/metrics"
    values["scheme"] = values.get("scheme") or "http"
    where = f' for scrape config with job name "{values["job_name"]}"'
    values |= _times(values, defaults, where)
    values["scrape_protocols"] = _protocols(values, defaults, where)
    values["limits"] = inherit_limits(values["limits"], defaults.limits)
    values |= _schemes(values, defaults)
    for name in ("relabel_rules", "metric_relabel_rules"):
        values[name] = under_scheme(values.get(name, ()), values["name_scheme"])
    if not values["relabel_rules"]:
        check_addresses(values["discovery"])
    return ScrapeJob(**values)


def _times(values: JobValues, defaults: GlobalConfig, where: str) -> JobValues:
    interval_ms = values.get("scrape_interval_ms") or defaults.scrape_interval_ms
    timeout_ms = values.get("scrape_timeout_ms") or min(defaults.scrape_timeout_ms, interval_ms)
    if timeout_ms > interval_ms:
        raise ConfigError(f"scrape timeout greater than scrape interval{where}")
    return {"scrape_interval_ms": interval_ms, "scrape_timeout_ms": timeout_ms}


def _protocols(values: JobValues, defaults: GlobalConfig, where: str) -> tuple[str, ...]:
    if fallback := values.get("fallback_scrape_protocol"):
        try:
            check_protocol(fallback)
        except ConfigError as error:
            raise ConfigError(f"invalid fallback_scrape_protocol{where}: {error}") from None
    if "scrape_protocols" in values:
        check_protocols(values["scrape_protocols"], where)
        return tuple(values["scrape_protocols"])
    if defaults.scrape_protocols:
        return defaults.scrape_protocols
    return PROTO_FIRST if values["scrape_native_histograms"] else DEFAULT_PROTOCOLS


def _schemes(values: JobValues, defaults: GlobalConfig) -> JobValues:
    names, escaping = values.get("name_scheme"), values.get("escaping_scheme")
    if names is None:
        names = defaults.name_scheme
        escaping = escaping or defaults.escaping_scheme
    legacy = names is NameScheme.LEGACY
    escaping = escaping or (EscapingScheme.UNDERSCORES if legacy else EscapingScheme.ALLOW_UTF8)
    if legacy and escaping is EscapingScheme.ALLOW_UTF8:
        raise ConfigError("utf8 metric names requested but validation scheme is not set to UTF8")
    return {"name_scheme": names, "escaping_scheme": escaping}


def inherit_limits(own: Limits, defaults: Limits) -> Limits:
    """A job's limits; 0 means the global one, so a job cannot switch a global limit off."""
    missing = {
        each.name: getattr(defaults, each.name) for each in fields(Limits) if not getattr(own, each.name)
    }
    return replace(own, **missing)


def resolve_jobs(all_values: tuple[JobValues, ...], defaults: GlobalConfig) -> tuple[ScrapeJob, ...]:
    """All jobs of one file, each under its own name."""
    jobs: dict[str, ScrapeJob] = {}
    for values in all_values:
        job = resolve_job(values, defaults)
        if job.job_name in jobs:
            raise ConfigError(f'found multiple scrape configs with job name "{job.job_name}"')
        jobs[job.job_name] = job
    return tuple(jobs.values())
