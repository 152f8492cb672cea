"""Questions about the history of `exporter.py`, written by hand: everything that PromQL had by 2.42.

A question stands alone on what it names; the drawn ones, which mix, come from `tests/properties/queries.py`.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from promql.ast import ValueType
from promql.functions.signatures import SIGNATURES
from tests.properties.queries import AGGREGATORS, ARITHMETIC, COMPARISONS, SETS, Speaker, Vocabulary

T = TypeVar("T")

NOT_IN_2_42 = frozenset(("first_over_time", "histogram_avg", "histogram_stddev", "histogram_stdvar"))
READS_BUCKETS_SINCE_3 = "histogram_fraction"
DATES = ("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year")
MATHS = (
    *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp", "floor"),
    *("ln", "log10", "log2", "rad", "round", "sgn", "sin", "sinh", "sqrt", "tan", "tanh"),
)
OVER_TIME = (
    *("avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate"),
    *("last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets"),
    *("stddev_over_time", "stdvar_over_time", "sum_over_time"),
)
NAMELESS = tuple(op for op in ARITHMETIC if op != "atan2")  # 2.42 keeps the metric name after `atan2`.
GROUPINGS = ("", " by (service)", " without (service, code)", " by (service, missing)", " without ()")

FUNCTIONS = (
    *(f"{name}({metric})" for name in MATHS for metric in ("temperature", "extreme")),
    *(f"{name}({metric})" for name in DATES for metric in ("", "vector(1.7e9)", "timestamp(temperature)")),
    *(
        f"{name}({metric}[5m])"
        for name in OVER_TIME
        for metric in ("requests_total", "temperature", "pod_up")
    ),
    *(f"{name}(extreme[3m])" for name in OVER_TIME),
    *(f"{name}(jobs_waiting[1m])" for name in OVER_TIME),
    *(
        "absent(missing)",
        'absent(missing{a="1", b=~"x", c="2", c="3"})',
        "absent(temperature)",
        "absent(sum(missing))",
    ),
    *(
        "absent_over_time(missing[5m])",
        'absent_over_time(up{job="none"}[5m])',
        "absent_over_time(pod_up[5m])",
    ),
    *("clamp(temperature, -3, 4)", "clamp(temperature, 4, -3)", "clamp(temperature, NaN, 4)"),
    *("clamp_max(temperature, 1.5)", "clamp_min(extreme, 0)", "clamp_max(extreme, NaN)"),
    *("round(temperature, 5)", "round(temperature, 0.3)", "round(extreme, -2)", "round(temperature, 0)"),
    *(
        f"histogram_quantile({q}, rate(latency_seconds_bucket[5m]))"
        for q in (-1, 0, 0.3, 0.5, 0.99, 1, 2, "NaN")
    ),
    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
    "histogram_quantile(0.9, latency_seconds_bucket{le!='+Inf'})",
    "histogram_quantile(scalar(temperature{service='api', room='0'}) / 30, latency_seconds_bucket)",
    *("histogram_count(temperature)", "histogram_sum(temperature)", "histogram_fraction(0, 1, temperature)"),
    *(f"quantile_over_time({q}, temperature[7m])" for q in (-0.5, 0, 0.25, 0.5, 1, 1.5, "NaN")),
    *("predict_linear(temperature[10m], 600)", "predict_linear(requests_total[10m], -60)"),
    *("label_replace(temperature, 'floor', '$1-$1', 'room', '(.*)')", "label_replace(up, 'job', '', '', '')"),
    "label_replace(temperature, 'room', 'r${1}x', 'room', '([0-2])')",
    "label_replace(temperature, 'service', 'same', 'room', '.*')",  # Two series become one.
    "label_replace(requests_total, '__name__', 'renamed', 'code', '200')",
    "label_replace(temperature, 'new', '${name}', 'service', '(?P<name>..).*')",
    *("label_join(temperature, 'both', '-', 'service', 'room')", "label_join(temperature, 'room', ',')"),
    *("scalar(temperature)", "scalar(temperature{service='api', room='1'})", "scalar(missing)"),
    *(
        "vector(1)",
        "vector(NaN)",
        "vector(time())",
        "time()",
        "pi()",
        "timestamp(temperature)",
        "timestamp(-extreme)",
    ),
    *("timestamp(timestamp(pod_up))", "sort(temperature)", "sort_desc(temperature)", "sort(extreme)"),
    "minute(temperature * 100)",
)
OPERATORS = (
    *(f"temperature {op} 2" for op in (*NAMELESS, *COMPARISONS)),
    *(f"2 {op} temperature" for op in (*NAMELESS, *COMPARISONS)),
    *(f"extreme {op} -1.5" for op in (*NAMELESS, *COMPARISONS)),
    *(f"7 {op} -2.5" for op in ARITHMETIC),
    *(f"7 {op} bool -2.5" for op in COMPARISONS),
    *(f"temperature {op} bool 2" for op in COMPARISONS),
    *(f"requests_total {op} sent_bytes_total" for op in (*NAMELESS, *COMPARISONS, *SETS)),
    *(f"requests_total {op} bool sent_bytes_total" for op in COMPARISONS),
    *(f"extreme {op} extreme" for op in (*NAMELESS, *COMPARISONS)),
    *(f"temperature {op} ignoring (queue) jobs_waiting" for op in SETS),
    *(f"temperature {op} on (service) jobs_waiting{{queue='in'}}" for op in SETS),
    *(f"temperature {op} on (service) group_left (version) build_info" for op in NAMELESS),
    *("sum without () (temperature atan2 2)", "sum without () (extreme atan2 extreme)"),
    "max without () (temperature atan2 on (service) group_left (version) build_info)",
    *(f"temperature {op} on (service) group_left build_info" for op in COMPARISONS),
    *(f"build_info {op} on (service) group_right temperature" for op in ("+", "==", "> bool")),
    "requests_total / ignoring (code) group_left sum without (code) (requests_total)",
    "requests_total / ignoring (code) sum without (code) (requests_total)",
    "temperature + on (service) build_info",
    "temperature * on () group_left () vector(2)",
    "temperature * on (room) group_left temperature",
    "build_info * on (service) group_left (room) temperature",
    *("-temperature", "+temperature", "--extreme", "-1 ^ 2", "2 ^ 3 ^ 2", "-temperature ^ 2", "1 - 2 - 3"),
    *("1 + 2 * 3 % 2", "1 > bool 2 == bool 0", "temperature > 0 < 10 and temperature or vector(1)"),
    *(
        "0x1f + 1e3 + .5",
        "1 / 0",
        "-1 / 0",
        "0 / 0",
        "NaN",
        "Inf",
        "-Inf",
        '"text"',
        "'it''s'",
        r'"\u00e4\n\x41"',
    ),
)
AGGREGATIONS = (
    *(f"{op}{by}(temperature)" for op in AGGREGATORS for by in GROUPINGS),
    *(f"{op} by (service) (rate(requests_total[5m]))" for op in AGGREGATORS),
    *(f"{op}(missing)" for op in AGGREGATORS),
    *(f"{op} by (job) (jobs_waiting)" for op in AGGREGATORS),
    *(f"{op} by (kind) (extreme)" for op in AGGREGATORS),
    *(
        "min(extreme)",
        "max(extreme)",
        "count(extreme)",
        "quantile(0.5, extreme)",
        "sum(extreme{kind=~'.*inf'})",
    ),
    *(f"quantile{by}({q}, requests_total)" for by in GROUPINGS for q in (-1, 0, 0.3, 1, 2)),
    *(f"{op} by (method) ({k}, requests_total)" for op in ("topk", "bottomk") for k in (1, 3, 0, -1, 2.9)),
    *(f"{op}(4, sent_bytes_total)" for op in ("topk", "bottomk")),
    *(
        "topk(2, extreme)",
        "bottomk(5, extreme)",
        "topk(NaN, temperature)",
        "topk(scalar(missing), temperature)",
    ),
    *("count_values('value', build_info)", "count_values by (service) ('at', round(temperature))"),
    *("count_values without (room) ('room', ceil(temperature))", "count_values('1x', temperature)"),
    "count_values('v', extreme)",
    "sum by (service) (temperature) / on (service) group_left sum by (service) (jobs_waiting)",
    "avg without (code) (irate(requests_total[2m])) > 0.5",
)
TIMES = (
    *(f"temperature offset {d}" for d in ("30s", "5m", "-1m", "1h30m", "2w")),
    *(f"{name}(requests_total[5m] offset {d})" for name in ("rate", "resets") for d in ("1m", "-2m")),
    *(f"temperature @ {t}" for t in ("{then}", "start()", "end()", "0")),
    *(f"rate(requests_total[3m] @ {t} offset 1m)" for t in ("{then}", "start()", "end()")),
    *("sum(temperature @ {then}) + sum(temperature)", "temperature - temperature offset 1m"),
    *(
        "timestamp(temperature @ {then})",
        "time() - (timestamp(temperature offset 2m))",
        "sum(pod_up offset 5m) by (pod)",
    ),
    *(f"{name}(temperature[5m:30s])" for name in OVER_TIME),
    *(f"{name}(rate(requests_total[1m])[4m:20s])" for name in ("max_over_time", "avg_over_time", "deriv")),
    *(
        "sum_over_time(sum(temperature)[6m:])",
        "max_over_time(time()[5m:1m])",
        "count_over_time(vector(1)[5m:7s])",
    ),
    *("min_over_time(temperature[5m:1m] offset 3m)", "rate(requests_total[5m:15s] @ {then})"),
    "max_over_time(sum_over_time(pod_up[125s:30s])[4m:1m])",
    "quantile_over_time(0.7, jobs_waiting[10m:13s])",
    "absent_over_time(pod_up{pod='pod-3'}[2m:1m])",
    "rate(temperature[20s])",
    "rate(temperature[10s])",
    "count_over_time(temperature[1h])",
    "requests_total[2m]",
    "temperature[1m:20s]",
    "extreme[1m] offset 30s",
)
SELECTORS = (
    *(
        "temperature",
        "temperature{}",
        '{__name__="temperature"}',
        "temperature{room!='1'}",
        "temperature{room=~'1|2'}",
    ),
    *(
        "temperature{room!~'[12]'}",
        "temperature{service=''}",
        "temperature{missing=''}",
        "temperature{missing!=''}",
    ),
    *('{__name__=~"pause_.*", service=~".+"}', '{__name__=~"temp.*|pod_up"}', "temperature{service='größe'}"),
    *(
        r"""temperature{service="quo\"te"}""",
        r"""temperature{service='back\\slash'}""",
        r'jobs_waiting{queue="two\nlines"}',
    ),
    *(
        "temperature{service=~'gr.*e'}",
        "temperature{service=~'(?i)API'}",
        r"temperature{service=~'back\\\\.*'}",
        "extreme",
    ),
    *("{job='history', room=~'0|3'}", "up", "pod_up", "jobs_waiting", "latency_seconds_bucket{le='+Inf'}"),
    "rate({__name__=~'pause_seconds_(sum|count)'}[5m])",  # Two metrics lose their names: an error.
)
REFUSED = (
    *(
        "",
        "temperature +",
        "sum(",
        "temperature{",
        "temperature{room=1}",
        "{}",
        "{room=~'.*'}",
        "rate(temperature)",
    ),
    *(
        "sum(1)",
        "temperature[5m] + 1",
        "temperature{room=~'('}",
        "1 == 2",
        "1 and 2",
        "unknown(temperature)",
        "foo bar",
    ),
    *(
        "temperature and on (a) group_left (b) build_info",
        "temperature offset",
        "temperature @ foo",
        "sum by (temperature)",
    ),
    *(
        "label_replace(temperature, '1a', '', '', '')",
        "label_replace(temperature, 'a', '', 'b', '(')",
        "'text' + 1",
    ),
    *(
        "clamp(temperature)",
        "topk(temperature)",
        "quantile(temperature, 1)",
        "rate(temperature[5m:1m]",
        "temperature[0s]",
    ),
    *(
        "count_values(temperature)",
        "label_join(temperature, 'a')",
        "time(1)",
        "-'text'",
        "sum(temperature) by",
        "1 ! 2",
    ),
    *(
        "temperature{room='1',,}",
        "temperature[5m][5m]",
        "temperature[5m:1m][1m:1s:]",
        "on (a) temperature",
        "5m",
    ),
)
BY_HAND = FUNCTIONS + OPERATORS + AGGREGATIONS + TIMES + SELECTORS + REFUSED
BLINKING = (
    *(
        "blink",
        "live_total",
        "count(blink)",
        "sum(blink)",
        "blink offset 1s",
        "timestamp(blink)",
        "absent(blink)",
        "up",
    ),
    *(f"{name}(blink[1s])" for name in OVER_TIME),
    *(f"{name}(live_total[2s])" for name in OVER_TIME),
    *(
        "blink[3s]",
        "max_over_time(blink[3s250ms:500ms])",
        "sum_over_time(count(blink)[4s250ms:1s])",
        "blink and live_total",
    ),
    *(
        "sum without (n) (rate(live_total[3s]))",
        "count_over_time(blink[1m])",
        "scrape_samples_scraped",
        "count_values('v', up)",
    ),
)


def vocabulary(then: str) -> Vocabulary:
    """Of what drawn questions speak; `then` is a moment inside the history, in seconds."""
    unlike = {*NOT_IN_2_42, READS_BUCKETS_SINCE_3}
    known = tuple(name for name, entry in SIGNATURES.items() if not entry.experimental and name not in unlike)
    return Vocabulary(
        metrics=(
            "requests_total",
            "temperature",
            "jobs_waiting",
            "pod_up",
            "build_info",
            "latency_seconds_bucket",
        ),
        labels=("service", "code", "method", "room", "job", "le"),
        values=("api", "cart", "GET", "room", ""),
        patterns=("api|cart", ".+", "2..|0", "[0-9]+", ".*"),
        functions=known,
        operators=tuple(op for op in (*ARITHMETIC, *COMPARISONS, *SETS) if op != "atan2"),
        aggregators=(*AGGREGATORS, "quantile", "topk", "bottomk"),
        durations=("1m", "5m", "100s", "75s", "2m30s"),  # The grid of a subquery lies the same in every run.
        numbers=("0", "1", "2.5", "-3", "1e3", "0x1f", "Inf", "NaN", ".5"),
        timestamps=(then, "start()", "end()"),
        duration_expressions=False,
        extensions=False,
        fills=False,
        quoted_names=False,
    )


class Improviser(Speaker):
    """Draws from a generator of random numbers, so that a number stands for the same questions everywhere."""

    def __init__(self, number: int, words: Vocabulary) -> None:
        self.random = Random(number)
        self.words = words

    def one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        return self.random.sample(choices, self.random.randint(0, min(most, len(choices))))

    def between(self, least: int, most: int) -> int:
        return self.random.randint(least, most)


def drawn(words: Vocabulary, count: int, number: int) -> list[str]:
    """`count` different questions that parse, the same ones for the same `number`."""
    improviser = Improviser(number, words)
    kinds = (*(ValueType.VECTOR,) * 8, ValueType.SCALAR, ValueType.MATRIX)
    found: dict[str, None] = {}
    while len(found) < count:
        found[improviser.of_type(improviser.one(kinds), words.depth)] = None
    return list(found)
