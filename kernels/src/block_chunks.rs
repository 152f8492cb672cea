//! Chunk segments of a block.
//!
//! ```text
//!   file    85 BD 40 DD | version 1 | 3 zero bytes | record*
//!   record  uvarint length of data | encoding u8 | data | crc32c be32 of encoding and data
//! ```
//!
//! A chunk's reference is `number of the file, from 0, << 32 | offset of its record`.

use crate::error::{KernelError, Outcome, want_length, want_offsets};
use crate::tombstones::Stones;
use crate::varint::{Cursor, push_uvarint};
use crate::xor::{FlatSamples, XorDecoder};

const XOR: u8 = 1;
const CRC_BYTES: usize = 4;
/// The longest length, the encoding, the checksum: about what a record adds to its data.
const RECORD_BYTES: usize = 5 + 1 + CRC_BYTES;
/// What most chunks have.
const SAMPLES_PER_CHUNK: usize = 120;
/// Enough for a batch. Who asks for the last samples of a million series keeps few of each chunk.
const RESERVED_SAMPLES_MAX: usize = 1 << 18;

/// Records in order, and the offset of each within the bytes returned.
pub fn encode_block_chunks(encodings: &[u8], data: &[u8], offsets: &[i64]) -> Outcome<(Vec<u8>, Vec<i64>)> {
    want_length("offsets", offsets.len(), encodings.len() + 1)?;
    want_offsets(offsets, data.len())?;
    let mut out = Vec::with_capacity(data.len() + encodings.len() * RECORD_BYTES);
    let mut starts = Vec::with_capacity(encodings.len());
    for (&encoding, ends) in encodings.iter().zip(offsets.windows(2)) {
        starts.push(out.len() as i64);
        let bytes = &data[ends[0] as usize..ends[1] as usize];
        push_uvarint(&mut out, bytes.len() as u64);
        let covered = out.len();
        out.push(encoding);
        out.extend_from_slice(bytes);
        let crc = crc32c::crc32c(&out[covered..]);
        out.extend_from_slice(&crc.to_be_bytes());
    }
    Ok((out, starts))
}

/// The chunks of some series, as the index has them.
pub struct ChunksOf<'a> {
    /// The series.
    ids: &'a [u32],
    /// Series i owns refs[offsets[i]..offsets[i + 1]].
    offsets: &'a [i64],
    refs: &'a [u64],
}

impl<'a> ChunksOf<'a> {
    pub fn new(ids: &'a [u32], offsets: &'a [i64], refs: &'a [u64]) -> Outcome<Self> {
        want_length("offsets", offsets.len(), ids.len() + 1)?;
        want_offsets(offsets, refs.len())?;
        Ok(Self { ids, offsets, refs })
    }
}

/// Samples in [min_ms, max_ms] of each series that no stone covers, one series after the other, and their offsets.
pub fn read_block_chunks(
    files: &[&[u8]],
    chunks: &ChunksOf<'_>,
    min_ms: i64,
    max_ms: i64,
    stones: Stones<'_>,
) -> Outcome<(FlatSamples, Vec<i64>)> {
    let samples = (chunks.refs.len() * SAMPLES_PER_CHUNK).min(RESERVED_SAMPLES_MAX);
    let mut out =
        FlatSamples { timestamps_ms: Vec::with_capacity(samples), values: Vec::with_capacity(samples) };
    let mut offsets = Vec::with_capacity(chunks.offsets.len());
    let mut decoder = XorDecoder::default();
    offsets.push(0);
    for (&id, ends) in chunks.ids.iter().zip(chunks.offsets.windows(2)) {
        let deleted = stones.of(id);
        for &chunk in &chunks.refs[ends[0] as usize..ends[1] as usize] {
            let before = out.values.len();
            let decoded = decoder.decode(xor_chunk(files, chunk)?, &mut out);
            decoded.map_err(|error| corruption(chunk, &error.to_string()))?;
            out.keep_within(before, min_ms, max_ms);
            for (low, high) in stones.intervals(deleted.clone()) {
                out.remove_within(before, low, high);
            }
        }
        offsets.push(out.values.len() as i64);
    }
    Ok((out, offsets))
}

