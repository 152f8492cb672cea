//! `BlockIndex` and `BlockIndexEncoder`.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::Lent;
use super::frame::LabelFrame;
use super::matcher::Matcher;
use super::series_index::borrowed;
use super::symbols::Symbols;
use super::tombstones::StoneArrays;
use crate::{block_index, symbols};

type Found<'py> = (
    Bound<'py, PyArray1<u32>>,
    LabelFrame,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u64>>,
);

#[pyclass(frozen, name = "BlockIndex", module = "kernels._native")]
pub struct BlockIndex {
    index: block_index::BlockIndex,
    data: Lent,
    symbols: Arc<symbols::Symbols>,
}

#[pymethods]
impl BlockIndex {
    #[new]
    fn new(py: Python<'_>, symbols: &Symbols, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let data = Lent::new(data)?;
        let bytes = data.borrow(py);
        let slice = bytes.as_slice()?;
        let index = py.detach(|| block_index::BlockIndex::open(slice))?;
        Ok(Self { index, data, symbols: Arc::clone(&symbols.0) })
    }

    fn select<'py>(
        &self,
        py: Python<'py>,
        matchers: Vec<Bound<'py, Matcher>>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let (matchers, bytes) = (borrowed(&matchers), self.data.borrow(py));
        let reader = self.index.reader(bytes.as_slice()?);
        Ok(py.detach(|| reader.select(&matchers))?.into_pyarray(py))
    }

    fn series<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        min_ms: i64,
        max_ms: i64,
        tombstones: StoneArrays<'py>,
    ) -> PyResult<Found<'py>> {
        let (ids, stones, bytes) = (ids.as_slice()?, tombstones.as_stones()?, self.data.borrow(py));
        let reader = self.index.reader(bytes.as_slice()?);
        let found = py.detach(|| reader.series(&self.symbols, ids, min_ms, max_ms, stones))?;
        let chunks = found.chunks;
        Ok((
            found.ids.into_pyarray(py),
            LabelFrame(found.labels),
            chunks.offsets.into_pyarray(py),
            chunks.min_ms.into_pyarray(py),
            chunks.max_ms.into_pyarray(py),
            chunks.refs.into_pyarray(py),
        ))
    }

    fn label_names(&self, py: Python<'_>, matchers: Vec<Bound<'_, Matcher>>) -> PyResult<Vec<String>> {
        let (matchers, bytes) = (borrowed(&matchers), self.data.borrow(py));
        let reader = self.index.reader(bytes.as_slice()?);
        Ok(py.detach(|| reader.label_names(&matchers))?)
    }

    fn label_values(
        &self,
        py: Python<'_>,
        name: &str,
        matchers: Vec<Bound<'_, Matcher>>,
    ) -> PyResult<Vec<String>> {
        let (matchers, bytes) = (borrowed(&matchers), self.data.borrow(py));
        let reader = self.index.reader(bytes.as_slice()?);
        Ok(py.detach(|| reader.label_values(name, &matchers))?)
    }

    fn size_bytes(&self) -> usize {
        self.index.size_bytes()
    }
}

#[pyclass(frozen, name = "BlockIndexEncoder", module = "kernels._native")]
pub struct BlockIndexEncoder {
    labels: Py<LabelFrame>,
    encoder: Mutex<block_index::IndexEncoder>,
}

#[pymethods]
impl BlockIndexEncoder {
    #[new]
    fn new(py: Python<'_>, labels: Py<LabelFrame>) -> PyResult<Self> {
        let encoder = py.detach(|| block_index::IndexEncoder::new(&labels.get().0))?;
        Ok(Self { labels, encoder: Mutex::new(encoder) })
    }

    fn symbols<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let labels = &self.labels.get().0;
        let part = py.detach(|| self.encoder.lock().symbols(&labels.symbols.read()))?;
        Ok(PyBytes::new(py, &part))
    }

    fn series<'py>(
        &self,
        py: Python<'py>,
        offsets: PyReadonlyArray1<'py, i64>,
        min_ms: PyReadonlyArray1<'py, i64>,
        max_ms: PyReadonlyArray1<'py, i64>,
        refs: PyReadonlyArray1<'py, u64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (min_ms, max_ms) = (min_ms.as_slice()?, max_ms.as_slice()?);
        let chunks = block_index::ChunkMetas::new(offsets.as_slice()?, min_ms, max_ms, refs.as_slice()?)?;
        let labels = &self.labels.get().0;
        let part = py.detach(|| self.encoder.lock().series(labels, &chunks))?;
        Ok(PyBytes::new(py, &part))
    }

    fn postings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let labels = &self.labels.get().0;
        let part = py.detach(|| self.encoder.lock().postings(labels))?;
        Ok(PyBytes::new(py, &part))
    }

    fn end<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let labels = &self.labels.get().0;
        let part = py.detach(|| self.encoder.lock().end(&labels.symbols.read()))?;
        Ok(PyBytes::new(py, &part))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BlockIndex>()?;
    module.add_class::<BlockIndexEncoder>()
}
