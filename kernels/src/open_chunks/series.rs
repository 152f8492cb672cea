//! One series of the head in one cache line, and the blocks its open chunk lies in.
//!
//! ```text
//!   Series     newest sample | encoder state | last word of the bit stream | first and last block | ...   64 bytes
//!   Block      28 bytes of the bit stream | next                                                          32 bytes
//!   chunk      count, varint t0 (kept in the state) | bytes of the blocks | used bytes of the last word
//! ```
//!
//! The bit stream of an open chunk grows by words into blocks of a common pool, so that a series costs half a block of
//! slack and appending never moves what is there. A chunk of one value has no block at all.

use super::pool::{Linked, NONE, Pool};
use crate::bits::{BitTail, WordSink};
use crate::xor::{XorEncoder, push_head};

/// Bytes of a block: three words and a half.
const BLOCK_BYTES: usize = 28;
const WORD_BYTES: usize = 8;

#[derive(Clone, Copy, Default)]
#[repr(align(32))]
pub struct Block {
    bytes: [u8; BLOCK_BYTES],
    next: u32,
}

impl Linked for Block {
    fn link(&self) -> u32 {
        self.next
    }

    fn set_link(&mut self, link: u32) {
        self.next = link;
    }
}

/// A series: its newest sample, its open chunk, and the way to its completed chunks.
///
/// Without an open chunk `count` is 0 and only `newest_ms`, `commit` and `completed` mean anything.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Series {
    /// Of all samples; `i64::MIN` if there are none.
    pub newest_ms: i64,
    /// The bits of the newest value.
    pub value: u64,
    /// The end of the bit stream (`BitTail`).
    word: u64,
    /// The newest commit with a sample of this series.
    pub commit: u64,
    /// The open chunk's newest time after its first.
    span_ms: u32,
    /// Newest time after the one before.
    delta_ms: u32,
    /// The open chunk must end before this time after its first.
    next_at_ms: u32,
    first_block: u32,
    last_block: u32,
    /// The newest completed chunk.
    pub completed: u32,
    /// Samples of the open chunk.
    pub count: u16,
    /// Words of its bit stream in blocks.
    words: u16,
    /// Bits used of `word`.
    used: u8,
    lead: u8,
    trail: u8,
    /// Bytes used of the last block.
    filled: u8,
}

const _: () = assert!(size_of::<Series>() == 64 && size_of::<Block>() == 32);

impl Default for Series {
    fn default() -> Self {
        Self {
            newest_ms: i64::MIN,
            value: 0,
            word: 0,
            commit: 0,
            span_ms: 0,
            delta_ms: 0,
            next_at_ms: 0,
            first_block: NONE,
            last_block: NONE,
            completed: NONE,
            count: 0,
            words: 0,
            used: 0,
            lead: 0,
            trail: 0,
            filled: BLOCK_BYTES as u8,
        }
    }
}

/// When an open chunk is full: Prometheus' rules.
#[derive(Clone, Copy)]
pub struct CutRules {
    pub chunk_range_ms: i64,
    pub samples_per_chunk: usize,
}

/// A chunk of more bytes takes no further sample: one more could pass 1024.
const CHUNK_BYTES_MAX: usize = 1024 - 19;

impl CutRules {
    /// The end of the chunk range around `t_ms`; no chunk reaches beyond it. Division truncates towards zero.
    #[inline]
    fn range_end(self, t_ms: i64) -> i64 {
        (t_ms / self.chunk_range_ms * self.chunk_range_ms).saturating_add(self.chunk_range_ms)
    }

    /// More samples no chunk has.
    #[inline]
    pub fn samples_max(self) -> usize {
        2 * self.samples_per_chunk
    }
}

/// How long after its first sample a chunk should end, so that the chunks of its range come out equally long: `span_ms`
/// passed for a quarter of the samples wanted, `end_ms` are there at most.
fn even_span(span_ms: u32, end_ms: u32, first_ms: i64) -> u32 {
    let chunks = f64::from(end_ms) / ((f64::from(span_ms) + 1.0) * 4.0);
    if chunks <= 1.0 {
        return end_ms;
    }
    let end = (first_ms as f64 + f64::from(end_ms) / chunks.floor()) as i64;
    end.saturating_sub(first_ms).clamp(0, i64::from(end_ms)) as u32
}

