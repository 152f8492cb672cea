//! Shortest decimal digits of a double.
//!
//! Source: Raffaello Giulietti, "The Schubfach way to render doubles" (2020). A double `c * 2^q` owns the interval of
//! reals that round to it. Some power of ten `10^k` is the largest that is sure to have a multiple in there; the
//! digits are that of the multiples of `10^(k + 1)` and `10^k` which lies inside, the nearer one if two do. Three
//! products with a 128-bit approximation of `10^-k`, rounded to odd, decide all comparisons exactly.
//!
//! An exact tie between two candidates takes the even digit, as Go, Python and C do; the standard library takes the
//! upper one, so `1137639940500085.25` is ...085.2 here and ...085.3 there.

use std::sync::LazyLock;

/// `digits * 10^exponent`, without trailing zeros in `digits` unless it is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    pub digits: u64,
    pub exponent: i32,
}

const LOWEST_POWER: i32 = -292;
const HIGHEST_POWER: i32 = 324;
const POWERS: usize = (HIGHEST_POWER - LOWEST_POWER + 1) as usize;

/// The leading 128 bits of each `10^k`, rounded up: 9.6 KiB, worked out at first use.
static LEADING_BITS: LazyLock<Box<[u128; POWERS]>> = LazyLock::new(leading_bits);

/// The shortest digits that read back as `value`, the nearest of them if several do.
///
/// `value` is finite and positive.
pub fn shortest(value: f64) -> Decimal {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let biased = (bits >> 52) as i32 & 0x7ff;
    let (c, q) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    // Below a power of two doubles lie twice as dense, so the interval is narrower on that side.
    let narrow = fraction == 0 && biased > 1;
    let k = (q * 1_262_611 - if narrow { 524_031 } else { 0 }) >> 22;
    let shift = q + ((-k * 1_741_647) >> 19) + 1;
    let power = LEADING_BITS[(-k - LOWEST_POWER) as usize];

    let scaled = |quarters: u64| round_to_odd(power, quarters << shift);
    let middle = scaled(4 * c);
    let closed = u64::from(c & 1 != 0); // An odd double does not own the ends of its interval.
    let lower = scaled(4 * c - 2 + u64::from(narrow)) + closed;
    let upper = scaled(4 * c + 2) - closed;
    let inside = |candidate: u64| lower <= 4 * candidate && 4 * candidate <= upper;

    let floor = middle / 4;
    if floor >= 10 {
        let tens = floor / 10;
        let (below, above) = (inside(tens * 10), inside(tens * 10 + 10));
        if below != above {
            return strip(tens + u64::from(above), k + 1);
        }
    }
    let (below, above) = (inside(floor), inside(floor + 1));
    if below != above {
        return strip(floor + u64::from(above), k);
    }
    let half = 4 * floor + 2;
    let up = middle > half || (middle == half && floor & 1 != 0);
    strip(floor + u64::from(up), k)
}

/// The upper 64 bits of `power * factor / 2^64`, the last bit set if anything was cut off.
fn round_to_odd(power: u128, factor: u64) -> u64 {
    let low = (u128::from(power as u64) * u128::from(factor)) >> 64;
    let sum = (power >> 64) * u128::from(factor) + low;
    (sum >> 64) as u64 | u64::from(sum as u64 > 1)
}

fn strip(mut digits: u64, mut exponent: i32) -> Decimal {
    if digits.is_multiple_of(100_000_000) {
        digits /= 100_000_000;
        exponent += 8;
    }
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    Decimal { digits, exponent }
}

fn leading_bits() -> Box<[u128; POWERS]> {
    let mut bits = Box::new([0; POWERS]);
    let mut power = Natural::from_u64(1);
    for k in 0..=HIGHEST_POWER {
        bits[(k - LOWEST_POWER) as usize] = power.leading_bits_rounded_up();
        if 0 < k && k <= -LOWEST_POWER {
            bits[(-k - LOWEST_POWER) as usize] = power.leading_bits_of_reciprocal();
        }
        power.multiply_by_ten();
    }
    bits
}