/// The data of a chunk, if it is of floats.
fn xor_chunk<'a>(files: &[&'a [u8]], chunk: u64) -> Outcome<&'a [u8]> {
    let (encoding, data) = chunk_at(files, chunk)?;
    let name = match encoding {
        XOR => return Ok(data),
        2 => "histogram",
        3 => "floathistogram",
        4 => "xor2",
        5 => "histogram with start timestamps",
        6 => "floathistogram with start timestamps",
        _ => return Err(corruption(chunk, &format!("want an encoding from 1 to 6, got {encoding}"))),
    };
    let place = place(chunk);
    Err(KernelError::Unsupported(format!("{place}: want xor samples, got encoding {encoding} ({name})")))
}

/// Encoding and data of a chunk.
fn chunk_at<'a>(files: &[&'a [u8]], chunk: u64) -> Outcome<(u8, &'a [u8])> {
    let file = usize::try_from(chunk >> 32).ok().and_then(|number| files.get(number));
    let file = file.ok_or_else(|| corruption(chunk, &format!("the block has {} files", files.len())))?;
    let bytes = file.get(chunk as u32 as usize..).unwrap_or_default();
    let cut_off = || corruption(chunk, &format!("want a chunk, only {} bytes are left", bytes.len()));
    let (covered, stored) = record(bytes).ok_or_else(cut_off)?;
    let got = crc32c::crc32c(covered);
    if stored != got {
        return Err(corruption(chunk, &format!("want crc32c {stored:08x}, got {got:08x}")));
    }
    let (&encoding, data) = covered.split_first().ok_or_else(cut_off)?;
    Ok((encoding, data))
}

/// Encoding and data together, and the checksum; `None` where the bytes end too early.
fn record(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let mut cursor = Cursor::new(bytes);
    let length = usize::try_from(cursor.uvarint()?).ok()?;
    let covered = cursor.take(length.checked_add(1)?)?;
    Some((covered, u32::from_be_bytes(*cursor.take(CRC_BYTES)?.first_chunk()?)))
}

fn corruption(chunk: u64, problem: &str) -> KernelError {
    KernelError::Corruption(format!("{}: {problem}", place(chunk)))
}

/// As the file is called, and where in it.
fn place(chunk: u64) -> String {
    format!("chunks/{:06} at {}", (chunk >> 32) + 1, chunk as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xor::encode_xor;

    fn segment() -> (Vec<u8>, Vec<u64>) {
        let (data, offsets) = encode_xor(&[1000, 2000, 3000], &[1.0, 1.5, -1.0], &[0, 2, 3]).unwrap();
        let (records, starts) = encode_block_chunks(&[XOR, XOR], &data, &offsets).unwrap();
        let mut file = vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0];
        file.extend(records);
        (file, starts.iter().map(|&start| start as u64 + 8).collect())
    }

    fn read(file: &[u8], refs: &[u64]) -> Outcome<Vec<i64>> {
        let chunks = ChunksOf::new(&[1], &[0, 2], refs).unwrap();
        let none = Stones::new(&[], &[], &[]).unwrap();
        let (samples, _) = read_block_chunks(&[file], &chunks, i64::MIN, i64::MAX, none)?;
        Ok(samples.timestamps_ms)
    }

    #[test]
    fn no_flipped_bit_and_no_cut_goes_unnoticed() {
        let (file, refs) = segment();
        assert_eq!(read(&file, &refs).unwrap(), [1000, 2000, 3000]);
        for bit in 64..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(read(&damaged, &refs), Err(KernelError::Corruption(_))), "{bit}");
        }
        for length in 0..file.len() {
            assert!(read(&file[..length], &refs).is_err(), "{length}");
        }
    }

    #[test]
    fn a_reference_to_nowhere_is_corruption() {
        let (file, refs) = segment();
        for chunk in [refs[0] + 1, 1 << 32 | 8, u64::MAX, file.len() as u64] {
            assert!(matches!(read(&file, &[chunk, refs[1]]), Err(KernelError::Corruption(_))), "{chunk}");
        }
    }
}
