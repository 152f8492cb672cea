"""Plans before and after each rule, as text that a person has read."""

from pathlib import Path

import pytest

from promql.options import EVERYTHING
from promql.parser import parse
from promql.plan.lower import lower
from promql.plan.printing import print_plan
from promql.plan.rules import RULES
from promql.preprocess import preprocess

GOLDEN = Path(__file__).parent.parent / "golden" / "plan"
CUT = "\n---\n"
HOUR_MS = 3_600_000


def planned(query, last_rule):
    plan = lower(preprocess(parse(query, EVERYTHING), 0, HOUR_MS, 60_000), 60_000)
    for rule in RULES:
        plan = rule(plan)
        if rule.__name__ == last_rule:
            break
    return print_plan(plan)


@pytest.mark.parametrize("rule", [rule.__name__ for rule in RULES])
def test_a_rule_makes_the_plans_that_were_read(rule, golden):
    path = GOLDEN / f"{rule}.txt"
    queries = [case.strip().split("\n\n", 1)[0] for case in path.read_text().split(CUT)]
    golden(path, CUT.join(f"{query}\n\n{planned(query, rule)}" for query in queries) + "\n")
