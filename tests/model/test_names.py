"""Names are judged by two schemes, and messages quote what was written as Go does."""

import pytest

from model.names import (
    NameScheme,
    is_label_name,
    is_metric_name,
    is_utf8,
    name_character,
    quote,
    quote_character,
)


@pytest.mark.parametrize("name", ["a", "_", "a:b", ":", "http_requests_total", "A9"])
def test_the_old_alphabet_is_a_metric_name_in_both_schemes(name):
    assert is_metric_name(name, NameScheme.LEGACY)
    assert is_metric_name(name, NameScheme.UTF8)


@pytest.mark.parametrize("name", ["a.b", "9a", "größe", "a b", "a\n", "٣"])
def test_any_other_text_is_a_name_in_the_utf8_scheme_alone(name):
    assert not is_metric_name(name, NameScheme.LEGACY)
    assert not is_label_name(name, NameScheme.LEGACY)
    assert is_metric_name(name)
    assert is_label_name(name)


def test_a_colon_belongs_to_metric_names_and_not_to_labels():
    assert is_metric_name("a:b", NameScheme.LEGACY)
    assert not is_label_name("a:b", NameScheme.LEGACY)


@pytest.mark.parametrize("name", ["", "\udcff", "a\ud800"])
@pytest.mark.parametrize("scheme", NameScheme)
def test_nothing_and_broken_bytes_are_no_name_in_any_scheme(name, scheme):
    assert not is_metric_name(name, scheme)
    assert not is_label_name(name, scheme)


def test_a_lone_surrogate_has_no_utf8_form():
    assert is_utf8("größe \U0001f600")
    assert not is_utf8("\udcff")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("plain text!", '"plain text!"'),
        ('a"b', r'"a\"b"'),
        ("it's", '"it\'s"'),
        ("a\\b", r'"a\\b"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x00\x1f\x7f", r'"\x00\x1f\x7f"'),
        ("größe€", '"größe€"'),
        ("\x85\u2028\xa0\u3000", r'"\u0085\u2028\u00a0\u3000"'),
        ("\U0001f600\U000e0001", '"\U0001f600\\U000e0001"'),
        ("\udcff", r'"\xff"'),
    ],
)
def test_text_is_quoted_as_go_does(text, quoted):
    assert quote(text) == quoted


@pytest.mark.parametrize(
    ("character", "quoted"),
    [("x", "'x'"), ("'", r"'\''"), ('"', "'\"'"), ("\n", r"'\n'"), ("é", "'é'"), ("", "'\ufffd'")],
)
def test_a_character_is_quoted_as_go_does(character, quoted):
    assert quote_character(character) == quoted


def test_a_character_is_named_by_code_point_and_shown_if_it_can_be_printed():
    assert name_character("q") == "U+0071 'q'"
    assert name_character("\n") == "U+000A"
    assert name_character("\U0001f600") == "U+1F600 '\U0001f600'"
