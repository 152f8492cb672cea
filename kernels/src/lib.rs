//! The inner loops of Cardinal. Plain functions and a few classes over slices: no files, no clock, no threads of
//! their own, no logging. `_native.pyi` beside this crate is the contract; `python/` is the only code that knows PyO3.

pub mod aggregate;
pub mod bits;
pub mod block_chunks;
pub mod block_index;
pub mod buckets;
pub mod compensated;
pub mod error;
pub mod exposition;
pub mod float_text;
pub mod frame;
pub mod grid;
pub mod groups;
pub mod head_chunks;
pub mod json;
pub mod line_sequence;
pub mod log;
pub mod matcher;
pub mod matrix;
pub mod merge;
pub mod open_chunks;
pub mod postings;
pub mod quantile;
pub mod quote;
pub mod records;
pub mod regex;
pub mod schubfach;
pub mod scrape_cache;
pub mod selection;
pub mod series;
pub mod series_index;
pub mod slots;
pub mod snappy;
pub mod steps;
pub mod symbols;
pub mod tombstones;
pub mod top;
pub mod varint;
pub mod windows;
pub mod xor;

#[cfg(feature = "python")]
mod python;
