"""The table of functions is complete and consistent."""

import pytest

from promql.ast import ValueType
from promql.functions.signatures import SIGNATURES

EXPERIMENTAL = """
    double_exponential_smoothing end histogram_quantiles info mad_over_time max_of min_of range sort_by_label
    sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time
    ts_of_max_over_time ts_of_min_over_time
"""
READS_TIME = """
    time timestamp predict_linear days_in_month day_of_month day_of_week day_of_year hour minute
    month year start end step range
"""


def test_the_table_is_in_order_and_names_every_function_once():
    assert list(SIGNATURES) == sorted(SIGNATURES)
    assert len(SIGNATURES) == 90


def test_the_experimental_functions_are_those_of_prometheus():
    assert {name for name, signature in SIGNATURES.items() if signature.experimental} == set(
        EXPERIMENTAL.split()
    )


def test_functions_of_time_are_those_of_prometheus():
    assert {name for name, signature in SIGNATURES.items() if signature.reads_time} == set(READS_TIME.split())


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=lambda signature: signature.name)
def test_an_entry_says_all_there_is_to_know(signature):
    assert signature.help.endswith(".")
    assert signature.arguments_min >= 0
    assert signature.arguments_max is None or signature.arguments_min <= signature.arguments_max
    assert signature.returns in {ValueType.SCALAR, ValueType.VECTOR}


def test_the_last_type_stands_for_every_further_argument():
    join = SIGNATURES["label_join"]
    assert [join.argument_type(position) for position in (0, 1, 9)] == [
        ValueType.VECTOR,
        ValueType.STRING,
        ValueType.STRING,
    ]
    quantiles = SIGNATURES["histogram_quantiles"]
    assert (quantiles.arguments_min, quantiles.arguments_max) == (3, 12)
    assert quantiles.argument_type(11) is ValueType.SCALAR
