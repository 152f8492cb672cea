"""Relabelling: rules that rewrite or drop label sets, run over whole label frames.

Targets, scraped samples, remote writes and alerts all pass through this one engine. A rule never looks at
a row: it looks at the distinct combinations of its source labels, matches its pattern once for each, and
writes a whole column. A million new series of ten thousand distinct source values cost ten thousand matches
and a few passes over integers.

    source columns --distinct--> joined texts --Regex--> one value per text --inverse--> target column
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.relabel_actions import FILTERS, REWRITES
from model.relabel_rule import Action, RelabelRule, parse_action

__all__ = ["Action", "RelabelRule", "Relabelled", "parse_action", "relabel"]


@dataclass(frozen=True, slots=True)
class Relabelled:
    """What rules made of a frame."""

    labels: LabelFrame  # The rows that are left; a row may have lost all its labels.
    rows: NDArray[np.int64]  # [len(labels)]: where each of them stood before, rising.


def relabel(rules: Sequence[RelabelRule], labels: LabelFrame) -> Relabelled:
    """Run `rules` in order over every row; a row that a rule drops sees none of the later ones."""
    rows = np.arange(len(labels), dtype=np.int64)
    for rule in rules:
        if not len(labels):
            break
        choose = FILTERS.get(rule.action)
        if choose is None:
            labels = REWRITES[rule.action](rule, labels)
            continue
        kept = np.flatnonzero(choose(rule, labels)).astype(np.int64)
        if len(kept) < len(rows):
            labels, rows = labels.take(kept), rows[kept]
    return Relabelled(labels, rows)
