import random
import re
import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.kernels.test_exposition_golden import PAGES
from tests.properties import reference_exposition as reference

DEFAULT_MS = 1_700_000_000_000
TYPE_LINES = re.compile(rb"^# TYPE.*$", re.MULTILINE)
NAMES = st.sampled_from(["up", "a:b", "_x9", "http_requests_total", '{"utf.8"', '{"ü \\"q\\"\\n"'])
LABELS = st.sampled_from(["le", "quantile", "pod", "a", '"ü.x"', "__name__"])
VALUES = st.sampled_from(
    ["1", "0.5", "+Inf", "", "web-1", "ü", '\\\\ \\n \\" \\x', "a{b}=,", "1e6", "line\nbreak", "\0"]
)
NUMBERS = st.sampled_from(
    [
        "0",
        "1",
        "-3",
        "1.5",
        "12345678901234567890",
        "0.1234567890123456789",
        "1e3",
        "NaN",
        "+Inf",
        "-inf",
        "1e999",
        "x",
        "",
    ]
)
BLANKS = st.sampled_from([" ", " ", " ", "\t", "  ", ""])
TIMES = st.sampled_from(["", "", "", " 5", " 1700000000123", "\t0 ", " -1", " 9223372036854775808"])
REMARKS = st.sampled_from(
    ["# HELP up It is\\n up.", "# TYPE up gauge", "# TYPE h histogram", "# TYPE s summary", "#", "# x", "",
     "  ", '# TYPE "ü.x" untyped', "#HELP", "# HELPER", "# HELP a", "# TYPE a b", "# HELP 1 b"]
)  # fmt: skip


@st.composite
def sample_lines(draw):
    name = draw(NAMES)
    pairs = [f'{label}="{value}"' for label, value in draw(st.lists(st.tuples(LABELS, VALUES), max_size=3))]
    inner = ",".join(([name[1:]] if name[0] == "{" else []) + pairs) + draw(st.sampled_from(["", "", ","]))
    outer = "" if name[0] == "{" else name
    braces = f"{{{inner}}}" if inner.strip(",") or draw(st.booleans()) else ""
    return draw(st.sampled_from(["", "", " "])) + outer + braces + draw(BLANKS) + draw(NUMBERS) + draw(TIMES)


PAGE_TEXTS = st.lists(st.one_of(sample_lines(), sample_lines(), REMARKS), max_size=8).map(
    lambda lines: "\n".join(lines).encode()
)


def bits(values) -> list[bytes]:
    return [struct.pack("<d", value) for value in values]


def said(page: kernels.ScrapePage) -> tuple[object, ...]:
    return (
        page.labels.rows(),
        page.timestamps_ms.tolist(),
        bits(page.values),
        page.suppressed,
        page.samples,
        page.duplicates,
    )


def check_against_the_twin(body: bytes) -> None:
    cache, twin = kernels.ScrapeCache(kernels.Symbols()), reference.ScrapeCache()
    try:
        scrape = twin.parse(body, DEFAULT_MS, honor=True, track=False)
        samples = reference.read_page(body).samples
    except reference.PageError:
        with pytest.raises(kernels.ExpositionError):
            cache.parse(body, DEFAULT_MS)
        return
    page = cache.parse(body, DEFAULT_MS)
    empty = {sample.text: sample.empty for sample in samples if sample.empty}
    assert said(page) == (
        [tuple(labels.items()) for labels, _, _ in scrape.new],
        [time_ms for _, time_ms, _ in scrape.new],
        bits(value for _, _, value in scrape.new),
        [(row, empty[text]) for row, text in enumerate(scrape.new_texts) if text in empty],
        scrape.samples,
        scrape.duplicates,
    )
    assert page.refs.tolist() == []


def outcome(cache: kernels.ScrapeCache, body: bytes) -> object:
    """Samples as a multiset of ref or labels, or the error."""
    try:
        page = cache.parse(body, DEFAULT_MS)
    except kernels.ExpositionError as error:
        return error.args
    names = [*page.refs.tolist(), *page.labels.rows()]
    return Counter(zip(names, page.timestamps_ms.tolist(), bits(page.values), strict=True)), page.samples


def times_and_values(samples: Counter) -> Counter:
    counts = Counter()
    for (_, time_ms, value), n in samples.items():
        counts[time_ms, value] += n
    return counts


@given(PAGE_TEXTS)
@settings(max_examples=400)
def test_a_page_is_read_as_its_twin_reads_it(body):
    check_against_the_twin(body)


