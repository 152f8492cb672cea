"""From the bytes of a page to arrays, and from arrays to the bytes of an answer."""

import json
import random

import numpy as np
import pytest

import kernels

SIZES = [500, pytest.param(5_000, marks=pytest.mark.large), pytest.param(200_000, marks=pytest.mark.large)]
NOW_MS = 1_700_000_000_000


def lines_of(series: int, scrape: int) -> list[str]:
    """Counters, gauges and full-precision gauges of web pods: about 110 bytes a line."""
    lines = []
    for number in range(series):
        pod, metric = divmod(number, 100)
        value = [number * 37 + scrape * metric, metric, (number * 7 + scrape) / 100, number / 7 + scrape][
            metric % 4
        ]
        method = ("GET", "POST", "PUT", "DELETE")[metric % 4]
        labels = (
            f'endpoint="/api/v1/orders/{metric // 20}",method="{method}"'
            f',pod="web-{pod:03d}-{pod * 7919 % 65536:04x}",status="{200 + metric // 4 % 5}",zone="{metric}"'
        )
        lines.append(f"http_requests_total{{{labels}}} {value}\n")
    return lines


def page_of(series: int, scrape: int) -> bytes:
    header = "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
    return (header + "".join(lines_of(series, scrape))).encode()


def refs_of(series: int):
    return np.arange(1, series + 1, dtype=np.uint64)


def cache_that_knows(page: bytes, series: int) -> kernels.ScrapeCache:
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(page, NOW_MS)
    cache.accept(refs_of(series))
    return cache


@pytest.mark.parametrize("series", SIZES)
def bench_parse_a_page_that_repeats_the_last_one(benchmark, series):
    cache = cache_that_knows(page_of(series, 1), series)
    page = benchmark(cache.parse, page_of(series, 2), NOW_MS)
    assert (page.refs == refs_of(series)).all()
    assert page.values[5] == 5
    assert cache.size_bytes() < 70 * series + 4096


@pytest.mark.parametrize("series", SIZES)
def bench_parse_a_page_in_another_order(benchmark, series):
    cache = cache_that_knows(page_of(series, 1), series)
    lines = lines_of(series, 2)
    random.Random(7).shuffle(lines)
    page = benchmark(cache.parse, "".join(lines).encode(), NOW_MS)
    assert (np.sort(page.refs) == refs_of(series)).all()


@pytest.mark.parametrize("series", SIZES)
def bench_parse_a_page_with_one_line_in_a_hundred_replaced(benchmark, series):
    cache = cache_that_knows(page_of(series, 1), series)
    lines = [
        line.replace("web-", "new-") if n % 100 == 50 else line for n, line in enumerate(lines_of(series, 2))
    ]
    page = benchmark(cache.parse, "".join(lines).encode(), NOW_MS)
    assert len(page.labels) == series // 100
    assert len(page.refs) == series - series // 100


@pytest.mark.parametrize("series", SIZES)
def bench_parse_a_page_of_new_series(benchmark, series):
    body, symbols = page_of(series, 1), kernels.Symbols()
    page = benchmark(lambda: kernels.ScrapeCache(symbols).parse(body, NOW_MS))
    assert len(page.labels) == series


@pytest.mark.parametrize("series", SIZES)
def bench_accept_a_page_of_new_series(benchmark, series):
    body, symbols = page_of(series, 1), kernels.Symbols()

    def parsed():
        cache = kernels.ScrapeCache(symbols)
        cache.parse(body, NOW_MS)
        return (cache, refs_of(series)), {}

    vanished = benchmark.pedantic(kernels.ScrapeCache.accept, setup=parsed, rounds=5)
    assert len(vanished) == 0


def floats_of(kind: str, count: int):
    generator = np.random.default_rng(11)
    match kind:
        case "integers":
            return np.floor(10 ** (1 + 7 * generator.random(count)))
        case "decimals":
            return np.floor(generator.random(count) * 1e6) / 100
    return generator.random(count) * 100


@pytest.mark.parametrize("kind", ["integers", "decimals", "full"])
@pytest.mark.parametrize("series", SIZES)
def bench_render_an_instant_vector(benchmark, kind, series):
    page = kernels.ScrapeCache(kernels.Symbols()).parse(page_of(series, 1), NOW_MS)
    values, times = floats_of(kind, series), np.full(series, NOW_MS + 123)
    text = benchmark(kernels.render_vector, page.labels, times, values)
    assert [float(point["value"][1]) for point in json.loads(text)] == values.tolist()


@pytest.mark.parametrize("kind", ["integers", "decimals", "full"])
@pytest.mark.parametrize("series", [10, pytest.param(5_000, marks=pytest.mark.large)])
def bench_render_a_matrix_of_two_hundred_steps(benchmark, kind, series):
    page = kernels.ScrapeCache(kernels.Symbols()).parse(page_of(series, 1), NOW_MS)
    values = floats_of(kind, series * 200).reshape(series, 200)
    present = np.ones_like(values, dtype=np.bool_)
    text = benchmark(kernels.render_matrix, page.labels, NOW_MS, 15_000, values, present)
    last = json.loads(text)[-1]["values"]
    assert [float(value) for _, value in last] == values[-1].tolist()


@pytest.mark.parametrize("kind", ["integers", "decimals", "full"])
@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=pytest.mark.large)])
def bench_write_floats(benchmark, kind, count):
    values = floats_of(kind, count)
    texts = benchmark(kernels.format_floats, values, exponent=True)
    assert [float(text) for text in texts] == values.tolist()
