"""Tokens of queries: what a word means at its place, byte offsets, and what is refused."""

import pytest

from promql.lexer import KEYWORDS, LEXER_ERROR, Scanner


def tokens(text: str) -> list[tuple[str, str]]:
    return [(token.type, str(token)) for token in Scanner(text).tokens()]


def types(text: str) -> list[str]:
    return [kind for kind, _ in tokens(text)]


def mistake(text: str) -> tuple[int, str]:
    *_, last = Scanner(text).tokens()
    assert last.type == LEXER_ERROR, f"{text!r} lexes"
    return last.start_pos, str(last)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo a:b :c _x9", "IDENTIFIER METRIC_IDENTIFIER METRIC_IDENTIFIER IDENTIFIER"),
        ("sum SUM Sum summe", "AGGREGATOR AGGREGATOR AGGREGATOR IDENTIFIER"),
        ("and OR unless atan2", "AND OR UNLESS ATAN2"),
        ("inf Inf NaN nan: inf1", "NUMBER NUMBER NUMBER METRIC_IDENTIFIER IDENTIFIER"),
        ("start end step range min_of", "BOUND_WORD BOUND_WORD STEP_WORD STEP_WORD CHOICE_WORD"),
        ("fill fill( fill_left  (", "IDENTIFIER FILL LEFT_PAREN FILL_LEFT LEFT_PAREN"),
        ("<= </ < >= >/ > == != =", "COMPARE_OP " * 8 + "EQUAL"),
        ("+-*/%^", "SUM_OP SUM_OP PRODUCT_OP PRODUCT_OP PRODUCT_OP POWER_OP"),
        ("<==", "COMPARE_OP EQUAL"),
        ("{sum=~'a', \"b\"}", "LEFT_BRACE IDENTIFIER MATCH_OP STRING COMMA STRING RIGHT_BRACE"),
        ("{a!~`c`", "LEFT_BRACE IDENTIFIER MATCH_OP STRING"),
        ("[5m:step()]", "LEFT_BRACKET DURATION COLON STEP_WORD LEFT_PAREN RIGHT_PAREN RIGHT_BRACKET"),
        ("[RANGE():1]", "LEFT_BRACKET STEP_WORD LEFT_PAREN RIGHT_PAREN COLON NUMBER RIGHT_BRACKET"),
        ("[min_of(1m,-2", "LEFT_BRACKET CHOICE_WORD LEFT_PAREN DURATION COMMA SUM_OP NUMBER"),
        ("[-1*3]", "LEFT_BRACKET SUM_OP NUMBER PRODUCT_OP NUMBER RIGHT_BRACKET"),
        ("a # comment { ( [\n b", "IDENTIFIER IDENTIFIER"),
        ("{ # comment\r a }", "LEFT_BRACE IDENTIFIER RIGHT_BRACE"),
        (" \t\r\n# nothing", ""),
        ("@ 5", "AT NUMBER"),
    ],
)  # fmt: skip
def test_words_and_operators_have_the_meaning_of_their_place(text, expected):
    assert [kind for kind in types(text) if kind != LEXER_ERROR] == expected.split()


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_inside_braces_no_keyword_exists(word):
    assert types(f"{{{word}}}") == ["LEFT_BRACE", "IDENTIFIER", "RIGHT_BRACE"]


NUMBERS = "0 1.5 .5 5. 1e3 1E-3 1e+3 1_000 0x1f 0X_Ff 017 1_0.5_0"


@pytest.mark.parametrize("text", NUMBERS.split())
def test_a_number_is_one_token(text):
    assert tokens(text) == [("NUMBER", text)]
    assert tokens(f"{text})")[0] == ("NUMBER", text)


@pytest.mark.parametrize("text", ["5m", "1h30m", "100ms", "1y2w3d4h5m6s7ms", "5y1hs", "1.5m", "0s", "1m1h"])
def test_what_looks_like_a_duration_is_one_token(text):
    assert tokens(text) == [("DURATION", text)]


