//! Lines of the text exposition format, 0.0.4 and 1.0.0.
//!
//! ```text
//!   http_requests_total{method="post",code="200"} 1027 1395066363000
//!   `-- name ---------'`------ labels ----------'`---- tail --------'
//!   `------------ text: what names the series --'
//! ```
//!
//! A `Reader` is given the place where a line begins and says what stands there, as spans of the page: nothing is
//! copied. The text of a series and its tail are read apart, because a cache that knows the text skips the labels.
//! A quoted text may hold newlines, so a page cannot be cut into lines beforehand.
//!
//! Errors are Prometheus' own, which show the token that came and the line up to one byte behind it. A page is read
//! as if one more newline followed it; so the last line may lack its own, and that newline can show in an error.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::float_text::{parse_any, parse_float, scan_decimal};
use crate::quote::quote_bytes;

/// A range of the page; pages are shorter than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[inline]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline]
    pub fn of(self, page: &[u8]) -> &[u8] {
        &page[self.start as usize..self.end as usize]
    }

    /// Without the first and the last byte: what stands between quotes.
    fn inner(self) -> Self {
        Self { start: self.start + 1, end: self.end - 1 }
    }
}

/// Types that a TYPE line can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    Unknown,
    Counter,
    Gauge,
    Histogram,
    Summary,
}

impl FamilyKind {
    fn parse(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"untyped" => Self::Unknown,
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"summary" => Self::Summary,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }

    /// The label whose values are numbers in families of this type.
    pub fn number_label(self) -> Option<&'static [u8]> {
        match self {
            Self::Histogram => Some(b"le"),
            Self::Summary => Some(b"quantile"),
            _ => None,
        }
    }
}

/// What stands at a place of the page; `end` is that of the line, before its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// An empty line or a comment.
    Remark {
        end: usize,
    },
    Help {
        family: Span,
        help: Span,
        end: usize,
    },
    Type {
        family: Span,
        kind: FamilyKind,
        end: usize,
    },
    /// A series; its labels are in the `Labels` given to the reader, its tail begins at `end`.
    Series {
        end: usize,
    },
}

/// The labels of one series as exposed: escaped, unsorted.
#[derive(Default)]
pub struct Labels {
    pub name: Option<Span>,
    pub pairs: Vec<(Span, Span)>,
}

/// What follows the text of a series.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    pub value: f64,
    pub timestamp_ms: Option<i64>,
    /// Where the next line begins.
    pub next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Invalid,
    BraceOpen,
    BraceClose,
    Name,
    Quoted,
    Equal,
    Comma,
    Timestamp,
}

impl TokenKind {
    /// As Prometheus' messages call it.
    fn name(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::BraceOpen => "BOPEN",
            Self::BraceClose => "BCLOSE",
            Self::Name => "LNAME",
            Self::Quoted => "QSTRING",
            Self::Equal => "EQUAL",
            Self::Comma => "COMMA",
            Self::Timestamp => "TIMESTAMP",
        }
    }
}

#[derive(Clone, Copy)]
struct Token {
    kind: TokenKind,
    start: usize,
    end: usize,
}

