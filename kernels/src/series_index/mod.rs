//! The series that exist: label sets to refs, and postings.
//!
//! ```text
//!   slot        0    1    2    3             position among the living, in order of their refs
//!   refs      [ 1,   2,   5,   9 ]
//!   shape_of  [ 0,   0,   1,   0 ]           which labels
//!   starts    [ 0,   3,   6,  10, 13 ]       series s owns values[starts[s]..starts[s + 1]]
//!   values    [ up h:1 api | ... ]           one symbol a label, in the shape's order
//!   rows      set of slots, hashed by what stands in their row; the hash itself is not kept
//!   postings  pair ─▶ rising slots
//! ```
//!
//! All but the ref is 32 bits wide: slots instead of refs in postings are half their weight, and rows need no header each.
//! The price is `retain`, which moves every column once; it runs when the head is truncated, not when a series is born.
//!
//! Invariants: refs rise with slots; values of a row are never 0; `rows`, `postings` and the columns speak of the same
//! series. Refs read from a log may come in any order: `restore` appends them as they come and marks the index
//! *disordered*, and whoever takes the lock next brings slots and refs into one order again.
//!
//! The lock is taken before the symbol table's, never after it.

mod retain;
mod select;
mod statistics;

use std::ops::Range;
use std::sync::Arc;

use hashbrown::hash_table::Entry;
use hashbrown::{HashSet, HashTable};
use parking_lot::{RwLock, RwLockReadGuard};

use crate::error::{KernelError, Outcome, want_length};
use crate::frame::{LabelFrame, Shape, ShapeTable, row_hash, want_same_table};
use crate::postings::Postings;
use crate::symbols::Symbols;

pub use statistics::TopList;

/// No series has this ref.
pub const NO_REF: u64 = 0;

/// Slots share their word with a mark in postings, and starts are 32 bits wide.
const SLOTS_MAX: usize = 1 << 31;
const VALUES_MAX: usize = u32::MAX as usize;

const UNKNOWN_SHAPE: u32 = u32::MAX;

/// Rows looked up together. A look-up in a large table waits for memory; many of them in a tight loop wait together,
/// where one after the other, each with its comparison of rows, would wait by itself.
const BLOCK: usize = 64;

/// A row on its way into the table.
struct Probe {
    hash: u64,
    shape: u32,
    /// A slot whose hash looks like the row's; not compared yet.
    likely: Option<u32>,
}

fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(BLOCK).map(move |start| start..rows.min(start + BLOCK))
}

/// Every living series of a store.
pub struct SeriesIndex {
    pub symbols: Arc<Symbols>,
    state: RwLock<State>,
}

/// What the index knows of a shape.
struct ShapeUse {
    /// What rows of this shape begin their hash with. It depends on the names alone, so shapes may be renumbered.
    seed: u32,
    /// The postings' numbers of its labels.
    labels: Vec<u32>,
}

impl ShapeUse {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.labels.len() * 4
    }
}

#[derive(Default)]
struct State {
    refs: Vec<u64>,
    shape_of: Vec<u32>,
    starts: Vec<u32>,
    values: Vec<u32>,
    rows: HashTable<u32>,
    shapes: ShapeTable,
    uses: Vec<ShapeUse>,
    postings: Postings,
    /// Refs of slots from the first one on that is out of order; empty when refs rise throughout.
    disordered: HashSet<u64>,
}

impl SeriesIndex {
    pub fn new(symbols: Arc<Symbols>) -> Self {
        let state = State { starts: vec![0], ..State::default() };
        Self { symbols, state: RwLock::new(state) }
    }

