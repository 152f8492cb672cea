//! Quantiles and fractions of classic histograms: rows of cumulative counts under upper bounds.
//!
//! Counts that should rise with their bounds do not always, since buckets are summed, scraped and recorded apart.
//! Differences within 1e-12 are rounding and are levelled silently; a real fall is forced level and reported.

use crate::error::{Outcome, want_length};
use crate::matrix::{Matrix, Members, want_cells};

const TOLERANCE: f64 = 1e-12;

/// Values and presence, [groups, steps], and where counts were forced to rise.
pub type Quantiles = (Vec<f64>, Vec<bool>, Vec<bool>);

/// The `q`-quantile of each group's histogram at each step; `q` is one quantile a step.
pub fn bucket_quantile(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
    bounds: &[f64],
    q: &[f64],
) -> Outcome<Quantiles> {
    want_length("q", q.len(), matrix.steps())?;
    let cells = want_cells(groups, matrix.steps())?;
    let (mut values, mut present, mut forced) = (vec![0.0; cells], vec![false; cells], vec![false; cells]);
    each_histogram(matrix, group_of, groups, bounds, |cell, step, buckets| {
        let (value, repair) = buckets.quantile(q[step]);
        (values[cell], present[cell], forced[cell]) = (value, true, repair.is_some());
    })?;
    Ok((values, present, forced))
}

/// What `bucket_quantile` forced at each cell: lowest and highest bound, and largest fall; NaN where nothing.
pub fn bucket_repairs(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
    bounds: &[f64],
) -> Outcome<[Vec<f64>; 3]> {
    let cells = want_cells(groups, matrix.steps())?;
    let mut repairs = [vec![f64::NAN; cells], vec![f64::NAN; cells], vec![f64::NAN; cells]];
    each_histogram(matrix, group_of, groups, bounds, |cell, _, buckets| {
        if let (_, Some(repair)) = buckets.quantile(0.5) {
            repairs[0][cell] = repair.lowest_bound;
            repairs[1][cell] = repair.highest_bound;
            repairs[2][cell] = repair.largest_fall;
        }
    })?;
    Ok(repairs)
}

/// The fraction of each group's observations between two values; `lower` and `upper` are one value a step.
pub fn bucket_fraction(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
    bounds: &[f64],
    lower: &[f64],
    upper: &[f64],
) -> Outcome<(Vec<f64>, Vec<bool>)> {
    want_length("lower", lower.len(), matrix.steps())?;
    want_length("upper", upper.len(), matrix.steps())?;
    let cells = want_cells(groups, matrix.steps())?;
    let (mut values, mut present) = (vec![0.0; cells], vec![false; cells]);
    each_histogram(matrix, group_of, groups, bounds, |cell, step, buckets| {
        (values[cell], present[cell]) = (buckets.fraction(lower[step], upper[step]), true);
    })?;
    Ok((values, present))
}

/// Visit every cell whose group has a bucket, with its buckets in order of their bounds.
fn each_histogram(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
    bounds: &[f64],
    mut visit: impl FnMut(usize, usize, &mut Buckets),
) -> Outcome<()> {
    want_length("bounds", bounds.len(), matrix.rows())?;
    let mut members = Members::new(group_of, matrix.rows(), groups)?;
    let mut buckets = Buckets::default();
    for group in 0..groups {
        let rows = members.of_mut(group);
        rows.sort_by(|&a, &b| bounds[a as usize].total_cmp(&bounds[b as usize]));
        for step in 0..matrix.steps() {
            buckets.bounds.clear();
            buckets.counts.clear();
            for &row in &*rows {
                if let Some(count) = matrix.cell(row, step) {
                    buckets.push(bounds[row as usize], count);
                }
            }
            if !buckets.bounds.is_empty() {
                visit(group * matrix.steps() + step, step, &mut buckets);
            }
        }
    }
    Ok(())
}

/// Falls that were forced level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Repair {
    lowest_bound: f64,
    highest_bound: f64,
    largest_fall: f64,
}

/// The buckets of one histogram: rising bounds, cumulative counts.
#[derive(Default)]
struct Buckets {
    bounds: Vec<f64>,
    counts: Vec<f64>,
}

