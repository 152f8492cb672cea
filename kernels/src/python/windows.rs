//! `over_windows`, `align` and `flatten`.

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::grid::Grid;
use crate::python::matrix::{Matrix, borrow_matrix, into_array, into_matrix};
use crate::windows::Function;
use crate::{steps, windows};

#[pyfunction]
#[pyo3(signature = (function, timestamps_ms, values, offsets, start_ms, step_ms, steps, range_ms, parameter=None))]
#[allow(clippy::too_many_arguments)] // The contract's own list.
fn over_windows<'py>(
    py: Python<'py>,
    function: &str,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    offsets: PyReadonlyArray1<'py, i64>,
    start_ms: i64,
    step_ms: i64,
    steps: usize,
    range_ms: i64,
    parameter: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Matrix<'py>> {
    let function = Function::named(function)?;
    let grid = Grid::new(start_ms, step_ms, steps)?;
    let (timestamps, values, offsets) = (timestamps_ms.as_slice()?, values.as_slice()?, offsets.as_slice()?);
    let parameter = parameter.as_ref().map(|array| array.as_slice()).transpose()?;
    let results = py
        .detach(|| windows::over_windows(function, timestamps, values, offsets, grid, range_ms, parameter))?;
    into_matrix(py, results, offsets.len() - 1, steps)
}

type Aligned<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<bool>>);

#[pyfunction]
#[allow(clippy::too_many_arguments)] // The contract's own list.
fn align<'py>(
    py: Python<'py>,
    timestamps_ms: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    offsets: PyReadonlyArray1<'py, i64>,
    start_ms: i64,
    step_ms: i64,
    steps: usize,
    lookback_ms: i64,
) -> PyResult<Aligned<'py>> {
    let grid = Grid::new(start_ms, step_ms, steps)?;
    let (timestamps, values, offsets) = (timestamps_ms.as_slice()?, values.as_slice()?, offsets.as_slice()?);
    let (times, values, present) =
        py.detach(|| steps::align(timestamps, values, offsets, grid, lookback_ms))?;
    let series = offsets.len() - 1;
    let values = into_array(py, values, series, steps)?;
    Ok((into_array(py, times, series, steps)?, values, into_array(py, present, series, steps)?))
}

type Flat<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);

#[pyfunction]
fn flatten<'py>(
    py: Python<'py>,
    start_ms: i64,
    step_ms: i64,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
) -> PyResult<Flat<'py>> {
    let matrix = borrow_matrix(&values, &present)?;
    let grid = Grid::new(start_ms, step_ms, matrix.steps())?;
    let (times, values, offsets) = py.detach(|| steps::flatten(grid, matrix));
    Ok((PyArray1::from_vec(py, times), PyArray1::from_vec(py, values), PyArray1::from_vec(py, offsets)))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(over_windows, module)?)?;
    module.add_function(wrap_pyfunction!(align, module)?)?;
    module.add_function(wrap_pyfunction!(flatten, module)?)
}
