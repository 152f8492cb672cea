//! Which series have which label value.
//!
//! ```text
//!   labels   job ─▶ { api: list 0, web: slot 17 }      one table a label name; 8 bytes a pair and one of the table's own
//!            pod ─▶ { p-1: slot 0, p-2: slot 1, ... }
//!   lists    0: [0, 1, 2, 9, ...]                       rising slots, one list a pair that more than one series has
//! ```
//!
//! A value that only one series has is that series' slot and nothing else, for under high cardinality most values are
//! like that. A long list grows by a quarter at a time: with ten postings a series, doubling would waste as much as the
//! labels themselves weigh.
//!
//! Invariant: every list rises, since slots are only ever appended in rising order between two calls of `renumber`.

use hashbrown::hash_table::Entry as TableEntry;
use hashbrown::{HashMap, HashTable};

/// Set in a place that names a list rather than a slot.
const LIST: u32 = 1 << 31;

/// What `renumber` gives for a series that goes.
pub const GONE: u32 = u32::MAX;

/// A value of a label and where its slots are.
#[derive(Clone, Copy)]
pub struct Pair {
    pub value: u32,
    place: u32,
}

/// One label name and its values.
pub struct Label {
    pub name: u32,
    pairs: HashTable<Pair>,
    /// The pair appended to last, if it has a list: neighbours on a page share most of their values.
    recent: Pair,
}

#[derive(Default)]
pub struct Postings {
    labels: Vec<Label>,
    index_of: HashMap<u32, u32>,
    lists: Vec<Vec<u32>>,
    /// Numbers of lists that are not in use.
    free: Vec<u32>,
}

impl Postings {
    /// The number of label `name`, new or known.
    pub fn label_number(&mut self, name: u32) -> u32 {
        *self.index_of.entry(name).or_insert_with(|| {
            self.labels.push(Label { name, pairs: HashTable::new(), recent: NO_PAIR });
            self.labels.len() as u32 - 1
        })
    }

    pub fn label(&self, name: u32) -> Option<&Label> {
        self.index_of.get(&name).map(|&number| &self.labels[number as usize])
    }

    /// Labels that some series has.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.labels.iter().filter(|label| !label.is_empty())
    }

    /// Distinct pairs of name and value.
    pub fn pairs(&self) -> usize {
        self.labels.iter().map(Label::len).sum()
    }

    /// Series `slot`, above all before it, has `value` under the label with this number.
    pub fn append(&mut self, label_number: u32, value: u32, slot: u32) {
        let label = &mut self.labels[label_number as usize];
        if label.recent.value == value {
            push(&mut self.lists[(label.recent.place & !LIST) as usize], slot);
            return;
        }
        let same = |pair: &Pair| pair.value == value;
        match label.pairs.entry(hash(value), same, |pair| hash(pair.value)) {
            TableEntry::Vacant(free) => {
                free.insert(Pair { value, place: slot });
            }
            TableEntry::Occupied(mut known) => {
                let pair = known.get_mut();
                if pair.place & LIST == 0 {
                    let list = vec![pair.place, slot];
                    pair.place = LIST | keep(&mut self.lists, &mut self.free, list);
                } else {
                    push(&mut self.lists[(pair.place & !LIST) as usize], slot);
                }
                label.recent = *pair;
            }
        }
    }

    /// The rising slots of a pair.
    pub fn slots<'a>(&'a self, pair: &'a Pair) -> &'a [u32] {
        if pair.place & LIST == 0 {
            std::slice::from_ref(&pair.place)
        } else {
            &self.lists[(pair.place & !LIST) as usize]
        }
    }

    /// Give every series its new slot, `new_slots[old]`, or forget it where that is `GONE`.
    ///
    /// New slots that rise with the old ones keep the lists rising; otherwise the lists are sorted again.
    pub fn renumber(&mut self, new_slots: &[u32]) {
        let Self { labels, lists, free, .. } = self;
        for label in labels {
            label.recent = NO_PAIR;
            label.pairs.retain(|pair| {
                if pair.place & LIST == 0 {
                    pair.place = new_slots[pair.place as usize];
                    return pair.place != GONE;
                }
                let number = pair.place & !LIST;
                let list = &mut lists[number as usize];
                renumber_list(list, new_slots);
                if let [] | [_] = list.as_slice() {
                    pair.place = list.first().copied().unwrap_or(GONE);
                    *list = Vec::new();
                    free.push(number);
                }
                pair.place != GONE
            });
            if label.pairs.capacity() / 4 > label.pairs.len() {
                label.pairs.shrink_to_fit(|pair| hash(pair.value));
            }
        }
        if free.len() == lists.len() {
            lists.clear();
            free.clear();
        }
    }

    pub fn size_bytes(&self) -> usize {
        let lists: usize = self.lists.iter().map(|list| list.capacity() * 4).sum();
        let tables: usize = self.labels.iter().map(|label| label.pairs.allocation_size()).sum();
        let fixed = self.labels.capacity() * size_of::<Label>() + self.index_of.allocation_size();
        lists + tables + fixed + self.lists.capacity() * size_of::<Vec<u32>>() + self.free.capacity() * 4
    }
}

