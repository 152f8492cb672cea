//! Samples of the same series from several sources, as one.
//!
//! Sources that follow each other in time, as blocks and the head do, are joined whole; only where they overlap are
//! samples compared. Of two samples at one time that of the later source stays.

use crate::error::{KernelError, Outcome, want_length};
use crate::series::{Series, want_series};
use crate::xor::FlatSamples;

/// What one source has of some rows.
pub struct MergePart<'a> {
    /// Rising.
    pub rows: &'a [i64],
    pub timestamps_ms: &'a [i64],
    pub values: &'a [f64],
    pub offsets: &'a [i64],
}

/// The samples of rows 0 to `rows`, one row after the other, and their offsets.
pub fn merge_samples(parts: &[MergePart<'_>], rows: usize) -> Outcome<(FlatSamples, Vec<i64>)> {
    let mut sources = Vec::with_capacity(parts.len());
    let mut samples = 0;
    for part in parts {
        want_length("offsets", part.offsets.len(), part.rows.len() + 1)?;
        let rises = part.rows.windows(2).all(|pair| pair[0] < pair[1]);
        if !rises || part.rows.first().is_some_and(|&row| row < 0) || part.rows.last() >= Some(&(rows as i64))
        {
            return Err(KernelError::Misuse(format!("rows: want a rise from 0 to below {rows}")));
        }
        let series = want_series(part.timestamps_ms, part.values, part.offsets)?;
        sources.push(part.rows.iter().copied().zip(series).peekable());
        samples += part.values.len();
    }
    let mut out =
        FlatSamples { timestamps_ms: Vec::with_capacity(samples), values: Vec::with_capacity(samples) };
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    for row in 0..rows as i64 {
        let before = out.values.len();
        for source in &mut sources {
            if let Some((_, series)) = source.next_if(|(own, _)| *own == row) {
                add(&mut out, before, series);
            }
        }
        offsets.push(out.values.len() as i64);
    }
    Ok((out, offsets))
}

/// Add a later source's samples of a row to those from `before` on.
fn add(out: &mut FlatSamples, before: usize, series: Series<'_>) {
    let Some(&first_ms) = series.timestamps.first() else { return };
    let start = before + out.timestamps_ms[before..].partition_point(|&t_ms| t_ms < first_ms);
    if start == out.values.len() {
        out.timestamps_ms.extend_from_slice(series.timestamps);
        out.values.extend_from_slice(series.values);
        return;
    }
    let late = (out.timestamps_ms.split_off(start), out.values.split_off(start));
    let mut left = late.0.iter().zip(&late.1).peekable();
    for (&t_ms, &value) in series.timestamps.iter().zip(series.values) {
        while let Some((&earlier_ms, &earlier)) = left.next_if(|(other, _)| **other <= t_ms) {
            if earlier_ms < t_ms {
                out.timestamps_ms.push(earlier_ms);
                out.values.push(earlier);
            }
        }
        out.timestamps_ms.push(t_ms);
        out.values.push(value);
    }
    for (&t_ms, &value) in left {
        out.timestamps_ms.push(t_ms);
        out.values.push(value);
    }
}
