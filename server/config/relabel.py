"""Relabelling rules as a configuration spells them."""

from dataclasses import replace
from typing import Any, Final

from kernels import Regex
from model.names import NameScheme
from model.relabel import RelabelRule, parse_action
from model.relabel_rule import DEFAULT_REGEX
from server.config.kinds import STRING, UINT, ListOf, Plain, Scalar
from server.config.schema import Key, Schema


def _regex(text: str) -> str:
    Regex(text)  # Only to refuse it here, where the line is known.
    return text


REGEX: Final = Scalar("relabel.Regexp", lambda node, _: _regex(node.value), lambda text: text)
ACTION: Final = Scalar("relabel.Action", lambda node, _: parse_action(node.value), str)


def build_rule(**values: Any) -> RelabelRule:
    """A rule, checked."""
    return RelabelRule(**values)


class RelabelSchema(Schema[RelabelRule]):
    """A rule prints its separator, replacement and action always, its regex unless it is the default."""

    def render(self, value: RelabelRule) -> dict[str, Plain]:
        """The rule as status/config shows it."""
        plain = super().render(value)
        if value.regex == DEFAULT_REGEX:
            del plain["regex"]
        return plain


RELABEL_RULE: Final = RelabelSchema(
    build_rule,
    (
        Key("source_labels", ListOf(STRING, flow=True)),
        Key("separator", STRING, always=True),
        Key("regex", REGEX, always=True),
        Key("modulus", UINT),
        Key("target_label", STRING),
        Key("replacement", STRING, always=True),
        Key("action", ACTION, always=True),
    ),
)


def rules_for(what: str) -> ListOf[RelabelRule]:
    """A list of rules; `what` they relabel stands in the complaint about an empty element."""
    return ListOf(RELABEL_RULE, "[]*relabel.Config", f"empty or null {what}")


TARGET_RULES: Final = rules_for("target relabeling rule in scrape config")
METRIC_RULES: Final = rules_for("metric relabeling rule in scrape config")
ALERT_RULES: Final = rules_for("alert relabeling rule")
ALERTMANAGER_RULES: Final = rules_for("Alertmanager target relabeling rule")
WRITE_RULES: Final = rules_for("relabeling rule in remote write config")


def under_scheme(rules: tuple[RelabelRule, ...], scheme: NameScheme) -> tuple[RelabelRule, ...]:
    """The same rules making names of `scheme` only.

    Raises:
        ConfigError: a rule names a label outside the scheme.
    """
    return tuple(replace(rule, names=scheme) if rule.names is not scheme else rule for rule in rules)
