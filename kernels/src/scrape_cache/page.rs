//! One page read against the lines its target is known to expose.
//!
//! ```text
//!   known      A  #  B  C  D  E        the last accepted page
//!                 ^ next: expected now; `anchor` is where the text of A stands on this page
//!   page       A  #  B  X  D           B as expected; X: not C, not one of the few behind it, nowhere in the table: new
//!   order      0  1  2  new 4          kept from the first line on that was not the expected one
//! ```
//!
//! Invariant: while `order` is none the page equals known[..next], duplicates of series aside. So nothing needs to be
//! noted of a line that stands where it is expected.

use std::sync::Arc;

use crate::error::{KernelError, Outcome};
use crate::exposition::{FamilyKind, Labels, Line, Reader, Span, Tail, plain_tail};
use crate::frame::LabelFrame;
use crate::line_sequence::{FORGOTTEN, KnownLine, LineKind, LineSequence, hash_text};
use crate::symbols::Symbols;

use super::label_rows::{LabelRows, Suppressed};

/// Lines looked at behind the expected one before the table is asked.
const PATIENCE_LINES: usize = 8;

/// A comment longer than this is read anew each time, lest a page of comments be held in memory for good.
const REMARK_BYTES_MAX: usize = 1024;

/// How explicit timestamps are taken.
#[derive(Clone, Copy, Debug)]
pub struct TimestampPolicy {
    pub default_ms: i64,
    /// Whether a timestamp on a line counts; else all samples take `default_ms`.
    pub honor: bool,
    /// Whether series with a timestamp of their own get staleness markers.
    pub track: bool,
}

/// What one page said; known series first, then new ones, both in page order.
pub struct ScrapePage {
    pub refs: Vec<u64>,
    pub timestamps_ms: Vec<i64>,
    pub values: Vec<f64>,
    pub labels: LabelFrame,
    pub suppressed: Vec<Suppressed>,
    pub samples: usize,
    pub duplicates: usize,
    pub kept: usize,
}

/// A line of the page: one of the known sequence, or one of the fresh.
#[derive(Clone, Copy, Debug)]
pub struct PageLine {
    pub number: u32,
    pub is_fresh: bool,
    pub tracked: bool,
}

impl PageLine {
    /// Known lines as they stood on the last page.
    pub fn of(known: &[KnownLine]) -> Vec<Self> {
        let line = |(number, line): (usize, &KnownLine)| Self {
            number: number as u32,
            is_fresh: false,
            tracked: line.tracked,
        };
        known.iter().enumerate().map(line).collect()
    }
}

/// What must be remembered of a page until its scrape is accepted.
pub struct PendingPage {
    pub is_empty: bool,
    /// Lines that were not known, in page order.
    pub fresh: LineSequence,
    /// The line of `fresh` that each new row came from.
    pub row_lines: Vec<u32>,
    /// None if the page is known[..matched] and nothing else, or all of it is fresh.
    pub order: Option<Vec<PageLine>>,
    pub matched: usize,
}

/// Read `page` against `known`.
pub fn read_page(
    known: &mut LineSequence,
    symbols: &Arc<Symbols>,
    page: &[u8],
    policy: TimestampPolicy,
) -> Outcome<(ScrapePage, PendingPage)> {
    if page.len() >= u32::MAX as usize {
        let message = format!("page: want less than 4 GiB, got {} bytes", page.len());
        return Err(KernelError::Exposition { message, samples: 0 });
    }
    let mut reading = Reading::new(known, symbols, page, policy);
    let mut at = 0;
    while at < page.len() {
        at = reading.expected_lines(at);
        if at < page.len() {
            at = reading.next_line(at).map_err(|message| reading.error(message))?;
        }
    }
    Ok(reading.finish())
}

struct Reading<'a> {
    page: &'a [u8],
    reader: Reader<'a>,
    known: &'a mut LineSequence,
    policy: TimestampPolicy,
    next: usize,
    anchor: Span,
    /// Once there is an order, one bit per known line: it stood on this page already.
    seen: Vec<u64>,
    patience: usize,
    kind_in_force: FamilyKind,
    rows: LabelRows<'a>,
    labels: Labels,
    last_fresh: Span,
    new_timestamps_ms: Vec<i64>,
    new_values: Vec<f64>,
    pending: PendingPage,
    refs: Vec<u64>,
    /// Shorter than `refs` as long as none of the last samples has a time of its own.
    timestamps_ms: Vec<i64>,
    values: Vec<f64>,
    samples: usize,
    duplicates: usize,
    kept: usize,
}

impl<'a> Reading<'a> {
    fn new(
        known: &'a mut LineSequence,
        symbols: &Arc<Symbols>,
        page: &'a [u8],
        policy: TimestampPolicy,
    ) -> Self {
        let lines = known.len();
        let pending = PendingPage {
            is_empty: page.is_empty(),
            fresh: LineSequence::searchable(),
            row_lines: Vec::new(),
            order: None,
            matched: 0,
        };
        Self {
            page,
            reader: Reader::new(page),
            known,
            policy,
            next: 0,
            anchor: Span::new(0, 0),
            seen: Vec::new(),
            patience: PATIENCE_LINES,
            kind_in_force: FamilyKind::Unknown,
            rows: LabelRows::new(page, symbols),
            labels: Labels::default(),
            last_fresh: Span::new(0, 0),
            new_timestamps_ms: Vec::new(),
            new_values: Vec::new(),
            pending,
            refs: Vec::with_capacity(lines),
            timestamps_ms: Vec::new(),
            values: Vec::with_capacity(lines),
            samples: 0,
            duplicates: 0,
            kept: 0,
        }
    }

