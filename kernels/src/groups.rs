//! Operations on the groups of a step matrix that need all rows of a group at once.

use crate::error::{Outcome, want_length};
use crate::matrix::{Matrix, Members, want_cells, want_groups};
use crate::quantile::{Key, quantile};

/// Values and presence, [groups, steps].
pub type Cells = (Vec<f64>, Vec<bool>);

/// The quantile of each group at each step; `q` is one quantile a step.
pub fn group_quantile(matrix: Matrix, group_of: &[u32], groups: usize, q: &[f64]) -> Outcome<Cells> {
    want_length("q", q.len(), matrix.steps())?;
    let members = Members::new(group_of, matrix.rows(), groups)?;
    let cells = want_cells(groups, matrix.steps())?;
    let (mut values, mut present) = (vec![0.0; cells], vec![false; cells]);
    let mut keys = Vec::new();
    for (group, rows) in members.iter().enumerate() {
        for (step, &q) in q.iter().enumerate() {
            keys.clear();
            keys.extend(rows.iter().filter_map(|&row| matrix.cell(row, step)).map(Key::of));
            if !keys.is_empty() {
                let cell = group * matrix.steps() + step;
                (values[cell], present[cell]) = (quantile(q, &mut keys), true);
            }
        }
    }
    Ok((values, present))
}

/// Whether any row of the group is present, [groups, steps].
pub fn group_any(
    present: &[bool],
    rows: usize,
    steps: usize,
    group_of: &[u32],
    groups: usize,
) -> Outcome<Vec<bool>> {
    want_length("present", present.len(), rows * steps)?;
    want_length("group_of", group_of.len(), rows)?;
    want_groups(group_of, groups)?;
    let mut any = vec![false; want_cells(groups, steps)?];
    for (row, &group) in group_of.iter().enumerate() {
        let cells = &mut any[group as usize * steps..][..steps];
        cells.iter_mut().zip(&present[row * steps..][..steps]).for_each(|(any, &is)| *any |= is);
    }
    Ok(any)
}

/// Two rows of a group that are both present at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    pub step: usize,
    pub rows: [usize; 2],
}

/// Each group's rows as one row, the earlier row's value where two meet, and the first step at which two do.
pub fn group_merge(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
) -> Outcome<(Vec<f64>, Vec<bool>, Option<Collision>)> {
    want_length("group_of", group_of.len(), matrix.rows())?;
    want_groups(group_of, groups)?;
    let steps = matrix.steps();
    let cells = want_cells(groups, steps)?;
    let (mut values, mut present) = (vec![0.0; cells], vec![false; cells]);
    let mut first: Option<(usize, usize)> = None;
    for (row, &group) in group_of.iter().enumerate() {
        let (own_values, own_present) = matrix.row(row);
        let start = group as usize * steps;
        for step in (0..steps).filter(|&step| own_present[step]) {
            if present[start + step] {
                if first.is_none_or(|(earliest, _)| step < earliest) {
                    first = Some((step, row));
                }
                continue;
            }
            (values[start + step], present[start + step]) = (own_values[step], true);
        }
    }
    let collision = first.map(|(step, later)| {
        let same = |&row: &usize| group_of[row] == group_of[later] && matrix.row(row).1[step];
        let earlier = (0..later).find(same).unwrap_or(later);
        Collision { step, rows: [earlier, later] }
    });
    Ok((values, present, collision))
}
