//! The head's samples: an open chunk per series, and the way to the chunks completed before it.
//!
//! ```text
//!   ref --SlotTable--> slot --> Series (64 bytes) --> Block -> Block -> ...        the open chunk's bits
//!                                     \-------------> Completed -> Completed -> ...  newest first
//!                                                        |            \--> chunk file, offset
//!                                                        \---------------> HeapQueue
//! ```
//!
//! * `series`: one cache line each, in order of birth, with what the next sample is compared with and coded against.
//! * `completed`: a full chunk is bytes on the heap until `map_chunks` says where in a file it lies.
//! * `snapshots`: commits are numbered, and a reader sees those up to its snapshot.
//!
//! One lock guards everything: `append`, `map_chunks` and `retain` write, everything else reads and shares. The numbers
//! of commits and the active snapshots have a lock of their own, so that opening a query never waits for a long read.
//! It is taken last and for an instant. A commit is numbered at its start, under the writer's lock; whoever takes that
//! number for a snapshot meanwhile cannot read before the commit is whole.

mod completed;
mod pool;
mod read;
mod series;
mod slots;
mod snapshots;
mod state;

use parking_lot::{Mutex, RwLock};

pub use self::completed::FullChunks;
use self::pool::NONE;
pub use self::read::Latest;
use self::read::Reader;
use self::series::CutRules;
use self::slots::Memo;
use self::snapshots::Snapshots;
use self::state::{OUT_OF_BOUNDS, State, UNKNOWN_SERIES};
use crate::error::{KernelError, Outcome, want_length};
use crate::xor::FlatSamples;

/// No chunk range is longer; times within a chunk must fit 32 bits.
const CHUNK_RANGE_MS_MAX: i64 = 1 << 30;
const SAMPLES_PER_CHUNK: std::ops::RangeInclusive<usize> = 4..=16_384;
/// What `lowest_file` gives when no chunk lies in a file.
const NO_FILE: u32 = 1 << 31;

pub struct OpenChunks {
    state: RwLock<State>,
    snapshots: Mutex<Snapshots>,
}

impl OpenChunks {
    pub fn new(chunk_range_ms: i64, samples_per_chunk: usize) -> Outcome<Self> {
        if !(1..=CHUNK_RANGE_MS_MAX).contains(&chunk_range_ms) {
            let message = format!("chunk_range_ms: want 1 to {CHUNK_RANGE_MS_MAX}, got {chunk_range_ms}");
            return Err(KernelError::misuse(message));
        }
        if !SAMPLES_PER_CHUNK.contains(&samples_per_chunk) {
            let message = format!("samples_per_chunk: want {SAMPLES_PER_CHUNK:?}, got {samples_per_chunk}");
            return Err(KernelError::misuse(message));
        }
        let state = State::new(CutRules { chunk_range_ms, samples_per_chunk });
        Ok(Self { state: RwLock::new(state), snapshots: Mutex::default() })
    }

    /// What `append` would say of each sample, against the samples already committed.
    pub fn check(
        &self,
        refs: &[u64],
        timestamps_ms: &[i64],
        values: &[f64],
        min_valid_ms: i64,
    ) -> Outcome<Vec<u8>> {
        want_samples(refs, timestamps_ms, values)?;
        let state = self.state.read();
        let mut memo = Memo::default();
        let check_one = |((&series_ref, &t_ms), value): ((&u64, &i64), &f64)| match state
            .table
            .find(series_ref, &mut memo)
        {
            NONE => UNKNOWN_SERIES,
            _ if t_ms < min_valid_ms => OUT_OF_BOUNDS,
            slot => State::verdict(&state.series[slot], t_ms, value.to_bits()),
        };
        Ok(refs.iter().zip(timestamps_ms).zip(values).map(check_one).collect())
    }

