//! Step matrices as numpy arrays.

use numpy::ndarray::Array2;
use numpy::{Element, IntoPyArray, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::matrix;

/// Values and presence, both [rows, steps].
pub type Matrix<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<bool>>);

/// Cells in row order as an array of [rows, steps].
pub fn into_array<T: Element>(
    py: Python<'_>,
    cells: Vec<T>,
    rows: usize,
    steps: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    let array = Array2::from_shape_vec((rows, steps), cells);
    Ok(array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py))
}

/// Values and presence in row order as a matrix of [rows, steps].
pub fn into_matrix<'py>(
    py: Python<'py>,
    (values, present): (Vec<f64>, Vec<bool>),
    rows: usize,
    steps: usize,
) -> PyResult<Matrix<'py>> {
    Ok((into_array(py, values, rows, steps)?, into_array(py, present, rows, steps)?))
}

/// A lent matrix out of two arrays of one shape.
pub fn borrow_matrix<'a>(
    values: &'a PyReadonlyArray2<'_, f64>,
    present: &'a PyReadonlyArray2<'_, bool>,
) -> PyResult<matrix::Matrix<'a>> {
    let [rows, steps] = shape_of(values);
    if shape_of(present) != [rows, steps] {
        let got = shape_of(present);
        let text = format!("present: want shape [{rows}, {steps}] as of values, got {got:?}");
        return Err(PyValueError::new_err(text));
    }
    Ok(matrix::Matrix::new(values.as_slice()?, present.as_slice()?, rows, steps)?)
}

/// Rows and steps of a matrix.
pub fn shape_of<T: Element>(array: &PyReadonlyArray2<'_, T>) -> [usize; 2] {
    let shape = array.shape();
    [shape[0], shape[1]]
}
