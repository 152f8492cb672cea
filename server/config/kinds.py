"""Kinds of values in a configuration: how each is read from a node and how it is printed again."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import yaml

from model.durations import format_duration, parse_duration
from model.errors import ConfigError
from scraper.client_config import Secret
from server.config.nodes import MismatchError, Reading, entries, is_null, line_of, located, short_tag

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)

Plain = Any  # What a value prints as: None, bool, int, float, str, list or dict of such.


class Kind(Protocol[Value]):
    """One kind of value."""

    @property
    def go_type(self) -> str:
        """What Prometheus' messages call it."""
        ...

    def decode(self, node: yaml.Node, reading: Reading) -> Value | None:
        """The value; None where the node is null, or was noted as a mismatch."""
        ...

    def render(self, value: Value) -> Plain:
        """What stands in status/config."""
        ...


class Flow(list[Plain]):
    """A list that is printed on one line."""


def same(value: Plain) -> Plain:
    """Print a value as it is."""
    return value


@dataclass(frozen=True, slots=True)
class Scalar(Generic[Value]):
    """A kind that is one scalar."""

    go_type: str
    parse: Callable[[yaml.ScalarNode, Reading], Value]
    render: Callable[[Value], Plain] = same

    def decode(self, node: yaml.Node, reading: Reading) -> Value | None:
        """The value that the text means."""
        if not isinstance(node, yaml.ScalarNode):
            reading.mismatch(node, self.go_type)
            return None
        if is_null(node):
            return None
        try:
            return self.parse(node, reading)
        except MismatchError:
            reading.mismatch(node, self.go_type)
            return None


@dataclass(frozen=True, slots=True)
class ListOf(Generic[Value]):
    """A sequence of one kind."""

    element: Kind[Value]
    go_type: str = ""
    null_element: str = ""  # The complaint about an empty element; without one it is left out.
    flow: bool = False

    def decode(self, node: yaml.Node, reading: Reading) -> tuple[Value, ...] | None:
        """The values in order."""
        if is_null(node):
            return None
        if not isinstance(node, yaml.SequenceNode):
            reading.mismatch(node, self.go_type or f"[]{self.element.go_type}")
            return None
        for child in node.value:
            if self.null_element and is_null(child):
                with located(child):
                    raise ConfigError(self.null_element)
        values = (self.element.decode(child, reading) for child in node.value)
        return tuple(value for value in values if value is not None)

    def render(self, value: Sequence[Value]) -> Plain:
        """One line each, or all on one line."""
        plain = [self.element.render(each) for each in value]
        return Flow(plain) if self.flow else plain


@dataclass(frozen=True, slots=True)
class MapOf(Generic[Value]):
    """A mapping with free keys; printed in order of the keys."""

    element: Kind[Value]
    null_value: Value | None = None

    @property
    def go_type(self) -> str:
        """What Prometheus' messages call it."""
        return f"map[string]{self.element.go_type}"

    def decode(self, node: yaml.Node, reading: Reading) -> dict[str, Value] | None:
        """The values by key."""
        if is_null(node):
            return None
        if not isinstance(node, yaml.MappingNode):
            reading.mismatch(node, self.go_type)
            return None
        values: dict[str, Value] = {}
        own: set[str] = set()
        for key, child, merged in entries(node):
            if merged and key.value in own:
                continue
            if key.value in own:
                reading.problems.append(f'line {line_of(key)}: key "{key.value}" already set in map')
            own.add(key.value)
            with located(child, key.value):
                value = self.element.decode(child, reading)
            value = self.null_value if value is None else value
            if value is not None:
                values[key.value] = value
        return values

    def render(self, value: Mapping[str, Value]) -> Plain:
        """Keys in order."""
        return {name: self.element.render(value[name]) for name in sorted(value)}


def _text(node: yaml.ScalarNode, _: Reading) -> str:
    return str(node.value)


_TRUE: Final = frozenset({"true", "yes", "on", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "n"})


def _bool(node: yaml.ScalarNode, _: Reading) -> bool:
    word = node.value.lower()
    if node.style or word not in _TRUE | _FALSE:
        raise MismatchError
    return word in _TRUE


def _int(node: yaml.ScalarNode, _: Reading) -> int:
    text = node.value.replace("_", "")
    if node.style:
        raise MismatchError
    try:
        if re.fullmatch(r"[-+]?0[0-7]+", text):
            return int(text, 8)
        if re.fullmatch(r"[-+]?0[xXbBoO][0-9a-fA-F]+", text):
            return int(text, 0)
        number = float(text) if re.search(r"[.eE]", text) else int(text)
        if number != int(number):
            raise MismatchError
        return int(number)
    except (ValueError, OverflowError):
        raise MismatchError from None


