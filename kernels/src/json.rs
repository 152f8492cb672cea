//! Answers of the query API as JSON.
//!
//! Names are rendered once per shape, with the punctuation around them; a series then is a row of copies: name piece,
//! value text, name piece, value text. Timestamps that repeat are rendered once and copied as well.

use std::io::Write;

use crate::error::{Outcome, want_length, want_offsets};
use crate::float_text::{Notation, push_float, push_integer, three_digits};
use crate::frame::LabelFrame;
use crate::symbols::SymbolTable;

/// `[{"metric":{...},"value":[t,"v"]},...]`.
pub fn render_vector(labels: &LabelFrame, timestamps_ms: &[i64], values: &[f64]) -> Outcome<Vec<u8>> {
    want_length("timestamps_ms", timestamps_ms.len(), labels.len())?;
    want_length("values", values.len(), labels.len())?;
    let table = labels.symbols.read();
    let metrics = Metrics::new(labels, &table);
    let mut out = Vec::with_capacity(2 + labels.len() * 96);
    let mut stamp = (i64::MIN, point_head(i64::MIN));
    out.push(b'[');
    for row in 0..labels.len() {
        if timestamps_ms[row] != stamp.0 {
            stamp = (timestamps_ms[row], point_head(timestamps_ms[row]));
        }
        out.extend_from_slice(b"{\"metric\":");
        metrics.push(&mut out, row);
        out.extend_from_slice(b",\"value\":");
        out.extend_from_slice(&stamp.1);
        push_float(&mut out, values[row], Notation::Json);
        out.extend_from_slice(b"\"]},");
    }
    close(&mut out);
    Ok(out)
}

/// `[{"metric":{...},"values":[[t,"v"],...]},...]` of a step matrix; series without a point are left out.
pub fn render_matrix(
    labels: &LabelFrame,
    start_ms: i64,
    step_ms: i64,
    values: &[f64],
    present: &[bool],
) -> Outcome<Vec<u8>> {
    want_length("present", present.len(), values.len())?;
    if labels.is_empty() {
        return want_length("values", values.len(), 0).map(|()| b"[]".to_vec());
    }
    let steps = values.len() / labels.len();
    want_length("values", values.len(), steps * labels.len())?;
    if steps == 0 {
        return Ok(b"[]".to_vec());
    }
    let heads: Vec<Vec<u8>> =
        (0..steps).map(|step| point_head(start_ms.wrapping_add(step_ms.wrapping_mul(step as i64)))).collect();
    let table = labels.symbols.read();
    let metrics = Metrics::new(labels, &table);
    let mut out = Vec::with_capacity(2 + labels.len() * (96 + steps * 36));
    out.push(b'[');
    let rows = values.chunks_exact(steps).zip(present.chunks_exact(steps));
    for (row, (values, present)) in rows.enumerate() {
        if !present.contains(&true) {
            continue;
        }
        open_series(&mut out, &metrics, row);
        for ((head, &value), _) in heads.iter().zip(values).zip(present).filter(|(_, present)| **present) {
            out.extend_from_slice(head);
            push_float(&mut out, value, Notation::Json);
            out.extend_from_slice(b"\"],");
        }
        close_series(&mut out);
    }
    close(&mut out);
    Ok(out)
}

/// The same of flattened raw samples.
pub fn render_samples(
    labels: &LabelFrame,
    timestamps_ms: &[i64],
    values: &[f64],
    offsets: &[i64],
) -> Outcome<Vec<u8>> {
    want_length("offsets", offsets.len(), labels.len() + 1)?;
    want_length("values", values.len(), timestamps_ms.len())?;
    want_offsets(offsets, values.len())?;
    let table = labels.symbols.read();
    let metrics = Metrics::new(labels, &table);
    let mut out = Vec::with_capacity(2 + labels.len() * 96 + values.len() * 36);
    out.push(b'[');
    for (row, range) in offsets.windows(2).enumerate() {
        let samples = range[0] as usize..range[1] as usize;
        if samples.is_empty() {
            continue;
        }
        open_series(&mut out, &metrics, row);
        for (&timestamp_ms, &value) in timestamps_ms[samples.clone()].iter().zip(&values[samples]) {
            out.push(b'[');
            push_timestamp(&mut out, timestamp_ms);
            out.extend_from_slice(b",\"");
            push_float(&mut out, value, Notation::Json);
            out.extend_from_slice(b"\"],");
        }
        close_series(&mut out);
    }
    close(&mut out);
    Ok(out)
}

