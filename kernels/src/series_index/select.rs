//! Which series satisfy a list of matchers.
//!
//! A label *must be set* if some matcher on it refuses the empty value. A matcher then either *intersects*, with the
//! series that have a value it accepts, or *subtracts* those that have a value it refuses; the second is how a series
//! without the label can pass. The survivors start as "all" and only shrink:
//!
//! 1. what needs no text is done first, smallest first: single values, lists of literals, "set" and "not set" (which the
//!    shapes of the survivors tell), and an empty result ends the work;
//! 2. a pattern is then tested either on the label's distinct values, whose series are united, or, where the survivors
//!    are far fewer than those values, on the survivors' own values, each distinct one once.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};

use super::{SeriesIndex, State};
use crate::matcher::{Matcher, Test};
use crate::postings::{Label, Pair};
use crate::slots::{self, Bitmap};
use crate::symbols::{EMPTY, SymbolTable};

/// Testing a text costs some four times what looking up a survivor's own value does.
const TEST_COST: usize = 4;

/// Finding one slot in a list by galloping costs some eight times what taking it into a bitmap does.
const GALLOP_COST: usize = 8;

/// What one matcher asks for.
enum Step<'a> {
    /// Nothing can pass.
    Nothing,
    /// Keep the series that have the label, or those that have it not.
    Set { name: u32, set: bool },
    /// Keep (or remove) the series with one of these values.
    Values { lists: Vec<&'a [u32]>, keep: bool },
    /// Keep the series whose value passes the matcher; which of the label's values have it is not known yet.
    Test { matcher: &'a Matcher, label: &'a Label, must_be_set: bool },
}

impl Step<'_> {
    /// What to do first: a smaller number is sooner. Removing needs survivors to remove from.
    fn cost(&self) -> (u8, usize) {
        match self {
            Self::Nothing => (0, 0),
            Self::Values { lists, keep: true } => (1, lists.iter().map(|list| list.len()).sum()),
            Self::Set { .. } => (2, 0),
            Self::Values { lists, keep: false } => (3, lists.iter().map(|list| list.len()).sum()),
            Self::Test { label, .. } => (4, label.len()),
        }
    }
}

/// Slots that have passed so far; None while nothing was asked yet and all pass.
type Survivors<'a> = Option<Cow<'a, [u32]>>;

impl SeriesIndex {
    /// Refs of the series that satisfy every matcher, rising.
    pub fn select(&self, matchers: &[&Matcher]) -> Vec<u64> {
        let state = self.read();
        let table = self.symbols.read();
        match state.select(&table, matchers) {
            Some(slots) => slots.iter().map(|&slot| state.refs[slot as usize]).collect(),
            None => state.refs.clone(),
        }
    }

    /// Names of labels that some selected series has, in byte order.
    pub fn label_names(&self, matchers: &[&Matcher]) -> Vec<String> {
        let state = self.read();
        let table = self.symbols.read();
        let names: HashSet<u32> = match state.select(&table, matchers) {
            None => state.postings.labels().map(|label| label.name).collect(),
            Some(slots) => {
                let shapes: HashSet<u32> = slots.iter().map(|&slot| state.shape_of[slot as usize]).collect();
                shapes.iter().flat_map(|&shape| state.shapes.shapes[shape as usize].iter().copied()).collect()
            }
        };
        sorted_texts(&table, names)
    }

    /// Values of label `name` that some selected series has, in byte order.
    pub fn label_values(&self, name: &str, matchers: &[&Matcher]) -> Vec<String> {
        let state = self.read();
        let table = self.symbols.read();
        let Some(label) = state.label(&table, name) else { return Vec::new() };
        match state.select(&table, matchers) {
            None => sorted_texts(&table, label.pairs().map(|pair| pair.value)),
            Some(slots) if slots.len() < label.len() => {
                let own = state.own_values(label.name);
                let values: HashSet<u32> = slots.iter().map(|&slot| own(slot)).collect();
                sorted_texts(&table, values.into_iter().filter(|&value| value != EMPTY))
            }
            Some(slots) => {
                let met = |pair: &&Pair| slots::intersects(state.postings.slots(pair), &slots);
                sorted_texts(&table, label.pairs().filter(met).map(|pair| pair.value))
            }
        }
    }
}

