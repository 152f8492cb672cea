"""Every action and every refusal of relabelling, with the vectors of the reference."""

import pytest

from kernels import LabelFrame, RegexError, Symbols
from model.errors import ConfigError
from model.names import NameScheme
from model.relabel import Action, RelabelRule, parse_action, relabel
from model.relabel_actions import lower, upper


def after(labels: dict[str, str], *rules: RelabelRule) -> dict[str, str] | None:
    frame = LabelFrame.from_labels(Symbols(), [list(labels.items())])
    result = relabel(rules, frame)
    return dict(result.labels.labels(0)) if len(result.rows) else None


def rule(action: str = "replace", *sources: str, **fields: object) -> RelabelRule:
    return RelabelRule(source_labels=sources, action=Action(action), **fields)


CASES = {
    "replace copies": (rule("replace", "a", target_label="b"), {"a": "1"}, {"a": "1", "b": "1"}),
    "replace overwrites": (
        rule("replace", "a", target_label="b"),
        {"a": "1", "b": "2"},
        {"a": "1", "b": "1"},
    ),
    "replace joins": (
        rule("replace", "a", "none", "c", target_label="t"),
        {"a": "1", "c": "3"},
        {"a": "1", "c": "3", "t": "1;;3"},
    ),
    "replace keeps on mismatch": (
        rule("replace", "a", target_label="b", regex="x"),
        {"a": "1", "b": "2"},
        {"a": "1", "b": "2"},
    ),
    "an empty replacement removes": (
        rule("replace", "a", target_label="a", replacement=""),
        {"a": "1", "b": "2"},
        {"b": "2"},
    ),
    "no source sets directly": (rule("replace", target_label="t", replacement="v"), {}, {"t": "v"}),
    "an empty regex matches only the empty text": (
        rule("replace", "a", target_label="t", regex="", replacement="v"),
        {"a": "1"},
        {"a": "1"},
    ),
    "templates in value": (
        rule("replace", "a", target_label="t", regex="(.)(?P<rest>.*)", replacement="v$2-${rest}-$1x-$$"),
        {"a": "AbC"},
        {"a": "AbC", "t": "vbC-bC--$"},
    ),
    "templates in name": (
        rule("replace", "a", target_label="p_${1}_$rest", regex="(.)(?P<rest>.*)", replacement="v"),
        {"a": "AbC"},
        {"a": "AbC", "p_A_bC": "v"},
    ),
    "an empty name changes nothing": (
        rule("replace", "a", target_label="$2", replacement="v"),
        {"a": "1"},
        {"a": "1"},
    ),
    "a legacy name is checked when made": (
        rule("replace", "a", target_label="$1", replacement="v", names=NameScheme.LEGACY),
        {"a": "b-c"},
        {"a": "b-c"},
    ),
    "a dot matches a newline": (rule("keep", "a", regex="x.y"), {"a": "x\ny"}, {"a": "x\ny"}),
    "keep is anchored": (rule("keep", "a", regex="x"), {"a": "xy"}, None),
    "drop": (rule("drop", "a", regex="x.*"), {"a": "xy"}, None),
    "drop leaves the others": (rule("drop", "a", regex="x"), {"a": "xy"}, {"a": "xy"}),
    "keepequal": (rule("keepequal", "a", target_label="b"), {"a": "1", "b": "1"}, {"a": "1", "b": "1"}),
    "keepequal drops": (rule("keepequal", "a", target_label="b"), {"a": "1", "b": "2"}, None),
    "keepequal of absent labels": (rule("keepequal", "x", target_label="y"), {"a": "1"}, {"a": "1"}),
    "keepequal joins": (
        rule("keepequal", "a", "b", target_label="c"),
        {"a": "1", "b": "2", "c": "1;2"},
        {"a": "1", "b": "2", "c": "1;2"},
    ),
    "dropequal": (rule("dropequal", "a", target_label="b"), {"a": "1", "b": "1"}, None),
    "dropequal leaves the others": (rule("dropequal", "a", target_label="b"), {"a": "1"}, {"a": "1"}),
    "hashmod": (
        rule("hashmod", "a", "b", target_label="t", modulus=1000),
        {"a": "127.0.0.1:29291", "b": "AbC"},
        {"a": "127.0.0.1:29291", "b": "AbC", "t": "787"},
    ),
    "labelmap keeps the originals": (
        rule("labelmap", regex="__meta_(.+)"),
        {"__meta_zone": "z", "a": "1"},
        {"__meta_zone": "z", "zone": "z", "a": "1"},
    ),
    "labelmap looks at a snapshot": (
        rule("labelmap", regex="(a+)", replacement="a$1"),
        {"a": "1", "aa": "2"},
        {"a": "1", "aa": "1", "aaa": "2"},
    ),
    "labeldrop": (rule("labeldrop", regex="a.*"), {"a": "1", "ab": "2", "b": "3"}, {"b": "3"}),
    "labelkeep": (rule("labelkeep", regex="a.*"), {"a": "1", "ab": "2", "b": "3"}, {"a": "1", "ab": "2"}),
    "lowercase": (rule("lowercase", "a", target_label="a"), {"a": "AbÇ"}, {"a": "abç"}),
    "uppercase": (rule("uppercase", "a", target_label="b"), {"a": "abß"}, {"a": "abß", "b": "ABß"}),
    "uppercase of nothing removes": (
        rule("uppercase", "x", target_label="b"),
        {"b": "1", "a": "1"},
        {"a": "1"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_action_does_what_the_reference_says(case):
    a_rule, before, wanted = CASES[case]
    assert after(before, a_rule) == wanted


def test_every_action_has_a_case():
    assert {a_rule.action for a_rule, _, _ in CASES.values()} == set(Action)


def test_later_rules_see_what_earlier_ones_made_and_a_drop_ends_all():
    make = rule("replace", "a", target_label="b", replacement="x$1")
    keep = rule("keep", "b", regex="x.*")
    assert after({"a": "1"}, make, keep) == {"a": "1", "b": "x1"}
    assert after({"a": "1"}, rule("drop", "a", regex="1"), make) is None


def test_rows_say_where_they_stood():
    frame = LabelFrame.from_labels(Symbols(), [[("a", text)] for text in "xyxz"])
    result = relabel([rule("drop", "a", regex="x")], frame)
    assert result.rows.tolist() == [1, 3]
    assert result.labels.rows() == [(("a", "y"),), (("a", "z"),)]


REQUIRES = "relabel configuration for {} action requires 'target_label' value"
ONLY = "{} action requires only 'source_labels' and `target_label`, and no other fields"
LEGACY = {"names": NameScheme.LEGACY}
REFUSALS = [
    (("hashmod", "a"), {"target_label": "t"}, "relabel configuration for hashmod requires non-zero modulus"),
    (("hashmod", "a"), {"modulus": 3}, REQUIRES.format("hashmod")),
    *(
        ((action, "a"), {}, REQUIRES.format(action))
        for action in ("replace", "lowercase", "uppercase", "keepequal", "dropequal")
    ),
    (
        ("replace", "a"),
        {"target_label": "a-b", **LEGACY},
        "\"a-b\" is invalid 'target_label' for replace action",
    ),
    (
        ("replace", "a"),
        {"target_label": "1$1", **LEGACY},
        "\"1$1\" is invalid 'target_label' for replace action",
    ),
    (
        ("hashmod", "a"),
        {"target_label": "$1", "modulus": 3, **LEGACY},
        "\"$1\" is invalid 'target_label' for hashmod action",
    ),
    (
        ("lowercase", "a"),
        {"target_label": "$1", **LEGACY},
        "\"$1\" is invalid 'target_label' for lowercase action",
    ),
    *(
        (
            (action, "a"),
            {"target_label": "t", "replacement": "x"},
            f"'replacement' can not be set for {action} action",
        )
        for action in ("lowercase", "uppercase", "keepequal", "dropequal")
    ),
    (
        ("labelmap",),
        {"replacement": "a-$1", **LEGACY},
        "\"a-$1\" is invalid 'replacement' for labelmap action",
    ),
    (("labelmap",), {"replacement": ""}, "\"\" is invalid 'replacement' for labelmap action"),
    *(
        (
            (action, "a"),
            {"target_label": "t", **fields},
            ONLY.format(action),
        )
        for action in ("keepequal", "dropequal")
        for fields in ({"regex": "x"}, {"modulus": 3}, {"separator": ","})
    ),
    *(
        (
            (action, *sources),
            fields,
            f"{action} action requires only 'regex', and no other fields",
        )
        for action in ("labeldrop", "labelkeep")
        for sources, fields in (
            (("a",), {}),
            ((), {"target_label": "t"}),
            ((), {"modulus": 3}),
            ((), {"separator": ","}),
            ((), {"replacement": "x"}),
        )
    ),
]


@pytest.mark.parametrize(("positional", "fields", "text"), REFUSALS)
def test_contradicting_fields_are_refused_in_prometheus_words(positional, fields, text):
    with pytest.raises(ConfigError) as caught:
        rule(*positional, **fields)
    assert str(caught.value) == text


def test_an_action_is_read_in_any_letter_case_and_must_exist():
    assert parse_action("KeepEqual") is Action.KEEPEQUAL
    with pytest.raises(ConfigError, match='unknown relabel action "x"'):
        parse_action("x")


@pytest.mark.parametrize("target", ["a", "_b1", "$1", "${1}_x", "p_${name}", "$1_"])
def test_legacy_templates_of_letters_digits_and_groups_are_valid(target):
    assert rule("replace", "a", target_label=target, **LEGACY).target_label == target


def test_a_pattern_outside_re2_is_refused():
    with pytest.raises(RegexError):
        rule("keep", "a", regex="(a")


def test_case_changes_are_one_character_for_one():
    assert [lower("İΣ"), upper("ßŉᾳé")] == ["i\N{GREEK SMALL LETTER SIGMA}", "ßŉᾼÉ"]
