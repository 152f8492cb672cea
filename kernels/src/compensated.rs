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

/// Sums that run side by side, so that one addition need not wait for the one before.
pub const LANES: usize = 4;

/// `LANES` sums in columns, for totals that stay finite: a lane whose total does not has to be summed anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    totals: [f64; LANES],
    errors: [f64; LANES],
}

impl Sums {
    /// `Sum::plus` in every lane but for its regard for infinity. Both errors are computed and one is chosen, which
    /// is cheaper for a vector unit than to compute one by choice.
    #[inline]
    pub fn add(&mut self, x: [f64; LANES]) {
        for ((sum, error), x) in self.totals.iter_mut().zip(&mut self.errors).zip(x) {
            let before = *sum;
            let total = before + x;
            let (of_x, of_before) = ((before - total) + x, (x - total) + before);
            *error += if before.abs() >= x.abs() { of_x } else { of_before };
            *sum = total;
        }
    }

    #[inline]
    pub fn value(self, lane: usize) -> f64 {
        self.totals[lane] + self.errors[lane]
    }

    pub fn lane(self, lane: usize) -> Sum {
        Sum { total: self.totals[lane], error: self.errors[lane] }
    }

    /// A total that was infinite or NaN once is not finite at the end.
    pub fn are_finite(self) -> bool {
        self.totals.iter().all(|total| total.is_finite())
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
    fn sums_side_by_side_have_the_bits_of_each_alone() {
        let x = |i: i32, lane: usize| f64::from(i * i % 97 - 40) * 10_f64.powi(i * 7 % 31 + lane as i32);
        let mut sums = Sums::default();
        let mut alone = [Sum::default(); LANES];
        for i in 0..200 {
            sums.add([0, 1, 2, 3].map(|lane| x(i, lane)));
            alone = [0, 1, 2, 3].map(|lane| alone[lane].plus(x(i, lane)));
        }
        assert!(sums.are_finite());
        assert_eq!([0, 1, 2, 3].map(|lane| sums.lane(lane)), alone);
    }

    #[test]
    fn a_mean_outlives_the_overflow_of_its_sum() {
        let mut mean = Mean::default();
        [f64::MAX, f64::MAX, f64::MAX].into_iter().for_each(|x| mean.add(x));
        assert!(mean.incremental);
        assert!(mean.value() > 0.999 * f64::MAX && mean.value().is_finite());
    }
}
