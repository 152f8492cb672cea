"""What each relabelling action does to the columns of a label frame.

Filters answer which rows stay; rewrites give a new frame. Both start from `Joined`: the distinct combinations
of a rule's source labels as text, and which of them each row has.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.names import is_label_name
from model.relabel_rule import Action, RelabelRule

Number = TypeVar("Number", np.uint32, np.uint64)

_UNKNOWN: Final = 2**32 - 1  # What `Symbols.find` says of a text it never saw.
_DENSE_FACTOR: Final = (
    8  # A table of symbols may be so many times longer than the rows before sorting is cheaper.
)


@dataclass(frozen=True, slots=True)
class Joined:
    """The joined source labels of a frame, each distinct text once."""

    texts: list[str]
    of_row: NDArray[np.intp]  # [rows] into `texts`.


def join(rule: RelabelRule, labels: LabelFrame) -> Joined:
    """The values of the rule's source labels with its separator between; a missing label is an empty text."""
    if not rule.source_labels:
        return Joined([""], np.zeros(len(labels), dtype=np.intp))
    columns = [labels.column(name) for name in rule.source_labels]
    symbols, of_row = _distinct(columns[0])
    parts = [symbols]
    for column in columns[1:]:
        pairs, of_row = _distinct(of_row.astype(np.uint64) << np.uint64(32) | column)
        parts = [part[pairs >> np.uint64(32)] for part in parts]
        parts.append((pairs & np.uint64(_UNKNOWN)).astype(np.uint32))
    texts = [labels.symbols.texts(part) for part in parts]
    if len(texts) == 1:
        return Joined(texts[0], of_row)
    return Joined([rule.separator.join(values) for values in zip(*texts, strict=True)], of_row)


def _distinct(values: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.intp]]:
    """The distinct values, rising, and the index of each value among them.

    Symbols are small and dense, so a table indexed by symbol beats sorting by an order of magnitude.
    """
    if values.dtype == np.uint32 and len(values):
        size = int(values.max()) + 1
        if size <= _DENSE_FACTOR * len(values):
            seen = np.zeros(size, dtype=np.bool_)
            seen[values] = True
            distinct = np.flatnonzero(seen)
            index = np.empty(size, dtype=np.intp)
            index[distinct] = np.arange(len(distinct))
            return distinct.astype(values.dtype), index[values]
    distinct_values, inverse = np.unique(values, return_inverse=True)
    return distinct_values, inverse


def _matching(rule: RelabelRule, labels: LabelFrame) -> NDArray[np.bool_]:
    joined = join(rule, labels)
    return rule.pattern.matches(joined.texts)[joined.of_row]


def keep(rule: RelabelRule, labels: LabelFrame) -> NDArray[np.bool_]:
    """Rows whose joined source labels match."""
    return _matching(rule, labels)


def drop(rule: RelabelRule, labels: LabelFrame) -> NDArray[np.bool_]:
    """Rows whose joined source labels do not match."""
    return ~_matching(rule, labels)


def keepequal(rule: RelabelRule, labels: LabelFrame) -> NDArray[np.bool_]:
    """Rows whose joined source labels equal the target label."""
    joined = join(rule, labels)
    # A text that no table holds is no label's value: it gets the symbol that no row has.
    values = labels.symbols.find(joined.texts)[joined.of_row]
    return np.equal(values, labels.column(rule.target_label))


def dropequal(rule: RelabelRule, labels: LabelFrame) -> NDArray[np.bool_]:
    """Rows whose joined source labels differ from the target label."""
    return ~keepequal(rule, labels)


def replace(rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Where the joined source labels match, set the target label to the filled-in replacement."""
    joined = join(rule, labels)
    values = rule.pattern.expand(rule.replacement, joined.texts)
    if "$" not in rule.target_label:
        return _write(labels, joined.of_row, {rule.target_label: values})
    names = rule.pattern.expand(rule.target_label, joined.texts)
    columns: dict[str, list[str | None]] = {}
    for text, (name, value) in enumerate(zip(names, values, strict=True)):
        if name is not None and is_label_name(name, rule.names):
            columns.setdefault(name, [None] * len(values))[text] = value
    return _write(labels, joined.of_row, columns)


def hashmod(rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Set the target label to the tail of the MD5 of the joined source labels, modulo `modulus`."""
    joined = join(rule, labels)
    values = [str(_hash(text) % rule.modulus) for text in joined.texts]
    return _write(labels, joined.of_row, {rule.target_label: values})


def _hash(text: str) -> int:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "big")


def change_case(to_case: Callable[[str], str], rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Set the target label to the joined source labels in the other case."""
    joined = join(rule, labels)
    return _write(labels, joined.of_row, {rule.target_label: [to_case(text) for text in joined.texts]})


def _write(
    labels: LabelFrame, of_row: NDArray[np.intp], columns: Mapping[str, Sequence[str | None]]
) -> LabelFrame:
    """Set each named label to its text for the row; None leaves the label as it is and "" removes it."""
    for name, texts in columns.items():
        written = np.array([text is not None for text in texts], dtype=np.bool_)
        values = labels.symbols.intern([text or "" for text in texts])[of_row]
        if not written.all():
            values = np.where(written[of_row], values, labels.column(name))
        labels = labels.with_column(name, values)
    return labels


def labelmap(rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Copy each label whose name matches to the name the replacement gives; of two the later wins."""
    names = labels.names()
    mapped = labels
    for name, new_name in zip(names, rule.pattern.expand(rule.replacement, names), strict=True):
        if new_name:
            values = labels.column(name)
            if not values.all():
                values = np.where(values != 0, values, mapped.column(new_name))
            mapped = mapped.with_column(new_name, values)
    return mapped


def labeldrop(rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Remove the labels whose name matches."""
    return labels.drop(_names(rule, labels))


def labelkeep(rule: RelabelRule, labels: LabelFrame) -> LabelFrame:
    """Remove the labels whose name does not match."""
    return labels.keep(_names(rule, labels))


def _names(rule: RelabelRule, labels: LabelFrame) -> list[str]:
    names = labels.names()
    return [name for name, hit in zip(names, rule.pattern.matches(names), strict=True) if hit]


def lower(text: str) -> str:
    """Unicode's simple lower case: one character for one."""
    return text.lower() if text.isascii() else "".join(map(_lower_character, text))


def upper(text: str) -> str:
    """Unicode's simple upper case: one character for one, so that a sharp s stays."""
    return text.upper() if text.isascii() else "".join(map(_upper_character, text))


def _lower_character(character: str) -> str:
    # Only the dotted capital I becomes two characters; the first of them is its simple lower case.
    return character.lower()[0]


def _upper_character(character: str) -> str:
    return next((form for form in (character.upper(), character.title()) if len(form) == 1), character)


Filter = Callable[[RelabelRule, LabelFrame], NDArray[np.bool_]]
Rewrite = Callable[[RelabelRule, LabelFrame], LabelFrame]

FILTERS: Final[dict[Action, Filter]] = {
    Action.KEEP: keep,
    Action.DROP: drop,
    Action.KEEPEQUAL: keepequal,
    Action.DROPEQUAL: dropequal,
}
REWRITES: Final[dict[Action, Rewrite]] = {
    Action.REPLACE: replace,
    Action.HASHMOD: hashmod,
    Action.LABELMAP: labelmap,
    Action.LABELDROP: labeldrop,
    Action.LABELKEEP: labelkeep,
    Action.LOWERCASE: partial(change_case, lower),
    Action.UPPERCASE: partial(change_case, upper),
}
