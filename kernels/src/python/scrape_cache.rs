//! `ScrapeCache` and `ScrapePage`.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::buffer::Buffer;
use super::frame::LabelFrame;
use super::symbols::Symbols;
use crate::exposition::FamilyKind;
use crate::scrape_cache::{self, TimestampPolicy};

#[pyclass(frozen, get_all, name = "ScrapePage", module = "kernels._native")]
pub struct ScrapePage {
    refs: Py<PyArray1<u64>>,
    timestamps_ms: Py<PyArray1<i64>>,
    values: Py<PyArray1<f64>>,
    labels: Py<LabelFrame>,
    suppressed: Py<PyList>,
    samples: usize,
    duplicates: usize,
    kept: usize,
}

impl ScrapePage {
    fn new(py: Python<'_>, page: scrape_cache::ScrapePage) -> PyResult<Self> {
        let suppressed = page
            .suppressed
            .into_iter()
            .map(|(row, names)| (row, PyTuple::new(py, names)))
            .map(|(row, names)| Ok((row, names?)));
        Ok(Self {
            refs: page.refs.into_pyarray(py).unbind(),
            timestamps_ms: page.timestamps_ms.into_pyarray(py).unbind(),
            values: page.values.into_pyarray(py).unbind(),
            labels: Py::new(py, LabelFrame(page.labels))?,
            suppressed: PyList::new(py, suppressed.collect::<PyResult<Vec<_>>>()?)?.unbind(),
            samples: page.samples,
            duplicates: page.duplicates,
            kept: page.kept,
        })
    }
}

/// The lock is only ever taken without the interpreter, so that no thread waits for both.
#[pyclass(frozen, name = "ScrapeCache", module = "kernels._native")]
pub struct ScrapeCache(Mutex<scrape_cache::ScrapeCache>);

#[pymethods]
impl ScrapeCache {
    #[new]
    fn new(symbols: &Symbols) -> Self {
        Self(Mutex::new(scrape_cache::ScrapeCache::new(Arc::clone(&symbols.0))))
    }

    #[pyo3(signature = (body, default_ms, *, honor_timestamps = true, track_timestamps = false))]
    fn parse(
        &self,
        py: Python<'_>,
        body: Buffer<'_>,
        default_ms: i64,
        honor_timestamps: bool,
        track_timestamps: bool,
    ) -> PyResult<ScrapePage> {
        let body = body.as_slice()?;
        let policy = TimestampPolicy { default_ms, honor: honor_timestamps, track: track_timestamps };
        let page = py.detach(|| self.0.lock().parse(body, policy))?;
        ScrapePage::new(py, page)
    }

    fn accept<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let refs = refs.as_slice()?;
        let vanished = py.detach(|| self.0.lock().accept(refs))?;
        Ok(vanished.into_pyarray(py))
    }

    fn reject<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        py.detach(|| self.0.lock().reject()).into_pyarray(py)
    }

    fn forget(&self, py: Python<'_>, refs: PyReadonlyArray1<'_, u64>) -> PyResult<()> {
        let refs = refs.as_slice()?;
        py.detach(|| self.0.lock().forget(refs));
        Ok(())
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.lock().len())
    }

    fn metadata(&self, py: Python<'_>) -> Vec<(String, &'static str, String, &'static str)> {
        let families = py.detach(|| self.0.lock().families());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        families
            .iter()
            .map(|family| {
                let kind = family.kind.unwrap_or(FamilyKind::Unknown).name();
                (text(&family.name), kind, text(family.help.as_deref().unwrap_or_default()), "")
            })
            .collect()
    }

    fn size_bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.lock().size_bytes())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ScrapePage>()?;
    module.add_class::<ScrapeCache>()
}
