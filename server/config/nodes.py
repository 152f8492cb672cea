"""YAML as written: nodes with a tag, a text and a line, before anybody makes numbers of them.

A loader that turns `0123` into 83 and `yes` into true loses what the user typed, so the C parser only
composes nodes and `kinds.py` reads their text.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from model.errors import ConfigError

_TAG_PREFIX = "tag:yaml.org,2002:"
_MERGE_TAG = _TAG_PREFIX + "merge"
_SHOWN_CHARACTERS_MAX = 10  # Longer scalars are cut in messages, as go-yaml does.


class LocatedError(ConfigError):
    """A semantic error that already says where it is."""


class MismatchError(Exception):
    """A node of the wrong kind; its text is the type that was wanted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What decoding one file needs to know and what it finds."""

    directory: Path  # Relative paths start here.
    environment: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # Wrong kinds and unknown keys, one line each.
    warnings: list[str] = field(default_factory=list)

    def mismatch(self, node: yaml.Node, wanted: str) -> None:
        """Note that `node` cannot be a `wanted`."""
        value = ""
        if isinstance(node, yaml.ScalarNode):
            text = node.value
            value = f" `{text if len(text) <= _SHOWN_CHARACTERS_MAX else text[:7] + '...'}`"
        self.problems.append(f"line {line_of(node)}: cannot unmarshal {short_tag(node)}{value} into {wanted}")

    def resolve(self, path: str) -> str:
        """An absolute path as it is, a relative one from the file's directory, an empty one empty."""
        return str(self.directory / path) if path else ""


def compose(text: str) -> yaml.Node | None:
    """The only document of `text`, None if it is empty.

    Raises:
        ConfigError: the text is no YAML.
    """
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"yaml: {where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"yaml: {str(error).splitlines()[0]}") from None


def line_of(node: yaml.Node) -> int:
    """Counted from 1."""
    return int(node.start_mark.line) + 1


def short_tag(node: yaml.Node) -> str:
    """`!!int` and its like."""
    return "!!" + node.tag.removeprefix(_TAG_PREFIX) if node.tag.startswith(_TAG_PREFIX) else str(node.tag)


def is_null(node: yaml.Node) -> bool:
    """Whether nothing, `~` or `null` was written."""
    return short_tag(node) == "!!null"


def entries(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node, bool]]:
    """Key and value nodes in order, and whether they came through a `<<` merge; merged ones come last."""
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _MERGE_TAG:
            merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
        elif isinstance(key, yaml.ScalarNode):
            yield key, value, False
        else:
            raise LocatedError(f"yaml: line {line_of(key)}: want a scalar as key, got {short_tag(key)}")
    for other in merged:
        if not isinstance(other, yaml.MappingNode):
            raise LocatedError(
                f"yaml: line {line_of(other)}: map merge requires map or sequence of maps as the value"
            )
        for key, value, _ in entries(other):
            yield key, value, True


@contextmanager
def located(node: yaml.Node, name: str = "") -> Iterator[None]:
    """Add line and field to semantic errors that do not say where they are."""
    try:
        yield
    except LocatedError:
        raise
    except (ConfigError, ValueError) as error:
        where = f"line {line_of(node)}" + (f": {name}" if name else "")
        raise LocatedError(f"{error} ({where})") from None
