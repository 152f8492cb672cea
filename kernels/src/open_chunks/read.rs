//! Reading the head's samples: from chunk files, from the heap, from open chunks, in time order.

use super::completed::{Completed, HEAP};
use super::pool::NONE;
use super::slots::Memo;
use super::state::State;
use crate::error::Outcome;
use crate::head_chunks::chunk_at;
use crate::xor::{FlatSamples, XorDecoder, count_of};

/// The bits of a staleness marker.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A reader's view of the head: its snapshot, the chunk files, and the buffers it decodes through.
pub struct Reader<'a> {
    state: &'a State,
    files: &'a [Option<&'a [u8]>],
    snapshot: u64,
    decoder: XorDecoder,
    /// An open chunk as it would be stored.
    open: Vec<u8>,
    /// The completed chunks of one series.
    chunks: Vec<u32>,
}

/// The newest sample of each series at one instant.
#[derive(Default)]
pub struct Latest {
    pub timestamps_ms: Vec<i64>,
    pub values: Vec<f64>,
    pub present: Vec<bool>,
}

impl<'a> Reader<'a> {
    pub fn new(state: &'a State, files: &'a [Option<&'a [u8]>], snapshot: u64) -> Self {
        let decoder = XorDecoder::default();
        Self { state, files, snapshot, decoder, open: Vec::new(), chunks: Vec::new() }
    }

    /// Samples in [min_ms, max_ms] of each series, one after the other, and their offsets.
    pub fn read(&mut self, refs: &[u64], min_ms: i64, max_ms: i64) -> Outcome<(FlatSamples, Vec<i64>)> {
        let samples = self.count(refs, min_ms, max_ms).iter().sum::<i64>() as usize;
        let mut out =
            FlatSamples { timestamps_ms: Vec::with_capacity(samples), values: Vec::with_capacity(samples) };
        let mut offsets = Vec::with_capacity(refs.len() + 1);
        offsets.push(0);
        let mut memo = Memo::default();
        for &series_ref in refs {
            let slot = self.state.table.find(series_ref, &mut memo);
            if slot != NONE
                && let Some(visible_ms) = self.visible_ms(slot)
            {
                self.read_series(slot, series_ref, min_ms, max_ms.min(visible_ms), &mut out)?;
            }
            offsets.push(out.values.len() as i64);
        }
        Ok((out, offsets))
    }

    /// The newest time of a series that the snapshot shows; `None` if it shows none.
    fn visible_ms(&self, slot: u32) -> Option<i64> {
        let series = &self.state.series[slot];
        if series.commit <= self.snapshot {
            return Some(series.newest_ms);
        }
        let hidden_ms = self.state.notes.first_after(slot, self.snapshot).unwrap_or(series.newest_ms);
        hidden_ms.checked_sub(1)
    }

    fn read_series(
        &mut self,
        slot: u32,
        series_ref: u64,
        min_ms: i64,
        max_ms: i64,
        out: &mut FlatSamples,
    ) -> Outcome<()> {
        let state = self.state;
        self.chunks.clear();
        for chunk in state.completed_of(slot) {
            if state.completed[chunk].max_ms() < min_ms {
                break; // The list runs from new to old.
            }
            if state.completed[chunk].min_ms <= max_ms {
                self.chunks.push(chunk);
            }
        }
        while let Some(chunk) = self.chunks.pop() {
            self.decode_completed(state.completed[chunk], series_ref, min_ms, max_ms, out)?;
        }
        let series = &state.series[slot];
        if series.count > 0 && series.first_ms() <= max_ms && series.newest_ms >= min_ms {
            self.decode_open(slot, min_ms, max_ms, out)?;
        }
        Ok(())
    }

    fn bytes_of(&self, chunk: Completed, series_ref: u64) -> Outcome<&'a [u8]> {
        if chunk.file == HEAP {
            return Ok(self.state.queue.bytes(chunk.offset));
        }
        let file = self.files.get(chunk.file as usize).copied().flatten();
        chunk_at(file, chunk.file, chunk.offset, series_ref)
    }

    fn decode_completed(
        &mut self,
        chunk: Completed,
        series_ref: u64,
        min_ms: i64,
        max_ms: i64,
        out: &mut FlatSamples,
    ) -> Outcome<()> {
        let bytes = self.bytes_of(chunk, series_ref)?;
        let before = out.values.len();
        self.decoder.decode(bytes, out)?;
        out.keep_within(before, min_ms, max_ms);
        Ok(())
    }

