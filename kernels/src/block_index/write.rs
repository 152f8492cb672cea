//! Writing an index, part after part, from the labels of all its series.
//!
//! ```text
//!   new ─▶ symbols ─▶ series, as often as wanted ─▶ postings ─▶ end        each gives the bytes that come next
//! ```
//!
//! The symbols a frame uses are ranked by text; the rank is the ordinal, and ordinal 0 is the empty text. Postings come
//! out of one counting sort: pairs are numbered as they appear, counted, ordered by name and value, and each series is
//! put under its pairs. Neighbours in label order share most values, so few pairs have to be looked up.

use hashbrown::HashMap;

use super::{CONTENTS_BYTES, HEADER_BYTES, MAGIC, SERIES_ALIGNMENT, VERSION};
use crate::error::{KernelError, Outcome, want_length, want_offsets};
use crate::frame::{LabelFrame, Ranks};
use crate::symbols::{EMPTY, SymbolTable, UNKNOWN};
use crate::varint::{push_text, push_uvarint, zigzag};

const LIST_ALIGNMENT: usize = 4;

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Symbols,
    Series,
    Postings,
    End,
    Nothing,
}

/// The chunks of consecutive series: series i owns offsets[i]..offsets[i + 1].
pub struct ChunkMetas<'a> {
    offsets: &'a [i64],
    min_ms: &'a [i64],
    max_ms: &'a [i64],
    refs: &'a [u64],
}

impl<'a> ChunkMetas<'a> {
    pub fn new(offsets: &'a [i64], min_ms: &'a [i64], max_ms: &'a [i64], refs: &'a [u64]) -> Outcome<Self> {
        want_length("min_ms", min_ms.len(), refs.len())?;
        want_length("max_ms", max_ms.len(), refs.len())?;
        want_offsets(offsets, refs.len())?;
        Ok(Self { offsets, min_ms, max_ms, refs })
    }
}

pub struct IndexEncoder {
    next: Part,
    ranks: Ranks,
    /// Symbols in the order of their texts.
    sorted: Vec<u32>,
    /// Bytes given so far.
    written: usize,
    ids: Vec<u32>,
    last_ref: u64,
    /// Ordinals of name and value in one word, and where the list is; rising.
    lists: Vec<(u64, usize)>,
    /// Where the series begin and end.
    series: [usize; 2],
}

impl IndexEncoder {
    /// For series with these labels, which strictly rise.
    pub fn new(labels: &LabelFrame) -> Outcome<Self> {
        let (ranks, sorted) = labels.ranks(&labels.symbols.read());
        if sorted.first() == Some(&EMPTY) {
            return Err(KernelError::misuse("labels: want names that are not empty, got an empty one"));
        }
        let key = |(name, value)| pair_key(&ranks, name, value);
        for row in 0..labels.len() {
            if labels.row(row).is_empty() {
                return Err(KernelError::Misuse(format!("series {row}: want at least one label")));
            }
            if row > 0 && labels.pairs(row - 1).map(key).ge(labels.pairs(row).map(key)) {
                return Err(KernelError::Misuse(format!("series {row}: want label sets that strictly rise")));
            }
        }
        Ok(Self {
            next: Part::Symbols,
            ranks,
            sorted,
            written: 0,
            ids: Vec::with_capacity(labels.len()),
            last_ref: 0,
            lists: Vec::new(),
            series: [0; 2],
        })
    }

    /// Header and symbol table.
    pub fn symbols(&mut self, table: &SymbolTable) -> Outcome<Vec<u8>> {
        self.enter(Part::Symbols, Part::Series)?;
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        push_section("symbols", &mut out, |out| {
            out.extend_from_slice(&(self.sorted.len() as u32 + 1).to_be_bytes());
            push_text(out, b"");
            self.sorted.iter().for_each(|&symbol| push_text(out, table.text(symbol)));
        })?;
        self.series = [out.len(); 2];
        Ok(self.give(out))
    }