impl Token {
    fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// Reads lines of one page.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    page: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(page: &'a [u8]) -> Self {
        Self { page }
    }

    /// The line that begins at `start`; `labels` are filled if it is a series.
    pub fn line(self, start: usize, labels: &mut Labels) -> Result<Line, String> {
        let at = self.skip_blanks(start);
        match self.byte(at) {
            b'\n' => Ok(Line::Remark { end: at }),
            b'#' => self.remark(start, at),
            b'{' => {
                labels.name = None;
                self.series(start, at, labels)
            }
            first if is_name_byte(first) && !first.is_ascii_digit() => {
                let end = self.name_end(at);
                labels.name = Some(Span::new(at, end));
                self.series(start, end, labels)
            }
            _ => {
                let token = Token { kind: TokenKind::Invalid, start: at, end: at };
                Err(self.unexpected("expected a valid start token", start, token))
            }
        }
    }

    /// Value and timestamp from `at` on; `start` is where the line begins.
    pub fn tail(self, start: usize, at: usize) -> Result<Tail, String> {
        match self.page.get(at..).and_then(plain_tail) {
            Some((value, length)) => Ok(Tail { value, timestamp_ms: None, next: at + length }),
            None => self.any_tail(start, at),
        }
    }

    /// Whether the first byte that is not blank from `at` on opens a brace.
    #[inline]
    pub fn opens_brace(self, at: usize) -> bool {
        self.byte(self.skip_blanks(at)) == b'{'
    }

    #[inline]
    pub fn skip_blanks(self, mut at: usize) -> usize {
        while matches!(self.byte(at), b' ' | b'\t') {
            at += 1;
        }
        at
    }

    /// The byte at `at`, a newline behind the end.
    #[inline]
    pub fn byte(self, at: usize) -> u8 {
        self.page.get(at).copied().unwrap_or(b'\n')
    }

    fn line_end(self, at: usize) -> usize {
        memchr(b'\n', &self.page[at..]).map_or(self.page.len(), |length| at + length)
    }

    fn name_end(self, mut at: usize) -> usize {
        while is_name_byte(self.byte(at)) {
            at += 1;
        }
        at
    }

    fn remark(self, start: usize, hash: usize) -> Result<Line, String> {
        let keyword = self.skip_blanks(hash + 1);
        let after = keyword + 4;
        let word = self.page.get(keyword..after).unwrap_or_default();
        let is_metadata = matches!(word, b"HELP" | b"TYPE")
            && keyword > hash + 1
            && matches!(self.byte(after), b' ' | b'\t');
        if !is_metadata {
            return Ok(Line::Remark { end: self.line_end(hash) });
        }
        let (family, name_end) = self.family(start, self.skip_blanks(after), word)?;
        let end = self.line_end(name_end);
        let text = Span::new(end.min(name_end + 1), end);
        if word == b"HELP" {
            return match std::str::from_utf8(text.of(self.page)) {
                Ok(_) => Ok(Line::Help { family, help: text, end }),
                Err(_) => {
                    let quoted = shown(text.of(self.page));
                    Err(format!("help text {quoted} is not a valid utf8 string"))
                }
            };
        }
        match FamilyKind::parse(text.of(self.page)) {
            Some(kind) => Ok(Line::Type { family, kind, end }),
            None => Err(format!("invalid metric type {}", shown(text.of(self.page)))),
        }
    }

    /// The family that a HELP or TYPE line is about, and where its name ends.
    fn family(self, start: usize, at: usize, word: &[u8]) -> Result<(Span, usize), String> {
        let token = match self.byte(at) {
            b'"' => self.quoted(at),
            first if is_name_byte(first) && !first.is_ascii_digit() => {
                Token { kind: TokenKind::Name, start: at, end: self.name_end(at) }
            }
            _ => Token { kind: TokenKind::Invalid, start: at, end: at },
        };
        match token.kind {
            TokenKind::Name => Ok((token.span(), token.end)),
            TokenKind::Quoted => {
                self.want_name(token)?;
                Ok((token.span().inner(), token.end))
            }
            _ => {
                let want = format!("expected metric name after {}", String::from_utf8_lossy(word));
                Err(self.unexpected(&want, start, token))
            }
        }
    }

    /// The series whose name, if it stands before the brace, ends at `at`.
    fn series(self, start: usize, at: usize, labels: &mut Labels) -> Result<Line, String> {
        labels.pairs.clear();
        let brace = self.skip_blanks(at);
        if self.byte(brace) != b'{' {
            return Ok(Line::Series { end: at });
        }
        let end = self.labels(start, brace + 1, labels)?;
        if labels.name.is_none() {
            let context = self.context(start, self.value_token(end).end);
            return Err(format!("metric name not set while parsing: {context}"));
        }
        Ok(Line::Series { end })
    }

    /// Labels from behind the brace on; where the closing brace ends.
    fn labels(self, start: usize, at: usize, labels: &mut Labels) -> Result<usize, String> {
        let mut token = self.label_token(at);
        loop {
            match token.kind {
                TokenKind::BraceClose => return Ok(token.end),
                TokenKind::Name | TokenKind::Quoted => {}
                _ => return Err(self.unexpected("expected label name", start, token)),
            }
            let name = token;
            token = self.label_token(name.end);
            let is_alone = matches!(token.kind, TokenKind::Comma | TokenKind::BraceClose);
            if is_alone && labels.name.is_some() {
                let context = self.context(start, token.end);
                return Err(format!("metric name already set while parsing: {context}"));
            }
            if is_alone && name.kind == TokenKind::Quoted {
                self.want_name(name)?;
                labels.name = Some(name.span().inner());
                if token.kind == TokenKind::Comma {
                    token = self.label_token(token.end);
                }
                continue;
            }
            if token.kind != TokenKind::Equal {
                return Err(self.unexpected("expected equal", start, token));
            }
            let value = self.label_value(start, token.end)?;
            labels.pairs.push((self.label_name(name)?, value.span().inner()));
            // A comma between two labels is not required.
            token = self.label_token(value.end);
            if token.kind == TokenKind::Comma {
                token = self.label_token(token.end);
            }
        }
    }

    fn label_name(self, token: Token) -> Result<Span, String> {
        if token.kind == TokenKind::Name {
            return Ok(token.span());
        }
        self.want_name(token)?;
        Ok(token.span().inner())
    }

    /// A quoted name is UTF-8 and not empty.
    fn want_name(self, token: Token) -> Result<(), String> {
        let text = token.span().inner().of(self.page);
        if text.is_empty() || std::str::from_utf8(text).is_err() {
            let quoted = shown(text);
            return Err(format!(
                "invalid metric name or label names: want UTF-8 that is not empty, got {quoted}"
            ));
        }
        Ok(())
    }

    fn label_value(self, start: usize, at: usize) -> Result<Token, String> {
        let at = self.skip_blanks(at);
        let token = match self.byte(at) {
            b'"' => self.quoted(at),
            _ => Token { kind: TokenKind::Invalid, start: at, end: at },
        };
        if token.kind != TokenKind::Quoted {
            return Err(self.unexpected("expected label value", start, token));
        }
        let text = token.span().of(self.page);
        if text.is_ascii() || std::str::from_utf8(text).is_ok() {
            return Ok(token);
        }
        Err(format!("invalid UTF-8 label value: {}", shown(text)))
    }

    /// A token between braces.
    #[inline]
    fn label_token(self, at: usize) -> Token {
        let start = self.skip_blanks(at);
        let (kind, end) = match self.byte(start) {
            b'}' => (TokenKind::BraceClose, start + 1),
            b'=' => (TokenKind::Equal, start + 1),
            b',' => (TokenKind::Comma, start + 1),
            b'"' => return self.quoted(start),
            // Prometheus shows one byte more behind a digit than behind any other byte it did not want here.
            b'0'..=b'9' => (TokenKind::Invalid, start + 1),
            b':' => (TokenKind::Invalid, start),
            first if is_name_byte(first) => {
                let rest = &self.page[start..];
                let length = rest.iter().position(|&byte| !is_name_byte(byte) || byte == b':');
                (TokenKind::Name, start + length.unwrap_or(rest.len()))
            }
            _ => (TokenKind::Invalid, start),
        };
        Token { kind, start, end }
    }

    /// A quoted text with its quotes; a backslash takes the byte behind it along, whatever that is.
    #[inline]
    fn quoted(self, start: usize) -> Token {
        let mut at = start + 1;
        while let Some(length) = memchr2(b'"', b'\\', self.page.get(at..).unwrap_or_default()) {
            at += length;
            if self.page[at] == b'"' {
                return Token { kind: TokenKind::Quoted, start, end: at + 1 };
            }
            at += 2;
        }
        Token { kind: TokenKind::Invalid, start, end: self.page.len() + 1 }
    }

    /// The token where a value should stand: `Name` if it is one.
    fn value_token(self, at: usize) -> Token {
        let start = self.skip_blanks(at);
        let mut end = start;
        while !matches!(self.byte(end), b' ' | b'\t' | b'\n' | b'{') {
            end += 1;
        }
        match self.byte(start) {
            b'{' => Token { kind: TokenKind::BraceOpen, start, end: start + 1 },
            _ if end == start => Token { kind: TokenKind::Invalid, start, end },
            _ => Token { kind: TokenKind::Name, start, end },
        }
    }

    fn timestamp_token(self, at: usize) -> Token {
        let start = self.skip_blanks(at);
        let mut end = start;
        while self.byte(end).is_ascii_digit() {
            end += 1;
        }
        let kind = if end == start { TokenKind::Invalid } else { TokenKind::Timestamp };
        Token { kind, start, end }
    }

    /// The tail in all its forms.
    #[inline(never)]
    fn any_tail(self, start: usize, at: usize) -> Result<Tail, String> {
        let token = self.value_token(at);
        if token.kind != TokenKind::Name {
            return Err(self.unexpected("expected value after metric", start, token));
        }
        let text = token.span().of(self.page);
        let value = parse_float(text).map_err(|error| {
            format!(
                "{} while parsing: {}",
                error.describe(&text[..text.len().min(SHOWN_BYTES)]),
                self.context(start, token.end)
            )
        })?;
        let token = self.timestamp_token(token.end);
        if token.kind != TokenKind::Timestamp {
            if self.byte(token.start) == b'\n' {
                return Ok(Tail { value, timestamp_ms: None, next: token.start + 1 });
            }
            return Err(self.unexpected("expected timestamp or new record", start, token));
        }
        let digits = token.span().of(self.page);
        let timestamp_ms = parse_timestamp(digits).ok_or_else(|| {
            let (text, context) = (shown(digits), self.context(start, token.end));
            format!("strconv.ParseInt: parsing {text}: value out of range while parsing: {context}")
        })?;
        let token = self.timestamp_token(token.end);
        if token.kind == TokenKind::Timestamp || self.byte(token.start) != b'\n' {
            return Err(self.unexpected("expected next entry after timestamp", start, token));
        }
        Ok(Tail { value, timestamp_ms: Some(timestamp_ms), next: token.start + 1 })
    }

    fn unexpected(self, want: &str, start: usize, token: Token) -> String {
        let (got, name) = (self.context(token.start, token.end + 1), token.kind.name());
        let context = self.context(start, token.end + 1);
        format!("{want}, got {got} (\"{name}\") while parsing: {context}")
    }

    /// Quoted bytes of the page and the newline behind it.
    fn context(self, start: usize, end: usize) -> String {
        let bytes = self.page.get(start..end.min(self.page.len())).unwrap_or_default();
        if bytes.len() < end - start && bytes.len() < SHOWN_BYTES {
            return quote_bytes(&[bytes, b"\n"].concat());
        }
        shown(bytes)
    }
}

