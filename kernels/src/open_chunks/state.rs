//! Everything `OpenChunks` guards with its lock, and what changes it.

use std::hint::black_box;

use super::completed::{Completed, FullChunks, HEAP, HeapQueue};
use super::pool::{Linked, NONE, Pool, Segments};
use super::series::{Block, CutRules, Series};
use super::slots::{Memo, SlotTable};
use super::snapshots::Notes;
use crate::error::{KernelError, Outcome};

/// What is said of a sample.
pub const ACCEPTED: u8 = 0;
pub const OUT_OF_ORDER: u8 = 1;
pub const DUPLICATE: u8 = 2;
pub const OUT_OF_BOUNDS: u8 = 3;
pub const UNCHANGED: u8 = 5;
/// Of `check` only: the series has no sample here.
pub const UNKNOWN_SERIES: u8 = 6;

/// The head's samples.
pub struct State {
    pub rules: CutRules,
    pub table: SlotTable,
    pub series: Segments<Series>,
    pub blocks: Pool<Block>,
    pub completed: Pool<Completed>,
    pub queue: HeapQueue,
    pub notes: Notes,
    /// Oldest and newest sample time.
    pub bounds: (i64, i64),
    /// Open, full and mapped chunks.
    pub chunks: usize,
    /// The snapshots active when the running commit began.
    active: Vec<u64>,
    /// A completed chunk on its way to the queue.
    scratch: Vec<u8>,
}

/// Samples whose series are fetched together.
const BURST: usize = 16;

/// The bounds of no samples.
const NO_BOUNDS: (i64, i64) = (i64::MAX, i64::MIN);

