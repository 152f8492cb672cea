//! The Python face: the only code that knows PyO3. Each function borrows, releases the interpreter, calls one kernel
//! and wraps what came back. One file per noun; `_native.pyi` documents them all.

use pyo3::prelude::*;

mod aggregate;
mod block_chunks;
mod block_index;
mod buckets;
mod buffer;
mod errors;
mod float_text;
mod frame;
mod groups;
mod json;
mod log;
mod matcher;
mod matrix;
mod merge;
mod open_chunks;
mod records;
mod scrape_cache;
mod series_index;
mod symbols;
mod tombstones;
mod windows;
mod xor;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    aggregate::register(module)?;
    block_chunks::register(module)?;
    block_index::register(module)?;
    buckets::register(module)?;
    errors::register(module)?;
    float_text::register(module)?;
    frame::register(module)?;
    groups::register(module)?;
    json::register(module)?;
    log::register(module)?;
    matcher::register(module)?;
    merge::register(module)?;
    open_chunks::register(module)?;
    records::register(module)?;
    scrape_cache::register(module)?;
    series_index::register(module)?;
    symbols::register(module)?;
    tombstones::register(module)?;
    windows::register(module)?;
    xor::register(module)?;
    Ok(())
}