/// A natural number of any size: 64-bit limbs, the lowest first, the highest not zero.
struct Natural(Vec<u64>);

impl Natural {
    fn from_u64(number: u64) -> Self {
        Self(vec![number])
    }

    fn multiply_by_ten(&mut self) {
        let mut carry = 0;
        for limb in &mut self.0 {
            let product = u128::from(*limb) * 10 + carry;
            *limb = product as u64;
            carry = product >> 64;
        }
        if carry != 0 {
            self.0.push(carry as u64);
        }
    }

    fn bit_length(&self) -> usize {
        self.0.len() * 64 - self.0[self.0.len() - 1].leading_zeros() as usize
    }

    fn bit(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 != 0
    }

    fn leading_bits_rounded_up(&self) -> u128 {
        let length = self.bit_length();
        if length <= 128 {
            let low = self.0.iter().rev().fold(0u128, |bits, &limb| bits << 64 | u128::from(limb));
            return low << (128 - length);
        }
        let cut = length - 128;
        let kept = (cut..length).rev().fold(0u128, |bits, index| bits << 1 | u128::from(self.bit(index)));
        kept + u128::from((0..cut).any(|index| self.bit(index)))
    }

    /// Of a number that is no power of two: long division of a power of two by it, one bit at a time.
    fn leading_bits_of_reciprocal(&self) -> u128 {
        let top = self.bit_length() - 1;
        let mut remainder = Self(vec![0; self.0.len()]);
        remainder.0[top / 64] = 1 << (top % 64);
        let mut quotient = 0u128;
        for _ in 0..128 {
            let overflow = remainder.double();
            quotient <<= 1;
            if overflow || !remainder.is_less_than(self) {
                remainder.subtract(self);
                quotient |= 1;
            }
        }
        quotient + 1
    }

    /// Twice the number in as many limbs; whether a bit was lost.
    fn double(&mut self) -> bool {
        let mut carry = 0;
        for limb in &mut self.0 {
            let next = *limb >> 63;
            *limb = *limb << 1 | carry;
            carry = next;
        }
        carry != 0
    }

    fn is_less_than(&self, other: &Self) -> bool {
        self.0.iter().rev().lt(other.0.iter().rev())
    }

    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (limb, &less) in self.0.iter_mut().zip(&other.0) {
            let (without, first) = limb.overflowing_sub(less);
            let (without, second) = without.overflowing_sub(u64::from(borrow));
            *limb = without;
            borrow = first || second;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, shortest};

    fn decimal(digits: u64, exponent: i32) -> Decimal {
        Decimal { digits, exponent }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        assert_eq!(shortest(5e-324), decimal(5, -324));
        assert_eq!(shortest(1e-323), decimal(1, -323));
        assert_eq!(shortest(f64::MIN_POSITIVE), decimal(22_250_738_585_072_014, -324));
        assert_eq!(shortest(f64::MAX), decimal(17_976_931_348_623_157, 292));
    }

    #[test]
    fn an_exact_tie_takes_the_even_digit() {
        assert_eq!(shortest(4_550_559_762_000_341.0 / 4.0), decimal(11_376_399_405_000_852, -1));
        assert_eq!(shortest(2f64.powi(-44)), decimal(5_684_341_886_080_802, -29));
    }

    #[test]
    fn digits_of_any_bits_read_back_and_differ_from_the_standard_librarys_only_on_ties() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..300_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = f64::from_bits(state & !(1 << 63));
            if !value.is_finite() || value == 0.0 {
                continue;
            }
            let Decimal { digits, exponent } = shortest(value);
            let ours = format!("{digits}e{exponent}");
            assert_eq!(ours.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()), "{ours}");
            let theirs = format!("{value:e}");
            let length = theirs.bytes().take_while(|&b| b != b'e').filter(u8::is_ascii_digit).count();
            assert_eq!(digits.to_string().len(), length, "{ours} or {theirs}");
        }
    }
}
