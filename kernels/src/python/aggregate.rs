//! `GroupedAggregate`.

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::aggregate::{self, Op};
use crate::python::matrix::{Matrix, borrow_matrix, into_matrix};
use crate::windows::Function;

#[pyclass(frozen, name = "GroupedAggregate", module = "kernels._native")]
pub struct GroupedAggregate {
    groups: usize,
    steps: usize,
    running: Mutex<aggregate::GroupedAggregate>,
}

#[pymethods]
impl GroupedAggregate {
    #[new]
    fn new(op: &str, groups: usize, steps: usize) -> PyResult<Self> {
        let running = aggregate::GroupedAggregate::new(Op::named(op)?, groups, steps)?;
        Ok(Self { groups, steps, running: Mutex::new(running) })
    }

    fn add<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray2<'py, f64>,
        present: PyReadonlyArray2<'py, bool>,
        group_of: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<()> {
        let group_of = group_of.as_slice()?;
        let matrix = borrow_matrix(&values, &present)?;
        Ok(py.detach(|| self.running.lock().add(matrix, group_of))?)
    }

    #[allow(clippy::too_many_arguments)] // The contract's own list.
    fn add_windows<'py>(
        &self,
        py: Python<'py>,
        function: &str,
        timestamps_ms: PyReadonlyArray1<'py, i64>,
        values: PyReadonlyArray1<'py, f64>,
        offsets: PyReadonlyArray1<'py, i64>,
        start_ms: i64,
        step_ms: i64,
        range_ms: i64,
        group_of: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<()> {
        let function = Function::named(function)?;
        let (timestamps, values) = (timestamps_ms.as_slice()?, values.as_slice()?);
        let (offsets, group_of) = (offsets.as_slice()?, group_of.as_slice()?);
        Ok(py.detach(|| {
            let mut running = self.running.lock();
            running.add_windows(function, timestamps, values, offsets, start_ms, step_ms, range_ms, group_of)
        })?)
    }

    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Matrix<'py>> {
        let matrix = py.detach(|| self.running.lock().finish());
        into_matrix(py, matrix, self.groups, self.steps)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<GroupedAggregate>()
}
