//! `topk` and `bottomk`: the best k cells of each group at each step.
//!
//! Which of several equal cells stays is decided by the way the best are gathered, and shows in the answer. So this
//! is the very heap that PromQL's definition speaks of: the worst of the chosen is at its root, a newcomer takes the
//! root's place only if it is strictly better, and elements change places only where one is strictly worse than the
//! other.

use crate::error::{Outcome, want_length};
use crate::matrix::{Matrix, Members};

/// Which cells stay, [rows, steps]. `k` is one number a step; below 1 none stays.
pub fn group_top(
    matrix: Matrix,
    group_of: &[u32],
    groups: usize,
    k: &[i64],
    largest: bool,
) -> Outcome<Vec<bool>> {
    want_length("k", k.len(), matrix.steps())?;
    let members = Members::new(group_of, matrix.rows(), groups)?;
    let mut chosen = vec![false; matrix.rows() * matrix.steps()];
    let mut heap = Heap::default();
    for rows in members.iter() {
        for (step, &k) in k.iter().enumerate() {
            heap.elements.clear();
            heap.capacity = usize::try_from(k).unwrap_or(0).min(rows.len());
            for &row in rows {
                if let Some(value) = matrix.cell(row, step) {
                    // Of two numbers the smaller one is worse; turning signs around serves `bottomk`.
                    heap.offer(Element { rank: if largest { value } else { -value }, row });
                }
            }
            for element in &heap.elements {
                chosen[element.row as usize * matrix.steps() + step] = true;
            }
        }
    }
    Ok(chosen)
}

#[derive(Clone, Copy)]
struct Element {
    rank: f64,
    row: u32,
}

impl Element {
    /// NaN is worse than anything, itself included.
    #[inline]
    fn is_worse_than(self, other: Self) -> bool {
        self.rank.is_nan() || self.rank < other.rank
    }
}

/// A binary heap of at most `capacity` elements with the worst at its root.
#[derive(Default)]
struct Heap {
    elements: Vec<Element>,
    capacity: usize,
}

impl Heap {
    #[inline]
    fn offer(&mut self, element: Element) {
        if self.elements.len() < self.capacity {
            self.elements.push(element);
            self.rise();
            return;
        }
        let Some(root) = self.elements.first_mut() else { return };
        if root.rank < element.rank || (root.rank.is_nan() && !element.rank.is_nan()) {
            *root = element;
            self.sink();
        }
    }

    /// Put the last element in its place.
    fn rise(&mut self) {
        let mut at = self.elements.len() - 1;
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.elements[at].is_worse_than(self.elements[parent]) {
                break;
            }
            self.elements.swap(at, parent);
            at = parent;
        }
    }

    /// Put the root in its place.
    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let [left, right] = [2 * at + 1, 2 * at + 2];
            if left >= self.elements.len() {
                break;
            }
            let goes_right =
                right < self.elements.len() && self.elements[right].is_worse_than(self.elements[left]);
            let child = if goes_right { right } else { left };
            if !self.elements[child].is_worse_than(self.elements[at]) {
                break;
            }
            self.elements.swap(at, child);
            at = child;
        }
    }
}
