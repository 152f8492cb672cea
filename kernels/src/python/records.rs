//! Bodies of write-ahead-log records.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyBytes;

use super::buffer::{Buffer, slices};
use super::frame::LabelFrame;
use super::symbols::Symbols;
use crate::records;

type Samples<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);
type Metadata<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<u8>>, Vec<String>, Vec<String>);

#[pyfunction]
fn encode_series<'py>(
    py: Python<'py>,
    refs: PyReadonlyArray1<'py, u64>,
    labels: &LabelFrame,
) -> PyResult<Bound<'py, PyBytes>> {
    let refs = refs.as_slice()?;
    let record = py.detach(|| records::encode_series(refs, &labels.0))?;
    Ok(PyBytes::new(py, &record))
}

#[pyfunction]
fn decode_series<'py>(
    py: Python<'py>,
    symbols: &Symbols,
    records: Vec<Buffer<'py>>,
) -> PyResult<(Bound<'py, PyArray1<u64>>, LabelFrame)> {
    let records = slices(&records)?;
    let (refs, labels) = py.detach(|| records::decode_series(&symbols.0, &records))?;
    Ok((refs.into_pyarray(py), LabelFrame(labels)))
}

#[pyfunction]
fn encode_samples<'py>(
    py: Python<'py>,
    refs: PyReadonlyArray1<'py, u64>,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (refs, timestamps_ms, values) = (refs.as_slice()?, timestamps_ms.as_slice()?, values.as_slice()?);
    let record = py.detach(|| records::encode_samples(refs, timestamps_ms, values))?;
    Ok(PyBytes::new(py, &record))
}

#[pyfunction]
fn decode_samples<'py>(py: Python<'py>, records: Vec<Buffer<'py>>) -> PyResult<Samples<'py>> {
    let records = slices(&records)?;
    let samples = py.detach(|| records::decode_samples(&records))?;
    let (refs, timestamps_ms) = (samples.refs.into_pyarray(py), samples.timestamps_ms.into_pyarray(py));
    Ok((refs, timestamps_ms, samples.values.into_pyarray(py)))
}

#[pyfunction]
fn encode_metadata<'py>(
    py: Python<'py>,
    refs: PyReadonlyArray1<'py, u64>,
    kinds: PyReadonlyArray1<'py, u8>,
    units: Vec<PyBackedStr>,
    helps: Vec<PyBackedStr>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (refs, kinds) = (refs.as_slice()?, kinds.as_slice()?);
    let record = py.detach(|| records::encode_metadata(refs, kinds, &units, &helps))?;
    Ok(PyBytes::new(py, &record))
}

#[pyfunction]
fn decode_metadata<'py>(py: Python<'py>, records: Vec<Buffer<'py>>) -> PyResult<Metadata<'py>> {
    let records = slices(&records)?;
    let entries = py.detach(|| records::decode_metadata(&records))?;
    Ok((entries.refs.into_pyarray(py), entries.kinds.into_pyarray(py), entries.units, entries.helps))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_series, module)?)?;
    module.add_function(wrap_pyfunction!(decode_series, module)?)?;
    module.add_function(wrap_pyfunction!(encode_samples, module)?)?;
    module.add_function(wrap_pyfunction!(decode_samples, module)?)?;
    module.add_function(wrap_pyfunction!(encode_metadata, module)?)?;
    module.add_function(wrap_pyfunction!(decode_metadata, module)?)
}
