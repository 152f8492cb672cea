"""What `cardinal serve --help` says, and the page `docs/flags.md`: both from the table of flags."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import wrap
from typing import Final

from server.flags import FLAGS, Flag, FlagKind

GROUPS: Final = {
    "config": "Configuration",
    "web": "Web",
    "storage": "Storage",
    "query": "Questions",
    "scrape": "Scraping",
    "rules": "Rules and alerts",
    "alertmanager": "Rules and alerts",
    "log": "Logs",
}
OTHER: Final = "Others"
ORDER: Final = (*dict.fromkeys(GROUPS.values()), OTHER)

HEAD: Final = """\
Usage: cardinal serve [flags]

Scrape targets, store samples and answer questions, on Prometheus' flags and configuration.
Write --name value or --name=value, --flag or --no-flag, and @file for arguments out of a file, one a line.
"""
FOOT: Final = """
Help
  -h, --help            This text.
  --help-long           This text with the flags that hardly anybody needs.
  --version             What is running.
"""
PAGE_HEAD: Final = """\
# Flags of `cardinal serve`

Made from the table in `server/flags.py`; `make golden` writes it again.

Write `--name value` or `--name=value`, `--flag` or `--no-flag`. `@file` stands for the lines of a file. Exit
codes: 0 a clean end, 1 a failure while running, 2 flags or a configuration that cannot be obeyed, 3 a flag of
another mode.

*No effect yet* means: accepted, so that a unit file keeps working, and warned about at the start.
"""


def _group(flag: Flag) -> str:
    return GROUPS.get(flag.name.partition(".")[0], OTHER)


def _grouped(flags: Iterable[Flag]) -> Iterator[tuple[str, list[Flag]]]:
    ordered = sorted(flags, key=lambda flag: (ORDER.index(_group(flag)), flag.name))
    return ((group, list(members)) for group, members in groupby(ordered, _group))


def _written(flag: Flag) -> str:
    if flag.kind is FlagKind.BOOLEAN:
        return f"--[no-]{flag.name}"
    return f"--{flag.name}={flag.default or flag.kind.value.upper().replace(' ', '-')}"


def help_text(*, hidden: bool) -> str:
    """The flags by group, those nobody hides or all of them."""
    lines = [HEAD]
    for group, members in _grouped(flag for flag in FLAGS.values() if hidden or not flag.hidden):
        lines.append(group)
        for flag in members:
            about = flag.help if flag.obeyed else f"{flag.help} No effect yet."
            about += " On by default." if flag.kind is FlagKind.BOOLEAN and flag.default == "true" else ""
            lines.append(f"  {_written(flag)}")
            lines += wrap(about, 92, initial_indent=" " * 8, subsequent_indent=" " * 8)
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n" + FOOT


def flags_page() -> str:
    """The page `docs/flags.md`."""
    parts = [PAGE_HEAD]
    for group, members in _grouped(FLAGS.values()):
        parts.append(f"## {group}\n\n| flag | default | |\n|---|---|---|")
        for flag in members:
            about = flag.help if flag.obeyed else f"{flag.help} *No effect yet.*"
            default = f"`{flag.default}`" if flag.default else ""
            parts.append(f"| `--{flag.name}` | {default} | {about} |")
        parts.append("")
    return "\n".join(parts)