impl Label {
    /// Distinct values.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub fn find(&self, value: u32) -> Option<&Pair> {
        self.pairs.find(hash(value), |pair| pair.value == value)
    }

    /// Every value, in no order.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter()
    }
}

/// No label has the empty value.
const NO_PAIR: Pair = Pair { value: crate::symbols::EMPTY, place: GONE };

/// Symbols count up from 0, so one multiplication spreads them; folding brings the high bits down.
fn hash(value: u32) -> u64 {
    let product = u64::from(value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

fn keep(lists: &mut Vec<Vec<u32>>, free: &mut Vec<u32>, list: Vec<u32>) -> u32 {
    if let Some(number) = free.pop() {
        lists[number as usize] = list;
        return number;
    }
    lists.push(list);
    lists.len() as u32 - 1
}

fn push(list: &mut Vec<u32>, slot: u32) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(2));
    }
    list.push(slot);
}

fn renumber_list(list: &mut Vec<u32>, new_slots: &[u32]) {
    let mut rises = true;
    let mut last = None;
    list.retain_mut(|slot| {
        *slot = new_slots[*slot as usize];
        let stays = *slot != GONE;
        if stays {
            rises &= last.is_none_or(|last| last < *slot);
            last = Some(*slot);
        }
        stays
    });
    if !rises {
        list.sort_unstable();
    }
    if list.capacity() > list.len() + list.len() / 2 + 2 {
        list.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_goes_with_its_last_series_and_a_list_of_one_becomes_a_slot() {
        let mut postings = Postings::default();
        let job = postings.label_number(5);
        for slot in 0..6 {
            postings.append(job, 10 + slot % 2, slot);
        }
        postings.renumber(&[GONE, 0, GONE, 1, 2, GONE]);
        let label = postings.label(5).expect("label 5 was appended to");
        let slots = |value| label.find(value).map(|pair| postings.slots(pair).to_vec());
        assert_eq!((slots(10), slots(11)), (Some(vec![2]), Some(vec![0, 1])));
        postings.renumber(&[GONE, GONE, 0]);
        assert_eq!(postings.pairs(), 1);
    }

    #[test]
    fn lists_rise_again_after_slots_changed_places() {
        let mut postings = Postings::default();
        let job = postings.label_number(5);
        (0..3).for_each(|slot| postings.append(job, 9, slot));
        postings.renumber(&[2, 0, 1]);
        let label = postings.label(5).expect("label 5 was appended to");
        assert_eq!(label.find(9).map(|pair| postings.slots(pair)), Some([0, 1, 2].as_slice()));
    }
}
