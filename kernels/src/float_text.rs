//! Numbers as Prometheus reads and writes them: the rules of Go's `strconv`.

use std::str;

use crate::quote::quote_bytes;
use crate::schubfach::{Decimal, shortest};

/// The bits of every NaN that was read from text; the staleness marker is another one.
pub const NORMAL_NAN: u64 = 0x7ff8_0000_0000_0001;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatError {
    /// Hexadecimal floats and digit separators are Go's, not Prometheus'.
    Unsupported,
    Syntax,
    Range,
}

impl FloatError {
    /// Go's words for this error in `text`.
    pub fn describe(self, text: &[u8]) -> String {
        let reason = match self {
            Self::Unsupported => return "unsupported character in float".to_owned(),
            Self::Syntax => "invalid syntax",
            Self::Range => "value out of range",
        };
        format!("strconv.ParseFloat: parsing {}: {reason}", quote_bytes(text))
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// Never an exponent: Go's `'f'`.
    Plain,
    /// An exponent below 1e-6 and from 1e21 on: what JSON answers show.
    Json,
    /// An exponent below 1e-4 and from 1e6 on: Go's `'g'`, for `le` and `quantile`.
    General,
}

const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// A number as the text format reads it; every NaN has the bits `NORMAL_NAN`.
pub fn parse_float(text: &[u8]) -> Result<f64, FloatError> {
    match scan_decimal(text) {
        Some((value, length)) if length == text.len() => Ok(value),
        _ => parse_any(text),
    }
}

/// The plain decimal at the start of `text` and its length, if doubles give it exactly.
///
/// Mantissa and power of ten are then both doubles, and one division rounds correctly. What is no plain decimal
/// (exponents, long mantissas, names, errors) is left to `parse_any`.
#[inline]
pub fn scan_decimal(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (whole, at) = scan_digits(text, start, 0);
    let (mantissa, end, decimals) = if text.get(at) == Some(&b'.') {
        let (mantissa, end) = scan_digits(text, at + 1, whole);
        (mantissa, end, end - at - 1)
    } else {
        (whole, at, 0)
    };
    let digits = at - start + decimals;
    // Nineteen digits cannot overflow the mantissa.
    if !(1..=19).contains(&digits) || mantissa > 1 << 53 {
        return None;
    }
    let value = if decimals == 0 { mantissa as f64 } else { mantissa as f64 / EXACT_POWERS[decimals] };
    Some((if negative { -value } else { value }, end))
}

/// The digits from `start` on, put behind the number `before`, and where they end.
#[inline]
fn scan_digits(text: &[u8], start: usize, before: u64) -> (u64, usize) {
    let rest = text.get(start..).unwrap_or_default();
    if let Some(&word) = rest.first_chunk::<8>() {
        let (number, count) = scan_word(word);
        if count < 8 {
            return (before.wrapping_mul(POWERS_OF_TEN[count]).wrapping_add(number), start + count);
        }
    }
    let (mut number, mut at) = (before, start);
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (number, at)
}

const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut exponent = 1;
    while exponent < 20 {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The number that eight bytes begin with and its digits, without a branch: lengths vary from line to line, and a loop
/// would be mispredicted once a line. Two, then four, then eight digits are added up side by side.
#[inline]
fn scan_word(word: [u8; 8]) -> (u64, usize) {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    let digits = u64::from_le_bytes(word) ^ ZEROS;
    // The high bit of each byte above nine; a carry can only reach bytes behind the first of them.
    let others =
        (digits.wrapping_add(u64::from_le_bytes([0x76; 8])) | digits) & u64::from_le_bytes([0x80; 8]);
    let count = (others.trailing_zeros() / 8) as usize;
    let padded = digits.checked_shl(64 - 8 * count as u32).unwrap_or(0);
    let pairs = padded.wrapping_mul(10).wrapping_add(padded >> 8);
    let upper = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let lower = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    (upper.wrapping_add(lower) >> 32, count)
}

/// The same without the attempt at a plain decimal, for texts that are known to be none.
pub fn parse_any(text: &[u8]) -> Result<f64, FloatError> {
    let (sign, unsigned) = match text.first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    // The standard library knows names of its own; a number begins with a digit or a point.
    if unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.')
        && let Some(value) = str::from_utf8(unsigned).ok().and_then(|text| text.parse::<f64>().ok())
    {
        return if value.is_infinite() { Err(FloatError::Range) } else { Ok(sign * value) };
    }
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Ok(sign * f64::INFINITY);
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Ok(f64::from_bits(NORMAL_NAN));
    }
    let is_foreign = text.iter().any(|byte| matches!(byte, b'p' | b'P' | b'_'));
    Err(if is_foreign { FloatError::Unsupported } else { FloatError::Syntax })
}

/// The shortest text that reads back as `value`.
#[inline]
pub fn push_float(out: &mut Vec<u8>, value: f64, notation: Notation) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    let magnitude = value.abs();
    if magnitude.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if notation != Notation::General && push_short(out, magnitude) {
        return;
    }
    if magnitude == 0.0 {
        return out.push(b'0');
    }
    push_decimal(out, shortest(magnitude), notation);
}

