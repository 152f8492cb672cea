//! What a reader may see: every commit up to its snapshot, and nothing of a later one.
//!
//! Commits are numbered. Samples of a series rise in time, so what a reader must not see of it begins at one moment: the
//! first time of the first commit after the snapshot. Each series knows its newest commit, and nearly always that is
//! enough: either the snapshot covers it, or it is the only later one and brought one sample, the newest. Only what
//! cannot be told from that is noted aside: `(slot, commit) -> first time`, written when a later sample comes on top
//! while some active snapshot needs it, thrown away once none does.

use std::collections::BTreeMap;

use crate::error::{KernelError, Outcome};

/// The newest commit and the snapshots that readers hold.
#[derive(Default)]
pub struct Snapshots {
    commit: u64,
    /// How many readers hold each.
    active: BTreeMap<u64, u32>,
}

impl Snapshots {
    /// The number of the next commit and, into `active`, the snapshots it must stay invisible to. The caller holds the
    /// samples for writing: a snapshot taken from now on includes the commit, and its reads wait for the end of it.
    pub fn begin_commit(&mut self, active: &mut Vec<u64>) -> u64 {
        self.commit += 1;
        active.clear();
        active.extend(self.active.keys());
        self.commit
    }

    pub fn take(&mut self) -> u64 {
        *self.active.entry(self.commit).or_default() += 1;
        self.commit
    }

    pub fn release(&mut self, snapshot: u64) -> Outcome<()> {
        let Some(readers) = self.active.get_mut(&snapshot) else {
            return Err(KernelError::misuse(format!("snapshot {snapshot}: nobody holds it")));
        };
        *readers -= 1;
        if *readers == 0 {
            self.active.remove(&snapshot);
        }
        Ok(())
    }
}

/// First times of commits that the series themselves no longer tell.
#[derive(Default)]
pub struct Notes {
    first_ms: BTreeMap<(u32, u64), i64>,
    /// Clean up at this size.
    clean_at: usize,
}

/// Fewer notes are not worth cleaning up.
const CLEAN_AT_MIN: usize = 1024;

impl Notes {
    /// A sample comes on top of `first_ms`, the only sample known of `commit` in `slot`. `active` rises.
    #[cold]
    pub fn add(&mut self, slot: u32, commit: u64, first_ms: i64, active: &[u64]) {
        let noted = self.first_ms.range((slot, 0)..=(slot, commit)).next_back().map_or(0, |((_, at), _)| *at);
        let is_needed = |snapshot: &u64| noted <= *snapshot && *snapshot < commit;
        if active.iter().any(is_needed) {
            self.first_ms.insert((slot, commit), first_ms);
        }
    }

    /// The first time of the first noted commit after `snapshot`.
    pub fn first_after(&self, slot: u32, snapshot: u64) -> Option<i64> {
        let mut later = self.first_ms.range((slot, snapshot.saturating_add(1))..=(slot, u64::MAX));
        later.next().map(|(_, first_ms)| *first_ms)
    }

    /// Forget what no snapshot of `active` needs, now and then.
    pub fn clean(&mut self, active: &[u64]) {
        match active.first() {
            None => self.first_ms.clear(),
            Some(oldest) if self.first_ms.len() >= self.clean_at => {
                self.first_ms.retain(|(_, commit), _| commit > oldest);
            }
            Some(_) => return,
        }
        self.clean_at = CLEAN_AT_MIN.max(2 * self.first_ms.len());
    }

    /// Series moved: `moved_to` gives the new slot of one, or `None` if it is gone.
    pub fn renumber(&mut self, moved_to: impl Fn(u32) -> Option<u32>) {
        let moved = |((slot, commit), first_ms)| Some(((moved_to(slot)?, commit), first_ms));
        self.first_ms = std::mem::take(&mut self.first_ms).into_iter().filter_map(moved).collect();
    }

    pub fn size_bytes(&self) -> usize {
        self.first_ms.len() * 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_keeps_what_an_active_snapshot_needs() {
        let mut notes = Notes::default();
        for commit in 1..=2 * CLEAN_AT_MIN as u64 {
            notes.add(7, commit, commit as i64 * 10, &[commit - 1]);
        }
        notes.clean(&[1500, 1600]);
        assert_eq!(notes.first_ms.len(), 2 * CLEAN_AT_MIN - 1500);
        assert_eq!(notes.first_after(7, 1500), Some(15_010));
        assert_eq!(notes.first_after(7, 1600), Some(16_010));
        assert_eq!(notes.first_after(8, 0), None);
        notes.clean(&[]);
        assert_eq!(notes.first_after(7, 1500), None);
    }
}
