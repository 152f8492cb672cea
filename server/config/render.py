"""The configuration as `/api/v1/status/config` shows it: defaults filled in, secrets masked."""

from dataclasses import replace
from typing import Any, Final

import yaml

from server.config.alerting import ALERTING
from server.config.file import RUNTIME, Config
from server.config.global_ import GLOBAL
from server.config.kinds import Flow, Plain
from server.config.otlp import OTLP
from server.config.remote import REMOTE_READS, REMOTE_WRITES
from server.config.scrape import SCRAPE_CONFIGS
from server.config.storage import STORAGE, RetentionConfig
from server.config.tracing import TRACING

DEFAULT_RETENTION: Final = RetentionConfig(time_ms=15 * 86_400_000)
_UNBROKEN: Final = 2**31 - 1  # Columns: no text is ever wrapped.
_STRING_TAG: Final = "tag:yaml.org,2002:str"


def render_config(config: Config, retention: RetentionConfig = DEFAULT_RETENTION) -> str:
    """YAML that means the same; `retention` is what the flags say where the file says nothing."""
    storage = config.storage
    if storage.tsdb.retention is None:
        storage = replace(storage, tsdb=replace(storage.tsdb, retention=retention))
    sections: dict[str, Plain] = {
        "global": GLOBAL.render(config.global_),
        "runtime": RUNTIME.render(config.runtime),
        "alerting": ALERTING.render(config.alerting),
        "rule_files": list(config.rule_files),
        "scrape_config_files": list(config.scrape_config_files),
        "scrape_configs": SCRAPE_CONFIGS.render(config.printed_jobs),
        "storage": STORAGE.render(storage),
        "tracing": TRACING.render(config.tracing) if config.tracing else None,
        "remote_write": REMOTE_WRITES.render(config.remote_write),
        "remote_read": REMOTE_READS.render(config.remote_read),
        "otlp": OTLP.render(config.otlp),
    }
    shown = {name: section for name, section in sections.items() if section}
    return yaml.dump(shown, Dumper=_Dumper, default_flow_style=False, sort_keys=False, width=_UNBROKEN)


class _Dumper(yaml.CSafeDumper):
    """Go's habits: texts that would read as something else in double quotes, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain_tag = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    quotes = '"' if plain_tag != _STRING_TAG or not text else None
    return dumper.represent_scalar(_STRING_TAG, text, style=quotes)


def _represent_flow(dumper: _Dumper, values: Flow) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Flow, _represent_flow)
