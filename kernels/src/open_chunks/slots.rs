//! Refs to slots: pages of 256 neighbouring refs, found by hash. A scrape's refs mostly follow one another, so that
//! one hash finds the page of many.

use hashbrown::HashMap;

use super::pool::NONE;

const PAGE: usize = 256;

#[derive(Default)]
pub struct SlotTable {
    page_of: HashMap<u64, u32>,
    pages: Vec<[u32; PAGE]>,
}

/// The page used last.
#[derive(Clone, Copy)]
pub struct Memo {
    key: u64,
    page: u32,
}

impl Default for Memo {
    fn default() -> Self {
        Self { key: u64::MAX, page: 0 } // No page has that key.
    }
}

impl SlotTable {
    /// The slot of a ref, `NONE` where it has none.
    #[inline(always)]
    pub fn find(&self, series: u64, memo: &mut Memo) -> u32 {
        let key = series / PAGE as u64;
        if key != memo.key {
            let Some(page) = self.page(key) else { return NONE };
            *memo = Memo { key, page };
        }
        self.pages[memo.page as usize][(series % PAGE as u64) as usize]
    }

    #[inline(never)]
    fn page(&self, key: u64) -> Option<u32> {
        self.page_of.get(&key).copied()
    }

    pub fn set(&mut self, series: u64, slot: u32) {
        let page = *self.page_of.entry(series / PAGE as u64).or_insert_with(|| {
            self.pages.push([NONE; PAGE]);
            self.pages.len() as u32 - 1
        });
        self.pages[page as usize][(series % PAGE as u64) as usize] = slot;
    }

    pub fn size_bytes(&self) -> usize {
        self.pages.capacity() * PAGE * size_of::<u32>() + self.page_of.capacity() * 17
    }
}
