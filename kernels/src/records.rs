//! Bodies of write-ahead-log records: what a commit says, before it is compressed and framed.
//!
//! ```text
//!   series    01 | (ref be64 | labels)*                          labels = uvarint n, n * (text name, text value)
//!   samples   02 | base ref be64 | base time be64 | (varint ref - base | varint t - base | value be64)*
//!   metadata  06 | (uvarint ref | kind u8 | uvarint n | n * (text name, text value))*
//! ```
//!
//! Deltas of samples are against the first sample, so that a scrape's refs take one to three bytes and its time one.
//! Decoders take many records and append to one result: replay pays one call for thousands of commits. Bytes behind
//! the last complete entry are corruption.

use std::sync::Arc;

use crate::error::{KernelError, Outcome, want_length};
use crate::frame::{FrameBuilder, LabelFrame};
use crate::symbols::{SymbolTable, Symbols};
use crate::varint::{Cursor, VARINT_BYTES_MAX, push_text, push_uvarint, write_uvarint, zigzag};

const SERIES: u8 = 1;
const SAMPLES: u8 = 2;
const METADATA: u8 = 6;
const SAMPLE_BYTES_MAX: usize = 2 * VARINT_BYTES_MAX + 8;
/// Samples encoded between two looks at the room left.
const BURST: usize = 64;

pub fn encode_samples(refs: &[u64], timestamps_ms: &[i64], values: &[f64]) -> Outcome<Vec<u8>> {
    want_length("timestamps_ms", timestamps_ms.len(), refs.len())?;
    want_length("values", values.len(), refs.len())?;
    let mut out = vec![SAMPLES];
    let (Some(&base_ref), Some(&base_ms)) = (refs.first(), timestamps_ms.first()) else {
        return Ok(out);
    };
    out.reserve(16 + refs.len() * 12 + BURST * SAMPLE_BYTES_MAX);
    out.extend_from_slice(&base_ref.to_be_bytes());
    out.extend_from_slice(&base_ms.to_be_bytes());
    let bursts = refs.chunks(BURST).zip(timestamps_ms.chunks(BURST)).zip(values.chunks(BURST));
    let mut buffer = [0; BURST * SAMPLE_BYTES_MAX];
    for ((refs, timestamps_ms), values) in bursts {
        let mut length = 0;
        for ((&series, &t), &value) in refs.iter().zip(timestamps_ms).zip(values) {
            let Some(room) = buffer[length..].first_chunk_mut::<SAMPLE_BYTES_MAX>() else { break };
            length += write_sample(room, series.wrapping_sub(base_ref), t.wrapping_sub(base_ms), value);
        }
        out.extend_from_slice(&buffer[..length]);
    }
    Ok(out)
}

#[inline]
fn write_sample(room: &mut [u8; SAMPLE_BYTES_MAX], ref_delta: u64, delta_ms: i64, value: f64) -> usize {
    let mut length = write_uvarint(room, zigzag(ref_delta as i64));
    length += write_uvarint(&mut room[length..], zigzag(delta_ms));
    room[length..length + 8].copy_from_slice(&value.to_bits().to_be_bytes());
    length + 8
}

/// Samples of many records, one after the other.
#[derive(Default)]
pub struct Samples {
    pub refs: Vec<u64>,
    pub timestamps_ms: Vec<i64>,
    pub values: Vec<f64>,
}

pub fn decode_samples(records: &[&[u8]]) -> Outcome<Samples> {
    let expected = records.iter().map(|record| record.len() / 10).sum();
    let mut samples = Samples {
        refs: Vec::with_capacity(expected),
        timestamps_ms: Vec::with_capacity(expected),
        values: Vec::with_capacity(expected),
    };
    each_body("samples", SAMPLES, records, |cursor| {
        let (base_ref, base_ms) = (cursor.be64()?, cursor.be64()? as i64);
        while !cursor.is_at_end() {
            let (ref_delta, delta_ms, bits) = (cursor.varint()?, cursor.varint()?, cursor.be64()?);
            samples.refs.push(base_ref.wrapping_add(ref_delta as u64));
            samples.timestamps_ms.push(base_ms.wrapping_add(delta_ms));
            samples.values.push(f64::from_bits(bits));
        }
        Some(())
    })?;
    Ok(samples)
}

