//! `group_quantile`, `group_top`, `group_any` and `group_merge`.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::python::matrix::{Matrix, borrow_matrix, into_array, into_matrix, shape_of};
use crate::{groups as kernel, top};

#[pyfunction]
fn group_quantile<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
    q: PyReadonlyArray1<'py, f64>,
) -> PyResult<Matrix<'py>> {
    let (matrix, group_of, q) = (borrow_matrix(&values, &present)?, group_of.as_slice()?, q.as_slice()?);
    let cells = py.detach(|| kernel::group_quantile(matrix, group_of, groups, q))?;
    into_matrix(py, cells, groups, matrix.steps())
}

#[pyfunction]
#[pyo3(signature = (values, present, group_of, groups, k, *, largest))]
fn group_top<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
    k: PyReadonlyArray1<'py, i64>,
    largest: bool,
) -> PyResult<Bound<'py, PyArray2<bool>>> {
    let (matrix, group_of, k) = (borrow_matrix(&values, &present)?, group_of.as_slice()?, k.as_slice()?);
    let chosen = py.detach(|| top::group_top(matrix, group_of, groups, k, largest))?;
    into_array(py, chosen, matrix.rows(), matrix.steps())
}

#[pyfunction]
fn group_any<'py>(
    py: Python<'py>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
) -> PyResult<Bound<'py, PyArray2<bool>>> {
    let [rows, steps] = shape_of(&present);
    let (present, group_of) = (present.as_slice()?, group_of.as_slice()?);
    let any = py.detach(|| kernel::group_any(present, rows, steps, group_of, groups))?;
    into_array(py, any, groups, steps)
}

type Merged<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<bool>>, Bound<'py, PyArray1<i64>>);

#[pyfunction]
fn group_merge<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
) -> PyResult<Merged<'py>> {
    let (matrix, group_of) = (borrow_matrix(&values, &present)?, group_of.as_slice()?);
    let (values, present, collision) = py.detach(|| kernel::group_merge(matrix, group_of, groups))?;
    let (values, present) = into_matrix(py, (values, present), groups, matrix.steps())?;
    let collision = collision.map_or_else(Vec::new, |at| vec![at.step, at.rows[0], at.rows[1]]);
    let collision: Vec<i64> = collision.into_iter().map(|number| number as i64).collect();
    Ok((values, present, collision.into_pyarray(py)))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(group_quantile, module)?)?;
    module.add_function(wrap_pyfunction!(group_top, module)?)?;
    module.add_function(wrap_pyfunction!(group_any, module)?)?;
    module.add_function(wrap_pyfunction!(group_merge, module)?)
}
