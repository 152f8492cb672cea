//! The postings offset table: where the list of each pair of name and value is.

use std::cmp::Ordering;
use std::ops::Range;

use super::{LENGTH_BYTES, SAMPLING, corruption, counted, section};
use crate::error::Outcome;
use crate::varint::Cursor;

/// Keys of an entry: a name and a value.
const KEYS: u8 = 2;

pub struct StoredLabels {
    /// Where the body of the section begins.
    start: usize,
    length: usize,
    /// Where the list of all series is.
    pub all: usize,
    /// In byte order of their names.
    labels: Vec<StoredLabel>,
}

/// The entries of one label name, which stand together. Places are in the body of the section, shorter than 4 GiB.
pub struct StoredLabel {
    entries: Range<u32>,
    pub values: usize,
    /// The place of every 32nd entry.
    samples: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    name: &'a [u8],
    value: &'a [u8],
    list: u64,
}

fn read_entry<'a>(cursor: &mut Cursor<'a>) -> Option<Entry<'a>> {
    let keys = cursor.byte()?;
    let entry = Entry { name: cursor.text()?, value: cursor.text()?, list: cursor.uvarint()? };
    (keys == KEYS).then_some(entry)
}

impl StoredLabels {
    pub fn open(data: &[u8], at: usize) -> Outcome<Self> {
        let body = section("postings offset table", data, at)?;
        let (count, mut cursor) = counted("postings offset table", body)?;
        let mut found = Self { start: at + LENGTH_BYTES, length: body.len(), all: 0, labels: Vec::new() };
        let mut last: Option<Entry<'_>> = None;
        for number in 0..count {
            let place = cursor.at() as u32;
            let entry = read_entry(&mut cursor)
                .filter(|entry| last.is_none_or(|last| (last.name, last.value) < (entry.name, entry.value)));
            let entry = entry.ok_or_else(|| {
                corruption(format!("postings offset table: want {count} rising entries, got {number}"))
            })?;
            if number == 0 {
                found.all = all_series(&entry)?;
            } else {
                found.add(last.is_none_or(|last| last.name != entry.name), place, cursor.at() as u32);
            }
            last = Some(entry);
        }
        if last.is_none() {
            return Err(corruption("postings offset table: want the list of all series, got none".into()));
        }
        Ok(found)
    }

    fn add(&mut self, is_new: bool, start: u32, end: u32) {
        if is_new || self.labels.is_empty() {
            self.labels.push(StoredLabel { entries: start..start, values: 0, samples: Vec::new() });
        }
        if let Some(label) = self.labels.last_mut() {
            if label.values.is_multiple_of(SAMPLING) {
                label.samples.push(start);
            }
            label.values += 1;
            label.entries.end = end;
        }
    }

    pub fn label(&self, data: &[u8], name: &[u8]) -> Option<&StoredLabel> {
        let named = |label: &StoredLabel| self.name(data, label).cmp(name);
        self.labels.binary_search_by(named).ok().map(|place| &self.labels[place])
    }

    /// Every label name, rising.
    pub fn names<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.labels.iter().map(move |label| self.name(data, label))
    }

    pub fn name<'a>(&self, data: &'a [u8], label: &StoredLabel) -> &'a [u8] {
        read_entry(&mut self.cursor(data, label.entries.start)).map_or(b"", |entry| entry.name)
    }

    /// Where the list of a value is.
    pub fn find(&self, data: &[u8], label: &StoredLabel, wanted: &[u8]) -> Option<usize> {
        let sampled = |&place: &u32| read_entry(&mut self.cursor(data, place)).map(|entry| entry.value);
        let after = label.samples.partition_point(|place| sampled(place) <= Some(wanted));
        let place = label.samples[after.checked_sub(1)?];
        let mut cursor = self.cursor(data, place);
        while place as usize + cursor.at() < label.entries.end as usize {
            let entry = read_entry(&mut cursor)?;
            match entry.value.cmp(wanted) {
                Ordering::Less => {}
                Ordering::Equal => return usize::try_from(entry.list).ok(),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// Where the lists of the accepted values are; every value is shown, rising.
    pub fn lists(
        &self,
        data: &[u8],
        label: &StoredLabel,
        mut accepts: impl FnMut(&[u8]) -> bool,
    ) -> Outcome<Vec<usize>> {
        let mut cursor = self.cursor(data, label.entries.start);
        let mut lists = Vec::new();
        for number in 0..label.values {
            let entry = read_entry(&mut cursor).ok_or_else(|| {
                corruption(format!("value {number} of a label has changed since it was opened"))
            })?;
            if accepts(entry.value) {
                lists.push(usize::try_from(entry.list).unwrap_or(usize::MAX));
            }
        }
        Ok(lists)
    }

    pub fn size_bytes(&self) -> usize {
        let samples: usize = self.labels.iter().map(|label| label.samples.capacity() * 4).sum();
        samples + self.labels.capacity() * size_of::<StoredLabel>()
    }

    fn cursor<'a>(&self, data: &'a [u8], place: u32) -> Cursor<'a> {
        let body = data.get(self.start..self.start + self.length).unwrap_or_default();
        Cursor::new(body.get(place as usize..).unwrap_or_default())
    }
}

/// Where the list of all series is, which the first entry tells.
fn all_series(entry: &Entry<'_>) -> Outcome<usize> {
    let place = usize::try_from(entry.list).ok().filter(|_| entry.name.is_empty() && entry.value.is_empty());
    place.ok_or_else(|| corruption("postings offset table: want the list of all series first".into()))
}
