//! What can go wrong in a kernel, by whose fault it is.

use std::fmt;

/// One error type for every kernel; `python/errors.rs` turns each kind into its own Python exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KernelError {
    /// The caller broke the contract: lengths that disagree, an unknown name.
    Misuse(String),
    /// Stored bytes are not what was written.
    Corruption(String),
    /// Stored bytes that may be sound, of a kind that no kernel reads.
    Unsupported(String),
    /// A page breaks its exposition format; `samples` were parsed before the error.
    Exposition { message: String, samples: usize },
    /// A pattern outside RE2's syntax.
    Regex(String),
}

impl KernelError {
    pub fn misuse(message: impl Into<String>) -> Self {
        Self::Misuse(message.into())
    }

    pub fn corruption(message: impl Into<String>) -> Self {
        Self::Corruption(message.into())
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(text) | Self::Corruption(text) | Self::Unsupported(text) | Self::Regex(text) => {
                f.write_str(text)
            }
            Self::Exposition { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for KernelError {}

/// What kernels return.
pub type Outcome<T> = Result<T, KernelError>;

/// Misuse unless `got == want`; `what` names the array.
pub fn want_length(what: &str, got: usize, want: usize) -> Outcome<()> {
    if got == want {
        return Ok(());
    }
    Err(KernelError::Misuse(format!("{what}: want length {want}, got {got}")))
}

/// Misuse unless `offsets` rise from 0 to `samples`: the flattening of one or more series.
pub fn want_offsets(offsets: &[i64], samples: usize) -> Outcome<()> {
    let rises = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    match (offsets.first(), offsets.last()) {
        (Some(0), Some(&last)) if rises && last == samples as i64 => Ok(()),
        _ => Err(KernelError::Misuse(format!("offsets: want a rise from 0 to {samples}"))),
    }
}
