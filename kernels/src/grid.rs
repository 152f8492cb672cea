//! Evaluation times, and the samples that a span of time ending at each of them holds.
//!
//! ```text
//!   samples   . . . . | . . . . . . | . . .        T - range < t <= T
//!                     start         end            indices, the end exclusive
//! ```
//!
//! Both ends of a window only ever move right from one step to the next, so two cursors find all windows of a series
//! in O(samples + steps). A cursor first looks where its last move would take it again: on evenly spaced samples it
//! lands there at once, whatever the number of samples a step skips.

use crate::error::{KernelError, Outcome};

/// The evaluation times T = start + i * step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    start_ms: i64,
    step_ms: i64,
    steps: usize,
}

impl Grid {
    /// Misuse if the times do not rise or leave the range of an i64.
    pub fn new(start_ms: i64, step_ms: i64, steps: usize) -> Outcome<Self> {
        let moves = i64::try_from(steps.saturating_sub(1)).ok();
        let last = moves.and_then(|moves| moves.checked_mul(step_ms)).and_then(|ms| ms.checked_add(start_ms));
        if step_ms < 0 || last.is_none() {
            let text =
                format!("step_ms: want 0 or more and a last step within 64 bits, got {steps} of {step_ms}");
            return Err(KernelError::Misuse(text));
        }
        Ok(Self { start_ms, step_ms, steps })
    }

    pub fn steps(self) -> usize {
        self.steps
    }

    pub fn time_ms(self, step: usize) -> i64 {
        self.start_ms + step as i64 * self.step_ms
    }

    pub fn times(self) -> impl Iterator<Item = i64> {
        (0..self.steps).map(move |step| self.time_ms(step))
    }
}

/// Counts the leading samples with t <= bound, for bounds that never fall.
pub struct Cursor {
    position: usize,
    stride: usize,
}

impl Cursor {
    /// A cursor that stands where `bound_ms` puts it.
    pub fn at(timestamps: &[i64], bound_ms: i64) -> Self {
        Self { position: timestamps.partition_point(|&t| t <= bound_ms), stride: 0 }
    }

    #[inline]
    pub fn advance(&mut self, timestamps: &[i64], bound_ms: i64) -> usize {
        let guess = self.position + self.stride;
        let inside = 0 < guess && guess < timestamps.len();
        let fits = inside && timestamps[guess - 1] <= bound_ms && bound_ms < timestamps[guess];
        if !fits {
            return self.walk(timestamps, bound_ms);
        }
        self.position = guess;
        guess
    }

    /// Steps back or forth from the guess. Going back costs no more than the last move went forth.
    fn walk(&mut self, timestamps: &[i64], bound_ms: i64) -> usize {
        let before = self.position;
        let mut at = (before + self.stride).min(timestamps.len());
        while at > before && timestamps[at - 1] > bound_ms {
            at -= 1;
        }
        while at < timestamps.len() && timestamps[at] <= bound_ms {
            at += 1;
        }
        self.stride = at - before;
        self.position = at;
        at
    }
}

/// The samples of one window: indices, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub start: usize,
    pub end: usize,
}

impl Window {
    #[inline]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// The window (T - range, T] of every step, into `windows`.
pub fn find_windows(timestamps: &[i64], grid: Grid, range_ms: i64, windows: &mut Vec<Window>) {
    windows.clear();
    let mut starts = Cursor::at(timestamps, grid.start_ms.saturating_sub(range_ms));
    let mut ends = Cursor::at(timestamps, grid.start_ms);
    // Where the range is a whole number of steps, a window starts where an earlier one has ended.
    let whole = grid.step_ms > 0 && range_ms > 0 && range_ms % grid.step_ms == 0;
    let lag = if whole { (range_ms / grid.step_ms) as usize } else { usize::MAX };
    for (step, time_ms) in grid.times().enumerate() {
        let start = match step.checked_sub(lag) {
            Some(earlier) => windows[earlier].end,
            None => starts.advance(timestamps, time_ms.saturating_sub(range_ms)),
        };
        windows.push(Window { start, end: ends.advance(timestamps, time_ms) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_like_a_scan_whatever_the_gaps() {
        let timestamps: Vec<i64> = [0, 1, 2, 10, 11, 40, 41, 42, 43, 44, 45, 46, 100].to_vec();
        for step_ms in 1..30 {
            let mut cursor = Cursor::at(&timestamps, -5);
            for bound in (-5..130).step_by(step_ms) {
                let scan = timestamps.iter().filter(|&&t| t <= bound).count();
                assert_eq!(cursor.advance(&timestamps, bound), scan, "step {step_ms}, bound {bound}");
            }
        }
    }

    #[test]
    fn a_grid_refuses_to_leave_64_bits() {
        assert!(Grid::new(i64::MAX - 10, 5, 3).is_ok());
        assert!(Grid::new(i64::MAX - 10, 5, 4).is_err());
        assert!(Grid::new(0, -1, 1).is_err());
    }
}
