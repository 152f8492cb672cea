//! Forgetting series, and bringing slots into the order of refs: both are a renumbering of slots.

use std::mem;

use hashbrown::HashSet;

use super::{SeriesIndex, ShapeUse, State};
use crate::error::{KernelError, Outcome};
use crate::frame::ShapeTable;
use crate::postings::GONE;

impl SeriesIndex {
    /// Forget every series that is not in `refs`, which rise.
    pub fn retain(&self, refs: &[u64]) -> Outcome<()> {
        if !refs.is_sorted() {
            return Err(KernelError::misuse("refs: want them rising"));
        }
        let mut state = self.state.write();
        state.settle();
        let mut wanted = refs.iter().copied().peekable();
        let mut order = Vec::with_capacity(refs.len().min(state.refs.len()));
        for (slot, &series_ref) in (0..).zip(&state.refs) {
            while wanted.next_if(|&other| other < series_ref).is_some() {}
            if wanted.peek() == Some(&series_ref) {
                order.push(slot);
            }
        }
        if order.len() < state.refs.len() {
            state.rearrange(&order);
        }
        Ok(())
    }
}

impl State {
    /// Bring slots into the order of refs, if `restore` left them in another.
    pub(super) fn settle(&mut self) {
        if self.disordered.is_empty() {
            return;
        }
        self.disordered = HashSet::new();
        let mut order: Vec<u32> = (0..self.refs.len() as u32).collect();
        order.sort_by_key(|&slot| self.refs[slot as usize]);
        self.rearrange(&order);
    }

    /// The series that now have the slots `order` get slots 0, 1, 2, ...; all others go.
    fn rearrange(&mut self, order: &[u32]) {
        let mut new_slots = vec![GONE; self.refs.len()];
        for (new, &old) in (0..).zip(order) {
            new_slots[old as usize] = new;
        }
        self.rows.retain(|slot| {
            *slot = new_slots[*slot as usize];
            *slot != GONE
        });
        self.postings.renumber(&new_slots);
        drop(new_slots);
        self.move_rows(order);
        self.renumber_shapes();
        if self.rows.capacity() / 4 > self.rows.len() {
            let mut rows = mem::take(&mut self.rows);
            rows.shrink_to_fit(|&slot| self.slot_hash(slot));
            self.rows = rows;
        }
    }

    /// Move the columns, one after the other, so that at most one of them lies in memory twice.
    fn move_rows(&mut self, order: &[u32]) {
        let kept = |&slot: &u32| (self.starts[slot as usize + 1] - self.starts[slot as usize]) as usize;
        let mut values = Vec::with_capacity(order.iter().map(kept).sum());
        let mut starts = Vec::with_capacity(order.len() + 1);
        starts.push(0);
        for &slot in order {
            values.extend_from_slice(self.row(slot));
            starts.push(values.len() as u32);
        }
        self.values = values;
        self.starts = starts;
        self.refs = order.iter().map(|&slot| self.refs[slot as usize]).collect();
        self.shape_of = order.iter().map(|&slot| self.shape_of[slot as usize]).collect();
    }

    /// Forget shapes that no series has any more, so that names which come and go leave nothing behind.
    fn renumber_shapes(&mut self) {
        let mut used = vec![false; self.uses.len()];
        self.shape_of.iter().for_each(|&shape| used[shape as usize] = true);
        if used.iter().all(|used| *used) {
            return;
        }
        let old_shapes = mem::take(&mut self.shapes).shapes;
        let old_uses: Vec<ShapeUse> = mem::take(&mut self.uses);
        let mut shapes = ShapeTable::default();
        let mut numbers = vec![GONE; used.len()];
        for (old, (names, shape_use)) in old_shapes.iter().zip(old_uses).enumerate() {
            if used[old] {
                numbers[old] = shapes.number(names);
                self.uses.push(shape_use);
            }
        }
        self.shapes = shapes;
        self.shape_of.iter_mut().for_each(|shape| *shape = numbers[*shape as usize]);
    }
}
