//! The write-ahead log: checksums, compression, the container, `chunks_head` files.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::buffer::Buffer;
use crate::{head_chunks, log, snappy};

type Log<'py> = (Bound<'py, PyList>, Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>, usize, String);
type HeadChunks<'py> = (
    Bound<'py, PyArray1<u64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u8>>,
    Bound<'py, PyArray1<i64>>,
    usize,
    String,
);

#[pyfunction]
#[pyo3(name = "crc32c")]
fn checksum(py: Python<'_>, data: Buffer<'_>) -> PyResult<u32> {
    let data = data.as_slice()?;
    Ok(py.detach(|| crc32c::crc32c(data)))
}

#[pyfunction]
fn snappy_compress<'py>(py: Python<'py>, data: Buffer<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice()?;
    let compressed = py.detach(|| snappy::compress(data))?;
    Ok(PyBytes::new(py, &compressed))
}

#[pyfunction]
fn snappy_decompress<'py>(py: Python<'py>, data: Buffer<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let data = data.as_slice()?;
    let plain = py.detach(|| snappy::decompress(data))?;
    Ok(PyBytes::new(py, &plain))
}

#[pyfunction]
fn frame_record<'py>(
    py: Python<'py>,
    record: Buffer<'py>,
    flags: u8,
    page_offset: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let record = record.as_slice()?;
    let framed = py.detach(|| log::frame_record(record, flags, page_offset))?;
    Ok(PyBytes::new(py, &framed))
}

#[pyfunction]
fn scan_log<'py>(py: Python<'py>, data: Buffer<'py>, start: usize, bytes_max: usize) -> PyResult<Log<'py>> {
    let data = data.as_slice()?;
    let scan = py.detach(|| log::scan_log(data, start, bytes_max))?;
    let records = PyList::new(py, scan.records.iter().map(|record| PyBytes::new(py, record)))?;
    let (compressions, ends) = (scan.compressions.into_pyarray(py), scan.ends.into_pyarray(py));
    Ok((records, compressions, ends, scan.next, scan.problem))
}

#[pyfunction]
fn encode_head_chunks<'py>(
    py: Python<'py>,
    refs: PyReadonlyArray1<'py, u64>,
    min_ms: PyReadonlyArray1<'py, i64>,
    max_ms: PyReadonlyArray1<'py, i64>,
    data: Buffer<'py>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyArray1<i64>>)> {
    let (refs, min_ms, max_ms) = (refs.as_slice()?, min_ms.as_slice()?, max_ms.as_slice()?);
    let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
    let (bytes, starts) =
        py.detach(|| head_chunks::encode_head_chunks(refs, min_ms, max_ms, data, offsets))?;
    Ok((PyBytes::new(py, &bytes), starts.into_pyarray(py)))
}

#[pyfunction]
fn scan_head_chunks<'py>(py: Python<'py>, data: Buffer<'py>) -> PyResult<HeadChunks<'py>> {
    let data = data.as_slice()?;
    let scan = py.detach(|| head_chunks::scan_head_chunks(data));
    Ok((
        scan.refs.into_pyarray(py),
        scan.min_ms.into_pyarray(py),
        scan.max_ms.into_pyarray(py),
        scan.encodings.into_pyarray(py),
        scan.offsets.into_pyarray(py),
        scan.end,
        scan.problem,
    ))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(checksum, module)?)?;
    module.add_function(wrap_pyfunction!(snappy_compress, module)?)?;
    module.add_function(wrap_pyfunction!(snappy_decompress, module)?)?;
    module.add_function(wrap_pyfunction!(frame_record, module)?)?;
    module.add_function(wrap_pyfunction!(scan_log, module)?)?;
    module.add_function(wrap_pyfunction!(encode_head_chunks, module)?)?;
    module.add_function(wrap_pyfunction!(scan_head_chunks, module)?)
}
