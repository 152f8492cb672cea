//! XOR chunks: timestamps as deltas of deltas, values as the bits that changed (Pelkonen et al., Gorilla, VLDB 2015),
//! in Prometheus' bit format.
//!
//! ```text
//!   chunk       count be16 | varint t0 | value0, 64 bits | uvarint t1 - t0 | change | (step | change)* | zeros to a byte
//!   step        0                       the delta did not change
//!               10, 110, 1110           14, 17, 20 bits: change of the delta in -(2^(n-1) - 1)..=2^(n-1)
//!               1111                    64 bits: any other change
//!   change      0                       the same value
//!               10 | bits               differs only inside the window of the last header
//!               11 | lead, 5 bits | significant, 6 bits (0 is 64) | bits
//! ```
//!
//! The *window* is a number of leading and trailing bits that are zero in (value xor last value); leading counts above
//! 31 are taken for 31. The smallest step that fits is used, so that equal samples give equal bytes.
//!
//! The decoder looks at 64 bits at a time and branches on the controls, which a series repeats and the processor
//! predicts. It reads past the end without looking and checks the position once, behind the last sample.

use crate::bits::{BitTail, LongWords, ShortWords, WordSink, Words};
use crate::error::{KernelError, Outcome, want_length, want_offsets};
use crate::varint::{Cursor, VARINT_BYTES_MAX, push_uvarint, write_uvarint, zigzag};

/// The count is of 16 bits.
pub const SAMPLES_MAX: usize = u16::MAX as usize;
/// A leading count that no window has.
const NO_WINDOW: u8 = u8::MAX;
const LEAD_MAX: u32 = 31;

/// The writing end of a chunk: what the next sample is compared with, and the bits not yet handed to the sink. The
/// count and the first timestamp, which stand before the bit stream, are kept by the owner (see `push_head`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XorEncoder {
    pub t_ms: i64,
    pub delta_ms: i64,
    pub value: u64,
    pub tail: BitTail,
    pub lead: u8,
    pub trail: u8,
    pub count: u16,
}

impl XorEncoder {
    /// A chunk of one sample.
    #[inline]
    pub fn start(t_ms: i64, value: u64) -> Self {
        let tail = BitTail { word: value, used: 64 };
        Self { t_ms, delta_ms: 0, value, tail, lead: NO_WINDOW, trail: 0, count: 1 }
    }

    #[inline(always)]
    pub fn append(&mut self, t_ms: i64, value: u64, sink: &mut impl WordSink) {
        let delta_ms = t_ms.wrapping_sub(self.t_ms);
        if self.count == 1 {
            self.put_uvarint(delta_ms as u64, sink);
        } else {
            self.put_step(delta_ms.wrapping_sub(self.delta_ms), sink);
        }
        self.put_change(value ^ self.value, sink);
        self.t_ms = t_ms;
        self.delta_ms = delta_ms;
        self.value = value;
        self.count += 1;
    }

    fn put_uvarint(&mut self, number: u64, sink: &mut impl WordSink) {
        let mut bytes = [0; VARINT_BYTES_MAX];
        let length = write_uvarint(&mut bytes, number);
        for &byte in &bytes[..length] {
            self.tail.put(u64::from(byte), 8, sink);
        }
    }

    #[inline(always)]
    fn put_step(&mut self, step: i64, sink: &mut impl WordSink) {
        match step {
            0 => self.tail.put(0, 1, sink),
            -8191..=8192 => self.tail.put(0b10 << 14 | step as u64 & 0x3fff, 16, sink),
            -65535..=65536 => self.tail.put(0b110 << 17 | step as u64 & 0x1_ffff, 20, sink),
            -524_287..=524_288 => self.tail.put(0b1110 << 20 | step as u64 & 0xf_ffff, 24, sink),
            _ => {
                self.tail.put(0b1111, 4, sink);
                self.tail.put(step as u64, 64, sink);
            }
        }
    }

