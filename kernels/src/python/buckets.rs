//! `bucket_quantile`, `bucket_repairs` and `bucket_fraction`.

use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::buckets as kernel;
use crate::python::matrix::{Matrix, borrow_matrix, into_array, into_matrix};

type Floats<'py> = Bound<'py, PyArray2<f64>>;
type Mask<'py> = Bound<'py, PyArray2<bool>>;

#[pyfunction]
fn bucket_quantile<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
    bounds: PyReadonlyArray1<'py, f64>,
    q: PyReadonlyArray1<'py, f64>,
) -> PyResult<(Floats<'py>, Mask<'py>, Mask<'py>)> {
    let (matrix, group_of) = (borrow_matrix(&values, &present)?, group_of.as_slice()?);
    let (bounds, q) = (bounds.as_slice()?, q.as_slice()?);
    let (values, present, forced) =
        py.detach(|| kernel::bucket_quantile(matrix, group_of, groups, bounds, q))?;
    let (values, present) = into_matrix(py, (values, present), groups, matrix.steps())?;
    Ok((values, present, into_array(py, forced, groups, matrix.steps())?))
}

#[pyfunction]
fn bucket_repairs<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
    bounds: PyReadonlyArray1<'py, f64>,
) -> PyResult<(Floats<'py>, Floats<'py>, Floats<'py>)> {
    let (matrix, group_of) = (borrow_matrix(&values, &present)?, group_of.as_slice()?);
    let bounds = bounds.as_slice()?;
    let [lowest, highest, fall] = py.detach(|| kernel::bucket_repairs(matrix, group_of, groups, bounds))?;
    let steps = matrix.steps();
    let highest = into_array(py, highest, groups, steps)?;
    Ok((into_array(py, lowest, groups, steps)?, highest, into_array(py, fall, groups, steps)?))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // The contract's own list.
fn bucket_fraction<'py>(
    py: Python<'py>,
    values: PyReadonlyArray2<'py, f64>,
    present: PyReadonlyArray2<'py, bool>,
    group_of: PyReadonlyArray1<'py, u32>,
    groups: usize,
    bounds: PyReadonlyArray1<'py, f64>,
    lower: PyReadonlyArray1<'py, f64>,
    upper: PyReadonlyArray1<'py, f64>,
) -> PyResult<Matrix<'py>> {
    let (matrix, group_of) = (borrow_matrix(&values, &present)?, group_of.as_slice()?);
    let (bounds, lower, upper) = (bounds.as_slice()?, lower.as_slice()?, upper.as_slice()?);
    let cells = py.detach(|| kernel::bucket_fraction(matrix, group_of, groups, bounds, lower, upper))?;
    into_matrix(py, cells, groups, matrix.steps())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bucket_quantile, module)?)?;
    module.add_function(wrap_pyfunction!(bucket_repairs, module)?)?;
    module.add_function(wrap_pyfunction!(bucket_fraction, module)?)
}
