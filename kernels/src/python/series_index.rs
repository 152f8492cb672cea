//! `SeriesIndex`.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use super::frame::LabelFrame;
use super::matcher::Matcher;
use super::symbols::Symbols;
use crate::{matcher, series_index};

type Added<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<bool>>);

#[pyclass(frozen, name = "SeriesIndex", module = "kernels._native")]
pub struct SeriesIndex(series_index::SeriesIndex);

#[pymethods]
impl SeriesIndex {
    #[new]
    fn new(symbols: &Symbols) -> Self {
        Self(series_index::SeriesIndex::new(Arc::clone(&symbols.0)))
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.len())
    }

    fn add<'py>(&self, py: Python<'py>, labels: &LabelFrame, next_ref: u64) -> PyResult<Added<'py>> {
        let (refs, new) = py.detach(|| self.0.add(&labels.0, next_ref))?;
        Ok((refs.into_pyarray(py), new.into_pyarray(py)))
    }

    fn restore<'py>(
        &self,
        py: Python<'py>,
        refs: PyReadonlyArray1<'py, u64>,
        labels: &LabelFrame,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let refs = refs.as_slice()?;
        Ok(py.detach(|| self.0.restore(refs, &labels.0))?.into_pyarray(py))
    }

    fn find<'py>(&self, py: Python<'py>, labels: &LabelFrame) -> PyResult<Bound<'py, PyArray1<u64>>> {
        Ok(py.detach(|| self.0.find(&labels.0))?.into_pyarray(py))
    }

    fn labels(&self, py: Python<'_>, refs: PyReadonlyArray1<'_, u64>) -> PyResult<LabelFrame> {
        let refs = refs.as_slice()?;
        Ok(LabelFrame(py.detach(|| self.0.labels(refs))?))
    }

    fn select<'py>(
        &self,
        py: Python<'py>,
        matchers: Vec<Bound<'py, Matcher>>,
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let matchers = borrowed(&matchers);
        Ok(py.detach(|| self.0.select(&matchers))?.into_pyarray(py))
    }

    fn label_names(&self, py: Python<'_>, matchers: Vec<Bound<'_, Matcher>>) -> PyResult<Vec<String>> {
        let matchers = borrowed(&matchers);
        Ok(py.detach(|| self.0.label_names(&matchers))?)
    }

    fn label_values(
        &self,
        py: Python<'_>,
        name: &str,
        matchers: Vec<Bound<'_, Matcher>>,
    ) -> PyResult<Vec<String>> {
        let matchers = borrowed(&matchers);
        Ok(py.detach(|| self.0.label_values(name, &matchers))?)
    }

    fn statistics(&self, py: Python<'_>, limit: usize) -> Vec<series_index::TopList> {
        py.detach(|| self.0.statistics(limit)).into()
    }

    fn pairs(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.pairs())
    }

    fn retain(&self, py: Python<'_>, refs: PyReadonlyArray1<'_, u64>) -> PyResult<()> {
        let refs = refs.as_slice()?;
        Ok(py.detach(|| self.0.retain(refs))?)
    }

    fn size_bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.size_bytes())
    }
}

pub fn borrowed<'a>(matchers: &'a [Bound<'_, Matcher>]) -> Vec<&'a matcher::Matcher> {
    matchers.iter().map(|matcher| &*matcher.get().0).collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SeriesIndex>()
}