    #[inline(always)]
    fn put_change(&mut self, change: u64, sink: &mut impl WordSink) {
        if change == 0 {
            return self.tail.put(0, 1, sink);
        }
        let (lead, trail) = (change.leading_zeros().min(LEAD_MAX), change.trailing_zeros());
        let (window_lead, window_trail) = (u32::from(self.lead), u32::from(self.trail));
        if self.lead != NO_WINDOW && lead >= window_lead && trail >= window_trail {
            let significant = 64 - window_lead - window_trail;
            self.put_bits(0b10, 2, change >> window_trail, significant, sink);
        } else {
            (self.lead, self.trail) = (lead as u8, trail as u8);
            let significant = 64 - lead - trail;
            let header = 0b11 << 11 | u64::from(lead) << 6 | u64::from(significant) & 63;
            self.put_bits(header, 13, change >> trail, significant, sink);
        }
    }

    /// A header and its payload, at once where 64 bits hold both.
    #[inline(always)]
    fn put_bits(&mut self, header: u64, header_bits: u32, bits: u64, count: u32, sink: &mut impl WordSink) {
        if header_bits + count <= 64 {
            self.tail.put(header << count | bits, header_bits + count, sink);
        } else {
            self.tail.put(header, header_bits, sink);
            self.tail.put(bits, count, sink);
        }
    }
}

/// What stands before the bit stream of a chunk.
pub fn push_head(out: &mut Vec<u8>, count: u16, first_ms: i64) {
    out.extend_from_slice(&count.to_be_bytes());
    push_uvarint(out, zigzag(first_ms));
}

/// One chunk per series. Returns the chunks end to end and their offsets.
pub fn encode_xor(timestamps_ms: &[i64], values: &[f64], offsets: &[i64]) -> Outcome<(Vec<u8>, Vec<i64>)> {
    want_length("values", values.len(), timestamps_ms.len())?;
    want_offsets(offsets, timestamps_ms.len())?;
    let mut out = Vec::with_capacity(timestamps_ms.len() * 4 + offsets.len() * 16);
    let mut ends = Vec::with_capacity(offsets.len());
    ends.push(0);
    for pair in offsets.windows(2) {
        let samples = pair[0] as usize..pair[1] as usize;
        if samples.len() > SAMPLES_MAX {
            let message =
                format!("offsets: want at most {SAMPLES_MAX} samples a chunk, got {}", samples.len());
            return Err(KernelError::misuse(message));
        }
        push_chunk(&mut out, &timestamps_ms[samples.clone()], &values[samples]);
        ends.push(out.len() as i64);
    }
    Ok((out, ends))
}

fn push_chunk(out: &mut Vec<u8>, timestamps_ms: &[i64], values: &[f64]) {
    let (Some(&first_ms), Some(first)) = (timestamps_ms.first(), values.first()) else {
        return out.extend_from_slice(&[0, 0]);
    };
    push_head(out, timestamps_ms.len() as u16, first_ms);
    let mut encoder = XorEncoder::start(first_ms, first.to_bits());
    for (&t_ms, value) in timestamps_ms[1..].iter().zip(&values[1..]) {
        encoder.append(t_ms, value.to_bits(), out);
    }
    encoder.tail.push_bytes(out);
}

/// Samples of one series or of several one after the other.
#[derive(Default)]
pub struct FlatSamples {
    pub timestamps_ms: Vec<i64>,
    pub values: Vec<f64>,
}

impl FlatSamples {
    /// Of the samples from `before` on, which rise, keep those in [min_ms, max_ms].
    pub fn keep_within(&mut self, before: usize, min_ms: i64, max_ms: i64) {
        let added = &self.timestamps_ms[before..];
        if added.last().is_some_and(|&last| last > max_ms) {
            let end = before + added.partition_point(|&t_ms| t_ms <= max_ms);
            self.timestamps_ms.truncate(end);
            self.values.truncate(end);
        }
        let added = &self.timestamps_ms[before..];
        if added.first().is_some_and(|&first| first < min_ms) {
            let start = before + added.partition_point(|&t_ms| t_ms < min_ms);
            self.timestamps_ms.drain(before..start);
            self.values.drain(before..start);
        }
    }

    /// Of the samples from `before` on, which rise, remove those in [min_ms, max_ms].
    pub fn remove_within(&mut self, before: usize, min_ms: i64, max_ms: i64) {
        let added = &self.timestamps_ms[before..];
        let start = before + added.partition_point(|&t_ms| t_ms < min_ms);
        let end = before + added.partition_point(|&t_ms| t_ms <= max_ms);
        if start < end {
            self.timestamps_ms.drain(start..end);
            self.values.drain(start..end);
        }
    }
}

