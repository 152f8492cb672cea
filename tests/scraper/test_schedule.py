"""Turns are spread over the interval and stay where they are; timestamps lie an interval apart."""

from scraper.job import ScrapeJob
from scraper.schedule import Alignment, first_delay_ns, seed_of
from tests.scraper.site import target_of

INTERVAL_MS = 15_000


def test_a_turn_keeps_its_phase_whenever_the_process_starts():
    phases = {
        (now_ns + first_delay_ns(12345, 7, INTERVAL_MS, now_ns)) % (INTERVAL_MS * 1_000_000)
        for now_ns in (0, 1, 999_999_999_999, 1_700_000_000_123_456_789)
    }
    assert phases == {12345 ^ 7}


def test_a_delay_is_never_zero_nor_longer_than_the_interval():
    for now_ns in range(0, 3_000_000, 250_000):
        assert 0 < first_delay_ns(500_000, 0, 1, now_ns) <= 1_000_000
    assert first_delay_ns(0, 0, 1, 0) == 1_000_000


def test_targets_spread_over_the_interval():
    job = ScrapeJob("j")
    delays = [first_delay_ns(target_of(job, f"h{n}").identity, 0, INTERVAL_MS, 0) for n in range(1000)]
    tenths = [
        sum(delay * 10 // (INTERVAL_MS * 1_000_000 + 1) == tenth for delay in delays) for tenth in range(10)
    ]
    assert min(tenths) > 50
    assert max(tenths) < 150


def test_replicas_with_other_labels_or_hosts_have_other_seeds():
    seeds = {seed_of({}, "a"), seed_of({"r": "1"}, "a"), seed_of({"r": "2"}, "a"), seed_of({}, "b")}
    assert len(seeds) == 4
    assert seed_of({"a": "1", "b": "2"}, "h") == seed_of({"b": "2", "a": "1"}, "h")


def ms(*times: float) -> list[int]:
    return [round(time * 1_000_000) for time in times]


def test_small_delays_are_straightened_and_large_ones_told():
    alignment = Alignment(INTERVAL_MS)
    starts = ms(1000, 16001.9, 31000.5, 46003, 61000, 76000)
    assert [alignment.timestamp_ms(start) for start in starts] == [1000, 16000, 31000, 46003, 61000, 76000]


def test_a_late_first_scrape_does_not_bend_the_later_ones():
    alignment = Alignment(INTERVAL_MS)
    alignment.follow(*ms(1000))
    starts = ms(1007, 16000.3, 30999.6, 45997, 61001.5)
    assert [alignment.timestamp_ms(start) for start in starts] == [1007, 16000, 31000, 45997, 61000]


def test_a_short_interval_has_a_smaller_tolerance():
    alignment = Alignment(100)
    assert [alignment.timestamp_ms(start) for start in ms(0, 100.9, 201.5)] == [0, 100, 201]


def test_nothing_is_straightened_where_that_is_off():
    alignment = Alignment(INTERVAL_MS, adjust=False)
    assert [alignment.timestamp_ms(start) for start in ms(1000, 16001)] == [1000, 16001]
