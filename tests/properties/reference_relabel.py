"""Relabelling of one label set at a time with plain dictionaries: the readable twin of `model.relabel`."""

import hashlib
from collections.abc import Sequence

from model.names import is_label_name
from model.relabel import RelabelRule
from model.relabel_actions import lower, upper

Labels = dict[str, str]


def relabel(rules: Sequence[RelabelRule], labels: Labels) -> Labels | None:
    """The labels after all rules, None once a rule drops them."""
    for rule in rules:
        result = apply(rule, dict(labels))
        if result is None:
            return None
        labels = {name: value for name, value in result.items() if value}
    return labels


def apply(rule: RelabelRule, labels: Labels) -> Labels | None:  # noqa: C901  # One arm an action.
    value = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
    target = rule.target_label
    (matches,) = rule.pattern.matches([value])
    match rule.action:
        case "keep":
            return labels if matches else None
        case "drop":
            return None if matches else labels
        case "keepequal":
            return labels if labels.get(target, "") == value else None
        case "dropequal":
            return None if labels.get(target, "") == value else labels
        case "replace":
            (name,) = rule.pattern.expand(target, [value])
            (replacement,) = rule.pattern.expand(rule.replacement, [value])
            if name is not None and replacement is not None and is_label_name(name, rule.names):
                labels[name] = replacement
        case "hashmod":
            tail = hashlib.md5(value.encode()).digest()[8:]
            labels[target] = str(int.from_bytes(tail, "big") % rule.modulus)
        case "lowercase":
            labels[target] = lower(value)
        case "uppercase":
            labels[target] = upper(value)
        case "labelmap":
            for name, old in sorted(labels.items()):
                (new_name,) = rule.pattern.expand(rule.replacement, [name])
                if new_name:
                    labels[new_name] = old
        case "labeldrop":
            return {name: old for name, old in labels.items() if not rule.pattern.matches([name])[0]}
        case "labelkeep":
            return {name: old for name, old in labels.items() if rule.pattern.matches([name])[0]}
    return labels
