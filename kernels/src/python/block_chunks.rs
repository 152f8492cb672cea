//! Chunk segments of a block.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::{Buffer, slices};
use super::tombstones::StoneArrays;
use super::xor::{Flat, flat};
use crate::block_chunks;

#[pyfunction]
fn encode_block_chunks<'py>(
    py: Python<'py>,
    encodings: PyReadonlyArray1<'py, u8>,
    data: Buffer<'py>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyArray1<i64>>)> {
    let (encodings, data, offsets) = (encodings.as_slice()?, data.as_slice()?, offsets.as_slice()?);
    let (records, starts) = py.detach(|| block_chunks::encode_block_chunks(encodings, data, offsets))?;
    Ok((PyBytes::new(py, &records), starts.into_pyarray(py)))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // One call reads a batch of series.
fn read_block_chunks<'py>(
    py: Python<'py>,
    files: Vec<Buffer<'py>>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    refs: PyReadonlyArray1<'py, u64>,
    min_ms: i64,
    max_ms: i64,
    tombstones: StoneArrays<'py>,
) -> PyResult<Flat<'py>> {
    let files = slices(&files)?;
    let chunks = block_chunks::ChunksOf::new(ids.as_slice()?, offsets.as_slice()?, refs.as_slice()?)?;
    let stones = tombstones.as_stones()?;
    let (samples, offsets) =
        py.detach(|| block_chunks::read_block_chunks(&files, &chunks, min_ms, max_ms, stones))?;
    Ok(flat(py, samples, offsets))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_block_chunks, module)?)?;
    module.add_function(wrap_pyfunction!(read_block_chunks, module)?)
}