    pub fn len(&self) -> usize {
        self.state.read().refs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ref of each row and whether it is new; new rows take `next_ref` and those after it.
    pub fn add(&self, labels: &LabelFrame, next_ref: u64) -> Outcome<(Vec<u64>, Vec<bool>)> {
        want_same_table(&self.symbols, &labels.symbols)?;
        let mut state = self.state.write();
        state.settle();
        let last = state.refs.last().copied().unwrap_or(NO_REF);
        if next_ref <= last {
            return Err(KernelError::Misuse(format!(
                "next_ref: want more than the newest, {last}, got {next_ref}"
            )));
        }
        let numbers = state.adopt_shapes(labels);
        state.want_room(labels)?;
        let mut refs = Vec::with_capacity(labels.len());
        let mut new = Vec::with_capacity(labels.len());
        let mut next = next_ref;
        let mut probes = Vec::with_capacity(BLOCK);
        for block in blocks(labels.len()) {
            state.probe(labels, &numbers, block.clone(), &mut probes);
            for (row, probe) in block.zip(&probes) {
                let (slot, is_new) = state.insert(probe, labels.row(row), next);
                next += u64::from(is_new);
                refs.push(state.refs[slot as usize]);
                new.push(is_new);
            }
        }
        Ok((refs, new))
    }

    /// Series under refs read from a log; the ref each label set has now, which is the first it was given.
    pub fn restore(&self, refs: &[u64], labels: &LabelFrame) -> Outcome<Vec<u64>> {
        want_same_table(&self.symbols, &labels.symbols)?;
        want_length("refs", refs.len(), labels.len())?;
        let mut state = self.state.write();
        let numbers = state.adopt_shapes(labels);
        state.want_room(labels)?;
        let mut kept = Vec::with_capacity(refs.len());
        for (row, &series_ref) in refs.iter().enumerate() {
            if series_ref == NO_REF {
                return Err(KernelError::Misuse(format!("refs: row {row} has ref 0, which is no series")));
            }
            let shape = numbers[labels.shape_of[row] as usize];
            let probe = state.probe_one(shape, labels.row(row));
            let slot = match state.find(&probe, labels.row(row)) {
                Some(known) => known,
                None => {
                    state.want_free(series_ref)?;
                    state.insert(&probe, labels.row(row), series_ref).0
                }
            };
            kept.push(state.refs[slot as usize]);
        }
        Ok(kept)
    }

    /// The ref of each row, 0 where unknown.
    pub fn find(&self, labels: &LabelFrame) -> Outcome<Vec<u64>> {
        want_same_table(&self.symbols, &labels.symbols)?;
        let state = self.read();
        // A shape that no series has gets a number that no series has.
        let number = |shape: &Shape| state.shapes.find(shape).unwrap_or(UNKNOWN_SHAPE);
        let numbers: Vec<u32> = labels.shapes.iter().map(number).collect();
        let mut refs = Vec::with_capacity(labels.len());
        let mut probes = Vec::with_capacity(BLOCK);
        for block in blocks(labels.len()) {
            state.probe(labels, &numbers, block.clone(), &mut probes);
            refs.extend(block.zip(&probes).map(|(row, probe)| {
                state.find(probe, labels.row(row)).map_or(NO_REF, |slot| state.refs[slot as usize])
            }));
        }
        Ok(refs)
    }

    /// The labels of each ref.
    pub fn labels(&self, refs: &[u64]) -> Outcome<LabelFrame> {
        let state = self.read();
        let mut numbers = vec![u32::MAX; state.shapes.shapes.len()];
        let mut frame = LabelFrame {
            symbols: self.symbols.clone(),
            shapes: Vec::new(),
            shape_of: Vec::with_capacity(refs.len()),
            starts: Vec::with_capacity(refs.len() + 1),
            values: Vec::with_capacity(refs.len() * state.values.len() / state.refs.len().max(1)),
        };
        frame.starts.push(0);
        let mut slot = 0;
        for &series_ref in refs {
            slot = state.slot_of(series_ref, slot).ok_or_else(|| {
                KernelError::Misuse(format!("ref {series_ref}: no such series in the index"))
            })?;
            let shape = state.shape_of[slot as usize] as usize;
            if numbers[shape] == u32::MAX {
                numbers[shape] = frame.shapes.len() as u32;
                frame.shapes.push(state.shapes.shapes[shape].clone());
            }
            frame.shape_of.push(numbers[shape]);
            frame.values.extend_from_slice(state.row(slot));
            frame.starts.push(frame.values.len() as u32);
        }
        Ok(frame)
    }

    /// Distinct pairs of name and value.
    pub fn pairs(&self) -> usize {
        self.read().postings.pairs()
    }

    pub fn size_bytes(&self) -> usize {
        let state = self.read();
        let columns = state.refs.capacity() * 8
            + (state.shape_of.capacity() + state.starts.capacity() + state.values.capacity()) * 4;
        let shapes = state.shapes.size_bytes() + state.uses.iter().map(ShapeUse::size_bytes).sum::<usize>();
        columns + shapes + state.rows.allocation_size() + state.postings.size_bytes()
    }

    /// The state with slots and refs in one order.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        loop {
            let state = self.state.read();
            if state.disordered.is_empty() {
                return state;
            }
            drop(state);
            self.state.write().settle();
        }
    }
}

impl State {
    fn row(&self, slot: u32) -> &[u32] {
        let slot = slot as usize;
        &self.values[self.starts[slot] as usize..self.starts[slot + 1] as usize]
    }

    fn hash(&self, shape: u32, row: &[u32]) -> u64 {
        let seed = self.uses.get(shape as usize).map_or(0, |shape_use| shape_use.seed);
        row_hash(seed, row.iter().copied())
    }

    fn slot_hash(&self, slot: u32) -> u64 {
        self.hash(self.shape_of[slot as usize], self.row(slot))
    }

    fn is_row(&self, slot: u32, shape: u32, row: &[u32]) -> bool {
        self.shape_of[slot as usize] == shape && self.row(slot) == row
    }

    /// Look a block of rows up, without looking at what is found.
    fn probe(&self, labels: &LabelFrame, numbers: &[u32], rows: Range<usize>, probes: &mut Vec<Probe>) {
        probes.clear();
        probes.extend(rows.map(|row| {
            let shape = numbers[labels.shape_of[row] as usize];
            Probe { hash: self.hash(shape, labels.row(row)), shape, likely: None }
        }));
        for probe in probes {
            probe.likely = self.rows.find(probe.hash, |_| true).copied();
        }
    }

