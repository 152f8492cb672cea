//! Hashes of rows: of their symbols, for tables in memory, and of their text, as PromQL defines it.

use xxhash_rust::xxh64::xxh64;

use super::LabelFrame;
use crate::symbols::SymbolTable;

/// A hash of a shape number and the values under it, two values a multiplication.
///
/// Folding the upper half of each product onto the lower spreads every input bit over the whole word, which a table
/// that looks at both ends of a hash needs.
pub fn row_hash(shape: u32, mut values: impl Iterator<Item = u32>) -> u64 {
    let mut hash = fold(u64::from(shape) ^ 0x9e37_79b9_7f4a_7c15);
    while let Some(first) = values.next() {
        let second = values.next().unwrap_or(0);
        hash = fold(hash ^ (u64::from(first) | u64::from(second) << 32));
    }
    hash
}

fn fold(word: u64) -> u64 {
    let product = u128::from(word ^ 0x2545_f491_4f6c_dd1d) * 0xa076_1d64_78bd_642f;
    product as u64 ^ (product >> 64) as u64
}

impl LabelFrame {
    /// XXH64 of each row's names and values, each behind its length.
    pub fn hashes(&self, table: &SymbolTable) -> Vec<u64> {
        let mut text = Vec::new();
        let mut hash = |row| {
            text.clear();
            for (name, value) in self.pairs(row) {
                push_sized(&mut text, table.text(name));
                push_sized(&mut text, table.text(value));
            }
            xxh64(&text, 0)
        };
        (0..self.len()).map(&mut hash).collect()
    }
}

/// `text` behind its length: one byte below 255, else 0xff and three bytes, lowest first.
fn push_sized(out: &mut Vec<u8>, text: &[u8]) {
    match u8::try_from(text.len()) {
        Ok(length) if length < u8::MAX => out.push(length),
        _ => {
            out.push(u8::MAX);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes()[..3]);
        }
    }
    out.extend_from_slice(text);
}