@given(PAGE_TEXTS, st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
@settings(max_examples=300)
def test_a_page_with_bytes_replaced_is_read_as_its_twin_reads_it(body, place, noise):
    at = place % (len(body) + 1)
    check_against_the_twin(body[:at] + noise + body[at + len(noise) :])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_prefix_of_a_page_is_read_as_its_twin_reads_it(path):
    body = path.read_bytes()
    for end in range(len(body) + 1):
        check_against_the_twin(body[:end])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_cache_that_knows_the_page_says_of_a_damaged_one_what_an_empty_cache_says(path):
    body = path.read_bytes()
    generator = random.Random(path.name)
    warm, symbols = None, kernels.Symbols()
    for _ in range(400):
        if warm is None:
            warm = kernels.ScrapeCache(symbols)
            rows = warm.parse(body, DEFAULT_MS).labels.rows()
            labels_of = dict(enumerate(rows, start=1))
            warm.accept(np.arange(1, len(rows) + 1, dtype=np.uint64))
        at = generator.randrange(len(body))
        length = generator.choice([0, 1, 1, 1, 40, 200])
        damaged = (
            body[:at]
            + generator.choice([b"", b"\n", b" ", b'"', b"}", b"9", b"\xff", b"# "])
            + body[at + length :]
        )
        cold_says, warm_says = outcome(kernels.ScrapeCache(symbols), damaged), outcome(warm, damaged)
        if not isinstance(warm_says[0], Counter):
            assert warm_says == cold_says
            continue
        named = Counter({(labels_of.get(key[0], key[0]), *key[1:]): n for key, n in warm_says[0].items()})
        if TYPE_LINES.findall(damaged) == TYPE_LINES.findall(body):
            assert (named, warm_says[1]) == cold_says
        else:  # A bound keeps the form that it got under the type in force when its series was new.
            assert times_and_values(named) == times_and_values(cold_says[0])


LINES = [
    *(
        f'http_requests_total{{pod="web-{pod}",code="{code}"}}'
        for pod in range(9)
        for code in (200, 404, 500)
    ),
    *(f'dropped{{pod="web-{pod}"}}' for pod in range(4)),
    *(f'merged{{pod="web-{pod}"}}' for pod in range(4)),
    *("up", "up_too", '{"utf.8",pod="x"}', 'up{pod="x"}'),
]
REMARK_LINES = [
    "# HELP up Is it",
    "# HELP up Or not",
    "# TYPE up gauge",
    "# TYPE merged counter",
    "# remark",
    "",
]


def page_of(generator: random.Random) -> bytes:
    share = generator.choice([0.0, 0.3, 0.9, 1.0])
    lines = [line for line in LINES if generator.random() < share]
    for remark in REMARK_LINES:
        if generator.random() < 0.4:
            lines.insert(generator.randrange(len(lines) + 1), remark)
    if lines and generator.random() < 0.2:
        lines += generator.choices(lines, k=3)
    if generator.random() < 0.2:
        generator.shuffle(lines)
    if generator.random() < 0.1:
        lines.append("torn{")
    rare = generator.random() < 0.3
    return "".join(
        f"{line}{tail(generator, rare)}\n" if line[:1] not in {"#", ""} else line + "\n" for line in lines
    ).encode()


def tail(generator: random.Random, rare: bool) -> str:
    value = generator.choice(["1", "2.5", "NaN", "1e3"])
    time = generator.choice(["", "", " 17", "\t18"]) if rare else ""
    return f" {value}{time}"


class Store:
    """Gives series refs as a store and its relabelling would: `dropped` has none, `merged` loses its pod."""

    def __init__(self):
        self.refs = {}

    def ref(self, labels) -> int:
        labels = dict(labels)
        if labels["__name__"] == "dropped":
            return 0
        if labels["__name__"] == "merged":
            del labels["pod"]
        return self.refs.setdefault(tuple(labels.items()), len(self.refs) + 1)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_cache_and_a_dictionary_agree_over_any_history_of_scrapes(seed):
    generator = random.Random(seed)
    cache, twin, store = kernels.ScrapeCache(kernels.Symbols()), reference.ScrapeCache(), Store()
    honor, track = generator.random() < 0.7, generator.random() < 0.5
    body = b""
    for scrape in range(25):
        body = generator.choice([body, body, page_of(generator), page_of(generator), b""])
        now_ms = DEFAULT_MS + scrape
        try:
            want = twin.parse(body, now_ms, honor=honor, track=track)
        except reference.PageError:
            with pytest.raises(kernels.ExpositionError):
                cache.parse(body, now_ms, honor_timestamps=honor, track_timestamps=track)
            assert set(cache.reject().tolist()) == twin.reject()
            continue
        page = cache.parse(body, now_ms, honor_timestamps=honor, track_timestamps=track)
        rows = page.labels.rows()
        assert (page.samples, page.duplicates, page.kept) == (want.samples, want.duplicates, want.kept)
        assert rows == [tuple(labels.items()) for labels, _, _ in want.new]
        names = [ref for ref, _, _ in want.known]
        points = [point[1:] for point in [*want.known, *want.new]]
        assert page.refs.tolist() == names
        assert page.timestamps_ms.tolist() == [time_ms for time_ms, _ in points]
        assert bits(page.values) == bits(value for _, value in points)
        if generator.random() < 0.1:
            assert set(cache.reject().tolist()) == twin.reject()
        else:
            refs = [store.ref(labels) for labels in rows]
            vanished = cache.accept(np.array(refs, dtype=np.uint64)).tolist()
            assert vanished == sorted(twin.accept(body, want, refs))
        if generator.random() < 0.1:
            gone = {ref for ref in store.refs.values() if generator.random() < 0.2}
            store.refs = {labels: ref for labels, ref in store.refs.items() if ref not in gone}
            cache.forget(np.array(sorted(gone), dtype=np.uint64))
            twin.forget(gone)
            store.refs |= {("burnt", number): number for number in range(1, 500) if number in gone}
        assert len(cache) == len(twin.refs)
        assert set(cache.metadata()) == twin.metadata()
