//! Rows in the order of their label sets.
//!
//! Text is compared once per distinct symbol, not once per pair of rows: the symbols a frame uses are sorted by text and
//! numbered from 1, their *ranks*. A row is then a list of keys, `rank of name << 32 | rank of value`, which ends in key
//! 0, so a prefix stands first. The rows are sorted by their first key, each run of equal first keys by the second, and
//! so on, until every run is a single row or its rows have ended.

use hashbrown::HashMap;

use super::LabelFrame;
use crate::symbols::SymbolTable;

/// The key of a row that has no more labels.
const ENDED: u64 = 0;

/// A table this many times larger than the symbols to rank is not worth an entry per symbol.
const SPARSE_FACTOR: usize = 8;

/// Rows `start..end` of the permutation agree in all keys before `depth`.
struct Run {
    start: usize,
    end: usize,
    depth: usize,
}

impl LabelFrame {
    /// Row numbers in label-set order; equal rows stay in the order they had.
    pub fn order(&self, table: &SymbolTable) -> Vec<i64> {
        let (ranks, _) = self.ranks(table);
        let mut rows: Vec<(u64, u32)> = (0..self.len() as u32).map(|row| (0, row)).collect();
        let mut runs = vec![Run { start: 0, end: rows.len(), depth: 0 }];
        while let Some(Run { start, end, depth }) = runs.pop() {
            let run = &mut rows[start..end];
            for (key, row) in run.iter_mut() {
                *key = self.key(&ranks, *row as usize, depth);
            }
            let same = run.windows(2).all(|pair| pair[0].0 == pair[1].0);
            if !same {
                run.sort_unstable();
            }
            let mut start = start;
            for equal in run.chunk_by(|a, b| a.0 == b.0) {
                let end = start + equal.len();
                if equal.len() > 1 && equal[0].0 != ENDED {
                    runs.push(Run { start, end, depth: depth + 1 });
                }
                start = end;
            }
        }
        rows.into_iter().map(|(_, row)| i64::from(row)).collect()
    }

    fn key(&self, ranks: &Ranks, row: usize, depth: usize) -> u64 {
        let Some(&value) = self.row(row).get(depth) else { return ENDED };
        let name = self.shape(row)[depth];
        u64::from(ranks.rank(name)) << 32 | u64::from(ranks.rank(value))
    }

    /// The place of each symbol in use, and the symbols in that order.
    pub fn ranks(&self, table: &SymbolTable) -> (Ranks, Vec<u32>) {
        let names = || self.shapes.iter().flat_map(|shape| shape.iter());
        let uses = names().count() + self.values.len();
        let mut ranks = if uses < table.len() / SPARSE_FACTOR {
            Ranks::Sparse(HashMap::with_capacity(uses))
        } else {
            Ranks::Dense(vec![0; table.len()])
        };
        let mut distinct: Vec<(u64, u32)> = Vec::new();
        for &symbol in names().chain(&self.values) {
            let rank = ranks.entry(symbol);
            if *rank == 0 {
                *rank = 1;
                distinct.push((head(table.text(symbol)), symbol));
            }
        }
        let by_text =
            |a: &(u64, u32), b: &(u64, u32)| a.0.cmp(&b.0).then_with(|| table.text(a.1).cmp(table.text(b.1)));
        distinct.sort_unstable_by(by_text);
        for (rank, &(_, symbol)) in (1..).zip(&distinct) {
            *ranks.entry(symbol) = rank;
        }
        (ranks, distinct.into_iter().map(|(_, symbol)| symbol).collect())
    }
}

/// The place of each symbol among those in use, by text, from 1.
pub enum Ranks {
    Dense(Vec<u32>),
    Sparse(HashMap<u32, u32>),
}

impl Ranks {
    /// # Panics
    /// If the frame does not use `symbol`.
    pub fn rank(&self, symbol: u32) -> u32 {
        match self {
            Self::Dense(ranks) => ranks[symbol as usize],
            Self::Sparse(ranks) => ranks[&symbol],
        }
    }

    fn entry(&mut self, symbol: u32) -> &mut u32 {
        match self {
            Self::Dense(ranks) => &mut ranks[symbol as usize],
            Self::Sparse(ranks) => ranks.entry(symbol).or_insert(0),
        }
    }
}

/// The first eight bytes of a text as a number that compares as they do; most comparisons end here.
fn head(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = text.len().min(8);
    bytes[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(bytes)
}