/// Samples that a chunk says it has.
#[inline]
pub fn count_of(chunk: &[u8]) -> usize {
    chunk.first_chunk().map_or(0, |count| usize::from(u16::from_be_bytes(*count)))
}

/// Decodes chunk after chunk through one buffer.
#[derive(Default)]
pub struct XorDecoder {
    words: ShortWords,
}

impl XorDecoder {
    /// Append the samples of `chunk`. When it is damaged, `out` holds no more than before.
    pub fn decode(&mut self, chunk: &[u8], out: &mut FlatSamples) -> Outcome<()> {
        let before = out.timestamps_ms.len();
        let count = count_of(chunk);
        out.timestamps_ms.resize(before + count, 0);
        out.values.resize(before + count, 0.0);
        let decoded = self.decode_into(chunk, &mut out.timestamps_ms[before..], &mut out.values[before..]);
        if decoded.is_none() {
            out.timestamps_ms.truncate(before);
            out.values.truncate(before);
            let message = format!("xor chunk of {} bytes: want {count} samples, it ends early", chunk.len());
            return Err(KernelError::corruption(message));
        }
        Ok(())
    }

    /// Fills both slices, which are as long as the chunk says; `None` where the chunk is damaged.
    fn decode_into(&mut self, chunk: &[u8], timestamps_ms: &mut [i64], values: &mut [f64]) -> Option<()> {
        let mut cursor = Cursor::new(chunk);
        cursor.take(2)?;
        let ([first_ms, timestamps_ms @ ..], [first, values @ ..]) = (timestamps_ms, values) else {
            return Some(());
        };
        *first_ms = cursor.varint()?;
        *first = f64::from_bits(cursor.be64()?);
        if timestamps_ms.is_empty() {
            return Some(());
        }
        let start = Start { t_ms: *first_ms, delta_ms: cursor.uvarint()? as i64, value: first.to_bits() };
        let stream = chunk.get(cursor.at()..)?;
        let bits_read = if stream.len() <= ShortWords::BYTES_MAX {
            self.words.load(stream);
            decode_stream(&self.words, start, timestamps_ms, values)
        } else {
            decode_stream(&LongWords::load(stream), start, timestamps_ms, values)
        };
        (bits_read? <= stream.len() * 8).then_some(())
    }
}

/// What stands before the first change of a value.
#[derive(Clone, Copy)]
struct Start {
    t_ms: i64,
    delta_ms: i64,
    value: u64,
}

/// All samples but the first; gives the bits read, or `None` where a window is wider than a value.
#[inline(always)]
fn decode_stream(
    words: &impl Words,
    start: Start,
    timestamps_ms: &mut [i64],
    values: &mut [f64],
) -> Option<usize> {
    let Start { mut t_ms, mut delta_ms, mut value } = start;
    let (mut lead, mut significant) = (0, 64);
    let mut at = 0;
    let mut is_second = true;
    for (t_out, value_out) in timestamps_ms.iter_mut().zip(values) {
        let mut ahead = words.peek(at);
        if is_second {
            is_second = false; // Its delta stands before the stream.
        } else if ahead >> 63 == 0 {
            at += 1;
            ahead <<= 1;
        } else {
            let (step, bits) = read_step(words, at, ahead);
            delta_ms = delta_ms.wrapping_add(step);
            at += bits;
            ahead = words.peek(at);
        }
        t_ms = t_ms.wrapping_add(delta_ms);
        if ahead >> 63 == 0 {
            at += 1;
        } else {
            at += 2;
            if ahead >> 62 == 0b11 {
                lead = (ahead >> 57) as u32 & 31;
                significant = ((ahead >> 51) as u32).wrapping_sub(1) % 64 + 1;
                at += 11;
                if lead + significant > 64 {
                    return None;
                }
            }
            value ^= words.peek(at) >> (64 - significant) << (64 - significant - lead);
            at += significant as usize;
        }
        *t_out = t_ms;
        *value_out = f64::from_bits(value);
    }
    Some(at)
}

/// A change of the delta that is not zero, `ahead` being the 64 bits from `at` on; and its length in bits.
#[inline(always)]
fn read_step(words: &impl Words, at: usize, ahead: u64) -> (i64, usize) {
    let bits = match ahead.leading_ones() {
        1 => 14,
        2 => 17,
        3 => 20,
        _ => return (words.peek(at + 4) as i64, 68),
    };
    let control = ahead.leading_ones() + 1;
    let field = (ahead << control >> (64 - bits)) as i64;
    let step = if field > 1 << (bits - 1) { field - (1 << bits) } else { field };
    (step, (control + bits) as usize)
}

