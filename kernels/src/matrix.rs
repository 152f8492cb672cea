//! Step matrices, and which of their rows form a group.

use crate::error::{KernelError, Outcome, want_length};

/// A lent step matrix: values and presence, [rows, steps].
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f64],
    present: &'a [bool],
    rows: usize,
    steps: usize,
}

impl<'a> Matrix<'a> {
    pub fn new(values: &'a [f64], present: &'a [bool], rows: usize, steps: usize) -> Outcome<Self> {
        want_length("values", values.len(), rows * steps)?;
        want_length("present", present.len(), rows * steps)?;
        Ok(Self { values, present, rows, steps })
    }

    pub fn rows(self) -> usize {
        self.rows
    }

    pub fn steps(self) -> usize {
        self.steps
    }

    pub fn present(self) -> &'a [bool] {
        self.present
    }

    /// The value of a cell, if it is present.
    #[inline]
    pub fn cell(self, row: u32, step: usize) -> Option<f64> {
        let at = row as usize * self.steps + step;
        self.present[at].then(|| self.values[at])
    }

    pub fn row(self, row: usize) -> (&'a [f64], &'a [bool]) {
        let cells = row * self.steps..(row + 1) * self.steps;
        (&self.values[cells.clone()], &self.present[cells])
    }
}

/// Misuse unless every row names one of `groups` groups.
pub fn want_groups(group_of: &[u32], groups: usize) -> Outcome<()> {
    match group_of.iter().max() {
        Some(&most) if most as usize >= groups => {
            Err(KernelError::Misuse(format!("group_of: want groups below {groups}, got {most}")))
        }
        _ => Ok(()),
    }
}

/// The number of cells in `groups` rows of `steps`, if there can be so many.
pub fn want_cells(groups: usize, steps: usize) -> Outcome<usize> {
    let cells = groups.checked_mul(steps).filter(|&cells| cells <= isize::MAX as usize / 32);
    cells.ok_or_else(|| KernelError::Misuse(format!("{groups} rows by {steps} steps: want fewer cells")))
}

/// The rows of each group, in row order.
pub struct Members {
    rows: Vec<u32>,
    starts: Vec<usize>,
}

impl Members {
    /// Misuse unless every one of `rows` rows names one of `groups` groups.
    pub fn new(group_of: &[u32], rows: usize, groups: usize) -> Outcome<Self> {
        want_length("group_of", group_of.len(), rows)?;
        want_groups(group_of, groups)?;
        let mut starts = vec![0; groups + 1];
        for &group in group_of {
            starts[group as usize + 1] += 1;
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut free = starts.clone();
        let mut sorted = vec![0; rows];
        for (row, &group) in (0..).zip(group_of) {
            let slot = &mut free[group as usize];
            sorted[*slot] = row;
            *slot += 1;
        }
        Ok(Self { rows: sorted, starts })
    }

    /// Each group's rows.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|pair| &self.rows[pair[0]..pair[1]])
    }

    pub fn of_mut(&mut self, group: usize) -> &mut [u32] {
        &mut self.rows[self.starts[group]..self.starts[group + 1]]
    }
}
