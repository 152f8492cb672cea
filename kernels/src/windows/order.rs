//! Quantiles and median absolute deviation of windows.
//!
//! The samples of the window at hand are kept sorted. The next window mostly holds the same samples, so those that
//! left are taken out and those that came are put in, each by binary search; where most have changed, sorting anew
//! is cheaper.

use crate::grid::Window;
use crate::quantile::{Key, quantile, quantile_of_sorted};
use crate::windows::Row;

/// More samples than this moving in and out of a sorted window cost more than sorting it.
const MOVES_MAX: usize = 256;

#[derive(Default)]
pub struct Scratch {
    sorted: Vec<Key>,
    distances: Vec<Key>,
}

impl Scratch {
    /// `q` is one quantile a step.
    pub fn quantile(&mut self, values: &[f64], windows: &[Window], q: &[f64], row: &mut Row) {
        let mut before = Window { start: 0, end: 0 };
        self.sorted.clear();
        row.fill(windows, 1, |step, window| {
            self.slide(values, before, window);
            before = window;
            quantile_of_sorted(q[step], &self.sorted)
        });
    }

    /// The median of the distances to the median; any NaN makes it NaN.
    pub fn mad(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        let mut before = Window { start: 0, end: 0 };
        self.sorted.clear();
        row.fill(windows, 1, |_, window| {
            self.slide(values, before, window);
            before = window;
            let median = quantile_of_sorted(0.5, &self.sorted);
            // NaN sorts first.
            if self.sorted.first().is_some_and(|least| least.value().is_nan()) {
                return f64::NAN;
            }
            self.distances.clear();
            self.distances.extend(self.sorted.iter().map(|key| Key::of((key.value() - median).abs())));
            quantile(0.5, &mut self.distances)
        });
    }

    /// Make `sorted`, which holds the samples of `before`, hold those of `window`.
    fn slide(&mut self, values: &[f64], before: Window, window: Window) {
        let sorted = &mut self.sorted;
        let overlap = before.end.saturating_sub(window.start);
        let moves = before.len() + window.len() - 2 * overlap.min(window.len());
        if overlap == 0 || 2 * moves > window.len() || moves > MOVES_MAX {
            sorted.clear();
            sorted.extend(values[window.start..window.end].iter().map(|&value| Key::of(value)));
            sorted.sort_unstable();
            return;
        }
        for &value in &values[before.start..window.start] {
            if let Ok(at) = sorted.binary_search(&Key::of(value)) {
                sorted.remove(at);
            }
        }
        for &value in &values[before.end..window.end] {
            let key = Key::of(value);
            let at = sorted.partition_point(|&other| other < key);
            sorted.insert(at, key);
        }
    }
}