/// `[{"a":"b"},...]`.
pub fn render_labels(labels: &LabelFrame) -> Vec<u8> {
    let table = labels.symbols.read();
    let metrics = Metrics::new(labels, &table);
    let mut out = Vec::with_capacity(2 + labels.len() * 64);
    out.push(b'[');
    for row in 0..labels.len() {
        metrics.push(&mut out, row);
        out.push(b',');
    }
    close(&mut out);
    out
}

fn open_series(out: &mut Vec<u8>, metrics: &Metrics<'_>, row: usize) {
    out.extend_from_slice(b"{\"metric\":");
    metrics.push(out, row);
    out.extend_from_slice(b",\"values\":[");
}

fn close_series(out: &mut Vec<u8>) {
    close(out);
    out.extend_from_slice(b"},");
}

/// End a list whose elements were all followed by a comma.
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b']');
}

/// `[t,"`: all of a point that its time decides.
fn point_head(timestamp_ms: i64) -> Vec<u8> {
    let mut head = vec![b'['];
    push_timestamp(&mut head, timestamp_ms);
    head.extend_from_slice(b",\"");
    head
}

/// Seconds: whole ones without a fraction, others with three decimals.
#[inline]
fn push_timestamp(out: &mut Vec<u8>, timestamp_ms: i64) {
    if timestamp_ms < 0 {
        out.push(b'-');
    }
    let magnitude_ms = timestamp_ms.unsigned_abs();
    push_integer(out, magnitude_ms / 1000);
    let fraction_ms = (magnitude_ms % 1000) as u32;
    if fraction_ms != 0 {
        out.push(b'.');
        out.extend_from_slice(&three_digits(fraction_ms));
    }
}

/// The label objects of a frame.
struct Metrics<'a> {
    frame: &'a LabelFrame,
    table: &'a SymbolTable,
    /// Per shape and label: `{"name":"`, and from the second on `","name":"`.
    pieces: Vec<Vec<Vec<u8>>>,
}

impl<'a> Metrics<'a> {
    fn new(frame: &'a LabelFrame, table: &'a SymbolTable) -> Self {
        let piece = |(position, &name): (usize, &u32)| {
            let mut piece = if position == 0 { b"{\"".to_vec() } else { b"\",\"".to_vec() };
            push_escaped(&mut piece, table.text(name));
            piece.extend_from_slice(b"\":\"");
            piece
        };
        let pieces = frame.shapes.iter().map(|shape| shape.iter().enumerate().map(piece).collect()).collect();
        Self { frame, table, pieces }
    }

    #[inline]
    fn push(&self, out: &mut Vec<u8>, row: usize) {
        let pieces = &self.pieces[self.frame.shape_of[row] as usize];
        if pieces.is_empty() {
            return out.extend_from_slice(b"{}");
        }
        for (piece, &value) in pieces.iter().zip(self.frame.row(row)) {
            out.extend_from_slice(piece);
            push_escaped(out, self.table.text(value));
        }
        out.extend_from_slice(b"\"}");
    }
}

/// Label text inside quotes: only `"`, `\` and control characters are escaped; the rest is raw UTF-8.
#[inline]
fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) { out.extend_from_slice(text) } else { push_escapes(out, text) }
}

/// Whether nothing needs an escape, eight bytes at a time.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let special = words.iter().fold(special_bytes(last), |seen, &word| seen | special_bytes(word));
    special == 0
}

/// Not zero if some byte is a control character, a quote or a backslash: the highest bit of (at least) the lowest such
/// byte is then set, by the classic "has a byte less than" trick.
#[inline]
fn special_bytes(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    let less = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let equal = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    less(word, 0x20) | equal(b'"') | equal(b'\\')
}

#[cold]
fn push_escapes(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => write!(out, "\\u{byte:04x}").expect("a Vec takes every write"),
            _ => out.push(byte),
        }
    }
}
