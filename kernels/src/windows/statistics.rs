//! Sums, means and variances of windows.
//!
//! PromQL defines these by compensated steps from the first sample of a window to its last, so a sliding sum would
//! give other bits: every window is summed anew. What makes that quick is that windows do not wait for each other:
//! four are summed side by side, sample by sample, which hides the latency of the additions and lets the compiler
//! use vector instructions.

use crate::compensated::{Mean, Sum};
use crate::grid::Window;
use crate::windows::Row;

const LANES: usize = 4;

/// What runs over a window's samples, oldest first.
trait Running: Copy + Default {
    fn add(&mut self, x: f64);
    fn value(self) -> f64;
}

impl Running for Sum {
    #[inline]
    fn add(&mut self, x: f64) {
        *self = self.plus(x);
    }

    fn value(self) -> f64 {
        self.value()
    }
}

impl Running for Mean {
    #[inline]
    fn add(&mut self, x: f64) {
        self.add(x);
    }

    fn value(self) -> f64 {
        self.value()
    }
}

/// The population variance by Welford's recurrence, its mean and its sum of squares both compensated.
#[derive(Clone, Copy, Default)]
struct Variance {
    count: f64,
    mean: Sum,
    squares: Sum,
}

impl Running for Variance {
    #[inline]
    fn add(&mut self, x: f64) {
        self.count += 1.0;
        let apart = x - self.mean.value();
        self.mean = self.mean.plus(apart / self.count);
        self.squares = self.squares.plus(apart * (x - self.mean.value()));
    }

    fn value(self) -> f64 {
        self.squares.value() / self.count
    }
}

pub fn sum(values: &[f64], windows: &[Window], row: &mut Row) {
    run::<Sum>(values, windows, row, |value| value);
}

pub fn avg(values: &[f64], windows: &[Window], row: &mut Row) {
    run::<Mean>(values, windows, row, |value| value);
}

pub fn stdvar(values: &[f64], windows: &[Window], row: &mut Row) {
    run::<Variance>(values, windows, row, |value| value);
}

pub fn stddev(values: &[f64], windows: &[Window], row: &mut Row) {
    run::<Variance>(values, windows, row, f64::sqrt);
}

fn run<R: Running>(values: &[f64], windows: &[Window], row: &mut Row, finish: impl Fn(f64) -> f64) {
    for (block, windows) in windows.chunks(LANES).enumerate() {
        let mut lanes = [R::default(); LANES];
        let common = match windows.first_chunk::<LANES>() {
            Some(windows) => run_side_by_side(values, windows, &mut lanes),
            None => 0,
        };
        for (lane, (&window, running)) in windows.iter().zip(&mut lanes).enumerate() {
            values[window.start + common..window.end].iter().for_each(|&x| running.add(x));
            if !window.is_empty() {
                row.set(block * LANES + lane, finish(running.value()));
            }
        }
    }
}

/// Add the samples that every window has, and return how many.
#[inline]
fn run_side_by_side<R: Running>(values: &[f64], windows: &[Window; LANES], lanes: &mut [R; LANES]) -> usize {
    let common = windows.map(Window::len).into_iter().min().unwrap_or(0);
    let [a, b, c, d] = windows.map(|window| &values[window.start..window.start + common]);
    let [mut w, mut x, mut y, mut z] = *lanes;
    for (((&a, &b), &c), &d) in a.iter().zip(b).zip(c).zip(d) {
        w.add(a);
        x.add(b);
        y.add(c);
        z.add(d);
    }
    *lanes = [w, x, y, z];
    common
}
