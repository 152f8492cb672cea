//! Text of numbers.

use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::float_text::{self, Notation, push_float};

#[pyfunction]
fn parse_float(text: &str) -> PyResult<f64> {
    let text = text.as_bytes();
    float_text::parse_float(text).map_err(|error| PyValueError::new_err(error.describe(text)))
}

#[pyfunction]
#[pyo3(signature = (values, *, exponent))]
fn format_floats(py: Python<'_>, values: PyReadonlyArray1<'_, f64>, exponent: bool) -> PyResult<Vec<String>> {
    let values = values.as_slice()?;
    let notation = if exponent { Notation::Json } else { Notation::Plain };
    let format = |&value: &f64| {
        let mut text = Vec::new();
        push_float(&mut text, value, notation);
        String::from_utf8_lossy(&text).into_owned()
    };
    Ok(py.detach(|| values.iter().map(format).collect()))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_float, module)?)?;
    module.add_function(wrap_pyfunction!(format_floats, module)?)
}
