"""The command line of `cardinal serve`, and the page about it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from model.errors import ConfigError
from server.cli.arguments import UsageError, parse_arguments
from server.cli.help import flags_page, help_text
from server.cli.main import main
from server.cli.serve import flag_values
from server.config import Config
from server.flags import FLAGS, GONE, format_size, parse_flag, parse_size, render_flag
from server.settings import retention_of, route_prefix_of

PAGE = Path(__file__).parents[2] / "docs" / "flags.md"


def serve(*arguments):
    return CliRunner().invoke(main, ["serve", *arguments])


def test_values_follow_a_space_or_an_equals_sign():
    given = parse_arguments(["--query.timeout", "1m", "--log.level=debug"], FLAGS)
    assert given == {"query.timeout": "1m", "log.level": "debug"}


def test_booleans_have_two_forms():
    given = parse_arguments(["--web.enable-lifecycle", "--no-storage.tsdb.wal-compression"], FLAGS)
    values = flag_values(given)
    assert values["web.enable-lifecycle"] is True
    assert values["storage.tsdb.wal-compression"] is False
    assert flag_values({})["storage.tsdb.wal-compression"] is True


def test_lists_may_be_repeated_or_joined():
    given = parse_arguments(["--enable-feature=a,b", "--enable-feature", "c"], FLAGS)
    assert flag_values(given)["enable-feature"] == ("a", "b", "c")


def test_a_file_of_arguments_is_read_line_by_line(tmp_path):
    path = tmp_path / "arguments"
    path.write_text("# what we want\n--log.level=warn\n\n--web.enable-lifecycle\n--query.timeout\n1m\n")
    given = parse_arguments([f"@{path}"], FLAGS)
    assert given == {"log.level": "warn", "web.enable-lifecycle": "true", "query.timeout": "1m"}
    with pytest.raises(UsageError, match="nosuch"):
        parse_arguments([f"@{tmp_path / 'nosuch'}"], FLAGS)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--nosuch"], "unknown long flag '--nosuch'"),
        (["--nosuch=1"], "unknown long flag '--nosuch'"),
        (["--no-config.file"], "unknown long flag '--no-config.file'"),
        (["-x"], "unknown short flag '-x'"),
        (["data"], "unexpected data"),
        (["--config.file"], "expected argument for flag '--config.file'"),
        (["--config.file", "--log.level=info"], "expected argument for flag '--config.file'"),
        (["--log.level=info", "--log.level=warn"], "flag 'log.level' cannot be repeated"),
        (["--query.timeout=x"], '--query.timeout: want a duration, got "x"'),
        (["--query.max-samples=1e3"], '--query.max-samples: want an integer, got "1e3"'),
        (["--query.max-concurrency=0"], "--query.max-concurrency: want a positive value, got 0"),
        (["--storage.tsdb.wal-segment-size=1KB"], "want 10MB to 256MB, got 1KiB"),
        (["--storage.tsdb.wal-compression-type=lz4"], 'want "snappy" or "zstd", got "lz4"'),
        (["--log.format=xml"], 'want one of logfmt, json, got "xml"'),
        (["--web.external-url=nowhere"], '--web.external-url: want "http://host:port/path"'),
        (["--web.cors.origin=("], "--web.cors.origin: "),
        (["--web.config.file=web.yml"], "--web.config.file: TLS and authentication are not served yet"),
        (["--agent"], "--agent: agent mode is not served"),
        (["--web.enable-lifecycle=maybe"], '--web.enable-lifecycle: want a boolean, got "maybe"'),
    ],
)
def test_what_cannot_be_obeyed_ends_with_2_and_says_why(arguments, text):
    result = serve(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error parsing command line arguments: ")
    assert text in result.stderr.splitlines()[0]
    assert "Usage: cardinal serve [flags]" in result.stderr


def test_a_flag_of_agents_ends_with_3():
    result = serve("--storage.agent.path=x")
    assert result.exit_code == 3
    assert result.stderr == 'The following flag(s) can not be used in server mode: ["--storage.agent.path"]\n'


def test_a_flag_of_prometheus_2_is_read_and_ignored():
    given = parse_arguments(["--storage.tsdb.allow-overlapping-blocks", "--alertmanager.timeout=3s"], GONE)
    assert flag_values(given) == flag_values({})


def test_the_version_names_the_prometheus_that_is_matched():
    result = serve("--version")
    assert (result.exit_code, "Prometheus 3.14" in result.stdout) == (0, True)


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_the_help_shows_every_flag_that_is_not_hidden(argument):
    result = serve(argument)
    assert result.exit_code == 0
    for flag in FLAGS.values():
        shown = f"--{flag.name}=" in result.stdout or f"--[no-]{flag.name}\n" in result.stdout
        assert shown != flag.hidden, flag.name


def test_the_long_help_shows_every_flag():
    text = help_text(hidden=True)
    assert [name for name in FLAGS if f"--{name}=" not in text and f"--[no-]{name}\n" not in text] == []
    assert max(map(len, text.splitlines())) <= 110


def test_the_page_about_flags_is_made_from_the_table(golden):
    golden(PAGE, flags_page())


def test_every_default_can_be_read_and_shown():
    for flag in FLAGS.values():
        assert render_flag(flag, parse_flag(flag, flag.default)) is not None


@pytest.mark.parametrize(
    ("text", "size"), [("512MB", 512 << 20), ("1KiB", 1024), ("3B", 3), ("2GB", 2 << 30)]
)
def test_sizes_are_powers_of_1024(text, size):
    assert parse_size(text) == size
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize("text", ["", "1", "MB", "1XB", "1.5MB", "-1MB", "1iB"])
def test_a_size_needs_a_number_and_a_unit(text):
    with pytest.raises(ConfigError):
        parse_size(text)


def test_retention_is_that_of_the_flags_or_15_days():
    assert retention_of(flag_values({}), Config()).time_ms == 15 * 86_400_000
    assert retention_of(flag_values({"storage.tsdb.retention.time": "1h"}), Config()).time_ms == 3_600_000
    sized = retention_of(flag_values({"storage.tsdb.retention.size": "1GB"}), Config())
    assert (sized.time_ms, sized.size_bytes) == (0, 1 << 30)


@pytest.mark.parametrize(
    ("flags", "prefix"),
    [
        ({}, ""),
        ({"web.external-url": "http://h/a/b/"}, "/a/b"),
        ({"web.route-prefix": "x/"}, "/x"),
        ({"web.external-url": "http://h/a", "web.route-prefix": "/"}, ""),
    ],
)
def test_the_route_prefix_is_normal(flags, prefix):
    assert route_prefix_of(flag_values(flags)) == prefix
