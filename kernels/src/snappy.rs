//! Snappy's raw block format, as the log and remote write use it.

use crate::error::{KernelError, Outcome};

/// No honest record or request is larger; a length beyond it is damage or an attack.
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;

pub fn compress(data: &[u8]) -> Outcome<Vec<u8>> {
    let misuse = |error| KernelError::misuse(format!("snappy: {error}"));
    snap::raw::Encoder::new().compress_vec(data).map_err(misuse)
}

pub fn decompress(data: &[u8]) -> Outcome<Vec<u8>> {
    let corruption = |error| KernelError::corruption(format!("snappy: {error}"));
    let length = snap::raw::decompress_len(data).map_err(corruption)?;
    if length > DECOMPRESSED_BYTES_MAX {
        let message =
            format!("snappy: want at most {DECOMPRESSED_BYTES_MAX} bytes, the header says {length}");
        return Err(KernelError::corruption(message));
    }
    snap::raw::Decoder::new().decompress_vec(data).map_err(corruption)
}