    fn error(&self, message: String) -> KernelError {
        KernelError::Exposition { message, samples: self.samples }
    }

    fn finish(mut self) -> (ScrapePage, PendingPage) {
        self.pending.matched = self.next;
        self.timestamps_ms.resize(self.refs.len(), self.policy.default_ms);
        self.timestamps_ms.append(&mut self.new_timestamps_ms);
        self.values.append(&mut self.new_values);
        let (labels, suppressed) = self.rows.finish();
        let page = ScrapePage {
            refs: self.refs,
            timestamps_ms: self.timestamps_ms,
            values: self.values,
            labels,
            suppressed,
            samples: self.samples,
            duplicates: self.duplicates,
            kept: self.kept,
        };
        (page, self.pending)
    }

    /// Read expected lines from `at` on, as long as they have plain values and no timestamps: nearly all lines of nearly
    /// all pages. Where the first line begins that is not so simple.
    fn expected_lines(&mut self, mut at: usize) -> usize {
        while let Some(&line) = self.known.lines().get(self.next) {
            let rest = &self.page[at..];
            let Some(length) = self.known.continues(self.next, self.anchor.of(self.page), rest) else {
                break;
            };
            let text = Span::new(at, at + length);
            if line.kind == LineKind::Series {
                let is_simple = line.tracked && line.series_ref != FORGOTTEN && !self.has_seen(self.next);
                let Some((value, tail)) = plain_tail(&rest[length..]).filter(|_| is_simple) else {
                    break;
                };
                self.samples += 1;
                if line.series_ref != 0 {
                    self.kept += 1;
                    self.refs.push(line.series_ref);
                    self.values.push(value);
                }
                at += length + tail;
            } else {
                if rest.get(length) != Some(&b'\n') {
                    break;
                }
                if let LineKind::Type(kind) = line.kind {
                    self.kind_in_force = kind;
                }
                at += length + 1;
            }
            self.note_known(self.next, line, text, line.tracked);
        }
        at
    }

    /// Read the line that begins at `start`; where the one behind it begins.
    fn next_line(&mut self, start: usize) -> Result<usize, String> {
        match self.expected_line(start, start)? {
            Some(next) => Ok(next),
            None => self.other_line(start),
        }
    }

    /// The expected line, if it stands at `at`.
    fn expected_line(&mut self, start: usize, at: usize) -> Result<Option<usize>, String> {
        match self.known.continues(self.next, self.anchor.of(self.page), &self.page[at..]) {
            Some(length) => self.known_line(start, Span::new(at, at + length), self.next),
            None => Ok(None),
        }
    }

    /// Known line `number`, whose text stands at `text`, unless the line goes on in a way that makes it another one.
    fn known_line(&mut self, start: usize, text: Span, number: usize) -> Result<Option<usize>, String> {
        let line = self.known.lines()[number];
        let end = text.end as usize;
        if line.kind == LineKind::Series {
            if line.series_ref == FORGOTTEN || !self.ends_series(end) {
                return Ok(None);
            }
            let tail = self.reader.tail(start, end)?;
            self.known_series(number, line, text, &tail);
            return Ok(Some(tail.next));
        }
        if self.reader.byte(end) != b'\n' {
            return Ok(None);
        }
        if let LineKind::Type(kind) = line.kind {
            self.kind_in_force = kind;
        }
        self.note_known(number, line, text, line.tracked);
        Ok(Some(end + 1))
    }

    /// Whether a text of a series that ends at `end` is the whole of it.
    fn ends_series(&self, end: usize) -> bool {
        matches!(self.reader.byte(end), b' ' | b'\t')
            && (self.page[end - 1] == b'}' || !self.reader.opens_brace(end))
    }

    fn known_series(&mut self, number: usize, line: KnownLine, text: Span, tail: &Tail) {
        let explicit_ms = tail.timestamp_ms.filter(|_| self.policy.honor);
        let repeated = self.has_seen(number);
        self.samples += 1;
        if line.series_ref != 0 {
            self.kept += 1;
            if repeated && explicit_ms.is_none() {
                self.duplicates += 1;
            } else {
                if let Some(timestamp_ms) = explicit_ms {
                    self.timestamps_ms.resize(self.refs.len(), self.policy.default_ms);
                    self.timestamps_ms.push(timestamp_ms);
                }
                self.refs.push(line.series_ref);
                self.values.push(tail.value);
            }
        }
        if !repeated {
            self.note_known(number, line, text, explicit_ms.is_none() || self.policy.track);
        }
    }

