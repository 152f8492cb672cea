"""Runs a script against an engine over a store that the caller opens.

Every instant question is asked in three ways that must agree: as written; with every selector pinned by `@`,
from several other instants; and as a step of a range question around its instant.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kernels import LabelFrame, Matcher
from model.errors import QueryError
from model.labels import BUCKET_BOUND, METRIC_NAME, Labels, labels_of
from model.storage import Appendable, Queryable
from promql.engine import Engine, EngineOptions
from promql.errors import NotYetSupportedError
from promql.options import EVERYTHING
from promql.parser import parse
from promql.testscript.commands import Clear, Command, Eval, Load
from promql.testscript.comparison import (
    MismatchError,
    check_annotations,
    check_instant,
    check_range,
    check_step,
    check_text,
)
from promql.testscript.loader import load_script
from promql.testscript.pinning import is_pinnable, pin, selectors_of

MINUTE_MS = 60_000
FRAME_WORDS = ("start()", "end()", "range()", "step()")
"""Words whose meaning changes between an instant and a range question."""

SCRIPT_OPTIONS = EngineOptions(
    samples_max=10_000,
    timeout_s=100.0,
    delayed_name_removal=True,
    parser=EVERYTHING,
)


class Store(Queryable, Appendable, Protocol):
    """Something that can be filled and questioned."""


OpenStore = Callable[[], AbstractContextManager[Store]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one eval that did not pass."""

    line: int
    query: str
    reason: str


@dataclass(slots=True)
class Report:
    """What became of one script."""

    passed: int = 0
    failed: list[Outcome] = field(default_factory=list)
    skipped: list[Outcome] = field(default_factory=list)  # Needs what is not there yet.


def run_script(text: str, open_store: OpenStore, options: EngineOptions = SCRIPT_OPTIONS) -> Report:
    """
    Every eval of a script, against fresh stores.

    Raises:
        ScriptError: a line breaks the language.
    """
    report = Report()
    with ExitStack() as stores:
        bench = _Bench(stores.enter_context(open_store()), options)
        for command in load_script(text):
            if isinstance(command, Clear):
                stores.close()
                bench = _Bench(stores.enter_context(open_store()), options)
            else:
                bench.run(command, report)
    return report


class _Bench:
    """One store, its engine, and what could not be loaded into it."""

    def __init__(self, store: Store, options: EngineOptions) -> None:
        self._store = store
        self._engine = Engine(store, options)
        self._parser = options.parser
        self._missing: list[tuple[Labels, str]] = []

    def run(self, command: Command, report: Report) -> None:
        if isinstance(command, Load):
            self._load(command)
        elif isinstance(command, Eval):
            self._evaluate(command, report)

    def _load(self, load: Load) -> None:
        appender = self._store.appender()
        if load.makes_native:
            self._missing += [(labels, "native histograms") for labels in _native_names(load)]
        self._missing += [(line.labels, line.unsupported) for line in load.series if line.unsupported]
        latest = {line.labels: line for line in load.series if not line.unsupported}
        for labels, line in latest.items():
            refs = appender.series(LabelFrame.from_labels(self._store.symbols, [labels]))
            places = np.flatnonzero(np.array(line.present, dtype=np.bool_))
            values = np.array(line.values, dtype=np.float64)[places]
            appender.append(np.repeat(refs, len(places)), places.astype(np.int64) * load.step_ms, values)
        appender.commit()

    def _evaluate(self, command: Eval, report: Report) -> None:
        try:
            reason = self._needs(command)
            if reason:
                report.skipped.append(Outcome(command.line, command.query, reason))
                return
            self._ask(command)
        except MismatchError as mismatch:
            report.failed.append(Outcome(command.line, command.query, str(mismatch)))
        except NotYetSupportedError as error:
            report.skipped.append(Outcome(command.line, command.query, str(error)))
        except QueryError as error:
            report.failed.append(Outcome(command.line, command.query, f"{type(error).__name__}: {error}"))
        else:
            report.passed += 1

    def _needs(self, command: Eval) -> str:
        """What the eval needs that is not there yet; empty if nothing."""
        for line in command.expected.series:
            if line.unsupported:
                return line.unsupported
        for selector in selectors_of(parse(command.query, self._parser)):
            for labels, reason in self._missing:
                if _selects(selector.matchers, labels):
                    return reason
        return ""

    def _ask(self, command: Eval) -> None:
        if command.expected.fail is not None:
            self._ask_in_vain(command)
        elif command.step_ms is None:
            self._ask_instant(command)
        else:
            result = self._engine.range(command.query, command.start_ms, command.end_ms, command.step_ms)
            check_annotations(command.expected, result)
            check_range(command.expected, result)

    def _ask_in_vain(self, command: Eval) -> None:
        pattern = command.expected.fail
        assert pattern is not None, "only evals that must fail come here"
        try:
            if command.step_ms is None:
                self._engine.instant(command.query, command.start_ms)
            else:
                self._engine.range(command.query, command.start_ms, command.end_ms, command.step_ms)
        except NotYetSupportedError:
            raise
        except QueryError as error:
            if not check_text(pattern, str(error)):
                raise MismatchError(f"want the error {pattern.text!r}, got {str(error)!r}") from error
            return
        raise MismatchError(f"want an error {pattern.text!r}, got an answer")

    def _ask_instant(self, command: Eval) -> None:
        self._ask_once(command, command.query, command.start_ms)
        expr = parse(command.query, self._parser)
        if not is_pinnable(expr):
            return
        pinned = str(pin(expr, command.start_ms))
        at_ms = command.start_ms
        others = (-10 * at_ms, 0, at_ms // 5, at_ms, 10 * at_ms) if at_ms else (-1000, 0, 1000)
        for other_ms in others:
            try:
                self._ask_once(command, pinned, other_ms)
            except (MismatchError, QueryError) as error:
                raise type(error)(f"pinned as {pinned} at {other_ms} ms: {error}") from error

    def _ask_once(self, command: Eval, query: str, at_ms: int) -> None:
        """The instant question, and the same as a step of a range."""
        result = self._engine.instant(query, at_ms)
        check_annotations(command.expected, result)
        check_instant(command.expected, result)
        expected = command.expected
        is_framed = any(word in query for word in FRAME_WORDS)
        if expected.range_vector is not None or expected.string is not None or is_framed:
            return
        ranged = self._engine.range(query, at_ms - MINUTE_MS, at_ms + MINUTE_MS, MINUTE_MS)
        try:
            check_step(expected, ranged, at_ms)
        except MismatchError as mismatch:
            raise MismatchError(f"as a range question: {mismatch}") from mismatch


def _native_names(load: Load) -> set[Labels]:
    """The series that `load_with_nhcb` makes beside its classic buckets."""
    names = set()
    for line in load.series:
        values = dict(line.labels)
        name = values.pop(METRIC_NAME, "")
        if name.endswith("_bucket") and values.pop(BUCKET_BOUND, ""):
            names.add(labels_of({**values, METRIC_NAME: name.removesuffix("_bucket")}))
    return names


def _selects(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    values = dict(labels)
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)
