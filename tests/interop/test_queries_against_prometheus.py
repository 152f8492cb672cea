"""The same questions over the same samples, asked of Debian's Prometheus 2.42 and of us over HTTP.

Behaviour is that of 3.14, so some answers differ by design. Most such cases are out of reach here: samples
lie seven milliseconds after the second and every edge of a window half a second after it, so closed and
left-open windows hold the same samples; values are multiples of 1/4, so sums are exact however they are added
up. What is left stands in `EXPLAINED`, and an entry whose answers no longer differ fails too.
"""

from collections.abc import Iterable

import pytest

from promql.functions.signatures import SIGNATURES
from tests.interop.answers import almost, ask_both, close, difference, is_empty
from tests.interop.conftest import Twins
from tests.interop.questions import BLINKING, BY_HAND, NOT_IN_2_42, drawn, vocabulary

pytestmark = pytest.mark.interop

DRAWN = 320
SEED = 20_240_607

SUBNORMAL = "the assembly that Go has for logarithms takes every subnormal for 2^-1023"
ONE_INFINITE = "one infinite or undefined value has no deviation, which 2.42 called 0"
UTF8_NAMES = "any text is a label name since 3.0"
EXPLAINED = {
    "ln(extreme)": SUBNORMAL,
    "log10(extreme)": SUBNORMAL,
    "stddev by (kind) (extreme)": ONE_INFINITE,
    "stdvar by (kind) (extreme)": ONE_INFINITE,
    "count_values('1x', temperature)": UTF8_NAMES,
    "label_replace(temperature, '1a', '', '', '')": UTF8_NAMES,
    "5m": "a duration is a number of seconds since 3.0",
    "(jobs_waiting @ end() offset 1m != (0x1f)) <= on (le)   "
    'stdvar BY () (latency_seconds_bucket{room!="api", service!~"2..|0"} + (-Inf))': (
        "a second match is an error even where the comparison drops it"
    ),
    "minute(avg_over_time(jobs_waiting[100s] @ start() offset -1m) ^ (time()))": (
        "Go leaves open what integer an infinite number becomes"
    ),
}


def differences(
    twins: Twins, path: str, questions: Iterable[str], **times: float
) -> tuple[dict[str, str], int]:
    """What differs by question, and how many answers hold something."""
    found, full = {}, 0
    for question in questions:
        theirs, ours = ask_both(twins.theirs, twins.ours, path, query=question, **times)
        if text := difference(theirs, ours, close if "extreme" in question else almost):
            found[question] = text
        full += theirs.status == 200 and not is_empty(theirs)
    return found, full


def report(found: dict[str, str]) -> str:
    return "\n".join(f"{question}\n    {text}" for question, text in found.items())


@pytest.fixture(scope="module")
def then(twins: Twins) -> str:
    """A moment inside the history."""
    return str(twins.history_end_ms / 1000 - 900)


@pytest.fixture(scope="module")
def by_hand(then: str) -> list[str]:
    return [question.replace("{then}", then) for question in BY_HAND]


@pytest.fixture(scope="module")
def at_random(then: str) -> list[str]:
    return drawn(vocabulary(then), DRAWN, SEED)


def check(found: dict[str, str], asked: Iterable[str], full: int, kind: str) -> None:
    asked = list(asked)
    print(f"{len(asked)} {kind} questions compared, {full} answers hold something, {len(found)} differ")
    wrong = {question: text for question, text in found.items() if question not in EXPLAINED}
    assert not wrong, "\n" + report(wrong)
    settled = [question for question in asked if question in EXPLAINED and question not in found]
    assert not settled, f"these do not differ any more: {settled}"
    assert full > 0.4 * len(asked)


def test_the_list_names_every_function_that_both_have():
    text = " ".join(BY_HAND)
    missing = [
        name
        for name, entry in SIGNATURES.items()
        if not entry.experimental and name not in NOT_IN_2_42 and f"{name}(" not in text
    ]
    assert missing == []


def test_instant_questions_written_by_hand(twins, by_hand):
    found, full = differences(twins, "query", by_hand, time=twins.history_end_ms / 1000 - 60)
    check(found, by_hand, full, "instant")


def test_range_questions_written_by_hand(twins, by_hand):
    end = twins.history_end_ms / 1000
    found, full = differences(twins, "query_range", by_hand, start=end - 2400, end=end + 400, step=53)
    check(found, by_hand, full, "range")


def test_drawn_instant_questions(twins, at_random):
    found, full = differences(twins, "query", at_random, time=twins.history_end_ms / 1000 - 700)
    assert len(at_random) == DRAWN
    check(found, at_random, full, "drawn instant")


def test_drawn_range_questions(twins, at_random):
    end = twins.history_end_ms / 1000
    found, full = differences(twins, "query_range", at_random, start=end - 1800, end=end, step=61)
    check(found, at_random, full, "drawn range")


def test_questions_about_series_that_went_stale(twins):
    end = twins.blinking_end_ms / 1000
    found, full = differences(twins, "query_range", BLINKING, start=end - 8, end=end + 2, step=0.5)
    check(found, BLINKING, full, "staleness")
