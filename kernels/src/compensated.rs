//! Sums and means that carry their own rounding error.
//!
//! Each addition also computes, exactly, what it rounded away (Neumaier's variant of Kahan's sum) and keeps it in a
//! second number, which is added once at the end. PromQL defines its sums and means by these very steps, so the order
//! of operations here is part of the answer: no step may be fused, reordered or shared between two sums.

/// A running sum: the rounded total, and what rounding has lost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    pub total: f64,
    pub error: f64,
}

impl Sum {
    #[inline]
    #[must_use]
    pub fn plus(self, x: f64) -> Self {
        let total = self.total + x;
        let lost =
            if self.total.abs() >= x.abs() { (self.total - total) + x } else { (x - total) + self.total };
        // An infinite total has no meaningful error: infinity minus infinity would turn the sum into NaN.
        let error = if total.is_infinite() { 0.0 } else { self.error + lost };
        Self { total, error }
    }

    #[inline]
    pub fn value(self) -> f64 {
        self.total + self.error
    }
}

/// A running mean: a compensated sum, until that overflows; from then on the mean itself is what runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean {
    pub count: f64,
    pub sum: Sum,
    /// Whether `sum` holds the mean of what came so far instead of its sum.
    pub incremental: bool,
}

impl Mean {
    #[inline]
    pub fn add(&mut self, x: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.sum = Sum { total: x, error: 0.0 };
            return;
        }
        if !self.incremental {
            let next = self.sum.plus(x);
            if !next.total.is_infinite() {
                self.sum = next;
                return;
            }
            let before = self.count - 1.0;
            self.incremental = true;
            self.sum = Sum { total: self.sum.total / before, error: self.sum.error / before };
        }
        let kept = (self.count - 1.0) / self.count;
        let scaled = Sum { total: kept * self.sum.total, error: kept * self.sum.error };
        self.sum = scaled.plus(x / self.count);
    }

    pub fn value(self) -> f64 {
        if self.incremental {
            return self.sum.value();
        }
        self.sum.total / self.count + self.sum.error / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_rounding_would_lose() {
        let sum = [1.0, 1e100, 1.0, -1e100].into_iter().fold(Sum::default(), Sum::plus);
        assert_eq!(sum.value(), 2.0);
    }

    #[test]
    fn a_mean_outlives_the_overflow_of_its_sum() {
        let mut mean = Mean::default();
        [f64::MAX, f64::MAX, f64::MAX].into_iter().for_each(|x| mean.add(x));
        assert!(mean.incremental);
        assert_eq!(mean.value(), f64::MAX);
    }
}
