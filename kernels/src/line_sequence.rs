//! The lines of a page in order, front-coded: what a target exposed last, small enough to keep for every target.
//!
//! ```text
//!   text                          shared   suffix
//!   up{job="a",pod="web-1"}            0   up{job="a",pod="web-1"}
//!   up{job="a",pod="web-2"}           19   2"}
//!   up{job="b",pod="web-1"}            8   b",pod="web-1"}
//! ```
//!
//! A page repeats the last one, so a reader that stands at line n expects line n: it compares the shared bytes with
//! the line before *on the page in hand* and the suffix with the arena, and no text is ever rebuilt. Any line can also
//! be compared by itself: its suffix, then backwards through the lines that its prefix came from, which ends at the
//! next line stored whole, at most fifteen back.
//!
//! The table from text to line is made when a page first leaves the order and lives as long as the sequence.
//! Invariants: no two series lines of a sequence have the same text; line 16 * n shares nothing.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::exposition::FamilyKind;

const RESTART_LINES: usize = 16;

/// Pages come from strangers, who must not be able to foresee which texts collide.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(RESTART_LINES));

pub fn hash_text(text: &[u8]) -> u32 {
    xxh3_64_with_seed(text, *SEED) as u32
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    Remark,
    Help,
    Type(FamilyKind),
    Series,
}

/// A line without its text.
#[derive(Clone, Copy, Debug)]
pub struct KnownLine {
    /// Of a series: its ref in the store, 0 if relabelling drops it, or `FORGOTTEN`.
    pub series_ref: u64,
    suffix_end: u32,
    shared: u16,
    pub kind: LineKind,
    /// Whether the series gets a staleness marker when it goes away.
    pub tracked: bool,
}

/// In place of a ref: the store has forgotten the series, so its line must be taken for a new one.
pub const FORGOTTEN: u64 = u64::MAX;

/// An entry of the table: the line, and as much of its hash as it takes to move the entry elsewhere.
struct Slot {
    number: u32,
    hash: u32,
}

impl Slot {
    fn hash(&self) -> u64 {
        spread(self.hash)
    }
}

/// The table picks a place by the lowest bits and a tag by the highest.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[derive(Default)]
pub struct LineSequence {
    lines: Vec<KnownLine>,
    suffixes: Vec<u8>,
    table: Option<HashTable<Slot>>,
}

impl LineSequence {
    /// A sequence that is searched while it grows.
    pub fn searchable() -> Self {
        Self { table: Some(HashTable::new()), ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    #[inline]
    pub fn lines(&self) -> &[KnownLine] {
        &self.lines
    }

    pub fn lines_mut(&mut self) -> &mut [KnownLine] {
        &mut self.lines
    }

    pub fn size_bytes(&self) -> usize {
        let table = self.table.as_ref().map_or(0, |table| table.capacity() * 8 / 7 * (size_of::<Slot>() + 1));
        self.lines.capacity() * size_of::<KnownLine>() + self.suffixes.capacity() + table
    }

    /// Append a line; `previous` is the text of the one before. Its number.
    pub fn push(&mut self, previous: &[u8], text: &[u8], line: KnownLine) -> u32 {
        let number = self.lines.len();
        let shared = if number.is_multiple_of(RESTART_LINES) { 0 } else { shared_bytes(previous, text) };
        self.suffixes.extend_from_slice(&text[shared..]);
        self.lines.push(KnownLine { suffix_end: self.suffixes.len() as u32, shared: shared as u16, ..line });
        number as u32
    }

    /// Append a series that `find` did not find to a searchable sequence.
    pub fn push_searchable(&mut self, hash: u32, previous: &[u8], text: &[u8], line: KnownLine) -> u32 {
        let number = self.push(previous, text, line);
        self.table.get_or_insert_default().insert_unique(spread(hash), Slot { number, hash }, Slot::hash);
        number
    }

    /// Give back what growing took in advance; the table goes too, since a page that repeats needs none.
    pub fn settle(&mut self) {
        self.table = None;
        self.lines.shrink_to_fit();
        self.suffixes.shrink_to_fit();
    }

    /// Length of the line's text if `page` begins with it, where `previous` is a text equal to the line before.
    #[inline]
    pub fn continues(&self, number: usize, previous: &[u8], page: &[u8]) -> Option<usize> {
        let shared = usize::from(self.lines.get(number)?.shared);
        let suffix = self.suffix(number);
        let (front, rest) = page.split_at_checked(shared)?;
        let same = rest.starts_with(suffix) && front == previous.get(..shared)?;
        same.then_some(shared + suffix.len())
    }

    /// Length of the line's text if `page` begins with it.
    pub fn begins(&self, number: usize, page: &[u8]) -> Option<usize> {
        let length = self.length(number);
        let text = page.get(..length)?;
        let mut unchecked = length; // The bytes before this one are still to be compared.
        for number in (0..=number).rev() {
            let shared = usize::from(self.lines[number].shared);
            if shared < unchecked {
                if text[shared..unchecked] != self.suffix(number)[..unchecked - shared] {
                    return None;
                }
                unchecked = shared;
            }
            if unchecked == 0 {
                break;
            }
        }
        Some(length)
    }

    /// The series line with this text.
    pub fn find(&mut self, hash: u32, text: &[u8]) -> Option<u32> {
        if self.table.is_none() {
            self.table = Some(self.index());
        }
        let same = |slot: &Slot| {
            let number = slot.number as usize;
            slot.hash == hash && self.length(number) == text.len() && self.begins(number, text).is_some()
        };
        self.table.as_ref()?.find(spread(hash), same).map(|slot| slot.number)
    }

    /// The text of line `number`, read with a cursor that remembers the line before.
    pub fn read<'c>(&self, cursor: &'c mut Cursor, number: usize) -> &'c [u8] {
        let follows = cursor.next == number;
        let first = if follows { number } else { number - number % RESTART_LINES };
        for number in first..=number {
            cursor.text.truncate(usize::from(self.lines[number].shared));
            cursor.text.extend_from_slice(self.suffix(number));
        }
        cursor.next = number + 1;
        &cursor.text
    }

