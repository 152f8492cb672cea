//! The head's postings, as selection asks for them.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};

use super::{SeriesIndex, State};
use crate::error::Outcome;
use crate::matcher::Matcher;
use crate::postings::Label;
use crate::selection::{self, PostingsSource, Slots, Survivors};
use crate::slots;
use crate::symbols::{EMPTY, SymbolTable};

/// Testing a text costs some four times what looking up a survivor's own value does.
const TEST_COST: usize = 4;

impl SeriesIndex {
    /// Refs of the series that satisfy every matcher, rising.
    pub fn select(&self, matchers: &[&Matcher]) -> Outcome<Vec<u64>> {
        let state = self.read();
        let view = View { state: &state, table: &self.symbols.read() };
        Ok(match selection::select(&view, matchers)? {
            Some(slots) => slots.iter().map(|&slot| state.refs[slot as usize]).collect(),
            None => state.refs.clone(),
        })
    }

    /// Names of labels that some selected series has, in byte order.
    pub fn label_names(&self, matchers: &[&Matcher]) -> Outcome<Vec<String>> {
        let state = self.read();
        let table = &*self.symbols.read();
        let names: HashSet<u32> = match selection::select(&View { state: &state, table }, matchers)? {
            None => state.postings.labels().map(|label| label.name).collect(),
            Some(slots) => {
                let shapes: HashSet<u32> = slots.iter().map(|&slot| state.shape_of[slot as usize]).collect();
                shapes.iter().flat_map(|&shape| state.shapes.shapes[shape as usize].iter().copied()).collect()
            }
        };
        Ok(selection::sorted(names.iter().map(|&name| table.text(name).to_vec()).collect()))
    }

    /// Values of label `name` that some selected series has, in byte order.
    pub fn label_values(&self, name: &str, matchers: &[&Matcher]) -> Outcome<Vec<String>> {
        let state = self.read();
        selection::label_values(&View { state: &state, table: &self.symbols.read() }, name, matchers)
    }
}

/// The index while its locks are held.
struct View<'a> {
    state: &'a State,
    table: &'a SymbolTable,
}

impl View<'_> {
    /// The value of label `name` by slot.
    fn own_values(&self, name: u32) -> impl Fn(u32) -> u32 + '_ {
        let state = self.state;
        move |slot| {
            let shape = &state.shapes.shapes[state.shape_of[slot as usize] as usize];
            shape.iter().position(|&known| known == name).map_or(EMPTY, |place| state.row(slot)[place])
        }
    }
}

impl<'a> PostingsSource<'a> for View<'a> {
    type Label = &'a Label;
    type List = &'a [u32];

    fn label(&self, name: &str) -> Option<&'a Label> {
        self.state.postings.label(self.table.find(name.as_bytes())?).filter(|label| !label.is_empty())
    }

    fn values(&self, label: &'a Label) -> usize {
        label.len()
    }

    fn find(&self, label: &'a Label, value: &[u8]) -> Outcome<Option<&'a [u32]>> {
        let pair = self.table.find(value).and_then(|value| label.find(value));
        Ok(pair.map(|pair| self.state.postings.slots(pair)))
    }

    fn lists(&self, label: &'a Label, mut accepts: impl FnMut(&[u8]) -> bool) -> Outcome<Vec<&'a [u32]>> {
        let accepted = label.pairs().filter(|pair| accepts(self.table.text(pair.value)));
        Ok(accepted.map(|pair| self.state.postings.slots(pair)).collect())
    }

    fn length(&self, list: &'a [u32]) -> usize {
        list.len()
    }

    fn slots(&self, list: &'a [u32]) -> Outcome<Slots<'a>> {
        Ok(Cow::Borrowed(list))
    }

    fn slots_end(&self) -> usize {
        self.state.refs.len()
    }

    fn retain_all(&self, stays: impl Fn(u32) -> bool) -> Outcome<Vec<u32>> {
        Ok(slots::retain(0..self.state.refs.len() as u32, stays))
    }

    /// The shapes of the survivors tell.
    fn retain_set(&self, survivors: &Survivors<'a>, label: &'a Label, set: bool) -> Outcome<Vec<u32>> {
        let shapes = &self.state.shapes.shapes;
        let stays: Vec<bool> = shapes.iter().map(|shape| shape.contains(&label.name) == set).collect();
        let stays = |slot: u32| stays[self.state.shape_of[slot as usize] as usize];
        match survivors {
            None => self.retain_all(stays),
            Some(slots) => Ok(slots::retain(slots.iter().copied(), stays)),
        }
    }

    fn prefers_own_values(&self, survivors: usize, values: usize) -> bool {
        survivors < values * TEST_COST
    }

    fn retain_accepted(
        &self,
        slots: &[u32],
        label: &'a Label,
        mut accepts: impl FnMut(&[u8]) -> bool,
    ) -> Outcome<Vec<u32>> {
        let own = self.own_values(label.name);
        let mut known: HashMap<u32, bool> = HashMap::new();
        let mut passes = |&slot: &u32| {
            let value = own(slot);
            *known.entry(value).or_insert_with(|| accepts(self.table.text(value)))
        };
        Ok(slots.iter().copied().filter(|slot| passes(slot)).collect())
    }
}
