//! Text between double quotes as Go writes it (`strconv.Quote`), which PromQL and many messages show.

use std::fmt::Write;

/// `text` between double quotes, with escapes for what cannot be printed.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    push_escaped(&mut out, text);
    out.push('"');
    out
}

/// The same for bytes that may not be UTF-8; a byte that is part of no character shows by its number.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("a String takes every write");
        }
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            _ if is_printable(c) => out.push(c),
            _ => push_number(out, c as u32),
        }
    }
}

/// A character by its number, in the shortest of Go's three forms that holds it.
fn push_number(out: &mut String, number: u32) {
    let written = match number {
        0..0x80 => write!(out, "\\x{number:02x}"),
        0x80..0x1_0000 => write!(out, "\\u{number:04x}"),
        _ => write!(out, "\\U{number:08x}"),
    };
    written.expect("a String takes every write");
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
///
/// The standard library's debug form escapes all else, and also a combining mark that begins a text; hence the letter
/// before `c`.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut pair = String::from("a");
    pair.push(c);
    pair.escape_debug().nth(1) != Some('\\')
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_are_those_of_go() {
        assert_eq!(quote("a\"b\\c\n\t\u{7}\u{b}\u{1}\u{7f}"), r#""a\"b\\c\n\t\a\v\x01\x7f""#);
        assert_eq!(
            quote("é\u{301} 日本 \u{a0}\u{200b}\u{e000}\u{10ffff}"),
            "\"é\u{301} 日本 \\u00a0\\u200b\\ue000\\U0010ffff\""
        );
    }
}
