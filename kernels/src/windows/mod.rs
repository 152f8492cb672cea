//! Range functions: one value per window of raw samples, for every series and step.
//!
//! ```text
//!   series ── drop staleness markers ── find windows ── function ── row of a step matrix
//! ```
//!
//! The windows of a series depend on its timestamps alone. Series of one target are scraped together and share
//! theirs, so an `Evaluator` keeps the windows it found last, and what `rate` derives from times only, and finds
//! anew only when the timestamps differ.

use crate::error::{KernelError, Outcome, want_length};
use crate::grid::{Grid, Window, find_windows};
use crate::matrix::want_cells;
use crate::series::{Fresh, Series, want_series};

mod counts;
mod ends;
mod extremes;
mod order;
mod rate;
mod regression;
mod statistics;

/// One row of a step matrix, all cells absent until set.
pub struct Row<'a> {
    pub values: &'a mut [f64],
    pub present: &'a mut [bool],
}

impl Row<'_> {
    #[inline]
    pub fn set(&mut self, step: usize, value: f64) {
        self.values[step] = value;
        self.present[step] = true;
    }

    /// Set each step whose window holds at least `least` samples.
    #[inline]
    pub fn fill(&mut self, windows: &[Window], least: usize, mut value: impl FnMut(usize, Window) -> f64) {
        let cells = self.values.iter_mut().zip(self.present.iter_mut());
        for (step, ((cell, present), &window)) in cells.zip(windows).enumerate() {
            if window.len() >= least {
                *cell = value(step, window);
                *present = true;
            }
        }
    }
}

/// A range function by what it computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Deriv,
    PredictLinear,
    Smoothing,
    Changes,
    Resets,
    Count,
    Present,
    First,
    Last,
    TimeOfFirst,
    TimeOfLast,
    Sum,
    Avg,
    Stddev,
    Stdvar,
    Min,
    Max,
    TimeOfMin,
    TimeOfMax,
    Quantile,
    Mad,
}

impl Function {
    /// The function of that PromQL name.
    pub fn named(name: &str) -> Outcome<Self> {
        Ok(match name {
            "rate" => Self::Rate,
            "increase" => Self::Increase,
            "delta" => Self::Delta,
            "irate" => Self::Irate,
            "idelta" => Self::Idelta,
            "deriv" => Self::Deriv,
            "predict_linear" => Self::PredictLinear,
            "double_exponential_smoothing" => Self::Smoothing,
            "changes" => Self::Changes,
            "resets" => Self::Resets,
            "count_over_time" => Self::Count,
            "present_over_time" => Self::Present,
            "first_over_time" => Self::First,
            "last_over_time" => Self::Last,
            "ts_of_first_over_time" => Self::TimeOfFirst,
            "ts_of_last_over_time" => Self::TimeOfLast,
            "sum_over_time" => Self::Sum,
            "avg_over_time" => Self::Avg,
            "stddev_over_time" => Self::Stddev,
            "stdvar_over_time" => Self::Stdvar,
            "min_over_time" => Self::Min,
            "max_over_time" => Self::Max,
            "ts_of_min_over_time" => Self::TimeOfMin,
            "ts_of_max_over_time" => Self::TimeOfMax,
            "quantile_over_time" => Self::Quantile,
            "mad_over_time" => Self::Mad,
            _ => {
                return Err(KernelError::Misuse(format!(
                    "function {name:?}: want a range function of PromQL"
                )));
            }
        })
    }

    fn want_parameter(self, parameter: Option<&[f64]>, steps: usize) -> Outcome<()> {
        let got = parameter.map_or(0, <[f64]>::len);
        match self {
            Self::Quantile => want_length("parameter", got, steps),
            Self::PredictLinear if got == 2 * steps => Ok(()),
            Self::PredictLinear => want_length("parameter", got, steps),
            Self::Smoothing => want_length("parameter", got, 2 * steps),
            _ if parameter.is_none() => Ok(()),
            _ => Err(KernelError::misuse("parameter: this range function takes none")),
        }
    }
}