/// Integers and numbers of at most three decimals, without a search for digits; false if `magnitude` is neither.
///
/// Fifteen digits or fewer are always the shortest, because no two such decimals are the same double.
#[inline]
fn push_short(out: &mut Vec<u8>, magnitude: f64) -> bool {
    if magnitude >= 9e15 {
        return false;
    }
    let whole = magnitude as u64;
    if whole as f64 == magnitude {
        push_integer(out, whole);
        return true;
    }
    let thousandths = (magnitude * 1000.0).round();
    if !(1e-3..1e11).contains(&magnitude) || thousandths / 1000.0 != magnitude {
        return false;
    }
    let thousandths = thousandths as u64;
    push_integer(out, thousandths / 1000);
    let [tenth, hundredth, thousandth] = three_digits((thousandths % 1000) as u32);
    match (hundredth, thousandth) {
        (b'0', b'0') => out.extend_from_slice(&[b'.', tenth]),
        (_, b'0') => out.extend_from_slice(&[b'.', tenth, hundredth]),
        _ => out.extend_from_slice(&[b'.', tenth, hundredth, thousandth]),
    }
    true
}

/// The last three digits of `number`.
pub fn three_digits(number: u32) -> [u8; 3] {
    [number / 100 % 10, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8)
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// `number` in decimal.
#[inline]
pub fn push_integer(out: &mut Vec<u8>, number: u64) {
    let mut buffer = [0; 20];
    let start = write_before(&mut buffer, 20, number);
    out.extend_from_slice(&buffer[start..]);
}

/// Write `number` so that it ends before `end`; where it begins.
#[inline]
fn write_before<const N: usize>(buffer: &mut [u8; N], end: usize, mut number: u64) -> usize {
    let mut at = end;
    while number >= 100 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if number >= 10 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[number as usize]);
    } else {
        at -= 1;
        buffer[at] = b'0' + number as u8;
    }
    at
}

fn push_decimal(out: &mut Vec<u8>, decimal: Decimal, notation: Notation) {
    let point = decimal.digits.ilog10() as i32 + 1 + decimal.exponent; // Digits before the decimal point.
    let is_positional = match notation {
        Notation::Plain => true,
        Notation::Json => (-5..=21).contains(&point),
        Notation::General => (-3..=6).contains(&point),
    };
    if !is_positional {
        push_scientific(out, decimal.digits, point - 1);
    } else if decimal.exponent >= 0 {
        push_integer(out, decimal.digits);
        push_zeros(out, decimal.exponent as usize);
    } else if decimal.exponent > -20 {
        push_mixed(out, decimal.digits, decimal.exponent.unsigned_abs() as usize);
    } else {
        out.extend_from_slice(b"0.");
        push_zeros(out, -point as usize);
        push_integer(out, decimal.digits);
    }
}

/// `digits` with `decimals` of them behind the point: written into one buffer, backwards, and copied once.
fn push_mixed(out: &mut Vec<u8>, digits: u64, decimals: usize) {
    const END: usize = 24;
    let mut buffer = [b'0'; END];
    let unit = POWERS_OF_TEN[decimals];
    write_before(&mut buffer, END, digits % unit);
    let point = END - decimals - 1;
    buffer[point] = b'.';
    let start = write_before(&mut buffer, point, digits / unit);
    out.extend_from_slice(&buffer[start..]);
}