impl State {
    pub fn new(rules: CutRules) -> Self {
        Self {
            rules,
            table: SlotTable::default(),
            series: Segments::default(),
            blocks: Pool::default(),
            completed: Pool::default(),
            queue: HeapQueue::default(),
            notes: Notes::default(),
            bounds: NO_BOUNDS,
            chunks: 0,
            active: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// What `append` would say of one sample.
    #[inline(always)]
    pub fn verdict(series: &Series, t_ms: i64, value: u64) -> u8 {
        if t_ms > series.newest_ms || series.is_empty() {
            ACCEPTED
        } else if t_ms < series.newest_ms {
            OUT_OF_ORDER
        } else if series.value == value || series.count == 0 {
            UNCHANGED // Without an open chunk the newest value lies in a file: the sample that was logged with it.
        } else {
            DUPLICATE
        }
    }

    /// One commit. `begin` numbers it and lists the active snapshots.
    pub fn append(
        &mut self,
        refs: &[u64],
        timestamps_ms: &[i64],
        values: &[f64],
        begin: impl FnOnce(&mut Vec<u64>) -> u64,
    ) -> Vec<u8> {
        let commit = begin(&mut self.active);
        self.notes.clean(&self.active);
        let oldest_active = self.active.first().copied().unwrap_or(u64::MAX);
        let mut memo = Memo::default();
        let mut newest_ms = self.bounds.1;
        let mut slots = [0; BURST];
        let mut verdicts = Vec::with_capacity(refs.len());
        let bursts = refs.chunks(BURST).zip(timestamps_ms.chunks(BURST)).zip(values.chunks(BURST));
        for ((refs, timestamps_ms), values) in bursts {
            let slots = &mut slots[..refs.len()];
            for (slot, &series_ref) in slots.iter_mut().zip(refs) {
                *slot = self.slot_of(series_ref, &mut memo);
            }
            self.fetch(slots);
            for (((&slot, &series_ref), &t_ms), value) in
                slots.iter().zip(refs).zip(timestamps_ms).zip(values)
            {
                let value = value.to_bits();
                let series = &mut self.series[slot];
                let verdict = Self::verdict(series, t_ms, value);
                verdicts.push(verdict);
                if verdict != ACCEPTED {
                    continue;
                }
                if oldest_active < series.commit {
                    self.notes.add(slot, series.commit, series.newest_ms, &self.active);
                }
                series.commit = commit;
                newest_ms = newest_ms.max(t_ms);
                if series.count > 0 && !series.is_full_for(t_ms, self.rules) {
                    series.append(t_ms, value, &mut self.blocks);
                } else {
                    self.start_chunk(slot, series_ref, t_ms, value);
                }
            }
        }
        self.bounds.1 = newest_ms;
        verdicts
    }

    /// Have the processor bring these series and the blocks they grow into near. Asked for together they arrive in the
    /// time of a few; each by itself would keep the encoder waiting.
    #[inline(always)]
    fn fetch(&self, slots: &[u32]) {
        let next_of_last = |&slot: &u32| match self.series[slot].last_block() {
            NONE => NONE,
            block => self.blocks[block].link(),
        };
        black_box(slots.iter().map(next_of_last).fold(0, |all, next| all ^ next));
    }

    /// The slot of a series, a new one where it has none.
    #[inline(always)]
    fn slot_of(&mut self, series_ref: u64, memo: &mut Memo) -> u32 {
        match self.table.find(series_ref, memo) {
            NONE => self.add_series(series_ref),
            slot => slot,
        }
    }

    #[inline(never)]
    fn add_series(&mut self, series_ref: u64) -> u32 {
        let slot = self.series.push(Series::default());
        self.table.set(series_ref, slot);
        slot
    }

    #[inline(never)]
    fn start_chunk(&mut self, slot: u32, series_ref: u64, t_ms: i64, value: u64) {
        if self.series[slot].count > 0 {
            self.complete(slot, series_ref);
        }
        self.series[slot].start(t_ms, value, self.rules);
        self.chunks += 1;
        self.bounds.0 = self.bounds.0.min(t_ms);
    }

    /// The open chunk takes no more samples: its bytes move to the queue.
    fn complete(&mut self, slot: u32, series_ref: u64) {
        let series = &mut self.series[slot];
        let (min_ms, max_ms) = (series.first_ms(), series.newest_ms);
        self.scratch.clear();
        series.push_chunk(&mut self.scratch, &self.blocks);
        series.clear(&mut self.blocks);
        let offset = self.queue.push(series_ref, min_ms, max_ms, &self.scratch);
        let span_ms = max_ms.wrapping_sub(min_ms) as u32;
        let previous = series.completed;
        series.completed = self.completed.take(Completed { min_ms, span_ms, file: HEAP, offset, previous });
    }

    /// A completed chunk of a series lies in a file now.
    pub fn map_chunk(&mut self, series_ref: u64, min_ms: i64, max_ms: i64, location: u64) -> Outcome<()> {
        let (file, offset) = ((location >> 32) as u32, location as u32);
        let wrong = |problem: &str| {
            let chunk =
                format!("chunk of series {series_ref} from {min_ms} to {max_ms} at {file:06}:{offset}");
            Err(KernelError::misuse(format!("{chunk}: {problem}")))
        };
        let Some(span_ms) = max_ms.checked_sub(min_ms).and_then(|span| u32::try_from(span).ok()) else {
            return wrong("want a span of 0 to 2^32 - 1 ms");
        };
        if file == HEAP {
            return wrong("want a file number below 2^32 - 1");
        }
        let slot = self.slot_of(series_ref, &mut Memo::default());
        let known = self.completed_of(slot).find(|&chunk| self.completed[chunk].min_ms <= min_ms);
        if let Some(known) = known.filter(|&chunk| self.completed[chunk].min_ms == min_ms) {
            let chunk = &mut self.completed[known];
            if chunk.file == HEAP {
                self.queue.remove(chunk.offset);
            }
            (chunk.file, chunk.offset) = (file, offset);
            return Ok(());
        }
        let series = &mut self.series[slot];
        if !series.is_empty() && min_ms <= series.newest_ms {
            return wrong(&format!("want one after the newest sample, at {}", series.newest_ms));
        }
        let previous = series.completed;
        series.completed = self.completed.take(Completed { min_ms, span_ms, file, offset, previous });
        series.newest_ms = max_ms;
        self.chunks += 1;
        self.bounds = (self.bounds.0.min(min_ms), self.bounds.1.max(max_ms));
        Ok(())
    }

    /// The completed chunks of a series, newest first.
    pub fn completed_of(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |chunk: u32| (chunk != NONE).then_some(chunk);
        std::iter::successors(some(self.series[slot].completed), move |&chunk| {
            some(self.completed[chunk].previous)
        })
    }

    pub fn full(&self, bytes_max: usize) -> FullChunks {
        self.queue.front(bytes_max)
    }

    /// Keep the series of `refs`, which rise, and of their completed chunks those that reach `min_ms`. What stays keeps
    /// its order and moves together.
    pub fn retain(&mut self, refs: &[u64], min_ms: i64) -> Outcome<()> {
        if let Some(pair) = refs.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(KernelError::misuse(format!(
                "refs: want them to rise, got {} then {}",
                pair[0], pair[1]
            )));
        }
        let mut ref_of = vec![None; self.series.len()];
        let mut memo = Memo::default();
        for &series_ref in refs {
            let slot = self.table.find(series_ref, &mut memo);
            if slot != NONE {
                ref_of[slot as usize] = Some(series_ref);
            }
        }
        self.table = SlotTable::default();
        self.bounds = NO_BOUNDS;
        let mut moved_to = vec![None; ref_of.len()];
        let mut kept = 0;
        for slot in 0..ref_of.len() as u32 {
            let from_ms = if ref_of[slot as usize].is_some() { min_ms } else { i64::MAX };
            self.drop_completed(slot, from_ms, ref_of[slot as usize].is_none());
            match ref_of[slot as usize] {
                None => self.drop_open(slot),
                Some(series_ref) => {
                    self.series[kept] = self.series[slot];
                    self.table.set(series_ref, kept);
                    self.widen_bounds(kept);
                    moved_to[slot as usize] = Some(kept);
                    kept += 1;
                }
            }
        }
        self.series.truncate(kept as usize);
        self.notes.renumber(|slot| moved_to[slot as usize]);
        Ok(())
    }

    /// Drop the completed chunks of a series that end before `min_ms`, or all of them.
    fn drop_completed(&mut self, slot: u32, min_ms: i64, all: bool) {
        let is_dropped = |chunk: &u32| all || self.completed[*chunk].max_ms() < min_ms;
        let dropped: Vec<u32> = self.completed_of(slot).filter(is_dropped).collect();
        let (Some(&newest), Some(&oldest)) = (dropped.first(), dropped.last()) else { return };
        // The list runs from new to old, so what is dropped is its end.
        let last_kept = self.completed_of(slot).take_while(|&chunk| chunk != newest).last();
        match last_kept {
            None => self.series[slot].completed = NONE,
            Some(chunk) => self.completed[chunk].previous = NONE,
        }
        for &chunk in &dropped {
            if self.completed[chunk].file == HEAP {
                self.queue.remove(self.completed[chunk].offset);
            }
        }
        self.completed.give_back(newest, oldest);
        self.chunks -= dropped.len();
        if self.series[slot].is_empty() {
            self.series[slot] = Series::default();
        }
    }

    fn drop_open(&mut self, slot: u32) {
        let series = &mut self.series[slot];
        self.chunks -= usize::from(series.count > 0);
        series.clear(&mut self.blocks);
    }

    fn widen_bounds(&mut self, slot: u32) {
        let series = &self.series[slot];
        let oldest = self.completed_of(slot).last().map(|chunk| self.completed[chunk].min_ms);
        let open = (series.count > 0).then(|| series.first_ms());
        if let Some(oldest_ms) = oldest.or(open) {
            self.bounds = (self.bounds.0.min(oldest_ms), self.bounds.1.max(series.newest_ms));
        }
    }

    /// The smallest file number in use.
    pub fn lowest_file(&self) -> Option<u32> {
        let chunks = (0..self.series.len() as u32).flat_map(|slot| self.completed_of(slot));
        chunks.map(|chunk| self.completed[chunk].file).filter(|&file| file != HEAP).min()
    }

    pub fn size_bytes(&self) -> usize {
        self.table.size_bytes()
            + self.series.size_bytes()
            + self.blocks.size_bytes()
            + self.completed.size_bytes()
            + self.queue.size_bytes()
            + self.notes.size_bytes()
    }
}
