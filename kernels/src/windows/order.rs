//! Quantiles and median absolute deviation of windows.

use crate::grid::Window;
use crate::quantile::{self, Key};
use crate::windows::Row;

/// Room for the keys of one window.
#[derive(Default)]
pub struct Scratch {
    keys: Vec<Key>,
}

impl Scratch {
    /// `q` is one quantile a step.
    pub fn quantile(&mut self, values: &[f64], windows: &[Window], q: &[f64], row: &mut Row) {
        row.fill(windows, 1, |step, window| self.quantile_of(q[step], &values[window.start..window.end]));
    }

    /// The median of the distances to the median; any NaN makes it NaN.
    pub fn mad(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        row.fill(windows, 1, |_, window| {
            let values = &values[window.start..window.end];
            if values.iter().any(|v| v.is_nan()) {
                return f64::NAN;
            }
            let median = self.quantile_of(0.5, values);
            self.keys.clear();
            self.keys.extend(values.iter().map(|&v| Key::of((v - median).abs())));
            quantile::quantile(0.5, &mut self.keys)
        });
    }

    fn quantile_of(&mut self, q: f64, values: &[f64]) -> f64 {
        self.keys.clear();
        self.keys.extend(values.iter().map(|&v| Key::of(v)));
        quantile::quantile(q, &mut self.keys)
    }
}
