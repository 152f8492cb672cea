//! Anything with Python's buffer interface, as a slice: bytes, memoryview, mmap, array.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Borrowed bytes. Whatever lent them must not write to them meanwhile.
pub enum Buffer<'py> {
    Bytes(Bound<'py, PyBytes>),
    /// numpy vouches for any other lender, which spares us unsafe code for about half a microsecond.
    Array(PyReadonlyArray1<'py, u8>),
}

impl Buffer<'_> {
    pub fn as_slice(&self) -> PyResult<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.as_bytes()),
            Self::Array(array) => Ok(array.as_slice()?),
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Buffer<'py> {
    type Error = PyErr;

    fn extract(lender: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = lender.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.to_owned()));
        }
        let py = lender.py();
        let array = py.import("numpy")?.call_method1("frombuffer", (lender, "uint8"))?;
        Ok(Self::Array(array.extract()?))
    }
}

/// Bytes that a kernel class borrows again with each call; the lender lives as long as the class.
pub struct Lent(Py<PyArray1<u8>>);

impl Lent {
    pub fn new(lender: &Bound<'_, PyAny>) -> PyResult<Self> {
        let array = lender.py().import("numpy")?.call_method1("frombuffer", (lender, "uint8"))?;
        Ok(Self(array.cast_into::<PyArray1<u8>>()?.unbind()))
    }

    pub fn borrow<'py>(&self, py: Python<'py>) -> PyReadonlyArray1<'py, u8> {
        self.0.bind(py).readonly()
    }
}

/// The slices of many buffers.
pub fn slices<'a>(buffers: &'a [Buffer<'_>]) -> PyResult<Vec<&'a [u8]>> {
    buffers.iter().map(Buffer::as_slice).collect()
}
