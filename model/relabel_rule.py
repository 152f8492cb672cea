"""One relabelling rule: its fields, their defaults, and what makes them contradict each other."""

import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from kernels import Regex
from model.errors import ConfigError
from model.names import NameScheme, is_label_name

DEFAULT_REGEX: Final = "(.*)"
DEFAULT_REPLACEMENT: Final = "$1"
DEFAULT_SEPARATOR: Final = ";"

_LEGACY_TEMPLATE = re.compile(r"(?:[A-Za-z_]|\$\{\w+\}|\$\w+)(?:\w|\$\{\w+\}|\$\w+)*", re.ASCII)


class Action(StrEnum):
    """What a rule does; the values are what a configuration says, in any letter case."""

    REPLACE = "replace"
    KEEP = "keep"
    DROP = "drop"
    KEEPEQUAL = "keepequal"
    DROPEQUAL = "dropequal"
    HASHMOD = "hashmod"
    LABELMAP = "labelmap"
    LABELDROP = "labeldrop"
    LABELKEEP = "labelkeep"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"


@dataclass(frozen=True, slots=True)
class RelabelRule:
    """One rule, valid by construction.

    Raises:
        ConfigError: fields that make no rule, in Prometheus' words.
    """

    source_labels: tuple[str, ...] = ()
    separator: str = DEFAULT_SEPARATOR
    target_label: str = ""
    regex: str = DEFAULT_REGEX
    modulus: int = 0
    replacement: str = DEFAULT_REPLACEMENT
    action: Action = Action.REPLACE
    names: NameScheme = NameScheme.UTF8  # Which names `target_label` and `replacement` may make.
    pattern: Regex = field(init=False, repr=False, compare=False)  # `regex`, compiled.

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", Regex(self.regex))
        validate(self)


def parse_action(text: str) -> Action:
    """An action as a configuration spells it.

    Raises:
        ConfigError: there is no such action.
    """
    try:
        return Action(text.lower())
    except ValueError:
        raise ConfigError(f'unknown relabel action "{text}"') from None


_DEFAULTS: Final[dict[str, Any]] = {
    each.name: each.default for each in fields(RelabelRule) if each.name not in ("action", "names", "pattern")
}
_NEEDS_TARGET = frozenset(
    {Action.REPLACE, Action.HASHMOD, Action.LOWERCASE, Action.UPPERCASE, Action.KEEPEQUAL, Action.DROPEQUAL}
)
_NO_REPLACEMENT = frozenset({Action.LOWERCASE, Action.UPPERCASE, Action.KEEPEQUAL, Action.DROPEQUAL})
_COMPARES = frozenset({Action.KEEPEQUAL, Action.DROPEQUAL})
_ONLY_REGEX = frozenset({Action.LABELDROP, Action.LABELKEEP})


def validate(rule: RelabelRule) -> None:
    """Refuse a rule whose fields contradict its action."""
    action, target = rule.action, rule.target_label
    if action is Action.HASHMOD and not rule.modulus:
        raise ConfigError("relabel configuration for hashmod requires non-zero modulus")
    if action in _NEEDS_TARGET:
        if not target:
            raise ConfigError(f"relabel configuration for {action} action requires 'target_label' value")
        template = action is Action.REPLACE and "$" in target
        if not (_makes_names(target, rule.names) if template else is_label_name(target, rule.names)):
            raise ConfigError(f"\"{target}\" is invalid 'target_label' for {action} action")
    if action in _NO_REPLACEMENT and rule.replacement != DEFAULT_REPLACEMENT:
        raise ConfigError(f"'replacement' can not be set for {action} action")
    if action is Action.LABELMAP and not _makes_names(rule.replacement, rule.names):
        raise ConfigError(f"\"{rule.replacement}\" is invalid 'replacement' for {action} action")
    if action in _COMPARES and _differs(rule, "regex", "modulus", "separator", "replacement"):
        raise ConfigError(
            f"{action} action requires only 'source_labels' and `target_label`, and no other fields"
        )
    others = ("source_labels", "separator", "target_label", "modulus", "replacement")
    if action in _ONLY_REGEX and _differs(rule, *others):
        raise ConfigError(f"{action} action requires only 'regex', and no other fields")


def _differs(rule: RelabelRule, *names: str) -> bool:
    return any(getattr(rule, name) != _DEFAULTS[name] for name in names)


def _makes_names(template: str, scheme: NameScheme) -> bool:
    """Whether a template can give label names: under UTF-8 any text can, a legacy one goes piece by piece."""
    if scheme is NameScheme.UTF8:
        return is_label_name(template, scheme)
    return _LEGACY_TEMPLATE.fullmatch(template) is not None