/// Evaluates one range function over series after series.
pub struct Evaluator<'a> {
    function: Function,
    grid: Grid,
    range_ms: i64,
    parameter: &'a [f64],
    fresh: Fresh,
    /// The timestamps that `windows` and `rate` were last made for; none before the first series.
    timestamps: Option<Vec<i64>>,
    windows: Vec<Window>,
    rate: rate::Scratch,
    counts: counts::Scratch,
    extremes: extremes::Scratch,
    order: order::Scratch,
}

impl<'a> Evaluator<'a> {
    pub fn new(function: Function, grid: Grid, range_ms: i64, parameter: Option<&'a [f64]>) -> Outcome<Self> {
        function.want_parameter(parameter, grid.steps())?;
        if range_ms < 0 {
            return Err(KernelError::Misuse(format!("range_ms: want 0 or more, got {range_ms}")));
        }
        Ok(Self {
            function,
            grid,
            range_ms,
            parameter: parameter.unwrap_or_default(),
            fresh: Fresh::default(),
            timestamps: None,
            windows: Vec::new(),
            rate: rate::Scratch::default(),
            counts: counts::Scratch::default(),
            extremes: extremes::Scratch::default(),
            order: order::Scratch::default(),
        })
    }

    /// Write one series' row; cells that stay absent are not touched.
    pub fn row(&mut self, series: Series, mut row: Row) {
        let Self { grid, range_ms, windows, parameter, .. } = self;
        let series = self.fresh.of(series);
        if self.timestamps.as_deref() != Some(series.timestamps) {
            let timestamps = self.timestamps.get_or_insert_default();
            timestamps.clear();
            timestamps.extend_from_slice(series.timestamps);
            find_windows(timestamps, *grid, *range_ms, windows);
            self.rate.prepare(self.function, timestamps, *grid, *range_ms, windows);
        }
        let row = &mut row;
        match self.function {
            Function::Rate | Function::Increase | Function::Delta => {
                self.rate.row(series.values, windows, row)
            }
            Function::Irate => rate::irate(series, windows, row),
            Function::Idelta => rate::idelta(series, windows, row),
            Function::Deriv => regression::deriv(series, windows, row),
            Function::PredictLinear => regression::predict_linear(series, windows, *grid, parameter, row),
            Function::Smoothing => regression::smoothing(series.values, windows, parameter, row),
            Function::Changes => self.counts.changes(series.values, windows, row),
            Function::Resets => self.counts.resets(series.values, windows, row),
            Function::Count => counts::count(windows, row),
            Function::Present => counts::present(windows, row),
            Function::First => ends::first(series.values, windows, row),
            Function::Last => ends::last(series.values, windows, row),
            Function::TimeOfFirst => ends::time_of_first(series.timestamps, windows, row),
            Function::TimeOfLast => ends::time_of_last(series.timestamps, windows, row),
            Function::Sum => statistics::sum(series.values, windows, row),
            Function::Avg => statistics::avg(series.values, windows, row),
            Function::Stdvar => statistics::stdvar(series.values, windows, row),
            Function::Stddev => statistics::stddev(series.values, windows, row),
            Function::Min => self.extremes.min(series.values, windows, row),
            Function::Max => self.extremes.max(series.values, windows, row),
            Function::TimeOfMin => self.extremes.time_of_min(series, windows, row),
            Function::TimeOfMax => self.extremes.time_of_max(series, windows, row),
            Function::Quantile => self.order.quantile(series.values, windows, parameter, row),
            Function::Mad => self.order.mad(series.values, windows, row),
        }
    }
}

/// The function of every window of every series: values and presence, each [series, steps].
pub fn over_windows(
    function: Function,
    timestamps: &[i64],
    values: &[f64],
    offsets: &[i64],
    grid: Grid,
    range_ms: i64,
    parameter: Option<&[f64]>,
) -> Outcome<(Vec<f64>, Vec<bool>)> {
    let mut evaluator = Evaluator::new(function, grid, range_ms, parameter)?;
    let batch = want_series(timestamps, values, offsets)?;
    let cells = want_cells(offsets.len() - 1, grid.steps())?;
    let (mut results, mut present) = (vec![0.0; cells], vec![false; cells]);
    let steps = grid.steps().max(1);
    let rows = results.chunks_mut(steps).zip(present.chunks_mut(steps));
    for (series, (values, present)) in batch.zip(rows) {
        evaluator.row(series, Row { values, present });
    }
    Ok((results, present))
}
