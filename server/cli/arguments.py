"""Arguments as Prometheus' own parser reads them, in its words for those it cannot read.

`--name value`, `--name=value`, `--flag`, `--no-flag`; `@file` stands for the lines of a file.

Source: configuration reference, section 18.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from server.flags import Flag, FlagKind

HELP = ("help", "help-long", "help-man", "version")


class UsageError(Exception):
    """Arguments that cannot be read."""


def expand_files(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments, with the lines of a file in place of `@file`; blank lines and comments are none.

    Raises:
        UsageError: a file cannot be read.
    """
    for argument in arguments:
        if not argument.startswith("@"):
            yield argument
            continue
        try:
            lines = Path(argument[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{argument}: {error}") from error
        yield from (line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))


def parse_arguments(arguments: Sequence[str], flags: Mapping[str, Flag]) -> dict[str, str]:
    """The text given for each flag; a repeated one's texts are joined by commas.

    Raises:
        UsageError: in Prometheus' words.
    """
    given: dict[str, str] = {}
    words = expand_files(arguments)
    for word in words:
        if word == "-h":
            given["help"] = "true"
            continue
        if not word.startswith("--"):
            kind = "unknown short flag" if word.startswith("-") else "unexpected"
            raise UsageError(f"{kind} '{word}'" if word.startswith("-") else f"{kind} {word}")
        name, equals, text = word[2:].partition("=")
        if name in HELP:
            given[name] = "true"
            continue
        flag, wanted = _find(name, flags)
        if flag.kind is FlagKind.BOOLEAN:
            text = text if equals else wanted
        elif not equals:
            text = _next(words, flag)
        if flag.name in given and flag.kind is not FlagKind.TEXTS:
            raise UsageError(f"flag '{flag.name}' cannot be repeated")
        given[flag.name] = f"{given[flag.name]},{text}" if flag.name in given else text
    return given


def _find(name: str, flags: Mapping[str, Flag]) -> tuple[Flag, str]:
    """The flag that `name` or `no-name` means, and what it sets a boolean to."""
    if name in flags:
        return flags[name], "true"
    positive = flags.get(name.removeprefix("no-"))
    if positive is None or positive.kind is not FlagKind.BOOLEAN:
        raise UsageError(f"unknown long flag '--{name}'")
    return positive, "false"


def _next(words: Iterator[str], flag: Flag) -> str:
    text = next(words, None)
    if text is None or text.startswith("--"):
        raise UsageError(f"expected argument for flag '--{flag.name}'")
    return text
