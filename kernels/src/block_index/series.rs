//! Entries of series: labels and where the chunks are.

use std::sync::Arc;

use super::{CRC_BYTES, IndexReader, SERIES_ALIGNMENT, corruption, want_crc};
use crate::error::Outcome;
use crate::frame::{FrameBuilder, LabelFrame, Shape};
use crate::slots::Bitmap;
use crate::symbols::{EMPTY, Symbols};
use crate::tombstones::Stones;
use crate::varint::Cursor;

/// Series with at least one chunk that was asked for.
pub struct FoundSeries {
    pub ids: Vec<u32>,
    pub labels: LabelFrame,
    pub chunks: FoundChunks,
}

/// Series i owns the chunks offsets[i]..offsets[i + 1].
#[derive(Default)]
pub struct FoundChunks {
    pub offsets: Vec<i64>,
    pub min_ms: Vec<i64>,
    pub max_ms: Vec<i64>,
    pub refs: Vec<u64>,
}

/// One chunk in an entry.
#[derive(Default, Clone, Copy)]
struct Chunk {
    min_ms: i64,
    max_ms: i64,
    chunk_ref: u64,
}

impl<'a> IndexReader<'a> {
    /// The body of the entry of a series.
    pub(super) fn entry(&self, id: u32) -> Outcome<Cursor<'a>> {
        let at = id as usize * SERIES_ALIGNMENT;
        let parts = || {
            let mut cursor = Cursor::new(self.data.get(at..)?);
            let length = usize::try_from(cursor.uvarint()?).ok()?;
            Some((cursor.take(length)?, cursor.take(CRC_BYTES)?))
        };
        if !self.index.series.contains(&at) {
            let series = &self.index.series;
            return Err(corruption(format!("series {id} at {at}: want one in {series:?}")));
        }
        let ends = || corruption(format!("series {id} at {at}: the file ends before it does"));
        let (body, crc) = parts().ok_or_else(ends)?;
        want_crc(&format_args!("series {id} at {at}"), body, crc)?;
        Ok(Cursor::new(body))
    }

    /// Labels and chunks of those series that have a chunk in [min_ms, max_ms] which no stone covers whole.
    pub fn series(
        &self,
        symbols: &Arc<Symbols>,
        ids: &[u32],
        min_ms: i64,
        max_ms: i64,
        stones: Stones<'_>,
    ) -> Outcome<FoundSeries> {
        let mut ordinals = FrameBuilder::new(symbols.clone());
        let mut found = Vec::with_capacity(ids.len());
        let mut chunks = FoundChunks { offsets: vec![0], ..FoundChunks::default() };
        let mut pairs = Vec::new();
        for &id in ids {
            let damaged = || corruption(format!("series {id}: the entry is not what was written"));
            let mut cursor = self.entry(id)?;
            read_labels(&mut cursor, &mut pairs).ok_or_else(damaged)?;
            let deleted = stones.of(id);
            let wanted = |chunk: &Chunk| {
                let covers = |(low, high)| low <= chunk.min_ms && chunk.max_ms <= high;
                chunk.min_ms <= max_ms
                    && chunk.max_ms >= min_ms
                    && !stones.intervals(deleted.clone()).any(covers)
            };
            if chunks.read(&mut cursor, wanted).ok_or_else(damaged)? {
                // 0 would stand for an absent label, and here it is the first text.
                ordinals.push(pairs.iter().map(|&(name, value)| (name + 1, value + 1)));
                found.push(id);
            }
        }
        let labels = self.interned(ordinals.finish())?;
        Ok(FoundSeries { ids: found, labels, chunks })
    }

    /// A frame of ordinals + 1 as one of symbols.
    fn interned(&self, mut frame: LabelFrame) -> Outcome<LabelFrame> {
        let mut used = Bitmap::new(self.index.symbols.count as usize);
        let names = frame.shapes.iter().flat_map(|shape| shape.iter());
        for &shifted in names.chain(&frame.values) {
            if shifted > self.index.symbols.count {
                return Err(corruption(format!("want a symbol below {}", self.index.symbols.count)));
            }
            used.insert_all(&[shifted - 1]);
        }
        let used = used.to_list();
        let texts = self.index.symbols.texts(self.data, &used)?;
        if texts.first().is_some_and(|text| text.is_empty()) {
            return Err(corruption("want labels that are not empty, got an empty one".into()));
        }
        // Pages of it that no ordinal touches are never there.
        let mut symbol_of = vec![EMPTY; self.index.symbols.count as usize + 1];
        let symbols = frame.symbols.clone();
        let mut table = symbols.write();
        for (&ordinal, text) in used.iter().zip(texts) {
            symbol_of[ordinal as usize + 1] = table.intern(text);
        }
        drop(table);
        let translated = |shape: &Shape| shape.iter().map(|&name| symbol_of[name as usize]).collect();
        frame.shapes = frame.shapes.iter().map(translated).collect();
        frame.values.iter_mut().for_each(|value| *value = symbol_of[*value as usize]);
        Ok(frame)
    }

    /// The value of the label with this ordinal, if the series has it.
    pub(super) fn value_of(&self, id: u32, name: u32, pairs: &mut Vec<(u32, u32)>) -> Outcome<Option<u32>> {
        self.pairs_of(id, pairs)?;
        Ok(pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1))
    }

    /// The ordinals of a series' labels.
    pub(super) fn pairs_of(&self, id: u32, pairs: &mut Vec<(u32, u32)>) -> Outcome<()> {
        let damaged = || corruption(format!("series {id}: the labels are not what was written"));
        read_labels(&mut self.entry(id)?, pairs).ok_or_else(damaged)
    }
}

