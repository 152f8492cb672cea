//! Setting and removing labels, column by column.

use std::ops::Range;

use hashbrown::HashSet;

use super::{LabelFrame, ShapeTable};
use crate::error::{Outcome, want_length};
use crate::symbols::{EMPTY, SymbolTable};

/// What a choice of label names leaves of each shape of a frame.
pub struct Projection {
    /// The number of the shape that is left, in the table given to `LabelFrame::project_shapes`.
    pub to: Vec<u32>,
    /// The positions within the old shape that stay.
    pub kept: Vec<Vec<u32>>,
}

/// A choice of label names.
pub struct Choice {
    names: HashSet<u32>,
    keeps: bool,
}

impl Choice {
    /// Exactly the labels in `names`.
    pub fn only(names: &[u32]) -> Self {
        Self { names: names.iter().copied().collect(), keeps: true }
    }

    /// All labels but those in `names`.
    pub fn all_but(names: &[u32]) -> Self {
        Self { names: names.iter().copied().collect(), keeps: false }
    }

    fn holds(&self, name: u32) -> bool {
        self.names.contains(&name) == self.keeps
    }
}

impl LabelFrame {
    /// What `choice` leaves of each shape, numbered in `shapes`.
    pub fn project_shapes(&self, choice: &Choice, shapes: &mut ShapeTable) -> Projection {
        let mut projection = Projection { to: Vec::new(), kept: Vec::new() };
        for shape in &self.shapes {
            let kept: Vec<u32> =
                (0..shape.len() as u32).filter(|&i| choice.holds(shape[i as usize])).collect();
            let names: Vec<u32> = kept.iter().map(|&i| shape[i as usize]).collect();
            projection.to.push(shapes.number(&names));
            projection.kept.push(kept);
        }
        projection
    }

    /// Every row with the labels of `choice` alone.
    pub fn project(&self, choice: &Choice) -> Self {
        let mut shapes = ShapeTable::default();
        let projection = self.project_shapes(choice, &mut shapes);
        if self.shapes.iter().zip(&projection.kept).all(|(shape, kept)| shape.len() == kept.len()) {
            return self.clone();
        }
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut values = Vec::with_capacity(self.values.len());
        starts.push(0);
        for (row, &shape) in self.shape_of.iter().enumerate() {
            let old = self.row(row);
            values.extend(projection.kept[shape as usize].iter().map(|&i| old[i as usize]));
            starts.push(values.len() as u32);
        }
        let shape_of = self.shape_of.iter().map(|&shape| projection.to[shape as usize]).collect();
        Self { symbols: self.symbols.clone(), shapes: shapes.shapes, shape_of, starts, values }
    }

    /// The value symbol of label `name` in each row, 0 where absent.
    pub fn column(&self, name: u32) -> Vec<u32> {
        let places: Vec<Option<usize>> =
            self.shapes.iter().map(|shape| shape.iter().position(|&known| known == name)).collect();
        let value_of = |(row, &shape): (usize, &u32)| match places[shape as usize] {
            Some(place) => self.row(row)[place],
            None => EMPTY,
        };
        self.shape_of.iter().enumerate().map(value_of).collect()
    }

    /// Label `name` set to `values`, one a row; 0 removes it.
    pub fn with_column(&self, table: &SymbolTable, name: u32, values: &[u32]) -> Outcome<Self> {
        want_length("values", values.len(), self.len())?;
        let mut shapes = ShapeTable::default();
        let changes: Vec<Change> =
            self.shapes.iter().map(|shape| Change::new(shape, table, name, &mut shapes)).collect();
        let mut shape_of = Vec::with_capacity(self.len());
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut all_values = Vec::with_capacity(self.values.len() + self.len());
        starts.push(0);
        for (row, &value) in values.iter().enumerate() {
            let change = &changes[self.shape_of[row] as usize];
            let old = self.row(row);
            all_values.extend_from_slice(&old[..change.place.start]);
            if value != EMPTY {
                all_values.push(value);
            }
            all_values.extend_from_slice(&old[change.place.end..]);
            shape_of.push(if value == EMPTY { change.without } else { change.with });
            starts.push(all_values.len() as u32);
        }
        Ok(Self {
            symbols: self.symbols.clone(),
            shapes: shapes.shapes,
            shape_of,
            starts,
            values: all_values,
        })
    }
}

/// How one shape changes when one label is set or removed.
struct Change {
    /// Where the label stands now; empty where it would be inserted.
    place: Range<usize>,
    with: u32,
    without: u32,
}

impl Change {
    fn new(shape: &[u32], table: &SymbolTable, name: u32, shapes: &mut ShapeTable) -> Self {
        let start = shape.partition_point(|&known| table.text(known) < table.text(name));
        let present = shape.get(start) == Some(&name);
        let place = start..start + usize::from(present);
        let without = [&shape[..place.start], &shape[place.end..]].concat();
        let with = [&shape[..place.start], &[name], &shape[place.end..]].concat();
        Self { place, with: shapes.number(&with), without: shapes.number(&without) }
    }
}
