//! The Python face: the only code that knows PyO3. Each function borrows, releases the interpreter, calls one kernel
//! and wraps what came back. One file per noun; `_native.pyi` documents them all.

use pyo3::prelude::*;

mod buffer;
mod errors;
mod float_text;
mod frame;
mod json;
mod log;
mod records;
mod symbols;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    float_text::register(module)?;
    frame::register(module)?;
    json::register(module)?;
    log::register(module)?;
    records::register(module)?;
    symbols::register(module)?;
    Ok(())
}