/// Ordinals of names, which rise, and of values.
fn read_labels(cursor: &mut Cursor<'_>, pairs: &mut Vec<(u32, u32)>) -> Option<()> {
    pairs.clear();
    for _ in 0..cursor.uvarint()? {
        let name = ordinal(cursor)?;
        let value = ordinal(cursor)?;
        if pairs.last().is_some_and(|last| last.0 >= name) {
            return None;
        }
        pairs.push((name, value));
    }
    Some(())
}

/// One more than it is still a u32.
fn ordinal(cursor: &mut Cursor<'_>) -> Option<u32> {
    u32::try_from(cursor.uvarint()?).ok().filter(|&ordinal| ordinal < u32::MAX)
}

impl FoundChunks {
    /// Take up the wanted chunks of an entry, as one series if there are any; and whether there are.
    fn read(&mut self, cursor: &mut Cursor<'_>, wanted: impl Fn(&Chunk) -> bool) -> Option<bool> {
        let before = self.refs.len();
        let mut last = Chunk::default();
        for number in 0..cursor.uvarint()? {
            let chunk = last.next(cursor, number == 0)?;
            if wanted(&chunk) {
                self.min_ms.push(chunk.min_ms);
                self.max_ms.push(chunk.max_ms);
                self.refs.push(chunk.chunk_ref);
            }
            last = chunk;
        }
        let any = self.refs.len() > before;
        if any {
            self.offsets.push(self.refs.len() as i64);
        }
        Some(any)
    }
}

impl Chunk {
    /// The one after this in an entry.
    fn next(&self, cursor: &mut Cursor<'_>, is_first: bool) -> Option<Self> {
        let min_ms =
            if is_first { cursor.varint()? } else { self.max_ms.checked_add_unsigned(cursor.uvarint()?)? };
        let max_ms = min_ms.checked_add_unsigned(cursor.uvarint()?)?;
        let chunk_ref =
            if is_first { cursor.uvarint()? } else { self.chunk_ref.checked_add_signed(cursor.varint()?)? };
        Some(Self { min_ms, max_ms, chunk_ref })
    }
}