def _uint(node: yaml.ScalarNode, reading: Reading) -> int:
    number = _int(node, reading)
    if number < 0:
        raise MismatchError
    return number


def _float(node: yaml.ScalarNode, reading: Reading) -> float:
    if short_tag(node) == "!!int":
        return float(_int(node, reading))
    try:
        return float(node.value.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise MismatchError from None


_SIZE_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SIZES: Final = {unit: 1024**power for power, unit in enumerate(_SIZE_UNITS)} | {
    unit.replace("i", ""): 1024**power for power, unit in enumerate(_SIZE_UNITS)
}


def parse_size(text: str) -> int:
    """Bytes; every unit is a power of 1024.

    Raises:
        ConfigError: a number without unit, or something else.
    """
    if text == "0":
        return 0
    parts = re.findall(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^0-9.]*)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ConfigError(f"units: invalid {text}")
    for _, unit in parts:
        if unit not in _SIZES:
            raise ConfigError(f"units: unknown unit {unit} in {text}")
    total = sum(float(number) * _SIZES[unit] for number, unit in parts)
    if total >= 2**63:
        raise ConfigError(f"units: want less than 8EiB, got {text}")
    return int(total)


def format_size(size_bytes: int) -> str:
    """The largest units first, `1KiB512B`."""
    parts = []
    for unit in reversed(_SIZE_UNITS):
        count, size_bytes = divmod(size_bytes, _SIZES[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0B"


def _url(node: yaml.ScalarNode, _: Reading) -> str:
    text = str(node.value)
    try:
        urlsplit(text).port  # noqa: B018  # It is read because reading it checks it.
    except ValueError as error:
        raise ConfigError(f'parse "{text}": {error}') from None
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ConfigError(f'parse "{text}": net/url: invalid control character in URL')
    return text


def mask_url(url: str) -> str:
    """The password in front of an `@`, if there is one, as xxxxx."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:xxxxx@{host}"))


STRING: Final = Scalar("string", _text)
BOOL: Final = Scalar("bool", _bool)
INT: Final = Scalar("int", _int)
UINT: Final = Scalar("uint", _uint)
FLOAT: Final = Scalar("float64", _float, lambda value: int(value) if value == int(value) else value)
DURATION: Final = Scalar("model.Duration", lambda node, _: parse_duration(node.value), format_duration)
SIZE: Final = Scalar("units.Base2Bytes", lambda node, _: parse_size(node.value), format_size)
SECRET: Final = Scalar("config.Secret", lambda node, _: Secret(node.value), str)
URL: Final = Scalar("config.URL", _url, mask_url)
PATH: Final = Scalar("string", lambda node, reading: reading.resolve(node.value))
STRINGS: Final = ListOf(STRING)


def choice(options: type[Choice], go_type: str, complaint: Callable[[str], str]) -> Scalar[Choice]:
    """One of the values of an enumeration."""

    def parse(node: yaml.ScalarNode, _: Reading) -> Choice:
        try:
            return options(node.value)
        except ValueError:
            raise ConfigError(complaint(node.value)) from None

    return Scalar(go_type, parse, str)


@dataclass(frozen=True, slots=True)
class Anything:
    """A value whose meaning another part knows: mappings, lists and texts as they stand."""

    go_type: str = "interface {}"

    def decode(self, node: yaml.Node, reading: Reading) -> Plain:
        """The node as Python values, scalars other than booleans and integers as texts."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, reading)
        if isinstance(node, yaml.MappingNode):
            return {key.value: self.decode(value, reading) for key, value, _ in entries(node)}
        if isinstance(node, yaml.SequenceNode):
            return [self.decode(child, reading) for child in node.value]
        raise ConfigError(f"want a scalar, a list or a map, got {short_tag(node)}")

    @staticmethod
    def _scalar(node: yaml.ScalarNode, reading: Reading) -> Plain:
        if is_null(node):
            return None
        typed = {"!!bool": _bool, "!!int": _int}.get(short_tag(node), _text)
        try:
            return typed(node, reading)
        except MismatchError:  # A sexagesimal, say: a number to YAML, a text to us.
            return str(node.value)

    def render(self, value: Plain) -> Plain:
        """As it is."""
        return value


ANYTHING: Final = Anything()
