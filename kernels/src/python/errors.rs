//! Kernel errors as Python exceptions.

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

use crate::error::KernelError;

create_exception!(_native, CorruptionError, PyException);
create_exception!(_native, UnsupportedError, PyException);
create_exception!(_native, ExpositionError, PyException);
create_exception!(_native, RegexError, PyValueError);

impl From<KernelError> for PyErr {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Misuse(text) => PyValueError::new_err(text),
            KernelError::Corruption(text) => CorruptionError::new_err(text),
            KernelError::Unsupported(text) => UnsupportedError::new_err(text),
            KernelError::Exposition { message, samples } => ExpositionError::new_err((message, samples)),
            KernelError::Regex(text) => RegexError::new_err(text),
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("CorruptionError", py.get_type::<CorruptionError>())?;
    module.add("UnsupportedError", py.get_type::<UnsupportedError>())?;
    module.add("ExpositionError", py.get_type::<ExpositionError>())?;
    module.add("RegexError", py.get_type::<RegexError>())?;
    Ok(())
}
