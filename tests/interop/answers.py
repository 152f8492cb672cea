"""Two answers to one question, compared as a reader of a dashboard would: labels exactly, numbers almost."""

import math
from collections.abc import Callable
from typing import Any

from tests.interop.peers import Answer, Peer

RELATIVE = 1e-9
ROUNDING = 1e-13  # Means that should be 0 may be off by this much in 2.42, which adds without compensation.
Key = tuple[tuple[str, str], ...]
Close = Callable[[float, float], bool]


def close(left: float, right: float) -> bool:
    """Equal to nine digits; NaN equals NaN."""
    return (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=RELATIVE, abs_tol=0)


def almost(left: float, right: float) -> bool:
    """As `close`, and what should be 0 may be a rounding error."""
    return close(left, right) or abs(left - right) <= ROUNDING


def by_labels(result: list[dict[str, Any]]) -> dict[Key, list[tuple[float, str]]]:
    """Series by their labels; an instant series has one sample."""
    return {
        tuple(sorted(series["metric"].items())): series.get("values") or [series["value"]]
        for series in result
    }


def points_differ(theirs: list, ours: list, same: Close) -> str:
    if [at for at, _ in theirs] != [at for at, _ in ours]:
        missing = sorted({at for at, _ in theirs} - {at for at, _ in ours})[:3]
        surplus = sorted({at for at, _ in ours} - {at for at, _ in theirs})[:3]
        return f"times: only theirs {missing}, only ours {surplus}"
    for (at, left), (_, right) in zip(theirs, ours, strict=True):
        if not same(float(left), float(right)):
            return f"at {at}: theirs {left}, ours {right}"
    return ""


def difference(theirs: Answer, ours: Answer, same: Close = close) -> str:
    """What differs first, or nothing."""
    left, right = theirs.json, ours.json
    if theirs.status != ours.status or left["status"] != right["status"]:
        return f"theirs {theirs.status} {theirs.body[:300]!r}, ours {ours.status} {ours.body[:300]!r}"
    if left["status"] == "error":
        kinds = left["errorType"], right["errorType"]
        return "" if kinds[0] == kinds[1] else f"error types: theirs {left}, ours {right}"
    if left["data"]["resultType"] != right["data"]["resultType"]:
        return f"types: theirs {left['data']['resultType']}, ours {right['data']['resultType']}"
    left, right = left["data"]["result"], right["data"]["result"]
    if left == right:
        return ""
    if not (left and right and isinstance(left[0], dict)):
        if left and right and points_differ([left], [right], same) == "":
            return ""
        return f"theirs {str(left)[:300]}, ours {str(right)[:300]}"
    known, found = by_labels(left), by_labels(right)
    if known.keys() != found.keys():
        only = [sorted(known.keys() - found.keys())[:2], sorted(found.keys() - known.keys())[:2]]
        return f"{len(known)} and {len(found)} series: only theirs {only[0]}, only ours {only[1]}"
    for labels, points in known.items():
        if text := points_differ(points, found[labels], same):
            return f"{dict(labels)} {text}"
    return ""


def is_empty(answer: Answer) -> bool:
    """Whether it is a success that holds nothing."""
    return answer.status == 200 and not answer.json["data"]["result"]


def ask_both(theirs: Peer, ours: Peer, path: str, **parameters: str | float) -> tuple[Answer, Answer]:
    return theirs.api(path, **parameters), ours.api(path, **parameters)
