"""New series through two relabelling rules."""

import pytest

from kernels import LabelFrame, Symbols
from model.relabel import Action, RelabelRule, relabel

RULES = (
    RelabelRule(source_labels=("__name__",), regex="go_.*", action=Action.DROP),
    RelabelRule(
        source_labels=("path", "code"), regex="/(.*);(.)..", target_label="route", replacement="${1}_${2}xx"
    ),
)


def new_series(rows: int) -> LabelFrame:
    return LabelFrame.from_labels(
        Symbols(),
        [
            [
                ("__name__", f"requests_{row % 50}_total"),
                ("path", f"/p{row % 97}"),
                ("code", str(200 + row % 5)),
                ("pod", f"pod-{row}"),
            ]
            for row in range(rows)
        ],
    )


@pytest.mark.parametrize("rows", [10_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def bench_two_rules_over_new_series(benchmark, rows):
    frame = new_series(rows)
    result = benchmark.pedantic(relabel, (RULES, frame), rounds=3, iterations=1, warmup_rounds=1)
    assert len(result.labels) == rows
    assert dict(result.labels.labels(98))["route"] == "p1_2xx"
