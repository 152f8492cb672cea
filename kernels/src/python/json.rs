//! Answers as JSON.

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::frame::LabelFrame;
use crate::json;

#[pyfunction]
fn render_vector<'py>(
    py: Python<'py>,
    labels: &LabelFrame,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (timestamps_ms, values) = (timestamps_ms.as_slice()?, values.as_slice()?);
    let text = py.detach(|| json::render_vector(&labels.0, timestamps_ms, values))?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
fn render_matrix<'py>(
    py: Python<'py>,
    labels: &LabelFrame,
    start_ms: i64,
    step_ms: i64,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
) -> PyResult<Bound<'py, PyBytes>> {
    if values.as_array().nrows() != labels.0.len() {
        let (got, want) = (values.as_array().nrows(), labels.0.len());
        return Err(PyValueError::new_err(format!("values: want {want} rows, got {got}")));
    }
    let (values, present) = (values.as_slice()?, present.as_slice()?);
    let text = py.detach(|| json::render_matrix(&labels.0, start_ms, step_ms, values, present))?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
fn render_samples<'py>(
    py: Python<'py>,
    labels: &LabelFrame,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (timestamps_ms, values, offsets) =
        (timestamps_ms.as_slice()?, values.as_slice()?, offsets.as_slice()?);
    let text = py.detach(|| json::render_samples(&labels.0, timestamps_ms, values, offsets))?;
    Ok(PyBytes::new(py, &text))
}

#[pyfunction]
fn render_labels<'py>(py: Python<'py>, labels: &LabelFrame) -> Bound<'py, PyBytes> {
    let text = py.detach(|| json::render_labels(&labels.0));
    PyBytes::new(py, &text)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(render_vector, module)?)?;
    module.add_function(wrap_pyfunction!(render_matrix, module)?)?;
    module.add_function(wrap_pyfunction!(render_samples, module)?)?;
    module.add_function(wrap_pyfunction!(render_labels, module)?)
}
