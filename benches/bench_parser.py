"""How long a query takes to be read."""

import pytest

from promql.options import EVERYTHING
from promql.parser import parse
from promql.preprocess import preprocess

TYPICAL = 'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) > 0'


def bench_parsing_a_typical_query(benchmark):
    expr = benchmark(parse, TYPICAL)
    assert str(expr) == TYPICAL


def bench_preparing_a_typical_query_for_its_times(benchmark):
    expr = parse(TYPICAL)
    assert benchmark(preprocess, expr, 0, 3_600_000, 15_000) is expr


@pytest.mark.parametrize("terms", [100, pytest.param(10_000, marks=pytest.mark.large)])
def bench_parsing_a_long_chain(benchmark, terms):
    query = " or ".join(f'up{{instance="host{term}"}}' for term in range(terms))
    expr = benchmark(parse, query, EVERYTHING)
    assert str(expr).count(" or ") == terms - 1