    fn probe_one(&self, shape: u32, row: &[u32]) -> Probe {
        Probe { hash: self.hash(shape, row), shape, likely: None }
    }

    fn find(&self, probe: &Probe, row: &[u32]) -> Option<u32> {
        let likely = probe.likely.filter(|&slot| self.is_row(slot, probe.shape, row));
        likely.or_else(|| self.rows.find(probe.hash, |&slot| self.is_row(slot, probe.shape, row)).copied())
    }

    /// The slot of a row, given `new_ref` and appended if there is none; and whether there was none.
    fn insert(&mut self, probe: &Probe, row: &[u32], new_ref: u64) -> (u32, bool) {
        let &Probe { hash, shape, likely } = probe;
        if let Some(known) = likely.filter(|&slot| self.is_row(slot, shape, row)) {
            return (known, false);
        }
        self.make_room();
        // Taken out for the moment, so that the table may look at the columns.
        let mut rows = std::mem::take(&mut self.rows);
        let entry = rows.entry(hash, |&slot| self.is_row(slot, shape, row), |&slot| self.slot_hash(slot));
        let found = match entry {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(free) => {
                let slot = self.refs.len() as u32;
                free.insert(slot);
                self.append(shape, row, new_ref, slot);
                (slot, true)
            }
        };
        self.rows = rows;
        found
    }

    /// Make the table of rows twice as large if it is full.
    ///
    /// It is built anew from the columns: they are read from front to back, where a table that moves its own entries
    /// would jump about in them, and the old table is gone before the new one is there.
    fn make_room(&mut self) {
        let count = self.rows.len();
        if count < self.rows.capacity() {
            return;
        }
        self.rows = HashTable::new();
        let mut rows = HashTable::with_capacity((2 * count).max(16));
        for slot in 0..count as u32 {
            rows.insert_unique(self.slot_hash(slot), slot, |&slot| self.slot_hash(slot));
        }
        self.rows = rows;
    }

    fn append(&mut self, shape: u32, row: &[u32], new_ref: u64, slot: u32) {
        grow(&mut self.refs, &[new_ref]);
        grow(&mut self.shape_of, &[shape]);
        grow(&mut self.values, row);
        grow(&mut self.starts, &[self.values.len() as u32]);
        for (&label, &value) in self.uses[shape as usize].labels.iter().zip(row) {
            self.postings.append(label, value, slot);
        }
    }

    /// Corruption if a ref from a log is another label set's already; notes it if it comes out of order.
    fn want_free(&mut self, series_ref: u64) -> Outcome<()> {
        let ordered = self.refs.len() - self.disordered.len();
        let (in_order, _) = self.refs.split_at(ordered);
        if in_order.binary_search(&series_ref).is_ok() || self.disordered.contains(&series_ref) {
            return Err(KernelError::Corruption(format!(
                "series ref {series_ref}: want one label set, got two"
            )));
        }
        if !self.disordered.is_empty() || in_order.last().is_some_and(|&last| series_ref < last) {
            self.disordered.insert(series_ref);
        }
        Ok(())
    }

    /// Our numbers of a frame's shapes.
    fn adopt_shapes(&mut self, labels: &LabelFrame) -> Vec<u32> {
        labels.shapes.iter().map(|shape| self.adopt_shape(shape)).collect()
    }

    fn adopt_shape(&mut self, names: &[u32]) -> u32 {
        let number = self.shapes.number(names);
        if number as usize == self.uses.len() {
            let labels = names.iter().map(|&name| self.postings.label_number(name)).collect();
            let seed = row_hash(0, names.iter().copied()) as u32;
            self.uses.push(ShapeUse { seed, labels });
        }
        number
    }

    /// Misuse if the index would outgrow its numbers.
    fn want_room(&self, labels: &LabelFrame) -> Outcome<()> {
        let (rows, values) = (labels.len(), labels.values.len());
        if self.refs.len() + rows < SLOTS_MAX && self.values.len() + values <= VALUES_MAX {
            return Ok(());
        }
        Err(KernelError::Misuse(format!(
            "series index: want at most {SLOTS_MAX} series and {VALUES_MAX} labels, got {rows} more series for its {}",
            self.refs.len()
        )))
    }

    /// The slot of a ref; `hint` is a slot near which to look first.
    fn slot_of(&self, series_ref: u64, hint: u32) -> Option<u32> {
        // Within a run of consecutive refs, slots are as far apart as refs.
        let from = *self.refs.get(hint as usize)?;
        let guess = u64::from(hint).wrapping_add(series_ref.wrapping_sub(from));
        if usize::try_from(guess).is_ok_and(|guess| self.refs.get(guess) == Some(&series_ref)) {
            return Some(guess as u32);
        }
        self.refs.binary_search(&series_ref).ok().map(|slot| slot as u32)
    }
}

/// Append to a column that grows by an eighth at a time: there are millions of rows, and what is kept free is paid for.
fn grow<T: Copy>(column: &mut Vec<T>, items: &[T]) {
    if column.capacity() - column.len() < items.len() {
        column.reserve_exact(items.len().max(column.len() / 8).max(16));
    }
    column.extend_from_slice(items);
}