    #[inline]
    fn suffix(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.lines[number - 1].suffix_end };
        &self.suffixes[start as usize..self.lines[number].suffix_end as usize]
    }

    fn length(&self, number: usize) -> usize {
        usize::from(self.lines[number].shared) + self.suffix(number).len()
    }

    fn index(&self) -> HashTable<Slot> {
        let series = self.lines.iter().filter(|line| line.kind == LineKind::Series).count();
        let mut table = HashTable::with_capacity(series);
        let mut cursor = Cursor::default();
        for (number, line) in self.lines.iter().enumerate() {
            let hash = hash_text(self.read(&mut cursor, number));
            if line.kind == LineKind::Series {
                table.insert_unique(spread(hash), Slot { number: number as u32, hash }, Slot::hash);
            }
        }
        table
    }
}

impl KnownLine {
    pub fn new(kind: LineKind, tracked: bool) -> Self {
        Self { series_ref: 0, suffix_end: 0, shared: 0, kind, tracked }
    }

    /// A series that is stored and expected on every page.
    pub fn is_tracked_series(&self) -> bool {
        self.kind == LineKind::Series && self.tracked && !matches!(self.series_ref, 0 | FORGOTTEN)
    }
}

/// The text of the line last read, from which the next one is made.
#[derive(Default)]
pub struct Cursor {
    text: Vec<u8>,
    next: usize,
}

/// Bytes that both texts begin with, as far as a line can say.
fn shared_bytes(left: &[u8], right: &[u8]) -> usize {
    let (left_words, _) = left.as_chunks::<8>();
    let (right_words, _) = right.as_chunks::<8>();
    let words = left_words.iter().zip(right_words).take_while(|(left, right)| left == right).count();
    let rest = left[words * 8..].iter().zip(&right[words * 8..]).take_while(|(left, right)| left == right);
    (words * 8 + rest.count()).min(usize::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<Vec<u8>> {
        (0..100).map(|i| format!("metric_{}{{pod=\"web-{}\"}}", i / 30, i % 7 * i).into_bytes()).collect()
    }

    fn sequence() -> LineSequence {
        let mut sequence = LineSequence::default();
        let mut previous = Vec::new();
        for text in texts() {
            sequence.push(&previous, &text, KnownLine::new(LineKind::Series, true));
            previous = text;
        }
        sequence
    }

    #[test]
    fn every_line_reads_back_in_any_order() {
        let sequence = sequence();
        let mut cursor = Cursor::default();
        for number in (0..100).chain((0..100).rev()).chain([5, 50, 51, 52, 3]) {
            assert_eq!(sequence.read(&mut cursor, number), texts()[number]);
        }
    }

    #[test]
    fn a_line_is_found_by_its_text_and_only_by_it() {
        let mut sequence = sequence();
        for (number, text) in texts().into_iter().enumerate() {
            let found = sequence.find(hash_text(&text), &text).expect("the line is there");
            assert_eq!(texts()[found as usize], text);
            assert_eq!(sequence.begins(number, &text), Some(text.len()));
            let mut other = text.clone();
            other[3] ^= 1;
            assert_eq!(sequence.find(hash_text(&other), &other), None);
            assert_eq!(sequence.begins(number, &other), None);
            assert_eq!(sequence.begins(number, &text[..text.len() - 1]), None);
        }
    }

    #[test]
    fn a_line_is_sixteen_bytes_beside_its_suffix() {
        assert_eq!(size_of::<KnownLine>(), 16);
    }
}
