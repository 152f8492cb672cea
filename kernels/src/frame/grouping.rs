//! Rows that are equal under a choice of labels.
//!
//! Rows are compared where they lie: a shape tells which positions of the row count, so nothing is copied until the
//! groups are known, and then only one row a group.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::columns::{Choice, Projection};
use super::{LabelFrame, ShapeTable, row_hash, want_same_table};
use crate::error::Outcome;

/// A frame seen through a projection.
struct View<'a> {
    frame: &'a LabelFrame,
    projection: Projection,
}

impl View<'_> {
    fn shape(&self, row: usize) -> u32 {
        self.projection.to[self.frame.shape_of[row] as usize]
    }

    fn values(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        let old = self.frame.row(row);
        let kept = &self.projection.kept[self.frame.shape_of[row] as usize];
        kept.iter().map(|&place| old[place as usize])
    }

    fn hash(&self, row: usize) -> u64 {
        row_hash(self.shape(row), self.values(row))
    }
}

/// The groups found so far: the hash and the first row of each.
#[derive(Default)]
struct Groups {
    table: HashTable<u32>,
    hashes: Vec<u64>,
    firsts: Vec<(usize, usize)>,
}

impl Groups {
    /// The group of one row of `views[view]`.
    fn number(&mut self, views: &[View<'_>], view: usize, row: usize) -> u32 {
        let ours = &views[view];
        let hash = ours.hash(row);
        let (hashes, firsts) = (&self.hashes, &self.firsts);
        let same = |&group: &u32| {
            let (first_view, first) = firsts[group as usize];
            let theirs = &views[first_view];
            hashes[group as usize] == hash
                && theirs.shape(first) == ours.shape(row)
                && theirs.values(first).eq(ours.values(row))
        };
        match self.table.entry(hash, same, |&group| hashes[group as usize]) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let group = firsts.len() as u32;
                free.insert(group);
                self.hashes.push(hash);
                self.firsts.push((view, row));
                group
            }
        }
    }

    fn number_all(&mut self, views: &[View<'_>], view: usize) -> Vec<u32> {
        (0..views[view].frame.len()).map(|row| self.number(views, view, row)).collect()
    }
}

impl LabelFrame {
    /// The group of each row under `choice`, numbered in order of first appearance, and the labels of each group.
    pub fn group(&self, choice: &Choice) -> Outcome<(Vec<u32>, Self)> {
        let projection = self.project_shapes(choice, &mut ShapeTable::default());
        let views = [View { frame: self, projection }];
        let mut groups = Groups::default();
        let group_of = groups.number_all(&views, 0);
        let firsts: Vec<i64> = groups.firsts.iter().map(|&(_, row)| row as i64).collect();
        Ok((group_of, self.take(&firsts)?.project(choice)))
    }

    /// Groups over two frames at once: the group of each row of each, and how many groups there are.
    pub fn match_rows(&self, other: &Self, choice: &Choice) -> Outcome<(Vec<u32>, Vec<u32>, usize)> {
        want_same_table(&self.symbols, &other.symbols)?;
        let mut shapes = ShapeTable::default();
        let views =
            [self, other].map(|frame| View { frame, projection: frame.project_shapes(choice, &mut shapes) });
        let mut groups = Groups::default();
        let ours = groups.number_all(&views, 0);
        let theirs = groups.number_all(&views, 1);
        Ok((ours, theirs, groups.firsts.len()))
    }
}