def test_offsets_count_bytes_of_utf8():
    places = [(token.start_pos, token.end_pos) for token in Scanner('{a="ü€😀"} # é\n + b').tokens()]
    assert places == [(0, 1), (1, 2), (2, 3), (3, 14), (14, 15), (22, 23), (24, 25)]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("a =~ b", 2, "unexpected character after '=': '~'"),
        ("a ! b", 2, "unexpected character after '!': ' '"),
        ("a !", 2, "unexpected character after '!': '\ufffd'"),
        ("{a !b}", 3, "unexpected character after '!' inside braces: 'b'"),
        ("{a{", 2, "unexpected left brace '{'"),
        ("{a:b}", 2, "unexpected character inside braces: ':'"),
        ("{1}", 1, "unexpected character inside braces: '1'"),
        ("{'a'", 4, "unexpected end of input inside braces"),
        ("({a", 3, "unexpected end of input inside braces"),
        ("a $ b", 2, "unexpected character: '$'"),
        ("a\x00", 1, r"unexpected character: '\x00'"),
        ("a\u00a0b", 1, r"unexpected character: '\u00a0'"),
        ("'ü' ö", 5, "unexpected character: 'ö'"),
        ("}", 0, "unexpected character: '}'"),
        ("]", 0, "unexpected right bracket ']'"),
        (")", 1, "unexpected right parenthesis ')'"),
        ("a[5m)", 5, "unexpected right parenthesis ')'"),
        ("(a", 2, "unclosed left parenthesis"),
        ("a[5m", 4, "unclosed left bracket"),
        ("(a[5m", 5, "unclosed left parenthesis"),
        ("a[", 2, "unexpected end of input in duration expression"),
        ("a[ ", 3, "unexpected end of input in duration expression"),
        ("a[:5m]", 3, "unexpected colon before duration in duration expression"),
        ("a[#\n5m]", 2, "unexpected character in duration expression: '#'"),
        ("a[x]", 2, "unexpected character in duration expression: 'x'"),
        ("a[steps]", 2, "unexpected character in duration expression: 's'"),
        ("a[Inf]", 2, "unexpected character in duration expression: 'I'"),
        ("a['1m']", 2, r"unexpected character in duration expression: '\''"),
        ("a[step()::", 10, "unexpected repeated colon in duration expression"),
        ("a[5m x]", 5, "unexpected character: 'x', expected ':'"),
        ("a[5m:stepped]", 5, "unexpected character: 's', expected ':'"),
        ("a[5m::1m]", 5, "unexpected colon ':'"),
        ("a[5m[", 4, "unexpected left bracket '['"),
        ("1 5mm", 2, 'bad number or duration syntax: "5mm"'),
        ("5x", 0, 'bad number or duration syntax: "5"'),
        ("1..2", 0, 'bad number or duration syntax: "1.."'),
        ("1.2.3", 0, 'bad number or duration syntax: "1.2."'),
        ("1._2", 0, 'bad number or duration syntax: "1._"'),
        ("1e", 0, 'bad number or duration syntax: "1e"'),
        ("1e+", 0, 'bad number or duration syntax: "1e+"'),
        ("1e_1", 0, 'bad number or duration syntax: "1e_"'),
        ("1e5e", 0, 'bad number or duration syntax: "1e5e"'),
        ("1__0", 0, 'bad number or duration syntax: "1__"'),
        ("1_", 0, 'bad number or duration syntax: "1_"'),
        ("1_.5", 0, 'bad number or duration syntax: "1_."'),
        ("0x1.8", 0, 'bad number or duration syntax: "0x1."'),
        ("0x1__0", 0, 'bad number or duration syntax: "0x1__"'),
        ("0xg", 0, 'bad number or duration syntax: "0x"'),
        ("0b1", 0, 'bad number or duration syntax: "0"'),
        ("5m1y", 0, 'bad number or duration syntax: "5m1"'),
        ("5m1", 0, 'bad number or duration syntax: "5m1"'),
        ("5m_", 0, 'bad number or duration syntax: "5m_"'),
        ('"abc', 0, "unterminated quoted string"),
        ('"a\nb"', 0, "unterminated quoted string"),
        ("`abc", 0, "unterminated raw string"),
        ('"\\', 0, "escape sequence not terminated"),
        ('"\\x4', 0, "escape sequence not terminated"),
        (r'"\q"', 0, "unknown escape sequence U+0071 'q'"),
        (r"""'\"'""", 0, "unknown escape sequence U+0022 '\"'"),
        (r'"\x4.', 0, "illegal character U+002E '.' in escape sequence"),
        (r'"\08"', 0, "illegal character U+0038 '8' in escape sequence"),
        (r'"\400"', 0, "escape sequence is an invalid Unicode code point"),
        (r'"\ud800"', 0, "escape sequence is an invalid Unicode code point"),
        (r'"\U00110000"', 0, "escape sequence is an invalid Unicode code point"),
        ('"\udcff"', 0, "invalid UTF-8 rune"),
        ("`\ufffd`", 0, "invalid UTF-8 rune"),
    ],
)
def test_what_is_no_token_is_refused_in_the_words_of_prometheus(text, position, message):
    assert mistake(text) == (position, message)
