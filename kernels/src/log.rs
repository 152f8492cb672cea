//! The container of the write-ahead log: records cut into checksummed fragments on pages of 32 KiB.
//!
//! ```text
//!   fragment   header u8 | length be16 | crc32c be32 | payload
//!   header     bits 0-2: 0 rest of the page is zero, 1 full, 2 first, 3 middle, 4 last
//!              bits 3-4: how the whole record was compressed (snappy, zstd); the last fragment's count
//! ```
//!
//! A fragment never crosses a page. Where fewer than seven bytes of a page remain they are zero; where exactly seven
//! remain a fragment of length zero may stand. A segment that ends inside a page reads as if zeros went on to its end.
//! The reader stops at the first thing that cannot have been written, and says where the last good record ended: what
//! lies behind a damaged place cannot be trusted, and the caller cuts it off.

use std::borrow::Cow;

use crate::error::{KernelError, Outcome};

pub const PAGE_BYTES: usize = 32 * 1024;
const HEADER_BYTES: usize = 7;
const KIND_MASK: u8 = 0b0_0111;
const COMPRESSION_MASK: u8 = 0b1_1000;
const PAGE_END: u8 = 0;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// The fragments of one stored record from `page_offset` on, page padding included.
pub fn frame_record(record: &[u8], compression: u8, page_offset: usize) -> Outcome<Vec<u8>> {
    if compression & !COMPRESSION_MASK != 0 {
        return Err(KernelError::misuse(format!(
            "flags: want header bits 3 and 4 only, got {compression:#04x}"
        )));
    }
    if page_offset >= PAGE_BYTES {
        let message = format!("page_offset: want less than {PAGE_BYTES}, got {page_offset}");
        return Err(KernelError::misuse(message));
    }
    let fragments = record.len() / (PAGE_BYTES - HEADER_BYTES) + 2;
    let mut out = Vec::with_capacity(record.len() + fragments * HEADER_BYTES * 2);
    let mut rest = record;
    let mut is_first = true;
    pad_page(&mut out, page_offset);
    while is_first || !rest.is_empty() {
        let room = PAGE_BYTES - (page_offset + out.len()) % PAGE_BYTES - HEADER_BYTES;
        let (payload, after) = rest.split_at(room.min(rest.len()));
        let kind = match (is_first, after.is_empty()) {
            (true, true) => FULL,
            (true, false) => FIRST,
            (false, true) => LAST,
            (false, false) => MIDDLE,
        };
        out.push(kind | compression);
        out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        out.extend_from_slice(&crc32c::crc32c(payload).to_be_bytes());
        out.extend_from_slice(payload);
        pad_page(&mut out, page_offset);
        rest = after;
        is_first = false;
    }
    Ok(out)
}

/// Zeros to the end of the page if no fragment fits into what is left of it.
fn pad_page(out: &mut Vec<u8>, page_offset: usize) {
    let left = PAGE_BYTES - (page_offset + out.len()) % PAGE_BYTES;
    if left < HEADER_BYTES {
        out.resize(out.len() + left, 0);
    }
}

/// What `scan_log` found.
#[derive(Default)]
pub struct LogScan<'a> {
    pub records: Vec<Cow<'a, [u8]>>,
    /// Header bits 3 and 4 of each record.
    pub compressions: Vec<u8>,
    /// The offset just after each record.
    pub ends: Vec<i64>,
    /// Where to go on.
    pub next: usize,
    /// What is wrong there; empty if nothing.
    pub problem: String,
}

