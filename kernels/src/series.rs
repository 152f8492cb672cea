//! Flattened samples of many series, lent one series at a time.

use crate::error::{Outcome, want_length, want_offsets};

/// The bits of a staleness marker. It is a signalling NaN among data NaNs: compare bits, never values.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

#[inline]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// The samples of one series, times rising.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    pub timestamps: &'a [i64],
    pub values: &'a [f64],
}

/// Each series of a flattened batch; misuse if the three arrays do not fit together.
pub fn want_series<'a>(
    timestamps: &'a [i64],
    values: &'a [f64],
    offsets: &'a [i64],
) -> Outcome<impl Iterator<Item = Series<'a>>> {
    want_length("values", values.len(), timestamps.len())?;
    want_offsets(offsets, timestamps.len())?;
    Ok(offsets.windows(2).map(|pair| {
        let samples = pair[0] as usize..pair[1] as usize;
        Series { timestamps: &timestamps[samples.clone()], values: &values[samples] }
    }))
}

/// Room for a series without its staleness markers.
#[derive(Default)]
pub struct Fresh {
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl Fresh {
    /// The series without its markers: itself where it has none, else a copy kept here.
    pub fn of<'a>(&'a mut self, series: Series<'a>) -> Series<'a> {
        // Markers are NaN, and asking for any NaN first is a loop over whole vectors of samples.
        let nan = |block: &[f64]| block.iter().fold(false, |any, v| any | v.is_nan());
        if !series.values.chunks(64).any(nan) || !series.values.iter().any(|&v| is_stale(v)) {
            return series;
        }
        self.timestamps.clear();
        self.values.clear();
        for (&t, &v) in series.timestamps.iter().zip(series.values) {
            if !is_stale(v) {
                self.timestamps.push(t);
                self.values.push(v);
            }
        }
        Series { timestamps: &self.timestamps, values: &self.values }
    }
}
