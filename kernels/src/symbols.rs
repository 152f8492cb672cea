//! Interned strings.
//!
//! ```text
//!   bytes   [ "" | "__name__" | "up" | "job" | ... ]      one arena, append-only
//!   ends    [ 0, 8, 10, 13, ... ]                         symbol s is bytes[ends[s - 1]..ends[s]]
//!   table   open-addressing set of symbol numbers, hashed by their text
//! ```
//!
//! Invariant: symbol 0 is the empty string, and a text has exactly one symbol for the life of the table.

use hashbrown::HashTable;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use xxhash_rust::xxh3::xxh3_64;

/// Symbol 0: the empty string, which as a label value means "absent".
pub const EMPTY: u32 = 0;

/// What `find` gives for a text that has no symbol.
pub const UNKNOWN: u32 = u32::MAX;

/// The table itself; `Symbols` shares one behind a lock.
pub struct SymbolTable {
    bytes: Vec<u8>,
    ends: Vec<u64>,
    table: HashTable<u32>,
}

impl Default for SymbolTable {
    fn default() -> Self {
        let mut table = Self { bytes: Vec::new(), ends: Vec::new(), table: HashTable::new() };
        table.intern(b"");
        table
    }
}

impl SymbolTable {
    #[allow(clippy::len_without_is_empty)] // Symbol 0 is always there.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of `symbol`.
    ///
    /// # Panics
    /// If `symbol` is not of this table; the Python face checks before it calls.
    pub fn text(&self, symbol: u32) -> &[u8] {
        text_of(&self.bytes, &self.ends, symbol)
    }

    /// The text of `symbol` as a string of its own.
    pub fn string(&self, symbol: u32) -> String {
        String::from_utf8_lossy(self.text(symbol)).into_owned()
    }

    pub fn find(&self, text: &[u8]) -> Option<u32> {
        self.table.find(xxh3_64(text), |&symbol| self.text(symbol) == text).copied()
    }

    pub fn intern(&mut self, text: &[u8]) -> u32 {
        let Self { bytes, ends, table } = self;
        let same = |&symbol: &u32| text_of(bytes, ends, symbol) == text;
        let rehash = |&symbol: &u32| xxh3_64(text_of(bytes, ends, symbol));
        match table.entry(xxh3_64(text), same, rehash) {
            hashbrown::hash_table::Entry::Occupied(known) => *known.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                let symbol = ends.len() as u32;
                free.insert(symbol);
                bytes.extend_from_slice(text);
                ends.push(bytes.len() as u64);
                symbol
            }
        }
    }

    pub fn size_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 5
    }
}

fn text_of<'a>(bytes: &'a [u8], ends: &[u64], symbol: u32) -> &'a [u8] {
    let index = symbol as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &bytes[start as usize..ends[index] as usize]
}

/// A symbol table shared by frames, indexes and caches.
#[derive(Default)]
pub struct Symbols(RwLock<SymbolTable>);

impl Symbols {
    pub fn read(&self) -> RwLockReadGuard<'_, SymbolTable> {
        self.0.read()
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, SymbolTable> {
        self.0.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_symbol_for_ever() {
        let mut table = SymbolTable::default();
        let first: Vec<u32> = (0..1000).map(|i| table.intern(format!("v{i}").as_bytes())).collect();
        let again: Vec<u32> = (0..1000).map(|i| table.intern(format!("v{i}").as_bytes())).collect();
        assert_eq!(first, again);
        assert_eq!(table.text(first[999]), b"v999");
        assert_eq!((table.find(b""), table.find(b"v1000")), (Some(EMPTY), None));
    }
}