impl Series {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.completed == NONE
    }

    /// Where the open chunk grows; `NONE` while it needs no block.
    #[inline(always)]
    pub fn last_block(&self) -> u32 {
        self.last_block
    }

    /// The first time of the open chunk.
    #[inline]
    pub fn first_ms(&self) -> i64 {
        self.newest_ms.wrapping_sub(i64::from(self.span_ms))
    }

    /// Begin an open chunk with its first sample.
    pub fn start(&mut self, t_ms: i64, value: u64, rules: CutRules) {
        self.words = 0;
        (self.first_block, self.last_block, self.filled) = (NONE, NONE, BLOCK_BYTES as u8);
        self.span_ms = 0;
        self.next_at_ms = rules.range_end(t_ms).wrapping_sub(t_ms) as u32;
        self.keep(XorEncoder::start(t_ms, value));
    }

    /// Whether a sample at `t_ms` has no place in the open chunk.
    #[inline(always)]
    pub fn is_full_for(&mut self, t_ms: i64, rules: CutRules) -> bool {
        let bytes = usize::from(self.words) * 8;
        if bytes > CHUNK_BYTES_MAX - 20 && self.bytes() > CHUNK_BYTES_MAX {
            return true;
        }
        if usize::from(self.count) == rules.samples_per_chunk / 4 {
            self.next_at_ms = even_span(self.span_ms, self.next_at_ms, self.first_ms());
        }
        let after_ms = t_ms.wrapping_sub(self.first_ms()) as u64;
        after_ms >= u64::from(self.next_at_ms) || usize::from(self.count) >= rules.samples_max()
    }

    /// Add a later sample to the open chunk.
    #[inline(always)]
    pub fn append(&mut self, t_ms: i64, value: u64, blocks: &mut Pool<Block>) {
        let mut encoder = XorEncoder {
            t_ms: self.newest_ms,
            delta_ms: i64::from(self.delta_ms),
            value: self.value,
            tail: self.tail(),
            lead: self.lead,
            trail: self.trail,
            count: self.count,
        };
        self.span_ms += t_ms.wrapping_sub(self.newest_ms) as u32;
        encoder.append(t_ms, value, &mut BlockSink { series: self, blocks });
        self.keep(encoder);
    }

    #[inline(always)]
    fn keep(&mut self, encoder: XorEncoder) {
        self.newest_ms = encoder.t_ms;
        self.delta_ms = encoder.delta_ms as u32;
        self.value = encoder.value;
        (self.word, self.used) = (encoder.tail.word, encoder.tail.used);
        (self.lead, self.trail) = (encoder.lead, encoder.trail);
        self.count = encoder.count;
    }

    #[inline]
    fn tail(&self) -> BitTail {
        BitTail { word: self.word, used: self.used }
    }

    /// Bytes of the open chunk.
    fn bytes(&self) -> usize {
        let mut bytes = Vec::with_capacity(12);
        push_head(&mut bytes, self.count, self.first_ms());
        bytes.len() + usize::from(self.words) * 8 + usize::from(self.used).div_ceil(8)
    }

    /// The open chunk as it is stored, behind what `out` holds.
    pub fn push_chunk(&self, out: &mut Vec<u8>, blocks: &Pool<Block>) {
        push_head(out, self.count, self.first_ms());
        let end = out.len() + usize::from(self.words) * 8;
        let mut block = self.first_block;
        while block != NONE {
            out.extend_from_slice(&blocks[block].bytes);
            block = blocks[block].next;
        }
        out.truncate(end);
        self.tail().push_bytes(out);
    }

    /// Give back the blocks of the open chunk, which is no more.
    pub fn clear(&mut self, blocks: &mut Pool<Block>) {
        if self.first_block != NONE {
            blocks.give_back(self.first_block, self.last_block);
        }
        (self.first_block, self.last_block, self.filled) = (NONE, NONE, BLOCK_BYTES as u8);
        self.count = 0;
        self.words = 0;
    }
}

/// Full words of a series' bit stream go into its blocks.
struct BlockSink<'a> {
    series: &'a mut Series,
    blocks: &'a mut Pool<Block>,
}

impl WordSink for BlockSink<'_> {
    #[inline(never)]
    fn push_word(&mut self, word: u64) {
        let bytes = word.to_be_bytes();
        let used = usize::from(self.series.filled);
        self.series.words += 1;
        if used + WORD_BYTES <= BLOCK_BYTES {
            self.blocks[self.series.last_block].bytes[used..used + WORD_BYTES].copy_from_slice(&bytes);
            self.series.filled += WORD_BYTES as u8;
            return;
        }
        let (here, beyond) = bytes.split_at(BLOCK_BYTES - used);
        let mut next = Block { bytes: [0; BLOCK_BYTES], next: NONE };
        next.bytes[..beyond.len()].copy_from_slice(beyond);
        let next = self.blocks.take(next);
        match self.series.last_block {
            NONE => self.series.first_block = next,
            last => {
                self.blocks[last].bytes[used..].copy_from_slice(here);
                self.blocks[last].next = next;
            }
        }
        self.series.last_block = next;
        self.series.filled = beyond.len() as u8;
    }
}
