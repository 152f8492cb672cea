"""The `global` section: what every job and rule group inherits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

import yaml

from model.errors import ConfigError
from model.names import NameScheme, is_label_name
from scraper.job import EscapingScheme, Limits
from scraper.protocols import PROTOCOLS
from server.config.kinds import (
    BOOL,
    DURATION,
    FLOAT,
    PATH,
    SIZE,
    STRING,
    UINT,
    ListOf,
    MapOf,
    Scalar,
)
from server.config.nodes import Reading
from server.config.schema import Inline, Key, Schema

Choice = TypeVar("Choice", bound=StrEnum)

_VARIABLE: Final = re.compile(r"\$(?:\$|\{([^}]*)\}|([A-Za-z0-9_]+))")


@dataclass(frozen=True, slots=True)
class GlobalConfig:
    """Defaults of all jobs, and the labels that leave with every alert and remote sample."""

    scrape_interval_ms: int = 60_000
    scrape_timeout_ms: int = 0  # 0 until completed: ten seconds or the interval, whichever is less.
    scrape_protocols: tuple[str, ...] = ()
    evaluation_interval_ms: int = 60_000
    rule_query_offset_ms: int = 0
    external_labels: Mapping[str, str] = field(default_factory=dict)
    query_log_file: str = ""
    scrape_failure_log_file: str = ""
    limits: Limits = Limits()
    name_scheme: NameScheme = NameScheme.UTF8
    escaping_scheme: EscapingScheme | None = None  # None until completed.
    scrape_native_histograms: bool = False
    convert_classic_histograms_to_nhcb: bool = False
    always_scrape_classic_histograms: bool = False
    extra_scrape_metrics: bool = False


def check_protocols(protocols: tuple[str, ...], where: str) -> None:
    """Refuse an empty list, unknown names and names given twice."""
    if not protocols:
        raise ConfigError(f"scrape_protocols cannot be empty{where}")
    seen: set[str] = set()
    for protocol in protocols:
        if protocol.lower() in seen:
            got = " ".join(protocols)
            raise ConfigError(f"duplicated protocol in scrape_protocols, got [{got}]{where}")
        check_protocol(protocol, where)
        seen.add(protocol.lower())


def check_protocol(protocol: str, where: str = "") -> None:
    """Refuse a protocol that has no name in the table."""
    if protocol not in PROTOCOLS:
        supported = " ".join(sorted(PROTOCOLS))
        raise ConfigError(f"unknown scrape protocol {protocol}, supported: [{supported}]{where}")


def build_global(**values: Any) -> GlobalConfig:
    """Check and complete."""
    given_protocols = "scrape_protocols" in values
    result = GlobalConfig(**values)
    for name in result.external_labels:
        if not is_label_name(name, result.name_scheme):
            raise ConfigError(f'"{name}" is not a valid label name')
    interval_ms = result.scrape_interval_ms or 60_000
    if result.scrape_timeout_ms > interval_ms:
        raise ConfigError("global scrape timeout greater than scrape interval")
    if given_protocols:
        check_protocols(result.scrape_protocols, " for global config")
    legacy = result.name_scheme is NameScheme.LEGACY
    escaping = result.escaping_scheme
    if escaping is EscapingScheme.ALLOW_UTF8 and legacy:
        raise ConfigError("utf8 metric names requested but validation scheme is not set to UTF8")
    return replace(
        result,
        scrape_interval_ms=interval_ms,
        scrape_timeout_ms=result.scrape_timeout_ms or min(10_000, interval_ms),
        evaluation_interval_ms=result.evaluation_interval_ms or 60_000,
        escaping_scheme=escaping or (EscapingScheme.UNDERSCORES if legacy else EscapingScheme.ALLOW_UTF8),
    )


def expand_variables(text: str, reading: Reading) -> str:
    """`$NAME` and `${NAME}` from the environment; an unset one is empty and warned of; `$$` is a dollar."""

    def value(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        name = match.group(1) if match.group(1) is not None else match.group(2)
        found = reading.environment.get(name, "")
        if not found:
            reading.warnings.append(f'empty environment variable "{name}" in external_labels')
        return found

    return _VARIABLE.sub(value, text)


def _external_value(node: yaml.ScalarNode, reading: Reading) -> str:
    return expand_variables(node.value, reading)


def _global_scheme(node: yaml.ScalarNode, _: Reading) -> NameScheme:
    return NameScheme.LEGACY if node.value == NameScheme.LEGACY else NameScheme.UTF8


def _escaping(level: str) -> Scalar[EscapingScheme]:
    def parse(node: yaml.ScalarNode, _: Reading) -> EscapingScheme:
        try:
            return EscapingScheme(node.value)
        except ValueError:
            options = ", ".join(f"'{scheme}'" for scheme in EscapingScheme)
            raise ConfigError(
                f"unknown {level} name escaping method specified, must be one of {options}, got {node.value}"
            ) from None

    return Scalar("string", parse, str)


GLOBAL_ESCAPING: Final = _escaping("global")
JOB_ESCAPING: Final = _escaping("scrape config")

LIMITS: Final = Schema(
    Limits,
    (
        Key("body_size_limit", SIZE, "body_size_bytes"),
        Key("sample_limit", UINT, "samples"),
        Key("target_limit", UINT, "targets"),
        Key("label_limit", UINT, "labels"),
        Key("label_name_length_limit", UINT, "label_name_bytes"),
        Key("label_value_length_limit", UINT, "label_value_bytes"),
        Key("keep_dropped_targets", UINT, "keep_dropped_targets"),
    ),
)
JOB_LIMITS: Final = Schema(
    Limits,
    (
        *LIMITS.keys[:-1],
        Key("native_histogram_bucket_limit", UINT, "native_histogram_buckets"),
        Key("native_histogram_min_bucket_factor", FLOAT, "native_histogram_min_bucket_factor"),
        LIMITS.keys[-1],
    ),
)

GLOBAL: Final = Schema(
    build_global,
    (
        Key("scrape_interval", DURATION, "scrape_interval_ms", always=True),
        Key("scrape_timeout", DURATION, "scrape_timeout_ms", always=True),
        Key("scrape_protocols", ListOf(STRING)),
        Key("evaluation_interval", DURATION, "evaluation_interval_ms", always=True),
        Key("rule_query_offset", DURATION, "rule_query_offset_ms"),
        Key("external_labels", MapOf(Scalar("string", _external_value), null_value="")),
        Key("query_log_file", PATH),
        Key("scrape_failure_log_file", PATH),
        Inline("limits", LIMITS),
        Key("metric_name_validation_scheme", Scalar("string", _global_scheme, str), "name_scheme"),
        Key("metric_name_escaping_scheme", GLOBAL_ESCAPING, "escaping_scheme"),
        Key("scrape_native_histograms", BOOL, always=True),
        Key("convert_classic_histograms_to_nhcb", BOOL, always=True),
        Key("always_scrape_classic_histograms", BOOL, always=True),
        Key("extra_scrape_metrics", BOOL),
    ),
)
