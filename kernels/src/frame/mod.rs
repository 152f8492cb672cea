//! Label frames: many label sets as columns of symbols.
//!
//! ```text
//!   shapes    0: (__name__, instance, job)    1: (__name__, instance, job, le)
//!   shape_of  [ 0, 1, 1, ... ]                the shape of each row
//!   starts    [ 0, 3, 7, 11, ... ]            row r owns values[starts[r]..starts[r + 1]]
//!   values    [ up h:1 api | lat h:1 api 0.5 | ... ]   one symbol per label, in the shape's order
//! ```
//!
//! Invariants: the names of a shape stand in byte order, no two shapes are equal, no value is symbol 0. So two rows are
//! the same label set exactly when their shapes and their values are equal, and comparing them reads no text.

//!
//! Every operation works out once per shape what happens to a row of that shape, then only moves symbols: `columns.rs`
//! sets and removes labels, `grouping.rs` finds equal rows, `order.rs` sorts them, `hashing.rs` hashes their text.

mod columns;
mod grouping;
mod hashing;
mod order;

use std::sync::Arc;

use hashbrown::HashMap;

use crate::error::{KernelError, Outcome};
use crate::quote::quote;
use crate::symbols::{EMPTY, SymbolTable, Symbols};

pub use columns::Choice;
pub use hashing::row_hash;
pub use order::Ranks;

/// Label names of a row, as symbols, in byte order of their texts.
pub type Shape = Arc<[u32]>;

/// Shapes without duplicates, numbered in order of arrival.
#[derive(Clone, Default)]
pub struct ShapeTable {
    pub shapes: Vec<Shape>,
    known: HashMap<Shape, u32>,
}

impl ShapeTable {
    pub fn find(&self, names: &[u32]) -> Option<u32> {
        self.known.get(names).copied()
    }

    /// The number of the shape with these names.
    pub fn number(&mut self, names: &[u32]) -> u32 {
        if let Some(known) = self.find(names) {
            return known;
        }
        let number = self.shapes.len() as u32;
        let shape: Shape = Arc::from(names);
        self.shapes.push(shape.clone());
        self.known.insert(shape, number);
        number
    }

    pub fn size_bytes(&self) -> usize {
        let names: usize = self.shapes.iter().map(|shape| size_of_val(&**shape)).sum();
        names + self.shapes.capacity() * size_of::<Shape>() + self.known.allocation_size()
    }
}

/// Many label sets over one symbol table; frozen once built.
#[derive(Clone)]
pub struct LabelFrame {
    pub symbols: Arc<Symbols>,
    pub shapes: Vec<Shape>,
    pub shape_of: Vec<u32>,
    pub starts: Vec<u32>,
    pub values: Vec<u32>,
}