    /// Entries of the series after those given before.
    pub fn series(&mut self, labels: &LabelFrame, chunks: &ChunkMetas<'_>) -> Outcome<Vec<u8>> {
        self.enter(Part::Series, Part::Series)?;
        let first = self.ids.len();
        let rows = first..first + chunks.offsets.len() - 1;
        if rows.end > labels.len() {
            let message =
                format!("offsets: want at most {} more series, got {}", labels.len() - first, rows.len());
            return Err(KernelError::Misuse(message));
        }
        let mut out = Vec::with_capacity(rows.len() * 64);
        let mut body = Vec::new();
        for (row, ends) in rows.zip(chunks.offsets.windows(2)) {
            body.clear();
            self.push_labels(labels, row, &mut body);
            self.push_chunks(row, chunks, ends[0] as usize..ends[1] as usize, &mut body)?;
            let padding = (self.written + out.len()).next_multiple_of(SERIES_ALIGNMENT) - self.written;
            out.resize(padding, 0);
            self.ids.push(id_of(self.written + out.len())?);
            push_uvarint(&mut out, body.len() as u64);
            out.extend_from_slice(&body);
            out.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
        }
        self.series[1] = self.written + out.len();
        Ok(self.give(out))
    }

    fn push_labels(&self, labels: &LabelFrame, row: usize, body: &mut Vec<u8>) {
        push_uvarint(body, labels.row(row).len() as u64);
        for (name, value) in labels.pairs(row) {
            push_uvarint(body, u64::from(self.ranks.rank(name)));
            push_uvarint(body, u64::from(self.ranks.rank(value)));
        }
    }

    fn push_chunks(
        &mut self,
        row: usize,
        chunks: &ChunkMetas<'_>,
        own: std::ops::Range<usize>,
        body: &mut Vec<u8>,
    ) -> Outcome<()> {
        push_uvarint(body, own.len() as u64);
        let first = own.start;
        if own.is_empty() {
            return Err(KernelError::Misuse(format!("series {row}: want at least one chunk")));
        }
        for chunk in own {
            let (min_ms, max_ms, chunk_ref) =
                (chunks.min_ms[chunk], chunks.max_ms[chunk], chunks.refs[chunk]);
            if chunk == first {
                push_uvarint(body, zigzag(min_ms));
            } else {
                let last_ms = chunks.max_ms[chunk - 1];
                if min_ms <= last_ms {
                    let message =
                        format!("series {row}: want a chunk after {last_ms} ms, got one from {min_ms} ms");
                    return Err(KernelError::Misuse(message));
                }
                push_uvarint(body, min_ms.wrapping_sub(last_ms) as u64);
            }
            if max_ms < min_ms || chunk_ref < self.last_ref {
                let message = format!(
                    "series {row}: want chunks that end after they begin, and references that rise; \
                     got [{min_ms}, {max_ms}] ms at {chunk_ref} after {}",
                    self.last_ref
                );
                return Err(KernelError::Misuse(message));
            }
            push_uvarint(body, max_ms.wrapping_sub(min_ms) as u64);
            let reference =
                if chunk == first { chunk_ref } else { zigzag((chunk_ref - self.last_ref) as i64) };
            push_uvarint(body, reference);
            self.last_ref = chunk_ref;
        }
        Ok(())
    }

    /// The lists of all series and of each pair.
    pub fn postings(&mut self, labels: &LabelFrame) -> Outcome<Vec<u8>> {
        self.enter(Part::Postings, Part::End)?;
        want_length("series written", self.ids.len(), labels.len())?;
        let sorted = PairLists::new(labels, &self.ranks, &self.ids);
        let start = self.written.next_multiple_of(LIST_ALIGNMENT);
        let mut out = vec![0; start - self.written];
        out.reserve((self.ids.len() + labels.values.len()) * 4 + (sorted.order.len() + 1) * 12);
        self.lists = vec![(0, start)];
        push_list(&mut out, &self.ids)?;
        for &pair in &sorted.order {
            self.lists.push((sorted.keys[pair as usize], self.written + out.len()));
            push_list(&mut out, sorted.of(pair))?;
        }
        Ok(self.give(out))
    }

