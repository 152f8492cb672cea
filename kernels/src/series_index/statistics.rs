//! The largest of everything, as `status/tsdb` shows it.

use std::cmp::Ordering;

use super::SeriesIndex;

/// Names with a count each, largest first.
pub type TopList = Vec<(String, u64)>;

/// What is counted: a value under its name, or with an empty name part a thing by itself.
struct Entry<'a> {
    parts: [&'a [u8]; 3],
    count: u64,
}

impl Entry<'_> {
    fn text(&self) -> impl Iterator<Item = u8> + '_ {
        self.parts.iter().flat_map(|part| part.iter().copied())
    }

    /// Larger counts first, and equal ones by name.
    fn order(&self, other: &Self) -> Ordering {
        other.count.cmp(&self.count).then_with(|| self.text().cmp(other.text()))
    }
}

impl SeriesIndex {
    /// Series by metric name; values by label name; bytes of distinct values by label name; series by pair.
    pub fn statistics(&self, limit: usize) -> [TopList; 4] {
        let state = self.read();
        let table = self.symbols.read();
        let (mut metrics, mut values, mut bytes, mut pairs) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for label in state.postings.labels() {
            let name = table.text(label.name);
            let mut value_bytes = 0;
            for pair in label.pairs() {
                let value = table.text(pair.value);
                let count = state.postings.slots(pair).len() as u64;
                value_bytes += value.len() as u64;
                pairs.push(Entry { parts: [name, b"=", value], count });
                if name == b"__name__" {
                    metrics.push(single(value, count));
                }
            }
            values.push(single(name, label.len() as u64));
            bytes.push(single(name, value_bytes));
        }
        [top(metrics, limit), top(values, limit), top(bytes, limit), top(pairs, limit)]
    }
}

fn single(name: &[u8], count: u64) -> Entry<'_> {
    Entry { parts: [name, b"", b""], count }
}

fn top(mut entries: Vec<Entry<'_>>, limit: usize) -> TopList {
    if limit == 0 {
        return Vec::new();
    }
    if limit < entries.len() {
        entries.select_nth_unstable_by(limit - 1, Entry::order);
        entries.truncate(limit);
    }
    entries.sort_unstable_by(Entry::order);
    let text = |entry: &Entry<'_>| String::from_utf8_lossy(&entry.parts.concat()).into_owned();
    entries.iter().map(|entry| (text(entry), entry.count)).collect()
}