    fn decode_open(&mut self, slot: u32, min_ms: i64, max_ms: i64, out: &mut FlatSamples) -> Outcome<()> {
        self.open.clear();
        self.state.series[slot].push_chunk(&mut self.open, &self.state.blocks);
        let before = out.values.len();
        self.decoder.decode(&self.open, out)?;
        out.keep_within(before, min_ms, max_ms);
        Ok(())
    }

    /// An upper bound on the samples that `read` gives of each series.
    pub fn count(&self, refs: &[u64], min_ms: i64, max_ms: i64) -> Vec<i64> {
        let mut memo = Memo::default();
        let count_one = |&series_ref: &u64| match self.state.table.find(series_ref, &mut memo) {
            NONE => 0,
            slot => self.count_series(slot, min_ms, max_ms) as i64,
        };
        refs.iter().map(count_one).collect()
    }

    fn count_series(&self, slot: u32, min_ms: i64, max_ms: i64) -> usize {
        let state = self.state;
        let series = &state.series[slot];
        let has_open = series.count > 0 && series.first_ms() <= max_ms && series.newest_ms >= min_ms;
        let mut samples = if has_open { usize::from(series.count) } else { 0 };
        for chunk in state.completed_of(slot) {
            let chunk = state.completed[chunk];
            if chunk.max_ms() < min_ms {
                break;
            }
            if chunk.min_ms <= max_ms {
                let is_on_heap = chunk.file == HEAP;
                let most = || state.rules.samples_max();
                samples += if is_on_heap { count_of(state.queue.bytes(chunk.offset)) } else { most() };
            }
        }
        samples
    }

    /// The newest sample in (at_ms - lookback_ms, at_ms] of each series; a stale one is absent.
    pub fn latest(&mut self, refs: &[u64], at_ms: i64, lookback_ms: i64) -> Outcome<Latest> {
        let mut latest = Latest::default();
        let after_ms = at_ms.saturating_sub(lookback_ms);
        let mut memo = Memo::default();
        let mut buffer = FlatSamples::default();
        for &series_ref in refs {
            let slot = self.state.table.find(series_ref, &mut memo);
            let found = match slot {
                NONE => None,
                _ => self.newest_at(slot, series_ref, after_ms, at_ms, &mut buffer)?,
            };
            let found = found.filter(|&(t_ms, _)| t_ms > after_ms);
            let fresh = found.filter(|&(_, value)| value.to_bits() != STALE);
            latest.timestamps_ms.push(found.map_or(i64::MIN, |(t_ms, _)| t_ms));
            latest.values.push(fresh.map_or(0.0, |(_, value)| value));
            latest.present.push(fresh.is_some());
        }
        Ok(latest)
    }

    /// The newest sample at or before `at_ms`, decoding only the chunk it lies in; perhaps `None` if it lies at or
    /// before `after_ms`.
    fn newest_at(
        &mut self,
        slot: u32,
        series_ref: u64,
        after_ms: i64,
        at_ms: i64,
        buffer: &mut FlatSamples,
    ) -> Outcome<Option<(i64, f64)>> {
        let state = self.state;
        let series = &state.series[slot];
        let Some(visible_ms) = self.visible_ms(slot) else { return Ok(None) };
        let at_ms = at_ms.min(visible_ms);
        if at_ms <= after_ms {
            return Ok(None);
        }
        if series.count > 0 && at_ms >= series.newest_ms {
            return Ok(Some((series.newest_ms, f64::from_bits(series.value))));
        }
        buffer.timestamps_ms.clear();
        buffer.values.clear();
        if series.count > 0 && at_ms >= series.first_ms() {
            self.decode_open(slot, i64::MIN, at_ms, buffer)?;
        } else if let Some(chunk) =
            state.completed_of(slot).find(|&chunk| state.completed[chunk].min_ms <= at_ms)
        {
            if state.completed[chunk].max_ms() <= after_ms {
                return Ok(None);
            }
            self.decode_completed(state.completed[chunk], series_ref, i64::MIN, at_ms, buffer)?;
        }
        Ok(buffer.timestamps_ms.last().copied().zip(buffer.values.last().copied()))
    }
}