impl LabelFrame {
    /// `rows` empty label sets.
    pub fn empty(symbols: Arc<Symbols>, rows: usize) -> Self {
        Self {
            symbols,
            shapes: vec![Arc::from([])],
            shape_of: vec![0; rows],
            starts: vec![0; rows + 1],
            values: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.shape_of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shape_of.is_empty()
    }

    pub fn shape(&self, row: usize) -> &[u32] {
        &self.shapes[self.shape_of[row] as usize]
    }

    pub fn row(&self, row: usize) -> &[u32] {
        &self.values[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// Name and value symbols of a row, in name order.
    pub fn pairs(&self, row: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.shape(row).iter().copied().zip(self.row(row).iter().copied())
    }

    /// A frame of the pairs of each row, in any order; empty values are left out.
    pub fn from_pairs<T: AsRef<str>>(symbols: Arc<Symbols>, rows: &[Vec<(T, T)>]) -> Outcome<Self> {
        let mut builder = FrameBuilder::new(symbols.clone());
        let mut table = symbols.write();
        let mut sorted: Vec<(&str, &str)> = Vec::new();
        for row in rows {
            sorted.clear();
            sorted.extend(row.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
            sorted.sort_unstable();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(KernelError::Misuse(format!("label name {} is not unique", quote(twice[0].0))));
            }
            sorted.retain(|(_, value)| !value.is_empty());
            builder.push(
                sorted
                    .iter()
                    .map(|(name, value)| (table.intern(name.as_bytes()), table.intern(value.as_bytes()))),
            );
        }
        Ok(builder.finish())
    }

    /// The rows of all `frames`, one frame after the other.
    pub fn concat(symbols: Arc<Symbols>, frames: &[&Self]) -> Outcome<Self> {
        let rows = frames.iter().map(|frame| frame.len()).sum();
        let values = frames.iter().map(|frame| frame.values.len()).sum();
        let mut shapes = ShapeTable::default();
        let mut shape_of = Vec::with_capacity(rows);
        let mut starts = Vec::with_capacity(rows + 1);
        let mut all_values = Vec::with_capacity(values);
        starts.push(0);
        for frame in frames {
            want_same_table(&symbols, &frame.symbols)?;
            let numbers: Vec<u32> = frame.shapes.iter().map(|shape| shapes.number(shape)).collect();
            shape_of.extend(frame.shape_of.iter().map(|&shape| numbers[shape as usize]));
            let base = all_values.len() as u32;
            starts.extend(frame.starts[1..].iter().map(|&start| base + start));
            all_values.extend_from_slice(&frame.values);
        }
        Ok(Self { symbols, shapes: shapes.shapes, shape_of, starts, values: all_values })
    }

    /// The rows with these numbers, in this order.
    pub fn take(&self, rows: &[i64]) -> Outcome<Self> {
        let outside = |&&row: &&i64| row < 0 || row >= self.len() as i64;
        if let Some(row) = rows.iter().find(outside) {
            return Err(KernelError::Misuse(format!("row {row}: the frame has {} rows", self.len())));
        }
        let mut shape_of = Vec::with_capacity(rows.len());
        let mut starts = Vec::with_capacity(rows.len() + 1);
        let mut values = Vec::with_capacity(rows.len() * self.values.len() / self.len().max(1));
        starts.push(0);
        for &row in rows {
            shape_of.push(self.shape_of[row as usize]);
            values.extend_from_slice(self.row(row as usize));
            starts.push(values.len() as u32);
        }
        Ok(Self { symbols: self.symbols.clone(), shapes: self.shapes.clone(), shape_of, starts, values })
    }

    /// Label names that some row has, in byte order of their texts.
    pub fn names(&self, table: &SymbolTable) -> Vec<u32> {
        let mut used = vec![false; self.shapes.len()];
        self.shape_of.iter().for_each(|&shape| used[shape as usize] = true);
        let shapes = self.shapes.iter().zip(used).filter(|(_, used)| *used);
        let mut names: Vec<u32> = shapes.flat_map(|(shape, _)| shape.iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        names.sort_unstable_by_key(|&name| table.text(name));
        names
    }

    /// The number of labels of each row.
    pub fn counts(&self) -> Vec<u32> {
        self.starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl PartialEq for LabelFrame {
    /// Equal rows in equal order over the same table; how shapes are numbered does not matter.
    fn eq(&self, other: &Self) -> bool {
        if !Arc::ptr_eq(&self.symbols, &other.symbols)
            || self.starts != other.starts
            || self.values != other.values
        {
            return false;
        }
        let same =
            |(&ours, &theirs): (&u32, &u32)| self.shapes[ours as usize] == other.shapes[theirs as usize];
        self.shape_of.iter().zip(&other.shape_of).all(same)
    }
}

/// Misuse unless two frames share one symbol table, without which their symbols cannot be compared.
pub fn want_same_table(ours: &Arc<Symbols>, theirs: &Arc<Symbols>) -> Outcome<()> {
    if Arc::ptr_eq(ours, theirs) {
        return Ok(());
    }
    Err(KernelError::misuse("want label frames over one symbol table, got two tables"))
}

/// Builds a frame row by row from pairs in name order, sharing equal shapes.
pub struct FrameBuilder {
    frame: LabelFrame,
    shapes: ShapeTable,
    names: Vec<u32>,
}

impl FrameBuilder {
    pub fn new(symbols: Arc<Symbols>) -> Self {
        let frame = LabelFrame {
            symbols,
            shapes: Vec::new(),
            shape_of: Vec::new(),
            starts: vec![0],
            values: Vec::new(),
        };
        Self { frame, shapes: ShapeTable::default(), names: Vec::new() }
    }

    /// Append one row. `pairs` stand in byte order of their names' texts, without duplicates; empty values are left out.
    pub fn push(&mut self, pairs: impl IntoIterator<Item = (u32, u32)>) {
        self.names.clear();
        for (name, value) in pairs {
            if value != EMPTY {
                self.names.push(name);
                self.frame.values.push(value);
            }
        }
        let last = self.frame.shape_of.last().copied();
        let same = last.filter(|&last| *self.shapes.shapes[last as usize] == *self.names);
        let shape = same.unwrap_or_else(|| self.shapes.number(&self.names));
        self.frame.shape_of.push(shape);
        self.frame.starts.push(self.frame.values.len() as u32);
    }

    pub fn finish(self) -> LabelFrame {
        LabelFrame { shapes: self.shapes.shapes, ..self.frame }
    }
}
