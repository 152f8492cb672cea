//! Deleted intervals of a block's series, and the file that holds them.
//!
//! ```text
//!   file    01 30 BA 30 | version 1 | stone* | crc32c be32 of the stones alone
//!   stone   uvarint series | varint min_ms | varint max_ms          a closed interval; stones in any order
//! ```
//!
//! In memory stones stand by series and then by time, and those that overlap or touch are one.

use std::ops::Range;

use crate::error::{KernelError, Outcome, want_length};
use crate::varint::{Cursor, push_uvarint, zigzag};

const HEADER: [u8; 5] = [0x01, 0x30, 0xba, 0x30, 1];
const CRC_BYTES: usize = 4;

/// Stones in order, apart from each other.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Tombstones {
    pub ids: Vec<u32>,
    pub min_ms: Vec<i64>,
    pub max_ms: Vec<i64>,
}

/// The same, lent.
#[derive(Clone, Copy)]
pub struct Stones<'a> {
    ids: &'a [u32],
    min_ms: &'a [i64],
    max_ms: &'a [i64],
}

impl<'a> Stones<'a> {
    /// Misuse unless the three columns belong together and the series rise.
    pub fn new(ids: &'a [u32], min_ms: &'a [i64], max_ms: &'a [i64]) -> Outcome<Self> {
        want_length("tombstones min_ms", min_ms.len(), ids.len())?;
        want_length("tombstones max_ms", max_ms.len(), ids.len())?;
        if !ids.is_sorted() {
            return Err(KernelError::misuse("tombstones: want them by series"));
        }
        Ok(Self { ids, min_ms, max_ms })
    }

    /// The stones of one series.
    pub fn of(&self, id: u32) -> Range<usize> {
        if self.ids.is_empty() {
            return 0..0;
        }
        let start = self.ids.partition_point(|&other| other < id);
        start..start + self.ids[start..].partition_point(|&other| other == id)
    }

    /// The interval of each of these stones.
    pub fn intervals(&self, stones: Range<usize>) -> impl Iterator<Item = (i64, i64)> + 'a {
        let (min_ms, max_ms) = (&self.min_ms[stones.clone()], &self.max_ms[stones]);
        min_ms.iter().copied().zip(max_ms.iter().copied())
    }
}

/// Stones in any order, brought into order and merged; those that delete nothing go.
pub fn merge_tombstones(ids: &[u32], min_ms: &[i64], max_ms: &[i64]) -> Outcome<Tombstones> {
    want_length("min_ms", min_ms.len(), ids.len())?;
    want_length("max_ms", max_ms.len(), ids.len())?;
    let mut stones: Vec<(u32, i64, i64)> =
        (0..ids.len()).map(|stone| (ids[stone], min_ms[stone], max_ms[stone])).collect();
    stones.retain(|&(_, min_ms, max_ms)| min_ms <= max_ms);
    stones.sort_unstable();
    let mut merged: Vec<(u32, i64, i64)> = Vec::with_capacity(stones.len());
    for (id, min_ms, max_ms) in stones {
        match merged.last_mut() {
            Some((last_id, _, end_ms)) if *last_id == id && min_ms <= end_ms.saturating_add(1) => {
                *end_ms = max_ms.max(*end_ms);
            }
            _ => merged.push((id, min_ms, max_ms)),
        }
    }
    let mut out = Tombstones::default();
    for (id, min_ms, max_ms) in merged {
        out.ids.push(id);
        out.min_ms.push(min_ms);
        out.max_ms.push(max_ms);
    }
    Ok(out)
}

/// A whole file.
pub fn encode_tombstones(stones: Stones<'_>) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    for ((&id, &min_ms), &max_ms) in stones.ids.iter().zip(stones.min_ms).zip(stones.max_ms) {
        push_uvarint(&mut out, u64::from(id));
        push_uvarint(&mut out, zigzag(min_ms));
        push_uvarint(&mut out, zigzag(max_ms));
    }
    let crc = crc32c::crc32c(&out[HEADER.len()..]);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

/// The stones of a whole file, merged.
pub fn decode_tombstones(file: &[u8]) -> Outcome<Tombstones> {
    let corruption = |problem: String| KernelError::Corruption(format!("tombstones: {problem}"));
    let Some(rest) = file.strip_prefix(&HEADER) else {
        let got = &file[..file.len().min(HEADER.len())];
        return Err(corruption(format!("want a header of {HEADER:02x?}, got {got:02x?}")));
    };
    let Some((body, crc)) = rest.split_last_chunk::<CRC_BYTES>() else {
        return Err(corruption(format!("want a checksum behind the header, got {} bytes", rest.len())));
    };
    let (want, got) = (u32::from_be_bytes(*crc), crc32c::crc32c(body));
    if want != got {
        return Err(corruption(format!("want crc32c {want:08x}, got {got:08x}")));
    }
    let (mut ids, mut min_ms, mut max_ms) = (Vec::new(), Vec::new(), Vec::new());
    let mut cursor = Cursor::new(body);
    while !cursor.is_at_end() {
        let at = cursor.at();
        let mut stone = || {
            let id = u32::try_from(cursor.uvarint()?).ok()?;
            Some((id, cursor.varint()?, cursor.varint()?))
        };
        let Some((id, low, high)) = stone() else {
            return Err(corruption(format!("the stone at byte {at} is cut off, or of no series")));
        };
        ids.push(id);
        min_ms.push(low);
        max_ms.push(high);
    }
    merge_tombstones(&ids, &min_ms, &max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_and_no_cut_goes_unnoticed() {
        let (ids, min_ms, max_ms) = ([4, 4, 300], [1000, 3000, -5], [2000, 3000, 1 << 40]);
        let file = encode_tombstones(Stones::new(&ids, &min_ms, &max_ms).unwrap());
        assert_eq!(decode_tombstones(&file).unwrap().ids, ids);
        for bit in 0..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decode_tombstones(&damaged), Err(KernelError::Corruption(_))), "{bit}");
        }
        for length in 0..file.len() {
            assert!(decode_tombstones(&file[..length]).is_err(), "{length}");
        }
    }
}
