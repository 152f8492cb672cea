//! The smallest and largest sample of each window, and their times.
//!
//! A queue holds, oldest first, the samples that can still become the extreme of some window: a new sample throws out
//! every older one that it beats, so the front is the extreme of the window at hand. Each sample enters and leaves
//! once, which makes O(samples + steps) whatever the range. NaN never enters; a window without anything in the queue
//! holds nothing but NaN.

use crate::grid::Window;
use crate::series::Series;
use crate::windows::Row;

/// The queue, reused from series to series: samples from `front` on are in it.
#[derive(Default)]
pub struct Scratch {
    queue: Vec<(f64, usize)>,
}

impl Scratch {
    pub fn min(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        self.each(values, windows, |new, old| new < old, |step, _, front| row.set(step, value(front)));
    }

    pub fn max(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        self.each(values, windows, |new, old| new > old, |step, _, front| row.set(step, value(front)));
    }

    /// Among equal minima the newest counts, and where all is NaN the newest sample.
    pub fn time_of_min(&mut self, series: Series, windows: &[Window], row: &mut Row) {
        let beats = |new: f64, old: f64| new <= old;
        self.each(series.values, windows, beats, |step, window, front| {
            row.set(step, time(series.timestamps, window, front));
        });
    }

    /// Among equal maxima the newest counts, and where all is NaN the newest sample.
    pub fn time_of_max(&mut self, series: Series, windows: &[Window], row: &mut Row) {
        let beats = |new: f64, old: f64| new >= old;
        self.each(series.values, windows, beats, |step, window, front| {
            row.set(step, time(series.timestamps, window, front));
        });
    }

    /// Visit every window that has samples with the front of its queue.
    #[inline]
    fn each(
        &mut self,
        values: &[f64],
        windows: &[Window],
        beats: impl Fn(f64, f64) -> bool,
        mut visit: impl FnMut(usize, Window, Option<(f64, usize)>),
    ) {
        let queue = &mut self.queue;
        queue.clear();
        let (mut front, mut fed) = (0, 0);
        for (step, &window) in windows.iter().enumerate().filter(|(_, window)| !window.is_empty()) {
            let from = fed.max(window.start);
            for (at, &new) in (from..window.end).zip(&values[from..window.end]) {
                if new.is_nan() {
                    continue;
                }
                while queue.len() > front && queue.last().is_some_and(|&(old, _)| beats(new, old)) {
                    queue.pop();
                }
                queue.push((new, at));
            }
            fed = window.end;
            while queue.get(front).is_some_and(|&(_, at)| at < window.start) {
                front += 1;
            }
            visit(step, window, queue.get(front).copied());
        }
    }
}

fn value(front: Option<(f64, usize)>) -> f64 {
    front.map_or(f64::NAN, |(value, _)| value)
}

fn time(timestamps: &[i64], window: Window, front: Option<(f64, usize)>) -> f64 {
    let at = front.map_or(window.end - 1, |(_, at)| at);
    timestamps[at] as f64 / 1000.0
}
