//! Files of `chunks_head`: completed chunks of the head, moved out of the heap.
//!
//! ```text
//!   file     01 30 BC 91 | version 1 | 3 zero bytes | record*  | zeros, if the file was made longer than its content
//!   record   ref be64 | min_ms be64 | max_ms be64 | encoding u8 | uvarint length | data | crc32c be32 of all before
//! ```
//!
//! A record lies at `file << 32 | offset`. The content ends where a record would begin with three zero words, or where
//! fewer bytes than the longest head of a record are left and all of them are zero.

use crate::error::{KernelError, Outcome, want_length, want_offsets};
use crate::varint::{Cursor, push_uvarint};

const HEADER: [u8; 8] = [0x01, 0x30, 0xbc, 0x91, 1, 0, 0, 0];
const XOR: u8 = 1;
const CRC_BYTES: usize = 4;
/// Three words, the encoding, a length of up to five bytes, the checksum: what a reader wants to see at a record's start.
const RECORD_BYTES_MIN: usize = 3 * 8 + 1 + 5 + CRC_BYTES;

/// Records of XOR chunks in order, and the offset of each within the bytes returned.
pub fn encode_head_chunks(
    refs: &[u64],
    min_ms: &[i64],
    max_ms: &[i64],
    data: &[u8],
    offsets: &[i64],
) -> Outcome<(Vec<u8>, Vec<i64>)> {
    want_length("min_ms", min_ms.len(), refs.len())?;
    want_length("max_ms", max_ms.len(), refs.len())?;
    want_length("offsets", offsets.len(), refs.len() + 1)?;
    want_offsets(offsets, data.len())?;
    let mut out = Vec::with_capacity(data.len() + refs.len() * RECORD_BYTES_MIN);
    let mut starts = Vec::with_capacity(refs.len());
    for (chunk, series) in refs.iter().enumerate() {
        let start = out.len();
        starts.push(start as i64);
        let bytes = &data[offsets[chunk] as usize..offsets[chunk + 1] as usize];
        out.extend_from_slice(&series.to_be_bytes());
        out.extend_from_slice(&min_ms[chunk].to_be_bytes());
        out.extend_from_slice(&max_ms[chunk].to_be_bytes());
        out.push(XOR);
        push_uvarint(&mut out, bytes.len() as u64);
        out.extend_from_slice(bytes);
        let crc = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&crc.to_be_bytes());
    }
    Ok((out, starts))
}

/// One record as it stands in a file.
struct Record<'a> {
    series: u64,
    min_ms: i64,
    max_ms: i64,
    encoding: u8,
    data: &'a [u8],
    /// Its whole length.
    bytes: usize,
}

/// The record at the start of `bytes`, or what is wrong with it.
fn read_record(bytes: &[u8]) -> Result<Record<'_>, String> {
    let parsed =
        parse_record(bytes).ok_or_else(|| format!("want a record, only {} bytes are left", bytes.len()));
    let (record, stored) = parsed?;
    let got = crc32c::crc32c(&bytes[..record.bytes - CRC_BYTES]);
    if stored != got {
        return Err(format!("want crc32c {stored:08x}, got {got:08x}"));
    }
    Ok(record)
}

/// A record and its stored checksum; `None` where the bytes end too early.
fn parse_record(bytes: &[u8]) -> Option<(Record<'_>, u32)> {
    let mut cursor = Cursor::new(bytes);
    let (series, min_ms, max_ms) = (cursor.be64()?, cursor.be64()? as i64, cursor.be64()? as i64);
    let encoding = cursor.byte()?;
    let data = cursor.text()?;
    let crc = u32::from_be_bytes(*cursor.take(CRC_BYTES)?.first_chunk()?);
    Some((Record { series, min_ms, max_ms, encoding, data, bytes: cursor.at() }, crc))
}

/// The XOR chunk of `series` whose record stands at `offset` of chunk file number `number`.
pub fn chunk_at(file: Option<&[u8]>, number: u32, offset: u32, series: u64) -> Outcome<&[u8]> {
    let corruption = |problem: String| {
        KernelError::corruption(format!("chunk file {number:06} at {offset}: {problem} (series {series})"))
    };
    let file = file.ok_or_else(|| corruption("want the file, there is none".into()))?;
    let bytes = file.get(offset as usize..).unwrap_or_default();
    let record = read_record(bytes).map_err(corruption)?;
    if record.series != series {
        return Err(corruption(format!("want a chunk of the series, got one of series {}", record.series)));
    }
    if record.encoding != XOR {
        return Err(corruption(format!("want encoding {XOR}, got {}", record.encoding)));
    }
    Ok(record.data)
}

/// What `scan_head_chunks` found, one entry per record.
#[derive(Default)]
pub struct HeadChunksScan {
    pub refs: Vec<u64>,
    pub min_ms: Vec<i64>,
    pub max_ms: Vec<i64>,
    pub encodings: Vec<u8>,
    pub offsets: Vec<i64>,
    /// The end of good data.
    pub end: usize,
    /// What is wrong there; empty if nothing.
    pub problem: String,
}

/// Every record of a whole file.
pub fn scan_head_chunks(file: &[u8]) -> HeadChunksScan {
    let mut scan = HeadChunksScan::default();
    let Some(header) = file.first_chunk::<8>() else {
        scan.problem = format!("want a header of {} bytes, got {}", HEADER.len(), file.len());
        return scan;
    };
    if header[..5] != HEADER[..5] {
        scan.problem = format!("want magic and version {:02x?}, got {:02x?}", &HEADER[..5], &header[..5]);
        return scan;
    }
    scan.end = HEADER.len();
    while !is_end(&file[scan.end..]) {
        let bytes = &file[scan.end..];
        let left = bytes.len();
        let record = match left {
            0..RECORD_BYTES_MIN => {
                Err(format!("want at least {RECORD_BYTES_MIN} bytes, only {left} are left"))
            }
            _ => read_record(bytes),
        };
        match record {
            Ok(record) => scan.add(&record),
            Err(problem) => {
                scan.problem = format!("{problem}, at {}", scan.end);
                break;
            }
        }
    }
    scan
}

/// Whether the content of a file ends where `rest` begins.
fn is_end(rest: &[u8]) -> bool {
    let looked_at = if rest.len() < RECORD_BYTES_MIN { rest } else { &rest[..3 * 8] };
    looked_at.iter().all(|&byte| byte == 0)
}

impl HeadChunksScan {
    fn add(&mut self, record: &Record<'_>) {
        self.refs.push(record.series);
        self.min_ms.push(record.min_ms);
        self.max_ms.push(record.max_ms);
        self.encodings.push(record.encoding);
        self.offsets.push(self.end as i64);
        self.end += record.bytes;
    }
}
