"""A series index that scans: the twin of `series_index/`."""

import re
from collections import Counter
from collections.abc import Sequence

from tests.properties.reference_frames import Pairs

Condition = tuple[str, str, str]  # Name, operator, value.


def accepts(condition: Condition, labels: Pairs) -> bool:
    name, op, value = condition
    mine = dict(labels).get(name, "")
    if op in ("=", "!="):
        return (mine == value) == (op == "=")
    return (re.fullmatch(value, mine, re.DOTALL | re.ASCII) is not None) == (op == "=~")


class ReferenceIndex:
    def __init__(self) -> None:
        self.labels_of: dict[int, Pairs] = {}
        self.ref_of: dict[Pairs, int] = {}

    def add(self, rows: Sequence[Pairs], next_ref: int) -> tuple[list[int], list[bool]]:
        new = []
        for labels in rows:
            new.append(labels not in self.ref_of)
            if new[-1]:
                self.restore([next_ref], [labels])
                next_ref += 1
        return [self.ref_of[labels] for labels in rows], new

    def restore(self, refs: Sequence[int], rows: Sequence[Pairs]) -> list[int]:
        for ref, labels in zip(refs, rows, strict=True):
            if labels not in self.ref_of:
                self.ref_of[labels] = ref
                self.labels_of[ref] = labels
        return [self.ref_of[labels] for labels in rows]

    def retain(self, refs: Sequence[int]) -> None:
        for ref in set(self.labels_of) - set(refs):
            del self.ref_of[self.labels_of.pop(ref)]

    def select(self, conditions: Sequence[Condition]) -> list[int]:
        passing = (r for r, labels in self.labels_of.items() if all(accepts(c, labels) for c in conditions))
        return sorted(passing)

    def label_names(self, conditions: Sequence[Condition]) -> list[str]:
        names = {name for ref in self.select(conditions) for name, _ in self.labels_of[ref]}
        return sorted(names, key=str.encode)

    def label_values(self, name: str, conditions: Sequence[Condition]) -> list[str]:
        found = (dict(self.labels_of[ref]).get(name, "") for ref in self.select(conditions))
        return sorted({value for value in found if value}, key=str.encode)

    def statistics(self, limit: int) -> list[list[tuple[str, int]]]:
        series = Counter(pair for labels in self.labels_of.values() for pair in labels)
        values: Counter[str] = Counter()
        value_bytes: Counter[str] = Counter()
        for name, value in series:
            values[name] += 1
            value_bytes[name] += len(value.encode())
        lists = (
            {value: count for (name, value), count in series.items() if name == "__name__"},
            values,
            value_bytes,
            {f"{name}={value}": count for (name, value), count in series.items()},
        )
        return [sorted(top.items(), key=lambda e: (-e[1], e[0].encode()))[:limit] for top in lists]
