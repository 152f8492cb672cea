//! The symbol table of a block: texts in byte order, of which every 32nd is found at once.

use std::cmp::Ordering;

use super::{LENGTH_BYTES, SAMPLING, corruption, counted, section};
use crate::error::Outcome;
use crate::varint::Cursor;

pub struct StoredSymbols {
    /// Where the body of the section begins.
    start: usize,
    length: usize,
    pub count: u32,
    /// The place in the body of every 32nd text. A section is shorter than 4 GiB.
    samples: Vec<u32>,
}

impl StoredSymbols {
    pub fn open(data: &[u8], at: usize) -> Outcome<Self> {
        let body = section("symbols", data, at)?;
        let (count, mut cursor) = counted("symbols", body)?;
        let mut samples = Vec::with_capacity((count as usize).min(body.len()) / SAMPLING + 1);
        let mut last: Option<&[u8]> = None;
        for ordinal in 0..count as usize {
            if ordinal % SAMPLING == 0 {
                samples.push(cursor.at() as u32);
            }
            let text = cursor.text();
            if text.is_none() || text <= last {
                return Err(corruption(format!("symbols: want {count} rising texts, got {ordinal}")));
            }
            last = text;
        }
        Ok(Self { start: at + LENGTH_BYTES, length: body.len(), count, samples })
    }

    /// The texts of rising ordinals, in one pass over the table.
    pub fn texts<'a>(&self, data: &'a [u8], ordinals: &[u32]) -> Outcome<Vec<&'a [u8]>> {
        let mut walk = Walk { symbols: self, body: self.body(data), next: 0, cursor: Cursor::new(&[]) };
        ordinals.iter().map(|&ordinal| walk.text(ordinal)).collect()
    }

    pub fn text<'a>(&self, data: &'a [u8], ordinal: u32) -> Outcome<&'a [u8]> {
        Ok(self.texts(data, &[ordinal])?[0])
    }

    /// The ordinal of a text.
    pub fn find(&self, data: &[u8], wanted: &[u8]) -> Option<u32> {
        let body = self.body(data);
        let sampled = |&at: &u32| Cursor::new(body.get(at as usize..).unwrap_or_default()).text();
        let after = self.samples.partition_point(|at| sampled(at) <= Some(wanted));
        let sample = after.checked_sub(1)?;
        let mut cursor = Cursor::new(body.get(self.samples[sample] as usize..)?);
        for ordinal in sample * SAMPLING..self.count as usize {
            match cursor.text()?.cmp(wanted) {
                Ordering::Less => {}
                Ordering::Equal => return Some(ordinal as u32),
                Ordering::Greater => return None,
            }
        }
        None
    }

    pub fn size_bytes(&self) -> usize {
        self.samples.capacity() * 4
    }

    fn body<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

/// Goes through the table from front to back, jumping where the next sample is nearer.
struct Walk<'s, 'a> {
    symbols: &'s StoredSymbols,
    body: &'a [u8],
    /// The ordinal that the cursor stands before.
    next: usize,
    cursor: Cursor<'a>,
}

impl<'a> Walk<'_, 'a> {
    fn text(&mut self, ordinal: u32) -> Outcome<&'a [u8]> {
        let wanted = ordinal as usize;
        let missing = || corruption(format!("want a symbol below {}, got {ordinal}", self.symbols.count));
        let sample = wanted / SAMPLING;
        let place = *self.symbols.samples.get(sample).ok_or_else(missing)? as usize;
        if self.cursor.is_at_end() || self.next > wanted || self.next < sample * SAMPLING {
            self.cursor = Cursor::new(self.body.get(place..).unwrap_or_default());
            self.next = sample * SAMPLING;
        }
        while self.next < wanted {
            self.cursor.text().ok_or_else(missing)?;
            self.next += 1;
        }
        self.next += 1;
        self.cursor.text().ok_or_else(missing)
    }
}