    /// Whether known line `number` stood on this page already.
    #[inline]
    fn has_seen(&self, number: usize) -> bool {
        match self.pending.order {
            None => number < self.next,
            Some(_) => self.seen[number / 64] >> (number % 64) & 1 != 0,
        }
    }

    #[inline]
    fn note_known(&mut self, number: usize, line: KnownLine, text: Span, tracked: bool) {
        if self.pending.order.is_some() || number != self.next || tracked != line.tracked {
            self.note(PageLine { number: number as u32, is_fresh: false, tracked });
            self.seen[number / 64] |= 1 << (number % 64);
        }
        self.next = number + 1;
        self.anchor = text;
    }

    /// Put a line into the order, which begins with all lines that stood where they were expected.
    #[inline(never)]
    fn note(&mut self, line: PageLine) {
        let order = self.pending.order.get_or_insert_with(|| {
            self.seen = vec![0; self.known.len().div_ceil(64)];
            let (words, bits) = (self.next / 64, self.next % 64);
            self.seen[..words].fill(u64::MAX);
            if bits != 0 {
                self.seen[words] = (1 << bits) - 1;
            }
            PageLine::of(&self.known.lines()[..self.next])
        });
        order.push(line);
    }

    /// A line that is not the expected one.
    #[inline(never)]
    fn other_line(&mut self, start: usize) -> Result<usize, String> {
        let at = self.reader.skip_blanks(start);
        if self.reader.byte(at) == b'\n' {
            return Ok(at + 1); // An empty line is not worth remembering: it would cost more than its byte.
        }
        if at > start
            && let Some(next) = self.expected_line(start, at)?
        {
            return Ok(next);
        }
        if let Some(next) = self.line_ahead(start, at)? {
            return Ok(next);
        }
        match self.reader.line(start, &mut self.labels)? {
            Line::Series { end } => self.series(start, Span::new(at, end)),
            Line::Remark { end } if end - at > REMARK_BYTES_MAX => Ok(end + 1),
            Line::Remark { end } => Ok(self.fresh_remark(at, end, LineKind::Remark)),
            Line::Help { end, .. } => Ok(self.fresh_remark(at, end, LineKind::Help)),
            Line::Type { kind, end, .. } => {
                self.kind_in_force = kind;
                Ok(self.fresh_remark(at, end, LineKind::Type(kind)))
            }
        }
    }

    /// A known line a little behind the expected one: what stood between has vanished.
    ///
    /// Patience shrinks while that never helps, as on a page in another order.
    fn line_ahead(&mut self, start: usize, at: usize) -> Result<Option<usize>, String> {
        let first = self.known.len().min(self.next + 1);
        let last = self.known.len().min(first + self.patience);
        for number in first..last {
            if let Some(length) = self.known.begins(number, &self.page[at..])
                && let Some(next) = self.known_line(start, Span::new(at, at + length), number)?
            {
                self.patience = PATIENCE_LINES;
                return Ok(Some(next));
            }
        }
        self.patience = (self.patience / 2).max(1);
        Ok(None)
    }

    /// A series somewhere else in the sequence, or one not known at all.
    fn series(&mut self, start: usize, span: Span) -> Result<usize, String> {
        let tail = self.reader.tail(start, span.end as usize)?;
        let text = span.of(self.page);
        let hash = hash_text(text);
        if !self.known.is_empty()
            && let Some(number) = self.known.find(hash, text)
            && let line = self.known.lines()[number as usize]
            && line.series_ref != FORGOTTEN
        {
            self.known_series(number as usize, line, span, &tail);
            return Ok(tail.next);
        }
        let explicit_ms = tail.timestamp_ms.filter(|_| self.policy.honor);
        self.samples += 1;
        let repeated = self.pending.fresh.find(hash, text);
        if repeated.is_some() && explicit_ms.is_none() {
            self.duplicates += 1;
            return Ok(tail.next);
        }
        self.rows.push(&self.labels, self.kind_in_force)?;
        self.new_timestamps_ms.push(explicit_ms.unwrap_or(self.policy.default_ms));
        self.new_values.push(tail.value);
        let number = match repeated {
            Some(number) => number,
            None => {
                let tracked = explicit_ms.is_none() || self.policy.track;
                let line = KnownLine::new(LineKind::Series, tracked);
                let previous = self.last_fresh.of(self.page);
                let number = self.pending.fresh.push_searchable(hash, previous, text, line);
                self.note_fresh(number, span, tracked);
                number
            }
        };
        self.pending.row_lines.push(number);
        Ok(tail.next)
    }

    fn fresh_remark(&mut self, start: usize, end: usize, kind: LineKind) -> usize {
        let span = Span::new(start, end);
        let line = KnownLine::new(kind, false);
        let number = self.pending.fresh.push(self.last_fresh.of(self.page), span.of(self.page), line);
        self.note_fresh(number, span, false);
        end + 1
    }

    fn note_fresh(&mut self, number: u32, span: Span, tracked: bool) {
        self.last_fresh = span;
        // With nothing known, the order of the fresh lines is the order of the page.
        if !self.known.is_empty() {
            self.note(PageLine { number, is_fresh: true, tracked });
        }
    }
}
