"""The script runner: what it loads, what it asks, and above all what it does not let pass."""

from contextlib import contextmanager

import pytest

from promql.testscript.commands import Clear, Eval, Load, ScriptError
from promql.testscript.loader import load_script
from promql.testscript.runner import run_script
from promql.testscript.series import parse_series
from tests.promql.memory import MemoryStore


@contextmanager
def open_store():
    yield MemoryStore()


def run(text):
    return run_script(text, open_store)


LOADED = """
load 1m
  m_total{i="a"} 0+60x10
  m_total{i="b"} 0+120x10
"""


def test_scripts_that_hold_pass():
    report = run(
        f"""{LOADED}
# A comment is an empty line.
eval instant at 5m sum(rate(m_total[5m]))
  {{}} 3

eval range from 0 to 2m step 1m m_total{{i="a"}}
  m_total{{i="a"}} 0 60 120

eval instant at 5m 1 + 1
  2

eval instant at 2m m_total{{i="a"}}[2m]
  expect range vector from 1m to 2m step 1m
  m_total{{i="a"}} 60 120

eval instant at 0 "a\\nb"
  expect string "a\\nb"

eval instant at 5m sort_desc(m_total)
  expect ordered
  m_total{{i="b"}} 600
  m_total{{i="a"}} 300

eval instant at 5m rate(m_total[5m]) * on() m_total
  expect fail regex: many-to-many matching not allowed

eval instant at 5m quantile(2, m_total)
  expect warn msg: PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)
  expect no_info
  {{}} Inf

clear
eval instant at 5m m_total
"""
    )
    assert (report.passed, report.failed, report.skipped) == (9, [], [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("eval instant at 5m sum(m_total)\n  {} 901", "{}: want [901.0], got [900.0]"),
        ("eval instant at 5m sum(m_total)", "unexpected {} with [900.0]"),
        ("eval instant at 5m nothing\n  nothing 1", "missing ['{__name__=\"nothing\"}']"),
        ("eval instant at 5m sum(m_total)\n  900", "want the scalar 900.0, got a vector"),
        ("eval instant at 5m 1\n  {} 1", "want a vector, got a scalar"),
        ("eval instant at 5m 2\n  3", "want the scalar 3.0, got 2.0"),
        ('eval instant at 0 "a"\n  expect string "b"', "want the string 'b'"),
        ("eval range from 0 to 1m step 1m sum(m_total)\n  {} 0", "{}: want points at [0], got [0, 60000]"),
        ("eval range from 0 to 1m step 1m sum(m_total)\n  {} 0 180 360", "{}: 3 values for 2 steps"),
        ("eval instant at 5m sum(m_total)\n  expect fail", "want an error '', got an answer"),
        ("eval instant at 5m m_total * on() m_total\n  expect fail msg: other", "want the error 'other'"),
        ("eval instant at 5m sum(m_total)\n  expect warn\n  {} 900", "want the warning '', got []"),
        ("eval instant at 5m quantile(2, m_total)\n  expect no_warn\n  {} Inf", "want no warning"),
        ("eval instant at 5m rate(", "QuerySyntaxError: 1:6: parse error: unclosed left parenthesis"),
        (
            'eval instant at 5m sort(m_total)\n  expect ordered\n  m_total{i="b"} 600\n  m_total{i="a"} 300',
            "want the order",
        ),
    ],
)
def test_scripts_that_do_not_hold_fail_and_say_why(body, reason):
    report = run(f"{LOADED}\n{body}\n")
    assert report.passed == 0
    assert [reason in outcome.reason for outcome in report.failed] == [True], report


def test_what_needs_native_histograms_is_skipped_and_counted():
    report = run(
        """
load 1m
  h {{schema:0 count:1 sum:1 buckets:[1]}}x3
  f 1 2

eval instant at 1m h
  h {{schema:0 count:1 sum:1 buckets:[1]}}

eval instant at 1m {__name__=~"h|f"} + 1

eval instant at 1m histogram_count(f)

eval instant at 1m f
  f 2
"""
    )
    assert (report.passed, len(report.failed), len(report.skipped)) == (2, 0, 2)
    assert {outcome.reason for outcome in report.skipped} == {"native histograms"}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("m 1 -2.5 .5 1e3 1_000", (1, -2.5, 0.5, 1000, 1000)),
        ("m 0x3", (0, 0, 0, 0)),
        ("m 1+2x2", (1, 3, 5)),
        ("m 10-2x2", (10, 8, 6)),
        ("m _ 1 _x2 2", (None, 1, None, None, 2)),
        ("m Inf -Inf +Inf", (float("inf"), float("-inf"), float("inf"))),
        ('{"my metric", "l b"="x"} 1', (1,)),
        ("{} 1", (1,)),
    ],
)
def test_series_lines_expand(line, values):
    series = parse_series(line)
    pairs = zip(series.values, series.present, strict=True)
    assert tuple(value if there else None for value, there in pairs) == values


def test_a_series_line_knows_its_labels_whatever_they_hold():
    assert parse_series("m{a=\"} 1\",b='{'} 5").labels == (("__name__", "m"), ("a", "} 1"), ("b", "{"))


def test_commands_know_their_lines():
    clear, load, ask = load_script(
        "clear\n\nload 5m\n  m 1\n\neval range from 0 to 10m step 5m m\n  m 1 1 _\n"
    )
    assert (clear, load.line, load.step_ms) == (Clear(1), 3, 300_000)
    assert isinstance(load, Load)
    assert isinstance(ask, Eval)
    assert (ask.line, ask.start_ms, ask.end_ms, ask.step_ms, ask.query) == (6, 0, 600_000, 300_000, "m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feed 1m", "line 1: want clear, load or eval, got 'feed'"),
        ("load 1m\n  m 1 two", "line 2: want a value, got 'two'"),
        ("eval instantly at 1m m", "line 1: want an instant or a range eval"),
        (
            "eval instant at 1m m\n  expect warn\n  expect no_warn",
            "line 3: an annotation is wanted and forbidden",
        ),
        ("eval instant at 1m m\n  expect fail\n  expect fail", "line 3: a question fails once"),
        ("eval instant at 1m m\n  expect wonders", "line 2: want an expectation"),
    ],
)
def test_scripts_that_break_the_language_say_where(text, message):
    with pytest.raises(ScriptError) as caught:
        load_script(text)
    assert str(caught.value).startswith(message)