fn push_zeros(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b'0');
}

fn push_scientific(out: &mut Vec<u8>, digits: u64, exponent: i32) {
    let start = out.len();
    push_integer(out, digits);
    if digits >= 10 {
        out.insert(start + 1, b'.');
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    let exponent = u64::from(exponent.unsigned_abs());
    if exponent < 10 {
        out.push(b'0');
    }
    push_integer(out, exponent);
}

/// A bucket bound or quantile as series carry it: `1` and `1.0` are one label value.
pub fn normal_bound(text: &[u8]) -> Option<Vec<u8>> {
    let value = parse_float(text).ok()?;
    let mut out = Vec::new();
    // Zero has no sign here.
    push_float(&mut out, if value == 0.0 { 0.0 } else { value }, Notation::General);
    if value.is_finite() && !out.iter().any(|byte| matches!(byte, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64, notation: Notation) -> String {
        let mut out = Vec::new();
        push_float(&mut out, value, notation);
        String::from_utf8(out).expect("digits are ASCII")
    }

    #[test]
    fn json_numbers_turn_to_exponents_where_go_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e-6, "0.000001"),
            (9.99e-7, "9.99e-07"),
            (1e-7, "1e-07"),
            (1e21, "1e+21"),
            (9.99e20, "999000000000000000000"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (0.1 + 0.2, "0.30000000000000004"),
            (4_550_559_762_000_341.0 / 4.0, "1137639940500085.2"),
            (-123.456, "-123.456"),
            (0.001, "0.001"),
            (0.5, "0.5"),
        ];
        for (value, want) in cases {
            assert_eq!(text(value, Notation::Json), want);
        }
        assert_eq!(text(1e-7, Notation::Plain), "0.0000001");
        assert_eq!(text(1e21, Notation::Plain), "1000000000000000000000");
    }

    #[test]
    fn bounds_are_normalised_as_the_reference_lists_them() {
        let cases = [
            ("1", "1.0"),
            ("0", "0.0"),
            ("-0", "0.0"),
            ("-1", "-1.0"),
            ("+Inf", "+Inf"),
            ("-inf", "-Inf"),
            ("nan", "NaN"),
            ("10", "10.0"),
            ("0.001", "0.001"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("123456", "123456.0"),
            ("1e5", "100000.0"),
            ("1e6", "1e+06"),
            ("1000000", "1e+06"),
            ("1234567", "1.234567e+06"),
            ("2500000", "2.5e+06"),
            ("1e21", "1e+21"),
        ];
        for (bound, want) in cases {
            assert_eq!(normal_bound(bound.as_bytes()).as_deref(), Some(want.as_bytes()), "{bound}");
        }
        assert_eq!(normal_bound(b"abc"), None);
    }

    #[test]
    fn numbers_are_read_by_gos_rules() {
        for (good, want) in [("1.", 1.0), (".5", 0.5), ("+1e3", 1000.0), ("-INFINITY", f64::NEG_INFINITY)] {
            assert_eq!(parse_float(good.as_bytes()), Ok(want), "{good}");
        }
        for bad in ["", ".", "-", "+nan", "-nan", "infin", "1e", "0x1", " 1", "1 ", "--1", "1.2.3", "٣"] {
            assert_eq!(parse_float(bad.as_bytes()), Err(FloatError::Syntax), "{bad}");
        }
        assert_eq!(parse_float(b"1e999"), Err(FloatError::Range));
        assert_eq!(parse_float(b"1_000"), Err(FloatError::Unsupported));
        assert_eq!(parse_float(b"nAn").map(f64::to_bits), Ok(NORMAL_NAN));
        assert_eq!(parse_float(b"-0").map(f64::to_bits), Ok((-0.0f64).to_bits()));
        assert_eq!(
            FloatError::Syntax.describe(b"a\"\xff"),
            r#"strconv.ParseFloat: parsing "a\"\xff": invalid syntax"#
        );
    }
}
