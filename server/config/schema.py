"""Schemas: one table per section of the configuration, read in both directions.

A `Key` holds all there is to know of one line of YAML: its name, its kind, the attribute it fills, whether it
is printed even when empty. Decoding gathers unknown keys, double keys and wrong kinds of the whole file, then
stops; the first semantic error stops at once. Defaults live in the dataclass that a schema builds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import yaml

from server.config.kinds import Kind, Plain
from server.config.nodes import Reading, entries, is_null, line_of, located

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section."""

    name: str
    kind: Kind[Any]
    attribute: str = ""  # What it fills; the same name if empty.
    always: bool = False  # Printed even when it is zero or empty.
    hidden: bool = False  # Never printed: another key shows what it meant.

    @property
    def fills(self) -> str:
        """The attribute."""
        return self.attribute or self.name


@dataclass(frozen=True, slots=True)
class Inline:
    """The keys of another schema, standing between those of its own section; they fill one attribute."""

    attribute: str
    schema: "Schema[Any]"


@dataclass(frozen=True, slots=True)
class Schema(Generic[Section]):
    """A mapping with known keys."""

    build: Callable[..., Section]  # Called with the attributes that were given; checks and completes.
    keys: tuple[Key | Inline, ...]
    go_type: str = "config.plain"

    def every_key(self) -> Iterator[Key]:
        """Its own keys and those of its inline schemas."""
        for key in self.keys:
            if isinstance(key, Inline):
                yield from key.schema.every_key()
            else:
                yield key

    def decode(self, node: yaml.Node, reading: Reading) -> Section | None:
        """The section; None where it is null or has problems."""
        if is_null(node):
            return None
        if not isinstance(node, yaml.MappingNode):
            reading.mismatch(node, self.go_type)
            return None
        before = len(reading.problems)
        values = self._values(node, reading)
        if len(reading.problems) > before:
            return None
        with located(node):
            return self.assemble(values)

    def _values(self, node: yaml.MappingNode, reading: Reading) -> dict[str, Any]:
        known = {key.name: key for key in self.every_key()}
        values: dict[str, Any] = {}
        seen: set[str] = set()
        for name_node, child, merged in entries(node):
            name = name_node.value
            if merged and name in seen:
                continue
            if name not in known:
                self._note(reading, name_node, "not found")
                continue
            if name in seen:
                self._note(reading, name_node, "already set")
                continue
            seen.add(name)
            with located(child, name):
                value = known[name].kind.decode(child, reading)
            if value is not None:
                values[name] = value
        return values

    def _note(self, reading: Reading, node: yaml.ScalarNode, trouble: str) -> None:
        reading.problems.append(f"line {line_of(node)}: field {node.value} {trouble} in type {self.go_type}")

    def assemble(self, values: dict[str, Any]) -> Section:
        """Build from values by key name, inline schemas first."""
        attributes: dict[str, Any] = {}
        for key in self.keys:
            if isinstance(key, Inline):
                attributes[key.attribute] = key.schema.assemble(values)
            elif key.name in values:
                attributes[key.fills] = values[key.name]
        return self.build(**attributes)

    def render(self, value: Section) -> dict[str, Plain]:
        """The section as status/config shows it: keys in order of the table, empty ones left out."""
        plain: dict[str, Plain] = {}
        for key in self.keys:
            if isinstance(key, Inline):
                plain |= key.schema.render(getattr(value, key.attribute))
                continue
            if key.hidden:
                continue
            part = getattr(value, key.fills)
            shown = None if part is None else key.kind.render(part)
            # A zero is left out by its value, a section by having nothing to show.
            empty = not part if not isinstance(shown, dict) else not shown
            if key.always or not empty:
                plain[key.name] = shown
        return plain
