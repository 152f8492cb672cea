import numpy as np
import pytest

import kernels

NINES = 20 * "9"


def parse(page: bytes) -> kernels.ScrapePage:
    return kernels.ScrapeCache(kernels.Symbols()).parse(page, 1_000)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("a", r'expected value after metric, got "\n" ("INVALID") while parsing: "a\n"'),
        ("a{b='c'} 1\n", 'expected label value, got "\'" ("INVALID") while parsing: "a{b=\'"'),
        ("a{b=\n", r'expected label value, got "\n" ("INVALID") while parsing: "a{b=\n"'),
        ('a{b="', r'expected label value, got "\"\n" ("INVALID") while parsing: "a{b=\"\n"'),
        ('a{b="c\\', r'expected label value, got "\"c\\\n" ("INVALID") while parsing: "a{b=\"c\\\n"'),
        ('a{=""} 0', r'expected label name, got "=\"" ("EQUAL") while parsing: "a{=\""'),
        ('a{,a="1"} 0', r'expected label name, got ",a" ("COMMA") while parsing: "a{,a"'),
        ('a{a="1",,} 0', r'expected label name, got ",}" ("COMMA") while parsing: "a{a=\"1\",,}"'),
        ("bad{ 2\n", r'expected label name, got "2\n" ("INVALID") while parsing: "bad{ 2\n"'),
        ("a{b c} 1\n", r'expected equal, got "c}" ("LNAME") while parsing: "a{b c}"'),
        (
            "foo 1 1_2\n",
            r'expected next entry after timestamp, got "_" ("INVALID") while parsing: "foo 1 1_"',
        ),
        ("foo 1 -2\n", r'expected timestamp or new record, got "-" ("INVALID") while parsing: "foo 1 -"'),
        (
            "foo 1 2 3\n",
            r'expected next entry after timestamp, got "3\n" ("TIMESTAMP") while parsing: "foo 1 2 3\n"',
        ),
        (
            'foo{a="1"}{b="2"} 1',
            r'expected value after metric, got "{b" ("BOPEN") while parsing: "foo{a=\"1\"}{b"',
        ),
        ('{a="ok"} 1', r'metric name not set while parsing: "{a=\"ok\"} 1"'),
        ('foo{"bar"} 1', r'metric name already set while parsing: "foo{\"bar\"}"'),
        ('{"a","b"} 1', r'metric name already set while parsing: "{\"a\",\"b\"}"'),
        ("# TYPE #\n", r'expected metric name after TYPE, got "#" ("INVALID") while parsing: "# TYPE #"'),
        ("# HELP \n", r'expected metric name after HELP, got "\n" ("INVALID") while parsing: "# HELP \n"'),
        ("# TYPE a counter \n", 'invalid metric type "counter "'),
        ("# TYPE a unknown\n", 'invalid metric type "unknown"'),
        ("# TYPE a\n", 'invalid metric type ""'),
        ("1a 2\n", r'expected a valid start token, got "1" ("INVALID") while parsing: "1"'),
        ("\0", r'expected a valid start token, got "\x00" ("INVALID") while parsing: "\x00"'),
        ("bad abc\n", 'strconv.ParseFloat: parsing "abc": invalid syntax while parsing: "bad abc"'),
        ("bad 1\r\n", r'strconv.ParseFloat: parsing "1\r": invalid syntax while parsing: "bad 1\r"'),
        ("bad 1e999\n", 'strconv.ParseFloat: parsing "1e999": value out of range while parsing: "bad 1e999"'),
        ("bad 1_2\n", 'unsupported character in float while parsing: "bad 1_2"'),
        (
            f"a 1 {NINES}\n",
            f'strconv.ParseInt: parsing "{NINES}": value out of range while parsing: "a 1 {NINES}"',
        ),
        ('a{b="1",b="2"} 1\n', 'label name "b" is not unique: invalid sample'),
        ('a{__name__="b"} 1\n', 'label name "__name__" is not unique: invalid sample'),
        ('a{b="",b="2"} 1\n', 'label name "b" is not unique: invalid sample'),
        ('a{""="2"} 1\n', 'invalid metric name or label names: want UTF-8 that is not empty, got ""'),
    ],
)
def test_a_bad_line_is_refused_in_prometheus_words(page, message):
    with pytest.raises(kernels.ExpositionError) as caught:
        parse(b"good 1\n" + page.encode())
    assert caught.value.args == (message, 2 if "not unique" in message else 1)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b'a{b="\xff"} 1\n', r'invalid UTF-8 label value: "\"\xff\""'),
        (b'a{\xff="foo"} 1\n', r'expected label name, got "\xff" ("INVALID") while parsing: "a{\xff"'),
        (b"# HELP a \xff\n", r'help text "\xff" is not a valid utf8 string'),
        (b'{"\xff"} 1\n', r'invalid metric name or label names: want UTF-8 that is not empty, got "\xff"'),
    ],
)
def test_what_is_not_utf_8_is_refused(page, message):
    with pytest.raises(kernels.ExpositionError) as caught:
        parse(page)
    assert caught.value.args == (message, 0)


def test_accept_without_a_page_and_refs_of_another_length_are_misuse():
    cache = kernels.ScrapeCache(kernels.Symbols())
    with pytest.raises(ValueError, match="want a page parsed"):
        cache.accept(np.array([], dtype=np.uint64))
    cache.parse(b"a 1\n", 0)
    with pytest.raises(ValueError, match="refs: want length 1, got 0"):
        cache.accept(np.array([], dtype=np.uint64))
    assert cache.accept(np.array([7], dtype=np.uint64)).tolist() == []
