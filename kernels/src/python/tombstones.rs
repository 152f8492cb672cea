//! Deleted intervals of a block.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::Buffer;
use crate::tombstones::{self, Stones, Tombstones};

type Columns<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// Series, first and last time of each stone.
#[derive(FromPyObject)]
pub struct StoneArrays<'py>(
    PyReadonlyArray1<'py, u32>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray1<'py, i64>,
);

impl StoneArrays<'_> {
    pub fn as_stones(&self) -> PyResult<Stones<'_>> {
        Ok(Stones::new(self.0.as_slice()?, self.1.as_slice()?, self.2.as_slice()?)?)
    }
}

fn columns(py: Python<'_>, stones: Tombstones) -> Columns<'_> {
    (stones.ids.into_pyarray(py), stones.min_ms.into_pyarray(py), stones.max_ms.into_pyarray(py))
}

#[pyfunction]
fn merge_tombstones<'py>(
    py: Python<'py>,
    ids: PyReadonlyArray1<'py, u32>,
    min_ms: PyReadonlyArray1<'py, i64>,
    max_ms: PyReadonlyArray1<'py, i64>,
) -> PyResult<Columns<'py>> {
    let (ids, min_ms, max_ms) = (ids.as_slice()?, min_ms.as_slice()?, max_ms.as_slice()?);
    Ok(columns(py, py.detach(|| tombstones::merge_tombstones(ids, min_ms, max_ms))?))
}

#[pyfunction]
fn encode_tombstones<'py>(py: Python<'py>, tombstones: StoneArrays<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let stones = tombstones.as_stones()?;
    let file = py.detach(|| tombstones::encode_tombstones(stones));
    Ok(PyBytes::new(py, &file))
}

#[pyfunction]
fn decode_tombstones<'py>(py: Python<'py>, data: Buffer<'py>) -> PyResult<Columns<'py>> {
    let data = data.as_slice()?;
    Ok(columns(py, py.detach(|| tombstones::decode_tombstones(data))?))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode_tombstones, module)?)?;
    module.add_function(wrap_pyfunction!(encode_tombstones, module)?)?;
    module.add_function(wrap_pyfunction!(merge_tombstones, module)?)
}
