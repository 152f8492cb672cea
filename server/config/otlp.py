"""The `otlp` section: how OpenTelemetry metrics become series."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import yaml

from model.errors import ConfigError
from server.config.kinds import BOOL, STRINGS, Scalar
from server.config.nodes import Reading
from server.config.schema import Key, Schema


class TranslationStrategy(StrEnum):
    """What becomes of names."""

    UNDERSCORES_WITH_SUFFIXES = "UnderscoreEscapingWithSuffixes"
    UTF8_WITH_SUFFIXES = "NoUTF8EscapingWithSuffixes"
    UNDERSCORES_WITHOUT_SUFFIXES = "UnderscoreEscapingWithoutSuffixes"
    NONE = "NoTranslation"


NEEDS_UTF8: Final = frozenset({TranslationStrategy.UTF8_WITH_SUFFIXES, TranslationStrategy.NONE})


@dataclass(frozen=True, slots=True)
class OtlpConfig:
    """The whole section."""

    promote_all_resource_attributes: bool = False
    promote_resource_attributes: tuple[str, ...] = ()
    ignore_resource_attributes: tuple[str, ...] = ()
    translation_strategy: TranslationStrategy = TranslationStrategy.UNDERSCORES_WITH_SUFFIXES
    keep_identifying_resource_attributes: bool = False
    convert_histograms_to_nhcb: bool = False
    promote_scope_metadata: bool = False
    label_name_underscore_sanitization: bool = True
    label_name_preserve_multiple_underscores: bool = True


def _trimmed(names: tuple[str, ...], what: str) -> tuple[str, ...]:
    trimmed = tuple(name.strip() for name in names)
    for place, name in enumerate(trimmed):
        if not name:
            raise ConfigError(f"empty {what} OTel resource attribute")
        if name in trimmed[:place]:
            raise ConfigError(f'duplicated {what} OTel resource attribute "{name}"')
    return trimmed


def build_otlp(
    promote_resource_attributes: tuple[str, ...] = (),
    ignore_resource_attributes: tuple[str, ...] = (),
    **values: Any,
) -> OtlpConfig:
    """Check that lists and the switch for all do not contradict each other."""
    promote_all = values.get("promote_all_resource_attributes", False)
    if promote_all and promote_resource_attributes:
        raise ConfigError(
            "'promote_all_resource_attributes' and 'promote_resource_attributes' "
            "cannot be configured simultaneously"
        )
    if ignore_resource_attributes and not promote_all:
        raise ConfigError(
            "'ignore_resource_attributes' can only be configured together "
            "with 'promote_all_resource_attributes'"
        )
    return OtlpConfig(
        promote_resource_attributes=_trimmed(promote_resource_attributes, "promoted"),
        ignore_resource_attributes=_trimmed(ignore_resource_attributes, "ignored"),
        **values,
    )


def _strategy(node: yaml.ScalarNode, _: Reading) -> TranslationStrategy:
    try:
        return TranslationStrategy(node.value)
    except ValueError:
        raise ConfigError(f'unsupported OTLP translation strategy "{node.value}"') from None


OTLP: Final = Schema(
    build_otlp,
    (
        Key("promote_all_resource_attributes", BOOL),
        Key("promote_resource_attributes", STRINGS),
        Key("ignore_resource_attributes", STRINGS),
        Key("translation_strategy", Scalar("config.translationStrategyOption", _strategy, str)),
        Key("keep_identifying_resource_attributes", BOOL),
        Key("convert_histograms_to_nhcb", BOOL),
        Key("promote_scope_metadata", BOOL),
        Key("label_name_underscore_sanitization", BOOL, always=True),
        Key("label_name_preserve_multiple_underscores", BOOL, always=True),
    ),
)