    /// One commit: append in the order given, creating series as needed.
    pub fn append(&self, refs: &[u64], timestamps_ms: &[i64], values: &[f64]) -> Outcome<Vec<u8>> {
        want_samples(refs, timestamps_ms, values)?;
        let mut state = self.state.write();
        Ok(state.append(refs, timestamps_ms, values, |active| self.snapshots.lock().begin_commit(active)))
    }

    pub fn full(&self, bytes_max: usize) -> FullChunks {
        self.state.read().full(bytes_max)
    }

    /// Bytes of the heap that completed chunks take.
    pub fn full_bytes(&self) -> usize {
        self.state.read().queue.size_bytes()
    }

    /// Completed chunks lie at `locations` now.
    pub fn map_chunks(&self, refs: &[u64], min_ms: &[i64], max_ms: &[i64], locations: &[u64]) -> Outcome<()> {
        want_length("min_ms", min_ms.len(), refs.len())?;
        want_length("max_ms", max_ms.len(), refs.len())?;
        want_length("locations", locations.len(), refs.len())?;
        let mut state = self.state.write();
        for (chunk, &series_ref) in refs.iter().enumerate() {
            state.map_chunk(series_ref, min_ms[chunk], max_ms[chunk], locations[chunk])?;
        }
        Ok(())
    }

    pub fn snapshot(&self) -> u64 {
        self.snapshots.lock().take()
    }

    pub fn release(&self, snapshot: u64) -> Outcome<()> {
        self.snapshots.lock().release(snapshot)
    }

    /// Samples in [min_ms, max_ms] of each series, one after the other, and their offsets.
    pub fn read(
        &self,
        refs: &[u64],
        min_ms: i64,
        max_ms: i64,
        snapshot: u64,
        files: &[Option<&[u8]>],
    ) -> Outcome<(FlatSamples, Vec<i64>)> {
        let state = self.state.read();
        Reader::new(&state, files, snapshot).read(refs, min_ms, max_ms)
    }

    pub fn count(&self, refs: &[u64], min_ms: i64, max_ms: i64) -> Vec<i64> {
        let state = self.state.read();
        Reader::new(&state, &[], u64::MAX).count(refs, min_ms, max_ms)
    }

    /// The newest sample in (at_ms - lookback_ms, at_ms] of each series.
    pub fn latest(
        &self,
        refs: &[u64],
        at_ms: i64,
        lookback_ms: i64,
        snapshot: u64,
        files: &[Option<&[u8]>],
    ) -> Outcome<Latest> {
        let state = self.state.read();
        Reader::new(&state, files, snapshot).latest(refs, at_ms, lookback_ms)
    }

    /// Time of each series' newest sample; `i64::MIN` where it has none.
    pub fn newest(&self, refs: &[u64]) -> Vec<i64> {
        let state = self.state.read();
        let mut memo = Memo::default();
        let newest_one = |&series_ref: &u64| match state.table.find(series_ref, &mut memo) {
            NONE => i64::MIN,
            slot => state.series[slot].newest_ms,
        };
        refs.iter().map(newest_one).collect()
    }

    /// Oldest and newest sample time.
    pub fn bounds(&self) -> (i64, i64) {
        self.state.read().bounds
    }

    pub fn chunks(&self) -> usize {
        self.state.read().chunks
    }

    /// Forget every series not in `refs`, and every completed chunk that ends before `min_ms`.
    pub fn retain(&self, refs: &[u64], min_ms: i64) -> Outcome<()> {
        self.state.write().retain(refs, min_ms)
    }

    pub fn lowest_file(&self) -> u32 {
        self.state.read().lowest_file().unwrap_or(NO_FILE)
    }

    pub fn size_bytes(&self) -> usize {
        self.state.read().size_bytes()
    }
}

fn want_samples(refs: &[u64], timestamps_ms: &[i64], values: &[f64]) -> Outcome<()> {
    want_length("timestamps_ms", timestamps_ms.len(), refs.len())?;
    want_length("values", values.len(), refs.len())
}
