//! Which series satisfy a list of matchers, over anything that has postings: the head's index, or a block's.
//!
//! A label *must be set* if some matcher on it refuses the empty value. A matcher then either *intersects*, with the
//! series that have a value it accepts, or *subtracts* those that have a value it refuses; the second is how a series
//! without the label can pass. The survivors start as "all" and only shrink:
//!
//! 1. what needs no text is done first, smallest first: single values, lists of literals, "set" and "not set", and an
//!    empty result ends the work before the larger lists are even read;
//! 2. a pattern is then tested either on the label's distinct values, whose series are united, or, where the survivors
//!    are far fewer than those values, on the survivors' own values, each distinct one once.
//!
//! Series are numbered by *slots*, which rise in the order the source keeps them.

use std::borrow::Cow;

use hashbrown::HashSet;

use crate::error::Outcome;
use crate::matcher::{Matcher, Test};
use crate::slots::{self, Bitmap};

/// Finding one slot in a list by galloping costs some eight times what taking it into a bitmap does.
const GALLOP_COST: usize = 8;

/// Rising slots, lent or made.
pub type Slots<'a> = Cow<'a, [u32]>;

/// Slots that have passed so far; None while nothing was asked yet and all pass.
pub type Survivors<'a> = Option<Slots<'a>>;

/// Something with postings. `'a` is how long what it lends lives.
pub trait PostingsSource<'a> {
    /// A label name that some series has.
    type Label: Copy;
    /// Where the slots of one value are.
    type List: Copy;

    fn label(&self, name: &str) -> Option<Self::Label>;
    /// Distinct values of a label.
    fn values(&self, label: Self::Label) -> usize;
    /// The list of one value.
    fn find(&self, label: Self::Label, value: &[u8]) -> Outcome<Option<Self::List>>;
    /// The lists of the accepted values, in the order in which the values are shown.
    fn lists(&self, label: Self::Label, accepts: impl FnMut(&[u8]) -> bool) -> Outcome<Vec<Self::List>>;

    /// The length of a list, or about that.
    fn length(&self, list: Self::List) -> usize;
    fn slots(&self, list: Self::List) -> Outcome<Slots<'a>>;
    /// No slot is as large as this.
    fn slots_end(&self) -> usize;
    /// Of all slots those that stay.
    fn retain_all(&self, stays: impl Fn(u32) -> bool) -> Outcome<Vec<u32>>;

    /// Of the survivors those that have the label, or those that have it not.
    fn retain_set(&self, survivors: &Survivors<'a>, label: Self::Label, set: bool) -> Outcome<Vec<u32>>;
    /// Whether to look at the survivors' own values rather than at all values of a label.
    fn prefers_own_values(&self, survivors: usize, values: usize) -> bool;
    /// Of `slots` those whose own value is accepted, "" where there is none; each distinct value is shown once.
    fn retain_accepted(
        &self,
        slots: &[u32],
        label: Self::Label,
        accepts: impl FnMut(&[u8]) -> bool,
    ) -> Outcome<Vec<u32>>;
}

/// What one matcher asks for.
enum Step<'m, Label, List> {
    /// Nothing can pass.
    Nothing,
    /// Keep the series that have the label, or those that have it not.
    Set { label: Label, set: bool },
    /// Keep (or remove) the series with one of these values.
    Values { lists: Vec<List>, slots: usize, keep: bool },
    /// Keep the series whose value passes the matcher; which of the label's values have it is not known yet.
    Test { matcher: &'m Matcher, label: Label, values: usize, must_be_set: bool },
}

impl<Label, List> Step<'_, Label, List> {
    /// What to do first: a smaller number is sooner. Removing needs survivors to remove from.
    fn cost(&self) -> (u8, usize) {
        match self {
            Self::Nothing => (0, 0),
            Self::Values { slots, keep: true, .. } => (1, *slots),
            Self::Set { .. } => (2, 0),
            Self::Values { slots, keep: false, .. } => (3, *slots),
            Self::Test { values, .. } => (4, *values),
        }
    }
}

