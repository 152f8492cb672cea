//! `OpenChunks` and `FullChunks`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::Buffer;
use super::xor::{Flat, flat};
use crate::open_chunks;

type Latest<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<bool>>);

#[pyclass(frozen, name = "FullChunks", module = "kernels._native")]
pub struct FullChunks {
    #[pyo3(get)]
    refs: Py<PyArray1<u64>>,
    #[pyo3(get)]
    min_ms: Py<PyArray1<i64>>,
    #[pyo3(get)]
    max_ms: Py<PyArray1<i64>>,
    #[pyo3(get)]
    data: Py<PyBytes>,
    #[pyo3(get)]
    offsets: Py<PyArray1<i64>>,
}

#[pyclass(frozen, name = "OpenChunks", module = "kernels._native")]
pub struct OpenChunks(open_chunks::OpenChunks);

#[pymethods]
impl OpenChunks {
    #[new]
    #[pyo3(signature = (chunk_range_ms=7_200_000, samples_per_chunk=120))]
    fn new(chunk_range_ms: i64, samples_per_chunk: usize) -> PyResult<Self> {
        Ok(Self(open_chunks::OpenChunks::new(chunk_range_ms, samples_per_chunk)?))
    }

    fn check<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        timestamps_ms: PyReadonlyArray1<'py, i64>,
        values: PyReadonlyArray1<'py, f64>,
        min_valid_ms: i64,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let (refs, timestamps_ms, values) = (refs.as_slice()?, timestamps_ms.as_slice()?, values.as_slice()?);
        let verdicts = py.detach(|| self.0.check(refs, timestamps_ms, values, min_valid_ms))?;
        Ok(verdicts.into_pyarray(py))
    }

    fn append<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        timestamps_ms: PyReadonlyArray1<'py, i64>,
        values: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let (refs, timestamps_ms, values) = (refs.as_slice()?, timestamps_ms.as_slice()?, values.as_slice()?);
        let verdicts = py.detach(|| self.0.append(refs, timestamps_ms, values))?;
        Ok(verdicts.into_pyarray(py))
    }

    fn full(&self, py: Python<'_>, bytes_max: usize) -> FullChunks {
        let full = py.detach(|| self.0.full(bytes_max));
        FullChunks {
            refs: full.refs.into_pyarray(py).unbind(),
            min_ms: full.min_ms.into_pyarray(py).unbind(),
            max_ms: full.max_ms.into_pyarray(py).unbind(),
            data: PyBytes::new(py, &full.data).unbind(),
            offsets: full.offsets.into_pyarray(py).unbind(),
        }
    }

    fn full_bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.full_bytes())
    }

    fn map_chunks(
        &self,
        py: Python<'_>,
        refs: PyReadonlyArray1<'_, u64>,
        min_ms: PyReadonlyArray1<'_, i64>,
        max_ms: PyReadonlyArray1<'_, i64>,
        locations: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<()> {
        let (refs, locations) = (refs.as_slice()?, locations.as_slice()?);
        let (min_ms, max_ms) = (min_ms.as_slice()?, max_ms.as_slice()?);
        Ok(py.detach(|| self.0.map_chunks(refs, min_ms, max_ms, locations))?)
    }

    fn snapshot(&self) -> u64 {
        self.0.snapshot()
    }

    fn release(&self, snapshot: u64) -> PyResult<()> {
        Ok(self.0.release(snapshot)?)
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        min_ms: i64,
        max_ms: i64,
        snapshot: u64,
        files: Vec<Option<Buffer<'py>>>,
    ) -> PyResult<Flat<'py>> {
        let (refs, files) = (refs.as_slice()?, file_slices(&files)?);
        let (samples, offsets) = py.detach(|| self.0.read(refs, min_ms, max_ms, snapshot, &files))?;
        Ok(flat(py, samples, offsets))
    }

    fn count<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        min_ms: i64,
        max_ms: i64,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let refs = refs.as_slice()?;
        Ok(py.detach(|| self.0.count(refs, min_ms, max_ms)).into_pyarray(py))
    }

    fn latest<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        at_ms: i64,
        lookback_ms: i64,
        snapshot: u64,
        files: Vec<Option<Buffer<'py>>>,
    ) -> PyResult<Latest<'py>> {
        let (refs, files) = (refs.as_slice()?, file_slices(&files)?);
        let latest = py.detach(|| self.0.latest(refs, at_ms, lookback_ms, snapshot, &files))?;
        let (timestamps_ms, values) = (latest.timestamps_ms.into_pyarray(py), latest.values.into_pyarray(py));
        Ok((timestamps_ms, values, latest.present.into_pyarray(py)))
    }

    fn newest<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let refs = refs.as_slice()?;
        Ok(py.detach(|| self.0.newest(refs)).into_pyarray(py))
    }

    fn bounds(&self, py: Python<'_>) -> (i64, i64) {
        py.detach(|| self.0.bounds())
    }

    fn chunks(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.chunks())
    }

    fn retain(&self, py: Python<'_>, refs: PyReadonlyArray1<'_, u64>, min_ms: i64) -> PyResult<()> {
        let refs = refs.as_slice()?;
        Ok(py.detach(|| self.0.retain(refs, min_ms))?)
    }

    fn lowest_file(&self, py: Python<'_>) -> u32 {
        py.detach(|| self.0.lowest_file())
    }

    fn size_bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.size_bytes())
    }
}

fn file_slices<'a>(files: &'a [Option<Buffer<'_>>]) -> PyResult<Vec<Option<&'a [u8]>>> {
    files.iter().map(|file| file.as_ref().map(Buffer::as_slice).transpose()).collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FullChunks>()?;
    module.add_class::<OpenChunks>()
}
