//! The index of a block, format 2, over bytes lent by whoever mapped the file.
//!
//! ```text
//!   header          BA AA D7 00 | version 2
//!   symbols         section: count be32 | text*                       strictly rising; a symbol is its ordinal here
//!   series          entry*, each from a multiple of 16 on; a series is its offset / 16
//!   postings        section*: count be32 | series be32*               one list a pair of name and value
//!   offset table    section: count be32 | (02 | text name | text value | uvarint offset of the list)*
//!   contents        six be64: symbols, series, end of series, (table), postings, table | crc32c be32
//!
//!   section         length be32 | body | crc32c be32 of the body
//!   entry           uvarint length | body | crc32c be32 of the body
//!     body          uvarint n, n * (uvarint name, uvarint value)      rising by name
//!                   uvarint n, varint min_ms | uvarint max - min | uvarint ref
//!                              then uvarint min - last max | uvarint max - min | varint ref - last ref
//! ```
//!
//! Opening checks the contents, the symbols and the offset table from end to end, and keeps the place of every 32nd
//! symbol and value. Everything else is read where it lies, and its checksum is compared each time: `series.rs` decodes
//! entries, `select.rs` answers matchers, `write.rs` makes the file. Files of Prometheus 2 have two more tables, which
//! nothing points at but the contents, and nobody reads.

mod labels;
mod select;
mod series;
mod symbols;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::ops::Range;

use crate::error::{KernelError, Outcome};
use crate::varint::Cursor;

use labels::StoredLabels;
pub use series::{FoundChunks, FoundSeries};
use symbols::StoredSymbols;
pub use write::{ChunkMetas, IndexEncoder};

const MAGIC: [u8; 4] = [0xba, 0xaa, 0xd7, 0x00];
const VERSION: u8 = 2;
/// Said to be the same; no version of Prometheus writes it.
const VERSION_3: u8 = 3;
const HEADER_BYTES: usize = MAGIC.len() + 1;
const CRC_BYTES: usize = 4;
const LENGTH_BYTES: usize = 4;
const CONTENTS_BYTES: usize = 6 * 8 + CRC_BYTES;
/// Entries begin at multiples of this.
const SERIES_ALIGNMENT: usize = 16;
/// One of so many symbols and values is kept in memory.
const SAMPLING: usize = 32;

/// What is kept in memory of an index.
pub struct BlockIndex {
    symbols: StoredSymbols,
    labels: StoredLabels,
    /// Where the entries of series lie.
    series: Range<usize>,
}

/// An index and its bytes.
#[derive(Clone, Copy)]
pub struct IndexReader<'a> {
    index: &'a BlockIndex,
    data: &'a [u8],
}

impl BlockIndex {
    /// Checks what is checked once.
    pub fn open(data: &[u8]) -> Outcome<Self> {
        let header = data.first_chunk::<HEADER_BYTES>();
        let known = header.is_some_and(|h| h[..4] == MAGIC && matches!(h[4], VERSION | VERSION_3));
        if !known {
            let got = &data[..data.len().min(HEADER_BYTES)];
            return Err(corruption(format!("want magic and version {MAGIC:02x?} 02, got {got:02x?}")));
        }
        let contents = Contents::read(data)?;
        Ok(Self {
            symbols: StoredSymbols::open(data, contents.symbols)?,
            labels: StoredLabels::open(data, contents.offset_table)?,
            series: contents.series..contents.series_end,
        })
    }

    /// `data` is what it was opened over.
    pub fn reader<'a>(&'a self, data: &'a [u8]) -> IndexReader<'a> {
        IndexReader { index: self, data }
    }

    pub fn size_bytes(&self) -> usize {
        self.symbols.size_bytes() + self.labels.size_bytes()
    }
}

/// Where the parts are.
struct Contents {
    symbols: usize,
    series: usize,
    series_end: usize,
    offset_table: usize,
}

impl Contents {
    fn read(data: &[u8]) -> Outcome<Self> {
        let Some((_, contents)) = data.split_last_chunk::<CONTENTS_BYTES>() else {
            return Err(corruption(format!("want {CONTENTS_BYTES} bytes of contents, got {}", data.len())));
        };
        let (body, crc) = contents.split_at(CONTENTS_BYTES - CRC_BYTES);
        want_crc(&"contents", body, crc)?;
        let (words, _) = body.as_chunks::<8>();
        let place = |word: usize| {
            let place = u64::from_be_bytes(words[word]);
            usize::try_from(place).ok().filter(|&place| place <= data.len()).ok_or_else(|| {
                corruption(format!("contents: want a place in {} bytes, got {place}", data.len()))
            })
        };
        Ok(Self { symbols: place(0)?, series: place(1)?, series_end: place(2)?, offset_table: place(5)? })
    }
}

/// The body of the section at `at`.
fn section<'a>(what: &str, data: &'a [u8], at: usize) -> Outcome<&'a [u8]> {
    let parts = || {
        let mut cursor = Cursor::new(data.get(at..)?);
        let length = u32::from_be_bytes(*cursor.take(LENGTH_BYTES)?.first_chunk()?);
        Some((cursor.take(length as usize)?, cursor.take(CRC_BYTES)?))
    };
    let (body, crc) =
        parts().ok_or_else(|| corruption(format!("{what} at {at}: the file ends before it does")))?;
    want_crc(&what, body, crc)?;
    Ok(body)
}

fn want_crc(what: &dyn fmt::Display, body: &[u8], crc: &[u8]) -> Outcome<()> {
    let got = crc32c::crc32c(body);
    if crc == got.to_be_bytes() {
        return Ok(());
    }
    Err(corruption(format!("{what}: want crc32c {}, got {got:08x}", hex(crc))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The count that a table begins with, and a cursor behind it.
fn counted<'a>(what: &str, body: &'a [u8]) -> Outcome<(u32, Cursor<'a>)> {
    let mut cursor = Cursor::new(body);
    let count = cursor.take(4).and_then(|bytes| bytes.first_chunk());
    let count = count.ok_or_else(|| corruption(format!("{what}: want a count, got {} bytes", body.len())))?;
    Ok((u32::from_be_bytes(*count), cursor))
}

fn corruption(problem: String) -> KernelError {
    KernelError::Corruption(format!("index: {problem}"))
}
