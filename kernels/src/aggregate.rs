//! Running aggregation of step matrices into groups.
//!
//! ```text
//!   rows of a matrix, in series order        accumulators, one cell a group and step
//!   [ series 0 ]  group 1                    total  [ group 0 | group 1 | ... ]
//!   [ series 1 ]  group 0          ──►       error  [ group 0 | group 1 | ... ]
//!   [ series 2 ]  group 1                    seen   [ group 0 | group 1 | ... ]
//! ```
//!
//! Each quantity is a column of its own, so that adding a row is a loop over whole vectors. A cell takes its group's
//! values one by one in the order in which the rows come, therefore how rows are cut into batches changes nothing.

use crate::compensated::{Mean, Sum};
use crate::error::{KernelError, Outcome, want_length};
use crate::grid::Grid;
use crate::matrix::{Matrix, want_cells, want_groups};
use crate::series::want_series;
use crate::windows::{Evaluator, Function, Row};

/// An aggregation by what it computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
}

impl Op {
    /// The aggregation of that PromQL name.
    pub fn named(name: &str) -> Outcome<Self> {
        Ok(match name {
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "count" => Self::Count,
            "min" => Self::Min,
            "max" => Self::Max,
            "group" => Self::Group,
            "stddev" => Self::Stddev,
            "stdvar" => Self::Stdvar,
            _ => {
                let want = "sum, avg, count, min, max, group, stddev or stdvar";
                return Err(KernelError::Misuse(format!("op: want {want}, got {name:?}")));
            }
        })
    }
}

/// What has been aggregated so far: columns of [groups, steps]. Which are used depends on the operation.
pub struct GroupedAggregate {
    op: Op,
    groups: usize,
    steps: usize,
    /// Values taken by each cell.
    counts: Vec<f64>,
    /// The sum, the mean or the extreme.
    totals: Vec<f64>,
    /// The error of `totals`, or the sum of squares.
    errors: Vec<f64>,
    /// Whether the cell's sum overflowed, so that `totals` is its mean.
    incremental: Vec<bool>,
}

impl GroupedAggregate {
    pub fn new(op: Op, groups: usize, steps: usize) -> Outcome<Self> {
        let cells = want_cells(groups, steps)?;
        let has = |used: bool| if used { cells } else { 0 };
        let start = if matches!(op, Op::Min | Op::Max) { f64::NAN } else { 0.0 };
        Ok(Self {
            op,
            groups,
            steps,
            counts: vec![0.0; cells],
            totals: vec![start; has(!matches!(op, Op::Count | Op::Group))],
            errors: vec![0.0; has(matches!(op, Op::Sum | Op::Avg | Op::Stddev | Op::Stdvar))],
            incremental: vec![false; has(op == Op::Avg)],
        })
    }

    /// Rows of a step matrix, each into the group it names.
    pub fn add(&mut self, matrix: Matrix, group_of: &[u32]) -> Outcome<()> {
        want_length("group_of", group_of.len(), matrix.rows())?;
        want_length("steps of values", matrix.steps(), self.steps)?;
        want_groups(group_of, self.groups)?;
        for (row, &group) in group_of.iter().enumerate() {
            let (values, present) = matrix.row(row);
            self.add_row(group as usize, values, present);
        }
        Ok(())
    }

    /// The windows of many series, each series into the group it names, without the matrix between.
    #[allow(clippy::too_many_arguments)] // The contract's own list.
    pub fn add_windows(
        &mut self,
        function: Function,
        timestamps: &[i64],
        values: &[f64],
        offsets: &[i64],
        start_ms: i64,
        step_ms: i64,
        range_ms: i64,
        group_of: &[u32],
    ) -> Outcome<()> {
        let batch = want_series(timestamps, values, offsets)?;
        want_length("group_of", group_of.len(), offsets.len() - 1)?;
        want_groups(group_of, self.groups)?;
        let grid = Grid::new(start_ms, step_ms, self.steps)?;
        let mut evaluator = Evaluator::new(function, grid, range_ms, None)?;
        let (mut values, mut present) = (vec![0.0; self.steps], vec![false; self.steps]);
        for (series, &group) in batch.zip(group_of) {
            present.fill(false);
            evaluator.row(series, Row { values: &mut values, present: &mut present });
            self.add_row(group as usize, &values, &present);
        }
        Ok(())
    }

    fn add_row(&mut self, group: usize, values: &[f64], present: &[bool]) {
        // A series is mostly whole from its birth to its end, and a loop that need not ask is faster.
        let Some(from) = present.iter().position(|&is| is) else { return };
        let to = present.iter().rposition(|&is| is).map_or(from, |last| last + 1);
        let (values, present) = (&values[from..to], &present[from..to]);
        let first = group * self.steps + from;
        if present.iter().all(|&is| is) {
            self.add_cells(first, values.len(), values.iter().map(|&value| (value, true)));
        } else {
            let row = values.iter().zip(present).map(|(&value, &is)| (value, is));
            self.add_cells(first, values.len(), row);
        }
    }

