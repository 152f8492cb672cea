//! What HELP and TYPE lines say of metric families.
//!
//! The lines themselves are kept with the page they stood on, so only what is *not* on that page is kept here: families
//! that went away not long ago, and the help or type that a family once had and the page no longer states.

use hashbrown::HashMap;

use crate::exposition::{FamilyKind, Labels, Line, Reader, unescape, unescape_help};
use crate::line_sequence::{Cursor, LineKind, LineSequence};

/// Scrapes after which a family that is no longer exposed is forgotten.
const KEPT_SCRAPES: u64 = 10;

/// A family and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    pub name: Vec<u8>,
    pub kind: Option<FamilyKind>,
    pub help: Option<Vec<u8>>,
    /// The scrape that showed it last; none while it stands on the known page.
    last_seen: Option<u64>,
}

/// What the known page does not say.
#[derive(Default)]
pub struct Families {
    carried: Vec<Family>,
}

impl Families {
    pub fn size_bytes(&self) -> usize {
        let texts = |family: &Family| family.name.capacity() + family.help.as_ref().map_or(0, Vec::capacity);
        self.carried.capacity() * size_of::<Family>() + self.carried.iter().map(texts).sum::<usize>()
    }

    /// Every family, that of the known page first, each in order of appearance.
    pub fn all(&self, known: &LineSequence) -> Vec<Family> {
        let mut families = FamilyList::of(known);
        for carried in &self.carried {
            let family = families.entry(&carried.name);
            family.kind = family.kind.or(carried.kind);
            family.help = family.help.take().or_else(|| carried.help.clone());
            family.last_seen = carried.last_seen;
        }
        families.list
    }

    /// The known page gives way to `next`, accepted as scrape number `scrape`; the page before was `scrape_before`.
    pub fn turn_page(&mut self, known: &LineSequence, next: &LineSequence, scrape_before: u64, scrape: u64) {
        let mut current = FamilyList::of(next);
        let mut carried = Vec::new();
        for mut family in self.all(known) {
            match current.find(&family.name) {
                Some(stated) => {
                    family.last_seen = None;
                    family.kind = family.kind.filter(|_| stated.kind.is_none());
                    family.help = family.help.filter(|_| stated.help.is_none());
                    if family.kind.is_some() || family.help.is_some() {
                        carried.push(family);
                    }
                }
                None => {
                    let last_seen = *family.last_seen.get_or_insert(scrape_before);
                    if scrape - last_seen <= KEPT_SCRAPES {
                        carried.push(family);
                    }
                }
            }
        }
        self.carried = carried;
    }

    /// Forget what has not been seen for too long.
    pub fn expire(&mut self, scrape: u64) {
        self.carried.retain(|family| family.last_seen.is_none_or(|seen| scrape - seen <= KEPT_SCRAPES));
    }
}

/// Families in order of appearance.
#[derive(Default)]
struct FamilyList {
    list: Vec<Family>,
    numbers: HashMap<Vec<u8>, usize>,
}

impl FamilyList {
    /// What the lines of a page state; the last line of each sort wins.
    fn of(page: &LineSequence) -> Self {
        let mut families = Self::default();
        let mut cursor = Cursor::default();
        let mut labels = Labels::default();
        for (number, line) in page.lines().iter().enumerate() {
            if !matches!(line.kind, LineKind::Help | LineKind::Type(_)) {
                continue;
            }
            let text = page.read(&mut cursor, number);
            match Reader::new(text).line(0, &mut labels) {
                Ok(Line::Help { family, help, .. }) => {
                    families.entry(&unescape(family.of(text))).help =
                        Some(unescape_help(help.of(text)).into_owned());
                }
                Ok(Line::Type { family, kind, .. }) => {
                    families.entry(&unescape(family.of(text))).kind = Some(kind);
                }
                _ => unreachable!("a line that was read as metadata is read so again"),
            }
        }
        families
    }

    fn find(&mut self, name: &[u8]) -> Option<&Family> {
        self.numbers.get(name).map(|&number| &self.list[number])
    }

    fn entry(&mut self, name: &[u8]) -> &mut Family {
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                self.numbers.insert(name.to_vec(), self.list.len());
                self.list.push(Family { name: name.to_vec(), ..Family::default() });
                self.list.len() - 1
            }
        };
        &mut self.list[number]
    }
}
