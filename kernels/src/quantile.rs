//! The quantile of a set of values as PromQL defines it: between two neighbours by linear weight, NaN as the smallest.

/// A float as an integer of the same order: NaN first, then -Inf to +Inf. Integers sort faster than floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(i64);

impl Key {
    #[inline]
    pub fn of(value: f64) -> Self {
        if value.is_nan() {
            return Self(i64::MIN);
        }
        Self(flip(value.to_bits() as i64))
    }

    #[inline]
    pub fn value(self) -> f64 {
        if self.0 == i64::MIN {
            return f64::NAN;
        }
        f64::from_bits(flip(self.0) as u64)
    }
}

/// Turn the order of negative floats' bits around; its own inverse.
#[inline]
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

/// The `q`-quantile of `keys`, which it reorders; NaN of none.
pub fn quantile(q: f64, keys: &mut [Key]) -> f64 {
    let Some((low, weight)) = rank_of(q, keys.len()) else { return outside(q) };
    let (_, lower, above) = keys.select_nth_unstable(low);
    let lower = lower.value();
    let upper = above.iter().min().map_or(lower, |key| key.value());
    lower * (1.0 - weight) + upper * weight
}

/// The `q`-quantile of keys in rising order; NaN of none.
pub fn quantile_of_sorted(q: f64, keys: &[Key]) -> f64 {
    let Some((low, weight)) = rank_of(q, keys.len()) else { return outside(q) };
    let lower = keys[low].value();
    let upper = keys.get(low + 1).map_or(lower, |key| key.value());
    lower * (1.0 - weight) + upper * weight
}

/// The index of the lower neighbour, and the weight of the upper one.
fn rank_of(q: f64, count: usize) -> Option<(usize, f64)> {
    let rank = q * (count as f64 - 1.0);
    let low = rank.floor();
    (count > 0 && (0.0..=1.0).contains(&q)).then_some((low as usize, rank - low))
}

/// The quantile of a `q` that is NaN or outside 0 to 1, or of no values.
fn outside(q: f64) -> f64 {
    match q {
        q if q < 0.0 => f64::NEG_INFINITY,
        q if q > 1.0 => f64::INFINITY,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_floats_and_give_them_back() {
        let rising = [f64::NEG_INFINITY, -2.5, -f64::MIN_POSITIVE, -0.0, 0.0, 1e-300, 7.0, f64::INFINITY];
        assert!(rising.windows(2).all(|pair| Key::of(pair[0]) < Key::of(pair[1])));
        assert!(rising.iter().all(|&v| Key::of(v).value().to_bits() == v.to_bits()));
        assert!(Key::of(f64::NAN) < Key::of(f64::NEG_INFINITY) && Key::of(-f64::NAN).value().is_nan());
    }
}