/// Runs `read` over each record that holds more than its type byte; `None` means that it ends too early.
fn each_body<'a>(
    what: &str,
    kind: u8,
    records: &[&'a [u8]],
    mut read: impl FnMut(&mut Cursor<'a>) -> Option<()>,
) -> Outcome<()> {
    for (number, record) in records.iter().enumerate() {
        let mut cursor = Cursor::new(record);
        let got = cursor.byte();
        if got != Some(kind) {
            let got = got.map_or("no byte at all".into(), |byte| format!("type {byte}"));
            return Err(KernelError::misuse(format!("{what} record {number}: want type {kind}, got {got}")));
        }
        if !cursor.is_at_end() && read(&mut cursor).is_none() {
            let (at, length) = (cursor.at(), record.len());
            let message =
                format!("{what} record {number}: the entry at byte {at} of {length} is cut off or overlong");
            return Err(KernelError::corruption(message));
        }
    }
    Ok(())
}

pub fn encode_series(refs: &[u64], labels: &LabelFrame) -> Outcome<Vec<u8>> {
    want_length("labels", labels.len(), refs.len())?;
    let table = labels.symbols.read();
    let mut out = vec![SERIES];
    for (row, series) in refs.iter().enumerate() {
        out.extend_from_slice(&series.to_be_bytes());
        push_uvarint(&mut out, labels.row(row).len() as u64);
        for (name, value) in labels.pairs(row) {
            push_text(&mut out, table.text(name));
            push_text(&mut out, table.text(value));
        }
    }
    Ok(out)
}

/// Refs and labels of many records, one after the other; their texts are interned in `symbols`.
pub fn decode_series(symbols: &Arc<Symbols>, records: &[&[u8]]) -> Outcome<(Vec<u64>, LabelFrame)> {
    let mut refs = Vec::new();
    let mut frame = FrameBuilder::new(Arc::clone(symbols));
    let mut pairs = Vec::new();
    let mut table = symbols.write();
    each_body("series", SERIES, records, |cursor| {
        while !cursor.is_at_end() {
            let series = cursor.be64()?;
            read_labels(cursor, &mut table, &mut pairs)?;
            refs.push(series);
            frame.push(pairs.iter().copied());
        }
        Some(())
    })?;
    drop(table);
    Ok((refs, frame.finish()))
}

/// One label set into `pairs`, in byte order of its names as a frame wants them. A name that comes twice is damage.
fn read_labels(cursor: &mut Cursor<'_>, table: &mut SymbolTable, pairs: &mut Vec<(u32, u32)>) -> Option<()> {
    pairs.clear();
    let mut last_name: Option<&[u8]> = None;
    let mut rises = true;
    for _ in 0..cursor.uvarint()? {
        let (name, value) = (cursor.text()?, cursor.text()?);
        rises &= last_name.is_none_or(|last| last < name);
        last_name = Some(name);
        pairs.push((table.intern(name), table.intern(value)));
    }
    if !rises {
        pairs.sort_unstable_by(|left, right| table.text(left.0).cmp(table.text(right.0)));
        if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
    }
    Some(())
}

/// What targets say of series, one entry each.
#[derive(Default)]
pub struct MetadataEntries {
    pub refs: Vec<u64>,
    pub kinds: Vec<u8>,
    pub units: Vec<String>,
    pub helps: Vec<String>,
}

pub fn encode_metadata<T: AsRef<str>>(
    refs: &[u64],
    kinds: &[u8],
    units: &[T],
    helps: &[T],
) -> Outcome<Vec<u8>> {
    want_length("kinds", kinds.len(), refs.len())?;
    want_length("units", units.len(), refs.len())?;
    want_length("helps", helps.len(), refs.len())?;
    let mut out = vec![METADATA];
    for (entry, &series) in refs.iter().enumerate() {
        push_uvarint(&mut out, series);
        out.extend_from_slice(&[kinds[entry], 2]);
        for (name, text) in [("UNIT", &units[entry]), ("HELP", &helps[entry])] {
            push_text(&mut out, name.as_bytes());
            push_text(&mut out, text.as_ref().as_bytes());
        }
    }
    Ok(out)
}

pub fn decode_metadata(records: &[&[u8]]) -> Outcome<MetadataEntries> {
    let mut entries = MetadataEntries::default();
    each_body("metadata", METADATA, records, |cursor| {
        while !cursor.is_at_end() {
            let (series, kind) = (cursor.uvarint()?, cursor.byte()?);
            let (mut unit, mut help): (&[u8], &[u8]) = (b"", b"");
            for _ in 0..cursor.uvarint()? {
                match (cursor.text()?, cursor.text()?) {
                    (b"UNIT", text) => unit = text,
                    (b"HELP", text) => help = text,
                    _ => {} // A field of a later version.
                }
            }
            entries.refs.push(series);
            entries.kinds.push(kind);
            entries.units.push(String::from_utf8_lossy(unit).into_owned());
            entries.helps.push(String::from_utf8_lossy(help).into_owned());
        }
        Some(())
    })?;
    Ok(entries)
}
