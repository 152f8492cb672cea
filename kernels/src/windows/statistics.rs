//! Sums, means and variances of windows.
//!
//! PromQL defines these by compensated steps from the first sample of a window to its last, so a sliding sum would
//! give other bits: every window is summed anew. What makes that quick is that windows do not wait for each other:
//! four of equal length run side by side, sample by sample, which hides the latency of the additions and lets the
//! compiler use vector instructions. Windows of unequal length, and the rare sums that leave the finite, run alone by
//! the letter of the definition.

use crate::compensated::{LANES, Mean, Sum, Sums};
use crate::grid::Window;
use crate::windows::Row;

/// The samples of windows of one length.
type Quad<'a> = [&'a [f64]; LANES];

/// One statistic: of four windows side by side, if that can be done, and of one by the letter.
struct Statistic {
    side_by_side: fn(Quad) -> Option<[f64; LANES]>,
    alone: fn(&[f64]) -> f64,
}

pub fn sum(values: &[f64], windows: &[Window], row: &mut Row) {
    run(values, windows, row, &Statistic { side_by_side: sums, alone: sum_of });
}

pub fn avg(values: &[f64], windows: &[Window], row: &mut Row) {
    run(values, windows, row, &Statistic { side_by_side: means, alone: mean_of });
}

pub fn stdvar(values: &[f64], windows: &[Window], row: &mut Row) {
    run(values, windows, row, &Statistic { side_by_side: variances, alone: variance_of });
}

pub fn stddev(values: &[f64], windows: &[Window], row: &mut Row) {
    let statistic = Statistic {
        side_by_side: |quad| variances(quad).map(|values| values.map(f64::sqrt)),
        alone: |values| variance_of(values).sqrt(),
    };
    run(values, windows, row, &statistic);
}

fn run(values: &[f64], windows: &[Window], row: &mut Row, statistic: &Statistic) {
    for (block, windows) in windows.chunks(LANES).enumerate() {
        let step = block * LANES;
        let quad = windows.first_chunk::<LANES>().and_then(|windows| quad_of(values, windows));
        if let Some(results) = quad.and_then(statistic.side_by_side) {
            (0..LANES).for_each(|lane| row.set(step + lane, results[lane]));
            continue;
        }
        for (lane, &window) in windows.iter().enumerate().filter(|(_, window)| !window.is_empty()) {
            row.set(step + lane, (statistic.alone)(&values[window.start..window.end]));
        }
    }
}

/// The samples of four windows, if they are equally many and there are any.
fn quad_of<'a>(values: &'a [f64], windows: &[Window; LANES]) -> Option<Quad<'a>> {
    let length = windows[0].len();
    let equal = length > 0 && windows.iter().all(|window| window.len() == length);
    equal.then(|| windows.map(|window| &values[window.start..window.start + length]))
}

/// Each window's first sample, then each window's second, and so on.
#[inline]
fn transposed(quad: Quad) -> impl Iterator<Item = [f64; LANES]> {
    let [a, b, c, d] = quad;
    a.iter().zip(b).zip(c).zip(d).map(|(((&a, &b), &c), &d)| [a, b, c, d])
}

fn all_sums(quad: Quad) -> Option<Sums> {
    let mut sums = Sums::default();
    transposed(quad).for_each(|x| sums.add(x));
    sums.are_finite().then_some(sums)
}

fn sums(quad: Quad) -> Option<[f64; LANES]> {
    all_sums(quad).map(|sums| [0, 1, 2, 3].map(|lane| sums.value(lane)))
}

fn sum_of(values: &[f64]) -> f64 {
    values.iter().fold(Sum::default(), |sum, &x| sum.plus(x)).value()
}

/// Means by their sums, which is what a mean is as long as its sum does not overflow.
fn means(quad: Quad) -> Option<[f64; LANES]> {
    let count = quad[0].len() as f64;
    let mean = |sum: Sum| sum.total / count + sum.error / count;
    all_sums(quad).map(|sums| [0, 1, 2, 3].map(|lane| mean(sums.lane(lane))))
}

fn mean_of(values: &[f64]) -> f64 {
    let mut mean = Mean::default();
    values.iter().for_each(|&x| mean.add(x));
    mean.value()
}

/// The population variance by Welford's recurrence, its mean and its sum of squares both compensated.
fn variances(quad: Quad) -> Option<[f64; LANES]> {
    let (mut means, mut squares) = (Sums::default(), Sums::default());
    let mut count = 0.0;
    for x in transposed(quad) {
        count += 1.0;
        let (mut apart, mut moved, mut grown) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            apart[lane] = x[lane] - means.value(lane);
            moved[lane] = apart[lane] / count;
        }
        means.add(moved);
        for lane in 0..LANES {
            grown[lane] = apart[lane] * (x[lane] - means.value(lane));
        }
        squares.add(grown);
    }
    let finite = means.are_finite() && squares.are_finite();
    finite.then(|| [0, 1, 2, 3].map(|lane| squares.value(lane) / count))
}

fn variance_of(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    let mut count = 0.0;
    for &x in values {
        count += 1.0;
        let apart = x - mean.value();
        mean = mean.plus(apart / count);
        squares = squares.plus(apart * (x - mean.value()));
    }
    squares.value() / count
}