/// Bytes of a page that an error shows; a hostile page shall not fill the log.
const SHOWN_BYTES: usize = 4096;

fn shown(bytes: &[u8]) -> String {
    quote_bytes(&bytes[..bytes.len().min(SHOWN_BYTES)])
}

/// The commonest tail, a space, a number and a newline, and its length.
#[inline]
pub fn plain_tail(page: &[u8]) -> Option<(f64, usize)> {
    let (b' ', rest) = page.split_first()? else {
        return None;
    };
    match scan_decimal(rest) {
        Some((value, length)) if rest.get(length) == Some(&b'\n') => Some((value, length + 2)),
        _ => long_tail(rest),
    }
}

/// The same where the number is no short decimal; what stands before the newline may be anything.
#[inline(never)]
fn long_tail(rest: &[u8]) -> Option<(f64, usize)> {
    const LONGEST: usize = 40; // Of the numbers that exporters write; others take the long way.
    let length = memchr(b'\n', &rest[..rest.len().min(LONGEST)])?;
    let value = parse_any(&rest[..length]).ok()?;
    Some((value, length + 2))
}

#[inline]
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

fn parse_timestamp(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |number, digit| number.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
}

/// A label value or quoted name without its escapes: `\"`, `\\` and `\n`; any other pair stays as it is.
#[inline]
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    unescape_pairs(text, true)
}

/// A help text without its escapes, `\\` and `\n`.
pub fn unescape_help(text: &[u8]) -> Cow<'_, [u8]> {
    unescape_pairs(text, false)
}

#[inline]
fn unescape_pairs(text: &[u8], quotes: bool) -> Cow<'_, [u8]> {
    match memchr(b'\\', text) {
        None => Cow::Borrowed(text),
        Some(first) => Cow::Owned(without_escapes(text, first, quotes)),
    }
}

fn without_escapes(text: &[u8], first: usize, quotes: bool) -> Vec<u8> {
    let mut out = text[..first].to_vec();
    let mut rest = &text[first..];
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b'\\') => out.push(b'\\'),
            Some(b'"') if quotes => out.push(b'"'),
            Some(&other) => out.extend_from_slice(&[b'\\', other]),
            None => out.push(b'\\'),
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}
