//! `Symbols`.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::symbols::{self, UNKNOWN};

#[pyclass(frozen, name = "Symbols", module = "kernels._native")]
pub struct Symbols(pub Arc<symbols::Symbols>);

#[pymethods]
impl Symbols {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    fn __len__(&self) -> usize {
        self.0.read().len()
    }

    fn intern<'py>(&self, py: Python<'py>, texts: Vec<PyBackedStr>) -> Bound<'py, PyArray1<u32>> {
        let found: Vec<u32> = py.detach(|| {
            let mut table = self.0.write();
            texts.iter().map(|text| table.intern(text.as_bytes())).collect()
        });
        found.into_pyarray(py)
    }

    fn find<'py>(&self, py: Python<'py>, texts: Vec<PyBackedStr>) -> Bound<'py, PyArray1<u32>> {
        let found: Vec<u32> = py.detach(|| {
            let table = self.0.read();
            texts.iter().map(|text| table.find(text.as_bytes()).unwrap_or(UNKNOWN)).collect()
        });
        found.into_pyarray(py)
    }

    fn texts(&self, symbols: PyReadonlyArray1<'_, u32>) -> PyResult<Vec<String>> {
        let symbols = symbols.as_slice()?;
        let table = self.0.read();
        want_known(symbols, table.len())?;
        Ok(symbols.iter().map(|&s| String::from_utf8_lossy(table.text(s)).into_owned()).collect())
    }

    fn lengths<'py>(
        &self,
        py: Python<'py>,
        symbols: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let symbols = symbols.as_slice()?;
        let table = self.0.read();
        want_known(symbols, table.len())?;
        let lengths: Vec<u32> = symbols.iter().map(|&s| table.text(s).len() as u32).collect();
        Ok(lengths.into_pyarray(py))
    }

    fn size_bytes(&self) -> usize {
        self.0.read().size_bytes()
    }
}

/// Misuse unless every symbol is of a table with `len` entries.
pub fn want_known(symbols: &[u32], len: usize) -> PyResult<()> {
    match symbols.iter().find(|&&symbol| symbol as usize >= len) {
        None => Ok(()),
        Some(symbol) => Err(PyValueError::new_err(format!("symbol {symbol}: the table holds {len}"))),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Symbols>()
}
