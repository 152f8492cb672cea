//! What is remembered of one target between scrapes.
//!
//! `parse` reads a page (`page.rs`) against the known sequence of lines and leaves a pending page; `accept` makes that
//! the known one, `reject` forgets it. A page without a difference leaves nothing to do. A line that is not on an
//! accepted page is not known any more; a failed or empty scrape leaves what is known as it is, only tracking ends.
//! Nothing is added outside `accept`, so memory is bounded by the last good page.

mod families;
mod label_rows;
mod page;

use std::sync::Arc;

use hashbrown::HashSet;

use crate::error::{KernelError, Outcome, want_length};
use crate::line_sequence::{Cursor, FORGOTTEN, KnownLine, LineKind, LineSequence};
use crate::symbols::Symbols;

use families::Families;
pub use families::Family;
use page::{PageLine, PendingPage};
pub use page::{ScrapePage, TimestampPolicy};

pub struct ScrapeCache {
    symbols: Arc<Symbols>,
    known: LineSequence,
    pending: Option<PendingPage>,
    families: Families,
    /// Scrapes ended so far.
    scrapes: u64,
    /// The number of the last scrape that was accepted with a page.
    last_page: u64,
}

impl ScrapeCache {
    pub fn new(symbols: Arc<Symbols>) -> Self {
        Self {
            symbols,
            known: LineSequence::default(),
            pending: None,
            families: Families::default(),
            scrapes: 0,
            last_page: 0,
        }
    }

    /// Series lines known.
    pub fn len(&self) -> usize {
        let is_known = |line: &&KnownLine| line.kind == LineKind::Series && line.series_ref != FORGOTTEN;
        self.known.lines().iter().filter(is_known).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn size_bytes(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, PendingPage::size_bytes);
        size_of::<Self>() + self.known.size_bytes() + self.families.size_bytes() + pending
    }

    pub fn families(&self) -> Vec<Family> {
        self.families.all(&self.known)
    }

    /// Read a page; an earlier one still pending is forgotten.
    pub fn parse(&mut self, body: &[u8], policy: TimestampPolicy) -> Outcome<ScrapePage> {
        self.pending = None;
        let (page, pending) = page::read_page(&mut self.known, &self.symbols, body, policy)?;
        self.pending = Some(pending);
        Ok(page)
    }

    /// The scrape stands, its new rows being the series `refs`. Refs tracked before it and not any more, rising.
    pub fn accept(&mut self, refs: &[u64]) -> Outcome<Vec<u64>> {
        let Some(pending) = &mut self.pending else {
            return Err(KernelError::misuse("accept: want a page parsed since the last accept or reject"));
        };
        want_length("refs", refs.len(), pending.row_lines.len())?;
        for (&line, &series_ref) in pending.row_lines.iter().zip(refs) {
            pending.fresh.lines_mut()[line as usize].series_ref = series_ref;
        }
        let pending = self.pending.take().expect("it was there a moment ago");
        self.scrapes += 1;
        if pending.is_empty {
            return Ok(self.untrack());
        }
        let vanished = if pending.repeats(&self.known) { Vec::new() } else { self.turn_page(pending) };
        self.last_page = self.scrapes;
        self.families.expire(self.scrapes);
        Ok(vanished)
    }

    /// The scrape failed. Refs tracked before it, rising.
    pub fn reject(&mut self) -> Vec<u64> {
        self.pending = None;
        self.scrapes += 1;
        self.untrack()
    }

    /// These series no longer exist; their lines are new when they next stand on a page.
    pub fn forget(&mut self, refs: &[u64]) {
        let refs: HashSet<u64> = refs.iter().copied().filter(|&series_ref| series_ref != 0).collect();
        for line in self.known.lines_mut() {
            if line.kind == LineKind::Series && refs.contains(&line.series_ref) {
                line.series_ref = FORGOTTEN;
            }
        }
    }

    fn untrack(&mut self) -> Vec<u64> {
        let tracked = sorted(self.known.lines().iter().filter(|line| line.is_tracked_series()));
        for line in self.known.lines_mut() {
            line.tracked = false;
        }
        tracked
    }

    /// Make the pending page the known one.
    fn turn_page(&mut self, pending: PendingPage) -> Vec<u64> {
        let old_metadata = pending.changes_metadata(&self.known);
        let next = pending.into_sequence(&self.known);
        let vanished = vanished(&self.known, &next);
        if old_metadata {
            self.families.turn_page(&self.known, &next, self.last_page, self.scrapes);
        }
        self.known = next;
        vanished
    }
}

impl PendingPage {
    fn size_bytes(&self) -> usize {
        let order = self.order.as_ref().map_or(0, |order| order.capacity() * size_of::<PageLine>());
        self.fresh.size_bytes() + self.row_lines.capacity() * 4 + order
    }

    /// Whether the page is the known one, line for line.
    fn repeats(&self, known: &LineSequence) -> bool {
        self.order.is_none() && self.fresh.is_empty() && self.matched == known.len()
    }

    /// Whether HELP and TYPE lines were added, removed or moved.
    fn changes_metadata(&self, known: &LineSequence) -> bool {
        let is_metadata = |line: &KnownLine| matches!(line.kind, LineKind::Help | LineKind::Type(_));
        if self.fresh.lines().iter().any(is_metadata) {
            return true;
        }
        let before = known.lines().iter().enumerate().filter(|(_, line)| is_metadata(line));
        let before = before.map(|(number, _)| number as u32);
        match &self.order {
            Some(order) => {
                let old = order.iter().filter(|line| !line.is_fresh).map(|line| line.number);
                !before.eq(old.filter(|&number| is_metadata(&known.lines()[number as usize])))
            }
            None => before.max().is_some_and(|last| last as usize >= self.matched),
        }
    }

    /// The page as a sequence; `known` gives the texts of the lines that were known.
    fn into_sequence(mut self, known: &LineSequence) -> LineSequence {
        if known.is_empty() {
            self.fresh.settle();
            return self.fresh;
        }
        let order = self.order.take().unwrap_or_else(|| PageLine::of(&known.lines()[..self.matched]));
        let mut next = LineSequence::default();
        let (mut cursor, mut fresh_cursor) = (Cursor::default(), Cursor::default());
        let mut previous = Vec::new();
        for PageLine { number, is_fresh, tracked } in order {
            let number = number as usize;
            let (mut line, text) = if is_fresh {
                (self.fresh.lines()[number], self.fresh.read(&mut fresh_cursor, number))
            } else {
                (known.lines()[number], known.read(&mut cursor, number))
            };
            if line.series_ref != FORGOTTEN {
                line.tracked = tracked;
                next.push(&previous, text, line);
                previous.clear();
                previous.extend_from_slice(text);
            }
        }
        next.settle();
        next
    }
}

/// Series tracked in `before` and by no line of `after`.
fn vanished(before: &LineSequence, after: &LineSequence) -> Vec<u64> {
    let tracked = |sequence: &LineSequence| -> Vec<u64> {
        sorted(sequence.lines().iter().filter(|line| line.is_tracked_series()))
    };
    let after = tracked(after);
    let mut gone = tracked(before);
    gone.retain(|series_ref| after.binary_search(series_ref).is_err());
    gone
}

/// Refs in rising order, each once.
fn sorted<'a>(lines: impl Iterator<Item = &'a KnownLine>) -> Vec<u64> {
    let mut refs: Vec<u64> = lines.map(|line| line.series_ref).collect();
    refs.sort_unstable();
    refs.dedup();
    refs
}
