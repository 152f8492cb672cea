//! A block's postings, as selection asks for them. A series' slot is its number, `offset / 16`.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};

use super::labels::StoredLabel;
use super::{IndexReader, SERIES_ALIGNMENT, corruption, counted, section};
use crate::error::Outcome;
use crate::matcher::Matcher;
use crate::selection::{self, PostingsSource, Slots, Survivors};
use crate::slots;

/// Decoding a survivor's entry costs some four times what testing a text does.
const ENTRY_COST: usize = 4;

impl IndexReader<'_> {
    /// The series that satisfy every matcher, in label order.
    pub fn select(&self, matchers: &[&Matcher]) -> Outcome<Vec<u32>> {
        let slots = selection::select(self, matchers)?;
        Ok(match slots {
            Some(slots) => slots.into_owned(),
            None => self.slots(self.index.labels.all)?.into_owned(),
        })
    }

    /// Names of labels that some selected series has, in byte order.
    pub fn label_names(&self, matchers: &[&Matcher]) -> Outcome<Vec<String>> {
        let texts = match selection::select(self, matchers)? {
            None => self.index.labels.names(self.data).map(<[u8]>::to_vec).collect(),
            Some(ids) => {
                let mut names: HashSet<u32> = HashSet::new();
                let mut pairs = Vec::new();
                for &id in &*ids {
                    self.pairs_of(id, &mut pairs)?;
                    names.extend(pairs.iter().map(|pair| pair.0));
                }
                let text = |&name: &u32| Ok(self.index.symbols.text(self.data, name)?.to_vec());
                names.iter().map(text).collect::<Outcome<_>>()?
            }
        };
        Ok(selection::sorted(texts))
    }

    /// Values of label `name` that some selected series has, in byte order.
    pub fn label_values(&self, name: &str, matchers: &[&Matcher]) -> Outcome<Vec<String>> {
        selection::label_values(self, name, matchers)
    }

    fn name_of(&self, label: &StoredLabel) -> Outcome<u32> {
        let name = self.index.labels.name(self.data, label);
        let missing = || corruption("symbols: want every label name, one is missing".into());
        self.index.symbols.find(self.data, name).ok_or_else(missing)
    }
}

impl<'a> PostingsSource<'a> for IndexReader<'a> {
    type Label = &'a StoredLabel;
    /// Where the section is.
    type List = usize;

    fn label(&self, name: &str) -> Option<&'a StoredLabel> {
        self.index.labels.label(self.data, name.as_bytes())
    }

    fn values(&self, label: &'a StoredLabel) -> usize {
        label.values
    }

    fn find(&self, label: &'a StoredLabel, value: &[u8]) -> Outcome<Option<usize>> {
        Ok(self.index.labels.find(self.data, label, value))
    }

    fn lists(&self, label: &'a StoredLabel, accepts: impl FnMut(&[u8]) -> bool) -> Outcome<Vec<usize>> {
        self.index.labels.lists(self.data, label, accepts)
    }

    /// What the list says of itself, its checksum not looked at.
    fn length(&self, list: usize) -> usize {
        let count = self.data.get(list..).and_then(|bytes| bytes.get(4..8)?.first_chunk());
        count.map_or(0, |count| u32::from_be_bytes(*count) as usize).min(self.data.len())
    }

    fn slots(&self, list: usize) -> Outcome<Slots<'a>> {
        let body = section("postings", self.data, list)?;
        let (count, _) = counted("postings", body)?;
        let (words, rest) = body[4..].as_chunks::<4>();
        if words.len() != count as usize || !rest.is_empty() {
            let problem = format!("want {count} series, got {} bytes", body.len() - 4);
            return Err(corruption(format!("postings at {list}: {problem}")));
        }
        let slots: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
        let rises = slots.windows(2).all(|pair| pair[0] < pair[1]);
        if !rises || slots.last().is_some_and(|&last| last as usize >= self.slots_end()) {
            return Err(corruption(format!("postings at {list}: want rising series of this block")));
        }
        Ok(Cow::Owned(slots))
    }

    fn slots_end(&self) -> usize {
        self.index.series.end / SERIES_ALIGNMENT + 1
    }

    fn retain_all(&self, stays: impl Fn(u32) -> bool) -> Outcome<Vec<u32>> {
        let all = self.slots(self.index.labels.all)?;
        Ok(slots::retain(all.iter().copied(), stays))
    }

    fn retain_set(&self, survivors: &Survivors<'a>, label: &'a StoredLabel, set: bool) -> Outcome<Vec<u32>> {
        if let Some(slots) = survivors
            && self.prefers_own_values(slots.len(), label.values)
        {
            return self.retain_accepted(slots, label, |value| value.is_empty() != set);
        }
        let lists = self.index.labels.lists(self.data, label, |_| true)?;
        let mut with = slots::Bitmap::new(self.slots_end());
        for list in lists {
            with.insert_all(&self.slots(list)?);
        }
        match survivors {
            None => self.retain_all(|slot| with.contains(slot) == set),
            Some(slots) => Ok(with.filter(slots, set)),
        }
    }

    fn prefers_own_values(&self, survivors: usize, values: usize) -> bool {
        survivors * ENTRY_COST < values
    }

    fn retain_accepted(
        &self,
        slots: &[u32],
        label: &'a StoredLabel,
        mut accepts: impl FnMut(&[u8]) -> bool,
    ) -> Outcome<Vec<u32>> {
        let name = self.name_of(label)?;
        let mut known: HashMap<Option<u32>, bool> = HashMap::new();
        let mut pairs = Vec::new();
        let mut kept = Vec::with_capacity(slots.len());
        for &id in slots {
            let value = self.value_of(id, name, &mut pairs)?;
            let passes = match known.get(&value) {
                Some(&passes) => passes,
                None => {
                    let text = value
                        .map_or(Ok(b"".as_slice()), |value| self.index.symbols.text(self.data, value))?;
                    let passes = accepts(text);
                    known.insert(value, passes);
                    passes
                }
            };
            if passes {
                kept.push(id);
            }
        }
        Ok(kept)
    }
}