    /// Values and presence of `count` cells from cell `first` on.
    fn add_cells(&mut self, first: usize, count: usize, row: impl Iterator<Item = (f64, bool)> + Clone) {
        let cells = first..first + count;
        let counts = &mut self.counts[cells.clone()];
        match self.op {
            Op::Count | Op::Group => {
                counts.iter_mut().zip(row).for_each(|(count, (_, is))| *count += f64::from(u8::from(is)));
            }
            Op::Sum => add_sums(&mut self.totals[cells.clone()], &mut self.errors[cells], counts, row),
            Op::Min => add_extremes(&mut self.totals[cells], counts, row, |new, old| new < old),
            Op::Max => add_extremes(&mut self.totals[cells], counts, row, |new, old| new > old),
            Op::Stddev | Op::Stdvar => {
                add_variances(&mut self.totals[cells.clone()], &mut self.errors[cells], counts, row);
            }
            Op::Avg => {
                let incremental = &mut self.incremental[cells.clone()];
                let (totals, errors) = (&mut self.totals[cells.clone()], &mut self.errors[cells]);
                add_means(totals, errors, counts, incremental, row);
            }
        }
    }

    /// Values and presence, [groups, steps].
    pub fn finish(&self) -> (Vec<f64>, Vec<bool>) {
        let present = self.counts.iter().map(|&count| count > 0.0).collect();
        let both = self.totals.iter().zip(&self.errors);
        let values = match self.op {
            Op::Count => self.counts.clone(),
            Op::Group => self.counts.iter().map(|count| count.min(1.0)).collect(),
            Op::Min | Op::Max => {
                let cells = self.totals.iter().zip(&self.counts);
                cells.map(|(&total, &count)| if count > 0.0 { total } else { 0.0 }).collect()
            }
            Op::Sum => both.map(|(total, error)| total + error).collect(),
            Op::Avg => (0..self.counts.len()).map(|cell| self.mean(cell)).collect(),
            Op::Stdvar => self.variances().collect(),
            Op::Stddev => self.variances().map(f64::sqrt).collect(),
        };
        (values, present)
    }

    fn mean(&self, cell: usize) -> f64 {
        let (count, incremental) = (self.counts[cell], self.incremental[cell]);
        if count == 0.0 {
            return 0.0;
        }
        let sum = Sum { total: self.totals[cell], error: self.errors[cell] };
        Mean { count, sum, incremental }.value()
    }

    fn variances(&self) -> impl Iterator<Item = f64> {
        self.errors.iter().zip(&self.counts).map(|(squares, count)| squares / count.max(1.0))
    }
}

/// An absent cell adds zero, which changes neither a sum nor its error.
fn add_sums(
    totals: &mut [f64],
    errors: &mut [f64],
    counts: &mut [f64],
    row: impl Iterator<Item = (f64, bool)>,
) {
    for (((total, error), count), (value, is)) in totals.iter_mut().zip(errors).zip(counts).zip(row) {
        let sum = Sum { total: *total, error: *error }.plus(if is { value } else { 0.0 });
        (*total, *error) = (sum.total, sum.error);
        *count += if is { 1.0 } else { 0.0 };
    }
}

/// A better value replaces the extreme, and any value replaces NaN.
fn add_extremes(
    extremes: &mut [f64],
    counts: &mut [f64],
    row: impl Iterator<Item = (f64, bool)>,
    better: impl Fn(f64, f64) -> bool,
) {
    for ((extreme, count), (value, is)) in extremes.iter_mut().zip(counts).zip(row) {
        let takes = is & (better(value, *extreme) | extreme.is_nan());
        *extreme = if takes { value } else { *extreme };
        *count += if is { 1.0 } else { 0.0 };
    }
}

/// Welford's recurrence.
fn add_variances(
    means: &mut [f64],
    squares: &mut [f64],
    counts: &mut [f64],
    row: impl Iterator<Item = (f64, bool)>,
) {
    for (((mean, squares), count), (value, is)) in means.iter_mut().zip(squares).zip(counts).zip(row) {
        let next = *count + 1.0;
        let apart = value - *mean;
        let moved = *mean + apart / next;
        let grown = *squares + apart * (value - moved);
        (*mean, *squares, *count) = if is { (moved, grown, next) } else { (*mean, *squares, *count) };
    }
}

/// Cell by cell where one has overflowed or now will; else as sums.
fn add_means(
    totals: &mut [f64],
    errors: &mut [f64],
    counts: &mut [f64],
    incremental: &mut [bool],
    row: impl Iterator<Item = (f64, bool)> + Clone,
) {
    let sums = totals.iter().zip(row.clone());
    let finite = sums.fold(true, |all, (total, (value, is))| all & (!is | (total + value).is_finite()));
    if finite && !incremental.iter().any(|&is| is) {
        return add_sums(totals, errors, counts, row);
    }
    let cells = totals.iter_mut().zip(errors).zip(counts).zip(incremental);
    for ((((total, error), count), incremental), (value, is)) in cells.zip(row) {
        if is {
            let sum = Sum { total: *total, error: *error };
            let mut mean = Mean { count: *count, sum, incremental: *incremental };
            mean.add(value);
            (*total, *error) = (mean.sum.total, mean.sum.error);
            (*count, *incremental) = (mean.count, mean.incremental);
        }
    }
}
