"""The configuration file as a whole."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from glob import glob
from pathlib import Path
from typing import Any, Final

import yaml

from model.errors import ConfigError
from scraper.job import ScrapeJob
from server.config.alerting import ALERTING, AlertingConfig
from server.config.global_ import GLOBAL, GlobalConfig, build_global
from server.config.kinds import INT, ListOf, Scalar
from server.config.nodes import Reading, compose
from server.config.otlp import NEEDS_UTF8, OTLP, OtlpConfig
from server.config.relabel import under_scheme
from server.config.remote import (
    REMOTE_READS,
    REMOTE_WRITES,
    RemoteReadConfig,
    RemoteWriteConfig,
    check_names,
)
from server.config.schema import Key, Schema
from server.config.scrape import SCRAPE_CONFIGS, resolve_jobs
from server.config.storage import STORAGE, StorageConfig
from server.config.tracing import TRACING, TracingConfig
from server.config.unsupported import unsupported_features

_GLOB: Final = re.compile(r"[^*]*(\*[^/]*)?")


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """The `runtime` section: a Go setting, kept to be shown."""

    gogc: int = 75


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a configuration file says, defaults filled in."""

    global_: GlobalConfig = field(default_factory=build_global)
    runtime: RuntimeConfig = RuntimeConfig()
    alerting: AlertingConfig = AlertingConfig()
    rule_files: tuple[str, ...] = ()  # Absolute glob patterns.
    scrape_config_files: tuple[str, ...] = ()
    scrape_jobs: tuple[ScrapeJob, ...] = ()  # Of the main file, then of `scrape_config_files`.
    own_jobs: int = 0  # How many of them stand in the main file; only those are printed.
    storage: StorageConfig = StorageConfig()
    tracing: TracingConfig | None = None
    remote_write: tuple[RemoteWriteConfig, ...] = ()
    remote_read: tuple[RemoteReadConfig, ...] = ()
    otlp: OtlpConfig = OtlpConfig()
    warnings: tuple[str, ...] = ()  # What was odd while reading.
    unsupported: tuple[str, ...] = ()  # What is configured but not built yet.

    @property
    def printed_jobs(self) -> tuple[ScrapeJob, ...]:
        """The jobs of the main file."""
        return self.scrape_jobs[: self.own_jobs]


