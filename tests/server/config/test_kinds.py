"""Scalars are read as written and print in one normal form."""

import pytest

from model.errors import ConfigError
from server.config import parse_config
from server.config.kinds import format_size, mask_url, parse_size


def labels_of(text: str) -> dict[str, str]:
    return dict(parse_config(f"global: {{external_labels: {{{text}}}}}").global_.external_labels)


@pytest.mark.parametrize(
    "text", ["0123", "1e3", "yes", "0x10", "1.50", "2020-01-01", "1_000", ".inf", "12:30:45", "True"]
)
def test_a_text_keeps_the_characters_that_were_typed(text):
    assert labels_of(f"a: {text}") == {"a": text}


def test_a_null_text_is_empty():
    assert labels_of("a: null, b: ~") == {"a": "", "b": ""}


@pytest.mark.parametrize(
    ("text", "number"), [("10", 10), ("0x10", 16), ("0o17", 15), ("017", 15), ("1e3", 1000)]
)
def test_an_integer_is_read_in_every_yaml_form(text, number):
    assert parse_config(f"global: {{sample_limit: {text}}}").global_.limits.samples == number


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("true", True), ("yes", True), ("On", True), ("false", False), ("NO", False), ("off", False)],
)
def test_a_boolean_is_read_in_every_yaml_form(text, wanted):
    assert parse_config(f"global: {{extra_scrape_metrics: {text}}}").global_.extra_scrape_metrics is wanted


@pytest.mark.parametrize(
    ("text", "size_bytes", "printed"),
    [
        ("10MB", 10 << 20, "10MiB"),
        ("10MiB", 10 << 20, "10MiB"),
        ("1.5KB", 1536, "1KiB512B"),
        ("1KB512B", 1536, "1KiB512B"),
        ("0B", 0, "0B"),
        ("2EiB", 2 << 60, "2EiB"),
    ],
)
def test_sizes_are_powers_of_1024(text, size_bytes, printed):
    assert parse_size(text) == size_bytes
    assert format_size(size_bytes) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10", "units: unknown unit  in 10"),
        ("10mb", "units: unknown unit mb in 10mb"),
        ("MB", "units: invalid MB"),
        ("8EiB", "units: want less than 8EiB, got 8EiB"),
    ],
)
def test_a_size_that_is_none_is_refused(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_size(text)
    assert str(caught.value) == message


def test_only_the_password_of_a_url_is_masked():
    assert mask_url("http://user:pass@host:1/p?q=1#f") == "http://user:xxxxx@host:1/p?q=1#f"
    assert mask_url("http://user@host/") == "http://user@host/"


def test_merge_keys_and_anchors_fill_in_what_is_missing():
    config = parse_config(
        "scrape_configs:\n- &base {job_name: a, metrics_path: /a, scheme: https}\n"
        "- {<<: *base, job_name: b}\n"
    )
    assert [(job.job_name, job.metrics_path, job.scheme) for job in config.scrape_jobs] == [
        ("a", "/a", "https"),
        ("b", "/a", "https"),
    ]
