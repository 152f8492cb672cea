import threading

import numpy as np
import pytest

import kernels


def refs(*numbers: int):
    return np.array(numbers, dtype=np.uint64)


@pytest.fixture
def cache() -> kernels.ScrapeCache:
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b"a 1\nb 2\nc 3\n", 1_000)
    assert cache.accept(refs(1, 2, 3)).tolist() == []
    return cache


def test_a_line_already_seen_comes_back_as_its_ref(cache):
    page = cache.parse(b"a 4\nb 5\nc 6\n", 2_000)
    assert page.refs.tolist() == [1, 2, 3]
    assert page.values.tolist() == [4, 5, 6]
    assert page.timestamps_ms.tolist() == [2_000] * 3
    assert len(page.labels) == 0


def test_a_series_that_left_the_page_is_named_once(cache):
    cache.parse(b"a 1\nc 1\n", 2_000)
    assert cache.accept(refs()).tolist() == [2]
    cache.parse(b"a 1\nc 1\n", 3_000)
    assert cache.accept(refs()).tolist() == []
    assert len(cache) == 2


def test_a_failed_scrape_ends_tracking_but_forgets_no_line(cache):
    with pytest.raises(kernels.ExpositionError):
        cache.parse(b"a 1\nb 2\ntorn{\n", 2_000)
    assert cache.reject().tolist() == [1, 2, 3]
    assert cache.reject().tolist() == []
    assert cache.parse(b"a 1\nb 2\nc 3\n", 3_000).refs.tolist() == [1, 2, 3]


def test_an_empty_page_is_a_scrape_in_which_everything_vanished(cache):
    assert cache.parse(b"", 2_000).samples == 0
    assert cache.accept(refs()).tolist() == [1, 2, 3]
    assert len(cache) == 3


def test_what_relabelling_drops_is_counted_but_not_returned():
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b"kept 1\ndropped 2\n", 0)
    cache.accept(refs(1, 0))
    page = cache.parse(b"kept 1\ndropped 2\n", 1)
    assert (page.refs.tolist(), page.samples, page.kept) == ([1], 2, 1)


def test_a_series_under_two_texts_vanishes_with_the_second():
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b'm{pod="1"} 1\nm{pod="2"} 2\n', 0)
    cache.accept(refs(7, 7))
    cache.parse(b'm{pod="2"} 2\n', 1)
    assert cache.accept(refs()).tolist() == []
    cache.parse(b"other 2\n", 2)
    assert cache.accept(refs(8)).tolist() == [7]


def test_a_series_with_a_timestamp_of_its_own_is_tracked_only_on_demand():
    for options, vanished in [
        ({}, []),
        ({"track_timestamps": True}, [1]),
        ({"honor_timestamps": False}, [1]),
    ]:
        cache = kernels.ScrapeCache(kernels.Symbols())
        page = cache.parse(b"a 1 500\n", 1_000, **options)
        assert page.timestamps_ms.tolist() == [1_000 if "honor_timestamps" in options else 500]
        cache.accept(refs(1))
        cache.parse(b"b 1\n", 2_000, **options)
        assert cache.accept(refs(2)).tolist() == vanished


def test_a_forgotten_series_is_new_when_it_comes_back(cache):
    cache.forget(refs(2, 99))
    page = cache.parse(b"a 4\nb 5\nc 6\n", 2_000)
    assert page.refs.tolist() == [1, 3]
    assert page.labels.rows() == [(("__name__", "b"),)]
    assert page.values.tolist() == [4, 6, 5]
    assert cache.accept(refs(5)).tolist() == []
    assert cache.parse(b"a 4\nb 5\nc 6\n", 3_000).refs.tolist() == [1, 5, 3]


def test_a_bare_name_is_not_taken_for_the_beginning_of_a_labelled_series(cache):
    page = cache.parse(b'a {x="1"} 4\nb{x="1"} 5\nc 6\naa 7\n', 2_000)
    assert page.refs.tolist() == [3]
    assert [dict(row)["__name__"] for row in page.labels.rows()] == ["a", "b", "aa"]


def test_a_family_is_remembered_for_ten_scrapes_after_it_was_seen():
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b"# HELP a Help.\n# TYPE a gauge\na 1\n", 0)
    cache.accept(refs(1))
    for scrape in range(1, 11):
        cache.parse(b"# TYPE b counter\nb 1\n", scrape)
        cache.accept(refs(2) if scrape == 1 else refs())
        assert cache.metadata() == [("b", "counter", "", ""), ("a", "gauge", "Help.", "")]
    cache.parse(b"# TYPE b counter\nb 1\n", 11)
    cache.accept(refs())
    assert cache.metadata() == [("b", "counter", "", "")]


def test_the_help_of_a_family_outlives_the_line_that_said_it():
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b"# HELP a Help.\na 1\n", 0)
    cache.accept(refs(1))
    for scrape in range(1, 30):
        cache.parse(b"# TYPE a gauge\na 1\n", scrape)
        cache.accept(refs())
    assert cache.metadata() == [("a", "gauge", "Help.", "")]


def test_empty_lines_and_repeated_series_take_no_memory():
    cache = kernels.ScrapeCache(kernels.Symbols())
    cache.parse(b"\n" * 100_000 + b"a 1\n" * 100_000, 0)
    cache.accept(refs(1))
    assert cache.size_bytes() < 1_000


def test_long_comments_take_no_memory_and_change_nothing():
    cache = kernels.ScrapeCache(kernels.Symbols())
    page = b"# short\na 1\n# " + b"long " * 10_000 + b"\nb 2\n"
    assert cache.parse(page, 0).labels.rows() == [(("__name__", "a"),), (("__name__", "b"),)]
    cache.accept(refs(1, 2))
    assert cache.size_bytes() < 1_000
    again = cache.parse(page, 1)
    assert (again.refs.tolist(), again.values.tolist(), again.duplicates) == ([1, 2], [1.0, 2.0], 0)
    assert cache.accept(refs()).tolist() == []


def test_many_targets_are_parsed_side_by_side_over_one_symbol_table():
    symbols, found = kernels.Symbols(), []

    def scrape(target: int) -> None:
        cache = kernels.ScrapeCache(symbols)
        body = "".join(f'm{{series="{number}",target="{target % 2}"}} {number}\n' for number in range(2_000))
        found.append(cache.parse(body.encode(), 0).labels.rows())

    threads = [threading.Thread(target=scrape, args=(target,)) for target in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rows[7][2] for rows in found) == [("target", "0")] * 3 + [("target", "1")] * 3
    assert {len(set(rows)) for rows in found} == {2_000}
