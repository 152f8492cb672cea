//! Samples from several sources.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use super::xor::{Flat, flat};
use crate::merge::{self, MergePart};

/// Rows, times, values, offsets.
#[derive(FromPyObject)]
struct Part<'py>(
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, i64>,
);

#[pyfunction]
fn merge_samples<'py>(py: Python<'py>, parts: Vec<Part<'py>>, rows: usize) -> PyResult<Flat<'py>> {
    let mut borrowed = Vec::with_capacity(parts.len());
    for Part(rows, timestamps_ms, values, offsets) in &parts {
        borrowed.push(MergePart {
            rows: rows.as_slice()?,
            timestamps_ms: timestamps_ms.as_slice()?,
            values: values.as_slice()?,
            offsets: offsets.as_slice()?,
        });
    }
    let (samples, offsets) = py.detach(|| merge::merge_samples(&borrowed, rows))?;
    Ok(flat(py, samples, offsets))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(merge_samples, module)?)
}