/// Records of the segment `data` from `start`, until about `bytes_max` were read or the segment ends.
pub fn scan_log(data: &[u8], start: usize, bytes_max: usize) -> Outcome<LogScan<'_>> {
    if start > data.len() {
        return Err(KernelError::misuse(format!("start: want at most {}, got {start}", data.len())));
    }
    let mut scan = LogScan { next: start, ..LogScan::default() };
    let mut open: Option<Vec<u8>> = None; // A record whose last fragment has not come yet.
    let mut at = start;
    while at < data.len() && scan.next - start < bytes_max.max(1) {
        match read_fragment(data, at) {
            Ok(Step::NextPage) => {
                at = (at / PAGE_BYTES + 1) * PAGE_BYTES;
                if open.is_none() {
                    scan.next = at.min(data.len());
                }
            }
            Ok(Step::Fragment { header, payload }) => {
                at += HEADER_BYTES + payload.len();
                if let Err(problem) = scan.add(&mut open, header, payload, at) {
                    scan.problem = problem;
                    return Ok(scan);
                }
            }
            Err(problem) => {
                scan.problem = format!("{problem} at {at}");
                return Ok(scan);
            }
        }
    }
    if open.is_some() {
        scan.problem = format!("last record is torn: it begins after {} and has no last fragment", scan.next);
    }
    Ok(scan)
}

impl<'a> LogScan<'a> {
    /// Put a fragment where it belongs, or say why it cannot stand there.
    fn add(
        &mut self,
        open: &mut Option<Vec<u8>>,
        header: u8,
        payload: &'a [u8],
        end: usize,
    ) -> Result<(), String> {
        let begin = end - payload.len() - HEADER_BYTES;
        let record = match (header & KIND_MASK, open.take()) {
            (FULL, None) => Cow::Borrowed(payload),
            (FIRST, None) => {
                *open = Some(payload.to_vec());
                return Ok(());
            }
            (kind @ (MIDDLE | LAST), Some(mut record)) => {
                record.extend_from_slice(payload);
                if kind == MIDDLE {
                    *open = Some(record);
                    return Ok(());
                }
                Cow::Owned(record)
            }
            (kind, None) => {
                return Err(format!("want a full or first fragment, got kind {kind} at {begin}"));
            }
            (kind, Some(_)) => {
                return Err(format!("want a middle or last fragment, got kind {kind} at {begin}"));
            }
        };
        self.records.push(record);
        self.compressions.push(header & COMPRESSION_MASK);
        self.ends.push(end as i64);
        self.next = end;
        Ok(())
    }
}

enum Step<'a> {
    NextPage,
    Fragment { header: u8, payload: &'a [u8] },
}

/// The fragment at `at`, or the jump over a page's zero tail.
fn read_fragment(data: &[u8], at: usize) -> Result<Step<'_>, String> {
    let header = data[at];
    if header & KIND_MASK == PAGE_END {
        let page_end = data.len().min((at / PAGE_BYTES + 1) * PAGE_BYTES);
        return match data[at..page_end].iter().position(|&byte| byte != 0) {
            None => Ok(Step::NextPage),
            Some(0) => Err(format!("want fragment kinds 0 to 4, got header {header:#04x}")),
            Some(ahead) => Err(format!("want zeros to the end of the page, got a byte {ahead} ahead")),
        };
    }
    if header & KIND_MASK > LAST {
        return Err(format!("want fragment kinds 0 to 4, got {}", header & KIND_MASK));
    }
    let torn = |want: usize| format!("last record is torn: want {want} bytes, got {}", data.len() - at);
    let [_, high, low, crc @ ..] =
        *data[at..].first_chunk::<HEADER_BYTES>().ok_or_else(|| torn(HEADER_BYTES))?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > PAGE_BYTES - HEADER_BYTES {
        return Err(format!("want a fragment of at most {} bytes, got {length}", PAGE_BYTES - HEADER_BYTES));
    }
    let payload =
        data.get(at + HEADER_BYTES..at + HEADER_BYTES + length).ok_or_else(|| torn(HEADER_BYTES + length))?;
    let (want, got) = (u32::from_be_bytes(crc), crc32c::crc32c(payload));
    if want != got {
        return Err(format!("want crc32c {want:08x}, got {got:08x} in the fragment"));
    }
    Ok(Step::Fragment { header, payload })
}