    /// Offset table and contents.
    pub fn end(&mut self, table: &SymbolTable) -> Outcome<Vec<u8>> {
        self.enter(Part::End, Part::Nothing)?;
        let mut out = Vec::new();
        push_section("postings offset table", &mut out, |out| {
            out.extend_from_slice(&(self.lists.len() as u32).to_be_bytes());
            for &(key, place) in &self.lists {
                out.push(2);
                for ordinal in [key >> 32, key & u64::from(u32::MAX)] {
                    let symbol = (ordinal as usize).checked_sub(1).map(|rank| self.sorted[rank]);
                    push_text(out, symbol.map_or(b"", |symbol| table.text(symbol)));
                }
                push_uvarint(out, place as u64);
            }
        })?;
        let [series, series_end] = self.series;
        let start = out.len();
        for place in [HEADER_BYTES, series, series_end, self.written, series_end, self.written] {
            out.extend_from_slice(&(place as u64).to_be_bytes());
        }
        let crc = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&crc.to_be_bytes());
        assert_eq!(out.len() - start, CONTENTS_BYTES);
        Ok(self.give(out))
    }

    fn enter(&mut self, part: Part, then: Part) -> Outcome<()> {
        let next = if self.next == Part::Series && part == Part::Postings { part } else { self.next };
        if next != part {
            return Err(KernelError::Misuse(format!("index: want {:?} next, got {part:?}", self.next)));
        }
        self.next = then;
        Ok(())
    }

    fn give(&mut self, out: Vec<u8>) -> Vec<u8> {
        self.written += out.len();
        out
    }
}

/// The series of each pair of name and value.
struct PairLists {
    /// Ordinals of name and value, by number of the pair.
    keys: Vec<u64>,
    /// Pairs by name and value.
    order: Vec<u32>,
    /// Where the list of each pair ends; it begins where that of the pair numbered before it ends.
    ends: Vec<usize>,
    ids: Vec<u32>,
}

impl PairLists {
    fn new(labels: &LabelFrame, ranks: &Ranks, ids: &[u32]) -> Self {
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let (mut keys, mut counts) = (Vec::new(), Vec::new());
        let mut recent: Vec<Vec<(u32, u32)>> =
            labels.shapes.iter().map(|shape| vec![(UNKNOWN, 0); shape.len()]).collect();
        let mut pair_of: Vec<u32> = Vec::with_capacity(labels.values.len());
        for row in 0..labels.len() {
            let recent = &mut recent[labels.shape_of[row] as usize];
            for ((name, value), recent) in labels.pairs(row).zip(recent) {
                if recent.0 != value {
                    let key = pair_key(ranks, name, value);
                    let number = *numbers.entry(key).or_insert_with(|| {
                        keys.push(key);
                        counts.push(0_usize);
                        keys.len() as u32 - 1
                    });
                    *recent = (value, number);
                }
                counts[recent.1 as usize] += 1;
                pair_of.push(recent.1);
            }
        }
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_unstable_by_key(|&pair| keys[pair as usize]);
        let mut ends = counts;
        let mut start = 0;
        for end in &mut ends {
            (*end, start) = (start, start + *end);
        }
        let mut out = vec![0; pair_of.len()];
        for (row, &id) in ids.iter().enumerate() {
            for &pair in &pair_of[labels.starts[row] as usize..labels.starts[row + 1] as usize] {
                out[ends[pair as usize]] = id;
                ends[pair as usize] += 1;
            }
        }
        Self { keys, order, ends, ids: out }
    }

    fn of(&self, pair: u32) -> &[u32] {
        let pair = pair as usize;
        let start = if pair == 0 { 0 } else { self.ends[pair - 1] };
        &self.ids[start..self.ends[pair]]
    }
}

/// Two ordinals as one word that sorts as the pair does.
fn pair_key(ranks: &Ranks, name: u32, value: u32) -> u64 {
    u64::from(ranks.rank(name)) << 32 | u64::from(ranks.rank(value))
}

fn id_of(at: usize) -> Outcome<u32> {
    let too_large = |_| KernelError::Misuse("index: want fewer than 64 GiB of series".into());
    u32::try_from(at / SERIES_ALIGNMENT).map_err(too_large)
}

fn push_list(out: &mut Vec<u8>, ids: &[u32]) -> Outcome<()> {
    push_section("postings", out, |out| {
        out.extend_from_slice(&(ids.len() as u32).to_be_bytes());
        out.extend(ids.iter().flat_map(|id| id.to_be_bytes()));
    })
}

/// A body behind its length, with its checksum.
fn push_section(what: &str, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) -> Outcome<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start - 4)
        .map_err(|_| KernelError::Misuse(format!("index: want fewer than 4 GiB of {what}")))?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(&out[start + 4..]);
    out.extend_from_slice(&crc.to_be_bytes());
    Ok(())
}
