//! Operations on sets of slots: rising lists of u32, and bitmaps where many lists come together.
//!
//! Two lists of like size are merged without branches: what is written stays only if the cursor moves on. Where one is
//! far longer, its cursor *gallops*: it doubles its step until it has passed the wanted slot, then halves back.

/// From this ratio of lengths on, galloping through the longer list beats walking it.
const GALLOP_RATIO: usize = 16;

/// Slots in both lists.
pub fn intersect(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() / GALLOP_RATIO >= short.len() {
        let mut rest = long;
        return short.iter().copied().filter(|&slot| holds(&mut rest, slot)).collect();
    }
    let mut out = vec![0; short.len() + 1];
    let (mut i, mut j, mut kept) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        out[kept] = x;
        kept += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    out.truncate(kept);
    out
}

/// Slots of `a` that are not in `b`.
pub fn subtract(a: &[u32], b: &[u32]) -> Vec<u32> {
    if b.len() / GALLOP_RATIO >= a.len() {
        let mut rest = b;
        return a.iter().copied().filter(|&slot| !holds(&mut rest, slot)).collect();
    }
    if a.len() / GALLOP_RATIO >= b.len() {
        return subtract_few(a, b);
    }
    let mut out = vec![0; a.len() + 1];
    let (mut i, mut j, mut kept) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        out[kept] = x;
        kept += usize::from(x < y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    out.truncate(kept);
    out.extend_from_slice(&a[i..]);
    out
}

/// Subtraction of a short list: what lies between its slots is copied whole.
fn subtract_few(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = Vec::with_capacity(a.len());
    let mut rest = a;
    for &slot in b {
        let (before, from) = rest.split_at(gallop(rest, slot));
        out.extend_from_slice(before);
        rest = from.strip_prefix(&[slot]).unwrap_or(from);
    }
    out.extend_from_slice(rest);
    out
}

/// The slots that stay, written without a branch on whether they do.
#[inline]
pub fn retain(slots: impl ExactSizeIterator<Item = u32>, stays: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut out = vec![0; slots.len() + 1];
    let mut kept = 0;
    for slot in slots {
        out[kept] = slot;
        kept += usize::from(stays(slot));
    }
    out.truncate(kept);
    out
}

/// Whether the two lists share a slot.
pub fn intersects(a: &[u32], b: &[u32]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut rest = long;
    short.iter().any(|&slot| holds(&mut rest, slot))
}

/// Slots in any of the lists, all of which are below `slots`.
pub fn union(lists: &[&[u32]], slots: usize) -> Vec<u32> {
    let total: usize = lists.iter().map(|list| list.len()).sum();
    match lists {
        [] => Vec::new(),
        [only] => only.to_vec(),
        _ if total < slots / 32 => {
            let mut all = lists.concat();
            all.sort_unstable();
            all.dedup();
            all
        }
        _ => {
            let mut bits = Bitmap::new(slots);
            lists.iter().for_each(|list| bits.insert_all(list));
            bits.to_list()
        }
    }
}

/// Move `rest` to the first slot that is not below `slot`, and say whether it is that one.
fn holds(rest: &mut &[u32], slot: u32) -> bool {
    *rest = &rest[gallop(rest, slot)..];
    rest.first() == Some(&slot)
}

/// The place of the first slot that is not below `slot`.
fn gallop(list: &[u32], slot: u32) -> usize {
    let mut step = 1;
    while step < list.len() && list[step] < slot {
        step *= 2;
    }
    let (low, high) = (step / 2, (step + 1).min(list.len()));
    low + list[low..high].partition_point(|&known| known < slot)
}

/// One bit a slot.
pub struct Bitmap(Vec<u64>);

impl Bitmap {
    pub fn new(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(64)])
    }

    #[inline]
    pub fn insert_all(&mut self, list: &[u32]) {
        for &slot in list {
            self.0[slot as usize / 64] |= 1 << (slot % 64);
        }
    }

    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        self.0[slot as usize / 64] >> (slot % 64) & 1 == 1
    }

    /// Of `slots` those that are set, or those that are not.
    pub fn filter(&self, slots: &[u32], set: bool) -> Vec<u32> {
        match set {
            true => retain(slots.iter().copied(), |slot| self.contains(slot)),
            false => retain(slots.iter().copied(), |slot| !self.contains(slot)),
        }
    }

    pub fn to_list(&self) -> Vec<u32> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        let mut list = Vec::with_capacity(count as usize);
        for (base, &word) in (0..).step_by(64).zip(&self.0) {
            let mut left = word;
            while left != 0 {
                list.push(base + left.trailing_zeros());
                left &= left - 1;
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Lists of many relative sizes from a small generator of numbers.
    fn lists() -> Vec<Vec<u32>> {
        let mut seed = 7u64;
        let mut next = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u32
        };
        let sizes = [0, 1, 2, 15, 16, 17, 40, 300, 900];
        sizes
            .iter()
            .map(|&size| (0..size).map(|_| next() % 1000).collect::<BTreeSet<_>>())
            .map(|set| set.into_iter().collect())
            .collect()
    }

    #[test]
    fn every_operation_agrees_with_sets() {
        for a in lists() {
            for b in lists() {
                let (x, y): (BTreeSet<u32>, BTreeSet<u32>) =
                    (a.iter().copied().collect(), b.iter().copied().collect());
                assert_eq!(intersect(&a, &b), x.intersection(&y).copied().collect::<Vec<_>>());
                assert_eq!(subtract(&a, &b), x.difference(&y).copied().collect::<Vec<_>>());
                assert_eq!(intersects(&a, &b), !x.is_disjoint(&y));
                assert_eq!(retain(a.iter().copied(), |slot| y.contains(&slot)), intersect(&a, &b));
                for slots in [1000, 1 << 20] {
                    assert_eq!(union(&[&a, &b], slots), x.union(&y).copied().collect::<Vec<_>>());
                }
            }
        }
    }
}
