"""The function table: one entry per function holds all that the type check, the plan and the manual ask.

An entry shows its arguments as text: `V` instant vector, `M` range vector, `s` scalar, `str` string; what
stands in brackets may be left out, and `...` repeats the type before it without end.
"""

from dataclasses import dataclass
from typing import Final

from promql.ast import ValueType

TYPES: Final = {
    "V": ValueType.VECTOR,
    "M": ValueType.MATRIX,
    "s": ValueType.SCALAR,
    "str": ValueType.STRING,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One function as the type check sees it."""

    name: str
    arguments: tuple[ValueType, ...]  # The last type stands for every further argument too.
    arguments_min: int
    arguments_max: int | None  # None means any number.
    returns: ValueType
    help: str
    experimental: bool  # Refused unless `ParserOptions.experimental_functions` is set.
    reads_time: bool  # The answer depends on the step even where no argument does.

    def argument_type(self, position: int) -> ValueType:
        """The type wanted of argument `position`, counted from 0."""
        return self.arguments[min(position, len(self.arguments) - 1)]


def _signature(
    name: str,
    arguments: str,
    returns: str,
    text: str,
    *,
    experimental: bool = False,
    reads_time: bool = False,
) -> Signature:
    required, _, optional = arguments.partition("[")
    needed = required.replace(",", " ").split()
    further = optional.rstrip("]").replace(",", " ").split()
    endless = "..." in further
    types = tuple(TYPES[word] for word in needed + further if word != "...")
    return Signature(
        name=name,
        arguments=types,
        arguments_min=len(needed),
        arguments_max=None if endless else len(types),
        returns=TYPES[returns],
        help=text,
        experimental=experimental,
        reads_time=reads_time,
    )


def _experimental(
    name: str, arguments: str, returns: str, text: str, *, reads_time: bool = False
) -> Signature:
    return _signature(name, arguments, returns, text, experimental=True, reads_time=reads_time)


def _of_time(name: str, arguments: str, returns: str, text: str) -> Signature:
    return _signature(name, arguments, returns, text, reads_time=True)


_ENTRIES: Final = (
    _signature("abs", "V", "V", "The distance of each value from zero."),
    _signature("absent", "V", "V", "One sample of value 1 if the vector is empty, else nothing."),
    _signature("absent_over_time", "M", "V", "One sample of value 1 if no series has a sample in the range."),
    _signature("acos", "V", "V", "The arc cosine in radians."),
    _signature("acosh", "V", "V", "The inverse hyperbolic cosine."),
    _signature("asin", "V", "V", "The arc sine in radians."),
    _signature("asinh", "V", "V", "The inverse hyperbolic sine."),
    _signature("atan", "V", "V", "The arc tangent in radians."),
    _signature("atanh", "V", "V", "The inverse hyperbolic tangent."),
    _signature("avg_over_time", "M", "V", "The mean of the samples in the range."),
    _signature("ceil", "V", "V", "Each value rounded up to a whole number."),
    _signature("changes", "M", "V", "How often the value changed within the range."),
    _signature(
        "clamp", "V, s, s", "V", "Each value, no lower than the first and no higher than the second limit."
    ),
    _signature("clamp_max", "V, s", "V", "Each value, no higher than the limit."),
    _signature("clamp_min", "V, s", "V", "Each value, no lower than the limit."),
    _signature("cos", "V", "V", "The cosine of radians."),
    _signature("cosh", "V", "V", "The hyperbolic cosine."),
    _signature("count_over_time", "M", "V", "The number of samples in the range."),
    _of_time("day_of_month", "[V]", "V", "The day of the month, 1 to 31, in UTC."),
    _of_time("day_of_week", "[V]", "V", "The day of the week, Sunday is 0, in UTC."),
    _of_time("day_of_year", "[V]", "V", "The day of the year, 1 to 366, in UTC."),
    _of_time("days_in_month", "[V]", "V", "How many days the month has, 28 to 31, in UTC."),
    _signature("deg", "V", "V", "Radians as degrees."),
    _signature(
        "delta", "M", "V", "The difference between the ends of the range, extrapolated to all of it (gauges)."
    ),
    _signature("deriv", "M", "V", "The slope per second of the line fitted through the range."),
    _experimental(
        "double_exponential_smoothing", "M, s, s", "V", "The range smoothed with a level and a trend factor."
    ),
    _experimental("end", "", "s", "The end of the query in Unix seconds.", reads_time=True),
    _signature("exp", "V", "V", "e raised to each value."),
    _signature("first_over_time", "M", "V", "The oldest sample in the range."),
    _signature("floor", "V", "V", "Each value rounded down to a whole number."),
    _signature("histogram_avg", "V", "V", "The mean of the observations in each native histogram."),
    _signature("histogram_count", "V", "V", "The number of observations in each native histogram."),
    _signature("histogram_fraction", "s, s, V", "V", "The share of observations between two bounds."),
    _signature(
        "histogram_quantile", "s, V", "V", "The value below which this share of the observations lies."
    ),
    _experimental(
        "histogram_quantiles",
        "V, str, s [s, s, s, s, s, s, s, s, s]",
        "V",
        "Up to ten quantiles of each histogram, told apart by a label.",
    ),
    _signature(
        "histogram_stddev", "V", "V", "The standard deviation of the observations in each native histogram."
    ),
    _signature("histogram_stdvar", "V", "V", "The variance of the observations in each native histogram."),
    _signature("histogram_sum", "V", "V", "The sum of the observations in each native histogram."),
    _of_time("hour", "[V]", "V", "The hour of the day, 0 to 23, in UTC."),
    _signature("idelta", "M", "V", "The difference between the two newest samples of the range (gauges)."),
    _signature("increase", "M", "V", "The growth over the range, extrapolated to all of it (counters)."),
    _experimental(
        "info", "V [V]", "V", "Each series with the labels of the info series of its job and instance."
    ),
    _signature(
        "irate", "M", "V", "The growth per second between the two newest samples of the range (counters)."
    ),
    _signature(
        "label_join",
        "V, str, str [str ...]",
        "V",
        "Each series with a label that joins the values of others.",
    ),
    _signature(
        "label_replace",
        "V, str, str, str, str",
        "V",
        "Each series with a label made from a match on another.",
    ),
    _signature("last_over_time", "M", "V", "The newest sample in the range."),
    _signature("ln", "V", "V", "The natural logarithm."),
    _signature("log10", "V", "V", "The logarithm to base 10."),
    _signature("log2", "V", "V", "The logarithm to base 2."),
    _experimental("mad_over_time", "M", "V", "The median distance from the median of the range."),
    _experimental("max_of", "s, s", "s", "The larger of two numbers."),
    _signature("max_over_time", "M", "V", "The largest value in the range."),
    _experimental("min_of", "s, s", "s", "The smaller of two numbers."),
    _signature("min_over_time", "M", "V", "The smallest value in the range."),
    _of_time("minute", "[V]", "V", "The minute of the hour, 0 to 59, in UTC."),
    _of_time("month", "[V]", "V", "The month of the year, 1 to 12, in UTC."),
    _signature("pi", "", "s", "The ratio of a circle's circumference to its diameter."),
    _of_time(
        "predict_linear", "M, s", "V", "The value so many seconds ahead on the line fitted through the range."
    ),
    _signature("present_over_time", "M", "V", "The value 1 for every series with a sample in the range."),
    _signature("quantile_over_time", "s, M", "V", "The quantile of the values in the range."),
    _signature("rad", "V", "V", "Degrees as radians."),
    _experimental("range", "", "s", "The seconds from the start to the end of the query.", reads_time=True),
    _signature(
        "rate", "M", "V", "The growth per second over the range, extrapolated to all of it (counters)."
    ),
    _signature("resets", "M", "V", "How often a counter restarted within the range."),
    _signature("round", "V [s]", "V", "Each value rounded to the nearest multiple, of 1 if none is given."),
    _signature("scalar", "V", "s", "The value of the only series, NaN if there is not exactly one."),
    _signature("sgn", "V", "V", "The sign of each value: -1, 0 or 1."),
    _signature("sin", "V", "V", "The sine of radians."),
    _signature("sinh", "V", "V", "The hyperbolic sine."),
    _signature("sort", "V", "V", "The series in rising order of their values."),
    _experimental("sort_by_label", "V [str ...]", "V", "The series in rising natural order of labels."),
    _experimental("sort_by_label_desc", "V [str ...]", "V", "The series in falling natural order of labels."),
    _signature("sort_desc", "V", "V", "The series in falling order of their values."),
    _signature("sqrt", "V", "V", "The square root."),
    _experimental("start", "", "s", "The start of the query in Unix seconds.", reads_time=True),
    _experimental(
        "start_timestamp", "V", "V", "When the counter behind each sample started, in Unix seconds."
    ),
    _signature("stddev_over_time", "M", "V", "The population standard deviation of the range."),
    _signature("stdvar_over_time", "M", "V", "The population variance of the range."),
    _experimental("step", "", "s", "The seconds between two steps of the query.", reads_time=True),
    _signature("sum_over_time", "M", "V", "The sum of the samples in the range."),
    _signature("tan", "V", "V", "The tangent of radians."),
    _signature("tanh", "V", "V", "The hyperbolic tangent."),
    _of_time("time", "", "s", "The time of the step in Unix seconds."),
    _of_time("timestamp", "V", "V", "When each sample was taken, in Unix seconds."),
    _experimental(
        "ts_of_first_over_time", "M", "V", "When the oldest sample of the range was taken, in Unix seconds."
    ),
    _experimental(
        "ts_of_last_over_time", "M", "V", "When the newest sample of the range was taken, in Unix seconds."
    ),
    _experimental(
        "ts_of_max_over_time", "M", "V", "When the range last had its largest value, in Unix seconds."
    ),
    _experimental(
        "ts_of_min_over_time", "M", "V", "When the range last had its smallest value, in Unix seconds."
    ),
    _signature("vector", "s", "V", "The number as a vector of one sample without labels."),
    _of_time("year", "[V]", "V", "The year in UTC."),
)

SIGNATURES: Final = {entry.name: entry for entry in _ENTRIES}
"""Every function of PromQL by its name."""
