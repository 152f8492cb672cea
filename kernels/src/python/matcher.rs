//! `Regex` and `Matcher`.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::{matcher, regex};

#[pyclass(frozen, name = "Regex", module = "kernels._native")]
pub struct Regex(regex::Regex);

#[pymethods]
impl Regex {
    #[new]
    fn new(py: Python<'_>, pattern: &str) -> PyResult<Self> {
        Ok(Self(py.detach(|| regex::Regex::new(pattern))?))
    }

    #[getter]
    fn pattern(&self) -> &str {
        self.0.pattern()
    }

    fn matches<'py>(&self, py: Python<'py>, texts: Vec<PyBackedStr>) -> Bound<'py, PyArray1<bool>> {
        let matches: Vec<bool> =
            py.detach(|| texts.iter().map(|text| self.0.matches(text.as_bytes())).collect());
        matches.into_pyarray(py)
    }

    fn expand(
        &self,
        py: Python<'_>,
        template: &str,
        texts: Vec<PyBackedStr>,
    ) -> PyResult<Vec<Option<String>>> {
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        Ok(py.detach(|| self.0.expand(template, &texts))?)
    }

    fn __repr__(&self) -> String {
        format!("Regex({:?})", self.0.pattern())
    }
}

#[pyclass(frozen, name = "Matcher", module = "kernels._native")]
pub struct Matcher(pub Arc<matcher::Matcher>);

#[pymethods]
impl Matcher {
    #[new]
    fn new(py: Python<'_>, name: &str, op: &str, value: &str) -> PyResult<Self> {
        Ok(Self(Arc::new(py.detach(|| matcher::Matcher::new(name, op, value))?)))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn op(&self) -> &'static str {
        self.0.op()
    }

    #[getter]
    fn value(&self) -> &str {
        &self.0.value
    }

    fn matches(&self, text: &str) -> bool {
        self.0.matches(text.as_bytes())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Matcher({})", self.0)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| *self.0 == *other.get().0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.0.name, self.0.op(), &self.0.value).hash(&mut hasher);
        hasher.finish()
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Regex>()?;
    module.add_class::<Matcher>()
}
