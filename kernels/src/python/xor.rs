//! XOR chunks.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::Buffer;
use crate::xor;

/// Flattened samples: times, values, offsets.
pub type Flat<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);

pub fn flat<'py>(py: Python<'py>, samples: xor::FlatSamples, offsets: Vec<i64>) -> Flat<'py> {
    let (timestamps_ms, values) = (samples.timestamps_ms.into_pyarray(py), samples.values.into_pyarray(py));
    (timestamps_ms, values, offsets.into_pyarray(py))
}

#[pyfunction]
fn encode_xor<'py>(
    py: Python<'py>,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyArray1<i64>>)> {
    let (timestamps_ms, values, offsets) =
        (timestamps_ms.as_slice()?, values.as_slice()?, offsets.as_slice()?);
    let (chunks, ends) = py.detach(|| xor::encode_xor(timestamps_ms, values, offsets))?;
    Ok((PyBytes::new(py, &chunks), ends.into_pyarray(py)))
}

#[pyfunction]
fn decode_xor<'py>(
    py: Python<'py>,
    data: Buffer<'py>,
    starts: PyReadonlyArray1<'py, i64>,
    lengths: PyReadonlyArray1<'py, i64>,
) -> PyResult<Flat<'py>> {
    let (data, starts, lengths) = (data.as_slice()?, starts.as_slice()?, lengths.as_slice()?);
    let (samples, offsets) = py.detach(|| xor::decode_xor(data, starts, lengths))?;
    Ok(flat(py, samples, offsets))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_xor, module)?)?;
    module.add_function(wrap_pyfunction!(decode_xor, module)?)
}
