//! The inner loops of Cardinal. Plain functions and a few classes over slices: no files, no clock, no threads of
//! their own, no logging. `_native.pyi` beside this crate is the contract; `python/` is the only code that knows PyO3.

pub mod error;
pub mod float_text;
pub mod frame;
pub mod head_chunks;
pub mod json;
pub mod log;
pub mod quote;
pub mod records;
pub mod schubfach;
pub mod snappy;
pub mod symbols;
pub mod varint;

#[cfg(feature = "python")]
mod python;