def load_config(path: str | Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read a configuration file and every scrape configuration file it names.

    Raises:
        ConfigError: a file cannot be read or obeyed; the text names file, line and field.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"open {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"parsing YAML file {path}: yaml: invalid UTF-8 at byte {error.start}") from None
    try:
        return parse_config(text, path.absolute().parent, os.environ if environment is None else environment)
    except _OtherFileError:
        raise
    except ConfigError as error:
        raise ConfigError(f"parsing YAML file {path}: {error}") from None


class _OtherFileError(ConfigError):
    """Trouble in a scrape configuration file, which the text names."""


def parse_config(
    text: str, directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration that `text` means; relative paths start at `directory`.

    Raises:
        ConfigError: the text is no configuration.
    """
    reading = Reading(directory or Path.cwd(), environment or {})
    values = _decode(TOP, text, reading) or {}
    global_ = values.setdefault("global_", build_global())
    values.setdefault("runtime", RuntimeConfig(_gogc(reading.environment)))
    own = resolve_jobs(values.pop("jobs", ()), global_)
    jobs = (*own, *_jobs_of_files(values.get("scrape_config_files", ()), own, global_, reading))
    config = Config(scrape_jobs=jobs, own_jobs=len(own), warnings=tuple(reading.warnings), **values)
    config = _check_whole(config)
    return replace(config, unsupported=tuple(unsupported_features(config)))


def _decode(schema: Schema[Any], text: str, reading: Reading) -> Any:
    node = compose(text)
    result = None if node is None else schema.decode(node, reading)
    if reading.problems:
        raise ConfigError("yaml: unmarshal errors:\n" + "\n".join(f"  {each}" for each in reading.problems))
    return result


def _check_whole(config: Config) -> Config:
    """What concerns more than one section: names, and the scheme that alert and write rules obey."""
    check_names(config.remote_write, "write")
    check_names(config.remote_read, "read")
    scheme = config.global_.name_scheme
    strategy = config.otlp.translation_strategy
    if scheme == "legacy" and strategy in NEEDS_UTF8:
        raise ConfigError(f'OTLP translation strategy "{strategy}" is not allowed when UTF8 is disabled')
    alertmanagers = tuple(
        replace(
            each,
            relabel_rules=under_scheme(each.relabel_rules, scheme),
            alert_relabel_rules=under_scheme(each.alert_relabel_rules, scheme),
        )
        for each in config.alerting.alertmanagers
    )
    alert_rules = under_scheme(config.alerting.alert_relabel_rules, scheme)
    writes = tuple(
        replace(each, write_relabel_rules=under_scheme(each.write_relabel_rules, scheme))
        for each in config.remote_write
    )
    return replace(config, alerting=AlertingConfig(alert_rules, alertmanagers), remote_write=writes)


def _jobs_of_files(
    patterns: tuple[str, ...], own: tuple[ScrapeJob, ...], global_: GlobalConfig, reading: Reading
) -> tuple[ScrapeJob, ...]:
    origins = {job.job_name: "main config file" for job in own}
    jobs: list[ScrapeJob] = []
    for pattern in patterns:
        for path in sorted(glob(pattern)):  # noqa: PTH207  # Patterns are absolute.
            for job in _jobs_of_file(Path(path), global_, reading):
                if origin := origins.get(job.job_name):
                    raise _OtherFileError(
                        f'"{path}": found multiple scrape configs with job name "{job.job_name}", '
                        f"first found in {origin}"
                    )
                origins[job.job_name] = f'"{path}"'
                jobs.append(job)
    return tuple(jobs)


def _jobs_of_file(path: Path, global_: GlobalConfig, outer: Reading) -> tuple[ScrapeJob, ...]:
    reading = Reading(path.parent, outer.environment, warnings=outer.warnings)
    try:
        values = _decode(SCRAPE_FILE, path.read_text(encoding="utf-8"), reading) or {}
        return resolve_jobs(values.get("jobs", ()), global_)
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        raise _OtherFileError(f'"{path}": {error}') from None


def _gogc(environment: Mapping[str, str]) -> int:
    text = environment.get("GOGC", "")
    if text == "off":
        return -1
    return int(text) if text.isdecimal() else RuntimeConfig().gogc


def _pattern(what: str) -> Scalar[str]:
    def parse(node: yaml.ScalarNode, reading: Reading) -> str:
        if not _GLOB.fullmatch(node.value):
            raise ConfigError(f'invalid {what} path "{node.value}"')
        return reading.resolve(node.value)

    return Scalar("string", parse)


def build_values(**values: Any) -> dict[str, Any]:
    """Sections as attributes of a `Config`; jobs still wait for what they inherit."""
    return values


RUNTIME: Final = Schema(RuntimeConfig, (Key("gogc", INT),))

TOP: Final[Schema[Any]] = Schema(
    build_values,
    (
        Key("global", GLOBAL, "global_"),
        Key("runtime", RUNTIME),
        Key("alerting", ALERTING),
        Key("rule_files", ListOf(_pattern("rule file"))),
        Key("scrape_config_files", ListOf(_pattern("scrape config file"))),
        Key("scrape_configs", SCRAPE_CONFIGS, "jobs"),
        Key("storage", STORAGE),
        Key("tracing", TRACING),
        Key("remote_write", REMOTE_WRITES),
        Key("remote_read", REMOTE_READS),
        Key("otlp", OTLP),
    ),
)
SCRAPE_FILE: Final[Schema[Any]] = Schema(
    build_values, (Key("scrape_configs", SCRAPE_CONFIGS, "jobs"),), "config.ScrapeConfigs"
)
