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

use std::sync::Arc;

use hashbrown::HashMap;

use crate::symbols::{EMPTY, Symbols};

/// Label names of a row, as symbols, in byte order of their texts.
pub type Shape = Arc<[u32]>;

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
}

/// Builds a frame row by row from pairs in name order, sharing equal shapes.
pub struct FrameBuilder {
    frame: LabelFrame,
    known: HashMap<Shape, u32>,
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
        Self { frame, known: HashMap::new(), names: Vec::new() }
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
        let shape = self.shape_number();
        self.frame.shape_of.push(shape);
        self.frame.starts.push(self.frame.values.len() as u32);
    }

    fn shape_number(&mut self) -> u32 {
        let last = self.frame.shape_of.last().copied();
        if let Some(last) = last.filter(|&last| *self.frame.shapes[last as usize] == *self.names) {
            return last;
        }
        if let Some(&known) = self.known.get(self.names.as_slice()) {
            return known;
        }
        let number = self.frame.shapes.len() as u32;
        let shape: Shape = Arc::from(self.names.as_slice());
        self.frame.shapes.push(shape.clone());
        self.known.insert(shape, number);
        number
    }

    pub fn finish(self) -> LabelFrame {
        self.frame
    }
}