/// The slots of the series that satisfy every matcher; None where that is all of them.
pub fn select<'a, S: PostingsSource<'a>>(source: &S, matchers: &[&Matcher]) -> Outcome<Survivors<'a>> {
    let mut must_be_set: HashSet<&str> = HashSet::new();
    must_be_set.extend(matchers.iter().filter(|m| !m.matches_empty()).map(|m| m.name.as_str()));
    let mut steps = Vec::with_capacity(matchers.len());
    for matcher in matchers {
        steps.extend(step(source, matcher, must_be_set.contains(matcher.name.as_str()))?);
    }
    steps.sort_by_key(Step::cost);
    let mut survivors: Survivors<'a> = None;
    for step in steps {
        if survivors.as_ref().is_some_and(|slots| slots.is_empty()) {
            break;
        }
        survivors = Some(match step {
            Step::Nothing => Cow::Borrowed(&[]),
            Step::Set { label, set } => Cow::Owned(source.retain_set(&survivors, label, set)?),
            Step::Values { lists, keep: true, .. } => keep_values(source, survivors, &lists)?,
            Step::Values { lists, keep: false, .. } => remove_values(source, survivors, &lists)?,
            Step::Test { matcher, label, must_be_set, .. } => {
                keep_passing(source, survivors, matcher, label, must_be_set)?
            }
        });
    }
    Ok(survivors)
}

/// What a matcher asks for; None if it asks for nothing.
fn step<'a, 'm, S: PostingsSource<'a>>(
    source: &S,
    matcher: &'m Matcher,
    must_be_set: bool,
) -> Outcome<Option<Step<'m, S::Label, S::List>>> {
    if matcher.name.is_empty() && matcher.value.is_empty() && matches!(matcher.test, Test::Equal) {
        return Ok(None);
    }
    let Some(label) = source.label(&matcher.name) else {
        return Ok((!matcher.matches_empty()).then_some(Step::Nothing));
    };
    let listed = |texts: &[&[u8]], keep| -> Outcome<_> {
        let mut lists = Vec::with_capacity(texts.len());
        for text in texts {
            lists.extend(source.find(label, text)?);
        }
        let slots = lists.iter().map(|&list| source.length(list)).sum();
        Ok(Step::Values { lists, slots, keep })
    };
    Ok(Some(match &matcher.test {
        Test::Equal if matcher.value.is_empty() => Step::Set { label, set: false },
        Test::NotEqual if matcher.value.is_empty() => Step::Set { label, set: true },
        Test::Equal => listed(&[matcher.value.as_bytes()], true)?,
        Test::NotEqual => listed(&[matcher.value.as_bytes()], false)?,
        Test::Matches(regex) if regex.matches_all() => return Ok(None),
        Test::MatchesNot(regex) if regex.matches_all() => Step::Nothing,
        Test::Matches(regex) if regex.matches_non_empty() => Step::Set { label, set: true },
        Test::MatchesNot(regex) if regex.matches_non_empty() => Step::Set { label, set: false },
        Test::Matches(regex) | Test::MatchesNot(regex) => match regex.literals() {
            Some(texts) if can_list(matcher, must_be_set) => {
                let texts: Vec<&[u8]> =
                    texts.iter().map(Vec::as_slice).filter(|text| !text.is_empty()).collect();
                listed(&texts, !matcher.is_negative())?
            }
            _ => Step::Test { matcher, label, values: source.values(label), must_be_set },
        },
    }))
}

/// Whether the series that pass a matcher of literals are those with a literal (or, for a negative one, all but those).
///
/// A positive one that also accepts "" means more series than its values have, unless the label must be set; a negative
/// one that refuses "" means fewer.
fn can_list(matcher: &Matcher, must_be_set: bool) -> bool {
    if matcher.is_negative() { matcher.matches_empty() } else { must_be_set || !matcher.matches_empty() }
}

fn keep_values<'a, S: PostingsSource<'a>>(
    source: &S,
    survivors: Survivors<'a>,
    lists: &[S::List],
) -> Outcome<Slots<'a>> {
    Ok(match (survivors, lists) {
        (_, []) => Cow::Borrowed(&[]),
        (None, [only]) => source.slots(*only)?,
        (None, _) => Cow::Owned(union(source, lists)?),
        (Some(slots), [only]) => Cow::Owned(slots::intersect(&slots, &source.slots(*only)?)),
        (Some(slots), _) if gallops(source, &slots, lists) => {
            let mut parts = Vec::with_capacity(lists.len());
            for &list in lists {
                parts.push(slots::intersect(&slots, &source.slots(list)?));
            }
            let parts: Vec<&[u32]> = parts.iter().map(Vec::as_slice).collect();
            Cow::Owned(slots::union(&parts, source.slots_end()))
        }
        (Some(slots), _) => Cow::Owned(bitmap(source, lists)?.filter(&slots, true)),
    })
}