/// XOR chunks at `starts` in `data`: their samples one after the other, and the offsets of each.
pub fn decode_xor(data: &[u8], starts: &[i64], lengths: &[i64]) -> Outcome<(FlatSamples, Vec<i64>)> {
    want_length("lengths", lengths.len(), starts.len())?;
    let mut chunks = Vec::with_capacity(starts.len());
    for (&start, &length) in starts.iter().zip(lengths) {
        chunks.push(chunk_in(data, start, length)?);
    }
    let samples = chunks.iter().copied().map(count_of).sum();
    let mut out =
        FlatSamples { timestamps_ms: Vec::with_capacity(samples), values: Vec::with_capacity(samples) };
    let mut decoder = XorDecoder::default();
    let mut offsets = Vec::with_capacity(starts.len() + 1);
    offsets.push(0);
    for (chunk, start) in chunks.into_iter().zip(starts) {
        let at_start = |error| KernelError::corruption(format!("{error}, at byte {start}"));
        decoder.decode(chunk, &mut out).map_err(at_start)?;
        offsets.push(out.values.len() as i64);
    }
    Ok((out, offsets))
}

fn chunk_in(data: &[u8], start: i64, length: i64) -> Outcome<&[u8]> {
    let range = usize::try_from(start).ok().zip(usize::try_from(length).ok());
    let chunk = range.and_then(|(start, length)| data.get(start..)?.get(..length));
    chunk.ok_or_else(|| {
        let bytes = data.len();
        KernelError::corruption(format!("xor chunk of {length} bytes at {start}: the data has {bytes}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(samples: usize) -> Vec<u8> {
        let mut t_ms = 1_700_000_000_000;
        let timestamps_ms: Vec<i64> = (0..samples as i64)
            .map(|i| {
                t_ms += 15_000 + [0, 0, 0, 3, -70_000, 600_000, i64::from(i32::MAX)][(i * i % 7) as usize];
                t_ms
            })
            .collect();
        let values: Vec<f64> = (0..samples).map(|i| [1.0, 1.5, -0.1, 1e300][i / 3 % 4] * i as f64).collect();
        encode_xor(&timestamps_ms, &values, &[0, samples as i64]).unwrap().0
    }

    #[test]
    fn a_chunk_cut_short_is_corruption() {
        for samples in [1, 2, 3, 50] {
            let chunk = chunk(samples);
            let mut out = FlatSamples::default();
            for length in 0..chunk.len() {
                let outcome = XorDecoder::default().decode(&chunk[..length], &mut out);
                assert!(matches!(outcome, Err(KernelError::Corruption(_))), "{samples} {length}");
            }
            assert!(out.values.is_empty());
            XorDecoder::default().decode(&chunk, &mut out).unwrap();
            assert_eq!(out.values.len(), samples);
        }
    }

    #[test]
    fn no_flipped_bit_makes_the_decoder_panic() {
        let mut decoder = XorDecoder::default();
        for samples in [1, 2, 3, 50] {
            let chunk = chunk(samples);
            for bit in 0..chunk.len() * 8 {
                let mut damaged = chunk.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let mut out = FlatSamples::default();
                let outcome = decoder.decode(&damaged, &mut out);
                assert_eq!(out.values.len(), outcome.map_or(0, |()| count_of(&damaged)));
            }
        }
    }

    #[test]
    fn a_chunk_that_lies_about_its_count_is_corruption() {
        let mut chunk = chunk(50);
        chunk[0] = 0xff;
        assert!(XorDecoder::default().decode(&chunk, &mut FlatSamples::default()).is_err());
    }

    #[test]
    fn a_chunk_longer_than_the_buffer_is_read_too() {
        let chunk = chunk(3000);
        assert!(chunk.len() > ShortWords::BYTES_MAX);
        let mut out = FlatSamples::default();
        XorDecoder::default().decode(&chunk, &mut out).unwrap();
        assert_eq!(encode_xor(&out.timestamps_ms, &out.values, &[0, 3000]).unwrap().0, chunk);
    }
}