impl Buckets {
    /// Counts under equal bounds are one bucket.
    #[inline]
    fn push(&mut self, bound: f64, count: f64) {
        match (self.bounds.last(), self.counts.last_mut()) {
            (Some(&last), Some(total)) if last == bound => *total += count,
            _ => {
                self.bounds.push(bound);
                self.counts.push(count);
            }
        }
    }

    /// The count of all observations; none without a bucket for everything.
    fn total(&self) -> Option<f64> {
        let everything = self.bounds.last() == Some(&f64::INFINITY);
        self.counts.last().copied().filter(|_| everything)
    }

    fn quantile(&mut self, q: f64) -> (f64, Option<Repair>) {
        if q.is_nan() {
            return (f64::NAN, None);
        }
        if !(0.0..=1.0).contains(&q) {
            return (f64::INFINITY.copysign(q), None);
        }
        if self.total().is_none() {
            return (f64::NAN, None);
        }
        let repair = self.make_rise();
        let total = self.total().filter(|&total| total != 0.0 && self.bounds.len() > 1);
        (total.map_or(f64::NAN, |total| self.value_at(q * total)), repair)
    }

    /// The value under which `rank` observations lie, by a straight line inside its bucket.
    fn value_at(&self, rank: f64) -> f64 {
        let Self { bounds, counts } = self;
        let last = bounds.len() - 1;
        match counts[..last].iter().position(|&count| count >= rank) {
            None => bounds[last - 1],
            Some(0) if bounds[0] <= 0.0 => bounds[0],
            Some(0) => bounds[0] * (rank / counts[0]),
            Some(bucket) => {
                let (start, below) = (bounds[bucket - 1], counts[bucket - 1]);
                start + (bounds[bucket] - start) * ((rank - below) / (counts[bucket] - below))
            }
        }
    }

    fn make_rise(&mut self) -> Option<Repair> {
        let mut repair: Option<Repair> = None;
        let mut before = self.counts[0];
        for (count, &bound) in self.counts.iter_mut().zip(&self.bounds).skip(1) {
            if *count == before {
                continue;
            }
            if almost_equal(before, *count) {
                *count = before;
            } else if *count < before {
                let fall = before - *count;
                *count = before;
                let known = repair.get_or_insert(Repair {
                    lowest_bound: bound,
                    highest_bound: bound,
                    largest_fall: fall,
                });
                known.highest_bound = bound;
                known.largest_fall = known.largest_fall.max(fall);
            } else {
                before = *count;
            }
        }
        repair
    }

    fn fraction(&self, lower: f64, upper: f64) -> f64 {
        let total = self.total().filter(|&total| total != 0.0);
        let Some(total) = total.filter(|_| !lower.is_nan() && !upper.is_nan()) else { return f64::NAN };
        if lower >= upper {
            return 0.0;
        }
        let rank =
            |value| self.rank_of(value).filter(|&rank| rank <= total || rank.is_nan()).unwrap_or(total);
        (rank(upper) - rank(lower)) / total
    }

    /// The observations below `value`, by a straight line inside its bucket; none above all finite bounds' buckets.
    fn rank_of(&self, value: f64) -> Option<f64> {
        let first = self.bounds[0];
        let mut start = if first > 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let mut below = 0.0;
        for (&end, &count) in self.bounds.iter().zip(&self.counts) {
            if start >= value {
                return Some(below);
            }
            if end > value {
                // A bucket without a lower end cannot be divided: it counts fully.
                let inside = (count - below) * (value - start) / (end - start);
                return Some(if start.is_infinite() { count } else { below + inside });
            }
            (start, below) = (end, count);
        }
        None
    }
}

/// Whether two counts differ by no more than rounding.
fn almost_equal(a: f64, b: f64) -> bool {
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let apart = (a - b).abs();
    let size = a.abs() + b.abs();
    if a == 0.0 || b == 0.0 || size < f64::MIN_POSITIVE {
        return apart < TOLERANCE * f64::MIN_POSITIVE;
    }
    apart / size.min(f64::MAX) < TOLERANCE
}