impl State {
    fn label(&self, table: &SymbolTable, name: &str) -> Option<&Label> {
        self.postings.label(table.find(name.as_bytes())?).filter(|label| !label.is_empty())
    }

    fn select<'a>(&'a self, table: &SymbolTable, matchers: &[&'a Matcher]) -> Survivors<'a> {
        let mut must_be_set: HashSet<&str> = HashSet::new();
        must_be_set.extend(matchers.iter().filter(|m| !m.matches_empty()).map(|m| m.name.as_str()));
        let step =
            |matcher: &&'a Matcher| self.step(table, matcher, must_be_set.contains(matcher.name.as_str()));
        let mut steps: Vec<Step<'a>> = matchers.iter().filter_map(step).collect();
        steps.sort_by_key(Step::cost);
        let mut survivors: Survivors<'a> = None;
        for step in steps {
            if survivors.as_ref().is_some_and(|slots| slots.is_empty()) {
                break;
            }
            survivors = Some(match step {
                Step::Nothing => Cow::Borrowed(&[]),
                Step::Set { name, set } => self.keep_set(survivors, name, set),
                Step::Values { lists, keep: true } => self.keep_values(survivors, &lists),
                Step::Values { lists, keep: false } => self.remove_values(survivors, &lists),
                Step::Test { matcher, label, must_be_set } => {
                    self.keep_passing(table, survivors, matcher, label, must_be_set)
                }
            });
        }
        survivors
    }

    /// What a matcher asks for; None if it asks for nothing.
    fn step<'a>(&'a self, table: &SymbolTable, matcher: &'a Matcher, must_be_set: bool) -> Option<Step<'a>> {
        if matcher.name.is_empty() && matcher.value.is_empty() && matches!(matcher.test, Test::Equal) {
            return None;
        }
        let Some(label) = self.label(table, &matcher.name) else {
            return (!matcher.matches_empty()).then_some(Step::Nothing);
        };
        let values = |texts: Vec<&[u8]>, keep| Step::Values { lists: self.lists(table, label, &texts), keep };
        Some(match &matcher.test {
            Test::Equal if matcher.value.is_empty() => Step::Set { name: label.name, set: false },
            Test::NotEqual if matcher.value.is_empty() => Step::Set { name: label.name, set: true },
            Test::Equal => values(vec![matcher.value.as_bytes()], true),
            Test::NotEqual => values(vec![matcher.value.as_bytes()], false),
            Test::Matches(regex) if regex.matches_all() => return None,
            Test::MatchesNot(regex) if regex.matches_all() => Step::Nothing,
            Test::Matches(regex) if regex.matches_non_empty() => Step::Set { name: label.name, set: true },
            Test::MatchesNot(regex) if regex.matches_non_empty() => {
                Step::Set { name: label.name, set: false }
            }
            Test::Matches(regex) | Test::MatchesNot(regex) => match regex.literals() {
                Some(texts) if can_list(matcher, must_be_set) => {
                    let texts = texts.iter().map(Vec::as_slice).filter(|text| !text.is_empty());
                    values(texts.collect(), !matcher.is_negative())
                }
                _ => Step::Test { matcher, label, must_be_set },
            },
        })
    }

    fn lists<'a>(&'a self, table: &SymbolTable, label: &'a Label, texts: &[&[u8]]) -> Vec<&'a [u32]> {
        let pairs = texts.iter().filter_map(|text| label.find(table.find(text)?));
        pairs.map(|pair| self.postings.slots(pair)).collect()
    }

    // ---- Shrinking the survivors.

    fn keep_set<'a>(&self, survivors: Survivors<'a>, name: u32, set: bool) -> Cow<'a, [u32]> {
        let shapes = &self.shapes.shapes;
        let stays: Vec<bool> = shapes.iter().map(|shape| shape.contains(&name) == set).collect();
        let stays = |slot: u32| stays[self.shape_of[slot as usize] as usize];
        Cow::Owned(match survivors {
            None => slots::retain(0..self.slots_end(), stays),
            Some(slots) => slots::retain(slots.iter().copied(), stays),
        })
    }

    fn keep_values<'a>(&self, survivors: Survivors<'a>, lists: &[&'a [u32]]) -> Cow<'a, [u32]> {
        match (survivors, lists) {
            (_, []) => Cow::Borrowed(&[]),
            (None, [only]) => Cow::Borrowed(only),
            (None, _) => Cow::Owned(slots::union(lists, self.refs.len())),
            (Some(slots), _) if gallops(&slots, lists) => {
                let parts: Vec<Vec<u32>> = lists.iter().map(|list| slots::intersect(&slots, list)).collect();
                let parts: Vec<&[u32]> = parts.iter().map(Vec::as_slice).collect();
                Cow::Owned(slots::union(&parts, self.refs.len()))
            }
            (Some(slots), _) => {
                let kept = self.bitmap(lists);
                Cow::Owned(slots::retain(slots.iter().copied(), |slot| kept.contains(slot)))
            }
        }
    }

    fn remove_values<'a>(&self, survivors: Survivors<'a>, lists: &[&[u32]]) -> Cow<'a, [u32]> {
        match survivors {
            Some(slots) if gallops(&slots, lists) => {
                lists.iter().fold(slots, |left, list| Cow::Owned(slots::subtract(&left, list)))
            }
            Some(slots) => {
                let gone = self.bitmap(lists);
                Cow::Owned(slots::retain(slots.iter().copied(), |slot| !gone.contains(slot)))
            }
            None => {
                let gone = self.bitmap(lists);
                Cow::Owned(slots::retain(0..self.slots_end(), |slot| !gone.contains(slot)))
            }
        }
    }

    /// Keep what passes a matcher whose values have to be tested.
    fn keep_passing<'a>(
        &'a self,
        table: &SymbolTable,
        survivors: Survivors<'a>,
        matcher: &Matcher,
        label: &'a Label,
        must_be_set: bool,
    ) -> Cow<'a, [u32]> {
        if let Some(slots) = &survivors
            && slots.len() < label.len() * TEST_COST
        {
            return Cow::Owned(self.passing(table, slots, matcher, label.name));
        }
        let keep = must_be_set || !matcher.matches_empty();
        let listed = |pair: &&Pair| matcher.matches(table.text(pair.value)) == keep;
        let lists: Vec<&[u32]> = label.pairs().filter(listed).map(|pair| self.postings.slots(pair)).collect();
        if keep { self.keep_values(survivors, &lists) } else { self.remove_values(survivors, &lists) }
    }

    /// The slots whose own value passes; each distinct value is tested once.
    fn passing(&self, table: &SymbolTable, slots: &[u32], matcher: &Matcher, name: u32) -> Vec<u32> {
        let own = self.own_values(name);
        let mut known: HashMap<u32, bool> = HashMap::new();
        let mut passes = |&slot: &u32| {
            let value = own(slot);
            *known.entry(value).or_insert_with(|| matcher.matches(table.text(value)))
        };
        slots.iter().copied().filter(|slot| passes(slot)).collect()
    }

    /// The value of label `name` by slot.
    fn own_values(&self, name: u32) -> impl Fn(u32) -> u32 + '_ {
        move |slot| {
            let shape = &self.shapes.shapes[self.shape_of[slot as usize] as usize];
            shape.iter().position(|&known| known == name).map_or(EMPTY, |place| self.row(slot)[place])
        }
    }

    fn slots_end(&self) -> u32 {
        self.refs.len() as u32
    }

    fn bitmap(&self, lists: &[&[u32]]) -> Bitmap {
        let mut bits = Bitmap::new(self.refs.len());
        lists.iter().for_each(|list| bits.insert_all(list));
        bits
    }
}

/// Whether the series that pass a matcher of literals are those with a literal (or, for a negative one, all but those).
///
/// A positive one that also accepts "" means more series than its values have, unless the label must be set; a negative
/// one that refuses "" means fewer.
fn can_list(matcher: &Matcher, must_be_set: bool) -> bool {
    if matcher.is_negative() { matcher.matches_empty() } else { must_be_set || !matcher.matches_empty() }
}

/// Whether looking for each survivor in each list is cheaper than taking up all the lists.
fn gallops(survivors: &[u32], lists: &[&[u32]]) -> bool {
    let total: usize = lists.iter().map(|list| list.len()).sum();
    lists.len() == 1 || survivors.len() * lists.len() * GALLOP_COST < total
}

fn sorted_texts(table: &SymbolTable, symbols: impl IntoIterator<Item = u32>) -> Vec<String> {
    let mut texts: Vec<&[u8]> = symbols.into_iter().map(|symbol| table.text(symbol)).collect();
    texts.sort_unstable();
    texts.into_iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
