//! Chunks that take no more samples: on the heap until they are written to a chunk file, then only their place.
//!
//! ```text
//!   Series.completed -> Completed -> Completed -> ...       newest first, 24 bytes each, from one pool
//!                          |             +- file 3, offset 4711
//!                          +- HEAP, number 17
//!   HeapQueue   chunks  [ 15 (gone) | 16 | 17 | ... ]       in order of completion; the front leaves once it is gone
//!               bytes   [ 1 MiB | 1 MiB | ... ]             their bytes; a segment leaves with its last chunk
//! ```

use std::collections::VecDeque;

use super::pool::Linked;

/// The file of a chunk that is still on the heap.
pub const HEAP: u32 = u32::MAX;

/// A completed chunk of a series.
#[derive(Clone, Copy, Default)]
pub struct Completed {
    pub min_ms: i64,
    pub span_ms: u32,
    /// The chunk file it lies in, or `HEAP`.
    pub file: u32,
    /// Where in the file; or its number in the heap queue.
    pub offset: u32,
    /// The one before it.
    pub previous: u32,
}

const _: () = assert!(size_of::<Completed>() == 24);

impl Completed {
    #[inline]
    pub fn max_ms(&self) -> i64 {
        self.min_ms.saturating_add(i64::from(self.span_ms))
    }
}

impl Linked for Completed {
    fn link(&self) -> u32 {
        self.previous
    }

    fn set_link(&mut self, link: u32) {
        self.previous = link;
    }
}

const SEGMENT_BYTES: usize = 1 << 20;

struct HeapChunk {
    series: u64,
    min_ms: i64,
    max_ms: i64,
    segment: u32,
    start: u32,
    length: u32,
    is_gone: bool,
}

/// Completed chunks on the heap, oldest first. Numbers and segments count on for ever, modulo 2^32.
#[derive(Default)]
pub struct HeapQueue {
    chunks: VecDeque<HeapChunk>,
    first_number: u32,
    segments: VecDeque<Vec<u8>>,
    first_segment: u32,
}

/// A copy of the front of the queue.
#[derive(Default)]
pub struct FullChunks {
    pub refs: Vec<u64>,
    pub min_ms: Vec<i64>,
    pub max_ms: Vec<i64>,
    pub data: Vec<u8>,
    pub offsets: Vec<i64>,
}

impl HeapQueue {
    /// Take over a chunk; gives its number.
    pub fn push(&mut self, series: u64, min_ms: i64, max_ms: i64, bytes: &[u8]) -> u32 {
        let has_room = |segment: &Vec<u8>| segment.len() + bytes.len() <= SEGMENT_BYTES;
        if !self.segments.back().is_some_and(has_room) {
            self.segments.push_back(Vec::with_capacity(SEGMENT_BYTES.max(bytes.len())));
        }
        let segment = self.first_segment.wrapping_add(self.segments.len() as u32 - 1);
        let mut start = 0;
        if let Some(last) = self.segments.back_mut() {
            start = last.len() as u32;
            last.extend_from_slice(bytes);
        }
        let length = bytes.len() as u32;
        self.chunks.push_back(HeapChunk { series, min_ms, max_ms, segment, start, length, is_gone: false });
        self.first_number.wrapping_add(self.chunks.len() as u32 - 1)
    }

    /// The bytes of chunk `number`.
    pub fn bytes(&self, number: u32) -> &[u8] {
        self.bytes_of(&self.chunks[number.wrapping_sub(self.first_number) as usize])
    }

    fn bytes_of(&self, chunk: &HeapChunk) -> &[u8] {
        let segment = &self.segments[chunk.segment.wrapping_sub(self.first_segment) as usize];
        &segment[chunk.start as usize..][..chunk.length as usize]
    }

    /// Chunk `number` is needed no more.
    pub fn remove(&mut self, number: u32) {
        self.chunks[number.wrapping_sub(self.first_number) as usize].is_gone = true;
        while self.chunks.front().is_some_and(|chunk| chunk.is_gone) {
            self.chunks.pop_front();
            self.first_number = self.first_number.wrapping_add(1);
        }
        let oldest = self.chunks.front().map(|chunk| chunk.segment);
        while !self.segments.is_empty() && oldest != Some(self.first_segment) {
            self.segments.pop_front();
            self.first_segment = self.first_segment.wrapping_add(1);
        }
        if self.chunks.is_empty() {
            self.chunks.shrink_to(SEGMENT_BYTES / size_of::<HeapChunk>());
        }
    }

    /// Chunks from the front on, until they have `bytes_max` bytes; at least one if there is one.
    pub fn front(&self, bytes_max: usize) -> FullChunks {
        let mut full = FullChunks { offsets: vec![0], ..FullChunks::default() };
        for chunk in self.chunks.iter().filter(|chunk| !chunk.is_gone) {
            full.refs.push(chunk.series);
            full.min_ms.push(chunk.min_ms);
            full.max_ms.push(chunk.max_ms);
            full.data.extend_from_slice(self.bytes_of(chunk));
            full.offsets.push(full.data.len() as i64);
            if full.data.len() >= bytes_max {
                break;
            }
        }
        full
    }

    pub fn size_bytes(&self) -> usize {
        let bytes: usize = self.segments.iter().map(Vec::capacity).sum();
        bytes + self.chunks.capacity() * size_of::<HeapChunk>()
    }
}