fn remove_values<'a, S: PostingsSource<'a>>(
    source: &S,
    survivors: Survivors<'a>,
    lists: &[S::List],
) -> Outcome<Slots<'a>> {
    Ok(match survivors {
        Some(mut slots) if gallops(source, &slots, lists) => {
            for &list in lists {
                slots = Cow::Owned(slots::subtract(&slots, &source.slots(list)?));
            }
            slots
        }
        Some(slots) => Cow::Owned(bitmap(source, lists)?.filter(&slots, false)),
        None => {
            let gone = bitmap(source, lists)?;
            Cow::Owned(source.retain_all(|slot| !gone.contains(slot))?)
        }
    })
}

/// Keep what passes a matcher whose values have to be tested.
fn keep_passing<'a, S: PostingsSource<'a>>(
    source: &S,
    survivors: Survivors<'a>,
    matcher: &Matcher,
    label: S::Label,
    must_be_set: bool,
) -> Outcome<Slots<'a>> {
    if let Some(slots) = &survivors
        && source.prefers_own_values(slots.len(), source.values(label))
    {
        return Ok(Cow::Owned(source.retain_accepted(slots, label, |value| matcher.matches(value))?));
    }
    let keep = must_be_set || !matcher.matches_empty();
    let lists = source.lists(label, |value| matcher.matches(value) == keep)?;
    if keep { keep_values(source, survivors, &lists) } else { remove_values(source, survivors, &lists) }
}

/// Values of label `name` that some selected series has, in byte order.
pub fn label_values<'a, S: PostingsSource<'a>>(
    source: &S,
    name: &str,
    matchers: &[&Matcher],
) -> Outcome<Vec<String>> {
    let Some(label) = source.label(name) else { return Ok(Vec::new()) };
    let survivors = select(source, matchers)?;
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut note = |value: &[u8]| texts.push(value.to_vec());
    match survivors {
        None => {
            source.lists(label, |value| {
                note(value);
                false
            })?;
        }
        Some(slots) if source.prefers_own_values(slots.len(), source.values(label)) => {
            source.retain_accepted(&slots, label, |value| {
                note(value);
                false
            })?;
            texts.retain(|text| !text.is_empty());
        }
        Some(slots) => {
            let lists = source.lists(label, |value| {
                note(value);
                true
            })?;
            let mut met = Vec::with_capacity(lists.len());
            for list in lists {
                met.push(slots::intersects(&source.slots(list)?, &slots));
            }
            let mut met = met.into_iter();
            texts.retain(|_| met.next().unwrap_or_default());
        }
    }
    Ok(sorted(texts))
}

/// Texts in byte order.
pub fn sorted(mut texts: Vec<Vec<u8>>) -> Vec<String> {
    texts.sort_unstable();
    texts.into_iter().map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

fn union<'a, S: PostingsSource<'a>>(source: &S, lists: &[S::List]) -> Outcome<Vec<u32>> {
    let mut all = Vec::with_capacity(lists.len());
    for &list in lists {
        all.push(source.slots(list)?);
    }
    let all: Vec<&[u32]> = all.iter().map(|slots| &**slots).collect();
    Ok(slots::union(&all, source.slots_end()))
}

fn bitmap<'a, S: PostingsSource<'a>>(source: &S, lists: &[S::List]) -> Outcome<Bitmap> {
    let mut bits = Bitmap::new(source.slots_end());
    for &list in lists {
        bits.insert_all(&source.slots(list)?);
    }
    Ok(bits)
}

/// Whether looking for each survivor in each list is cheaper than taking up all the lists.
fn gallops<'a, S: PostingsSource<'a>>(source: &S, survivors: &[u32], lists: &[S::List]) -> bool {
    let total: usize = lists.iter().map(|&list| source.length(list)).sum();
    lists.len() == 1 || survivors.len() * lists.len() * GALLOP_COST < total
}
