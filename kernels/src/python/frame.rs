//! `LabelFrame`.
//!
//! A guard of the symbol table never lives while Python objects are made or the interpreter is awaited: a thread that
//! holds the interpreter may be waiting for the table.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString, PyTuple};

use super::symbols::Symbols;
use crate::error::KernelError;
use crate::frame;
use crate::frame::Choice;

type Grouped<'py> = (Bound<'py, PyArray1<u32>>, LabelFrame);
type Matched<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<u32>>, usize);
type Shapes<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyList>);

#[pyclass(frozen, eq, name = "LabelFrame", module = "kernels._native")]
#[derive(PartialEq)]
pub struct LabelFrame(pub frame::LabelFrame);

#[pymethods]
impl LabelFrame {
    #[staticmethod]
    fn from_labels(
        py: Python<'_>,
        symbols: &Symbols,
        rows: Vec<Vec<(PyBackedStr, PyBackedStr)>>,
    ) -> PyResult<Self> {
        let symbols = symbols.0.clone();
        Ok(Self(py.detach(|| frame::LabelFrame::from_pairs(symbols, &rows))?))
    }

    #[staticmethod]
    fn empty(symbols: &Symbols, rows: usize) -> Self {
        Self(frame::LabelFrame::empty(symbols.0.clone(), rows))
    }

    #[staticmethod]
    fn concat(py: Python<'_>, symbols: &Symbols, frames: Vec<Bound<'_, Self>>) -> PyResult<Self> {
        let frames: Vec<&frame::LabelFrame> = frames.iter().map(|frame| &frame.get().0).collect();
        let symbols = symbols.0.clone();
        Ok(Self(py.detach(|| frame::LabelFrame::concat(symbols, &frames))?))
    }

    #[getter]
    fn symbols(&self) -> Symbols {
        Symbols(Arc::clone(&self.0.symbols))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn names(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| {
            let table = self.0.symbols.read();
            self.0.names(&table).into_iter().map(|name| table.string(name)).collect()
        })
    }

    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        py.detach(|| self.0.counts()).into_pyarray(py)
    }

    fn shapes<'py>(&self, py: Python<'py>) -> PyResult<Shapes<'py>> {
        let names = strings(py, &self.0, self.0.shapes.iter().flat_map(|shape| shape.iter()));
        let shapes =
            self.0.shapes.iter().map(|shape| PyTuple::new(py, shape.iter().map(|name| &names[name])));
        let shapes = shapes.collect::<PyResult<Vec<_>>>()?;
        Ok((self.0.shape_of.clone().into_pyarray(py), PyList::new(py, shapes)?))
    }

    fn column<'py>(&self, py: Python<'py>, name: &str) -> Bound<'py, PyArray1<u32>> {
        let values = py.detach(|| match self.0.symbols.read().find(name.as_bytes()) {
            Some(name) => self.0.column(name),
            None => vec![0; self.0.len()],
        });
        values.into_pyarray(py)
    }

    fn with_column(&self, py: Python<'_>, name: &str, values: PyReadonlyArray1<'_, u32>) -> PyResult<Self> {
        let values = values.as_slice()?;
        let changed = py.detach(|| {
            let name = self.0.symbols.write().intern(name.as_bytes());
            let table = self.0.symbols.read();
            match values.iter().find(|&&value| value as usize >= table.len()) {
                Some(value) => {
                    Err(KernelError::misuse(format!("symbol {value}: the table holds {}", table.len())))
                }
                None => self.0.with_column(&table, name, values),
            }
        });
        Ok(Self(changed?))
    }

    fn drop(&self, py: Python<'_>, names: Vec<PyBackedStr>) -> Self {
        Self(py.detach(|| self.0.project(&self.choice(&names, false))))
    }

    fn keep(&self, py: Python<'_>, names: Vec<PyBackedStr>) -> Self {
        Self(py.detach(|| self.0.project(&self.choice(&names, true))))
    }

    fn take(&self, py: Python<'_>, rows: PyReadonlyArray1<'_, i64>) -> PyResult<Self> {
        let rows = rows.as_slice()?;
        Ok(Self(py.detach(|| self.0.take(rows))?))
    }

    #[pyo3(signature = (names, *, without))]
    fn group<'py>(&self, py: Python<'py>, names: Vec<PyBackedStr>, without: bool) -> PyResult<Grouped<'py>> {
        let (group_of, groups) = py.detach(|| self.0.group(&self.choice(&names, !without)))?;
        Ok((group_of.into_pyarray(py), Self(groups)))
    }

    #[pyo3(signature = (other, names, *, ignoring), name = "match")]
    fn match_rows<'py>(
        &self,
        py: Python<'py>,
        other: &Self,
        names: Vec<PyBackedStr>,
        ignoring: bool,
    ) -> PyResult<Matched<'py>> {
        let choice = self.choice(&names, !ignoring);
        let (ours, theirs, groups) = py.detach(|| self.0.match_rows(&other.0, &choice))?;
        Ok((ours.into_pyarray(py), theirs.into_pyarray(py), groups))
    }

    fn order<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        py.detach(|| self.0.order(&self.0.symbols.read())).into_pyarray(py)
    }

    fn labels<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Bound<'py, PyTuple>> {
        if row >= self.0.len() {
            return Err(PyIndexError::new_err(format!("row {row}: the frame has {} rows", self.0.len())));
        }
        Ok(label_tuples(py, &self.0, row..row + 1)?.remove(0))
    }

    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        label_tuples(py, &self.0, 0..self.0.len())
    }

    fn hashes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        py.detach(|| self.0.hashes(&self.0.symbols.read())).into_pyarray(py)
    }
}

impl LabelFrame {
    /// The choice of `names` (or all others); a name without a symbol is no row's.
    fn choice(&self, names: &[PyBackedStr], keeps: bool) -> Choice {
        let table = self.0.symbols.read();
        let known: Vec<u32> = names.iter().filter_map(|name| table.find(name.as_bytes())).collect();
        if keeps { Choice::only(&known) } else { Choice::all_but(&known) }
    }
}

/// The labels of some rows; equal texts are one Python string.
fn label_tuples<'py>(
    py: Python<'py>,
    frame: &frame::LabelFrame,
    rows: Range<usize>,
) -> PyResult<Vec<Bound<'py, PyTuple>>> {
    let symbols = rows.clone().flat_map(|row| frame.shape(row).iter().chain(frame.row(row)));
    let strings = strings(py, frame, symbols);
    let labels = |row| {
        let pairs: Vec<_> =
            frame.pairs(row).map(|(name, value)| (&strings[&name], &strings[&value])).collect();
        PyTuple::new(py, pairs)
    };
    rows.map(labels).collect()
}

/// The text of each symbol as a Python string.
fn strings<'a, 'py>(
    py: Python<'py>,
    frame: &frame::LabelFrame,
    symbols: impl Iterator<Item = &'a u32>,
) -> HashMap<u32, Bound<'py, PyString>> {
    let mut texts: HashMap<u32, String> = HashMap::new();
    {
        let table = frame.symbols.read();
        for &symbol in symbols {
            texts.entry(symbol).or_insert_with(|| table.string(symbol));
        }
    }
    texts.into_iter().map(|(symbol, text)| (symbol, PyString::new(py, &text))).collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LabelFrame>()
}
