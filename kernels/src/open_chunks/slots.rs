//! Refs to slots: pages of 256 neighbouring refs, found by hash. A scrape's refs mostly follow one another, so that
//! one hash finds the page of many.

use hashbrown::HashMap;

use super::pool::NONE;

const PAGE: usize = 256;

#[derive(Default)]
pub struct SlotTable {
    page_of: HashMap<u64, u32>,
    pages: Vec<Box<[u32; PAGE]>>,
}

/// The page used last.
#[derive(Clone, Copy, Default)]
pub struct Memo(Option<(u64, u32)>);

impl SlotTable {
    /// The slot of a ref, `NONE` where it has none.
    #[inline]
    pub fn find(&self, series: u64, memo: &mut Memo) -> u32 {
        let key = series / PAGE as u64;
        let page = match memo.0 {
            Some((last, page)) if last == key => page,
            _ => match self.page_of.get(&key) {
                None => return NONE,
                Some(&page) => {
                    *memo = Memo(Some((key, page)));
                    page
                }
            },
        };
        self.pages[page as usize][(series % PAGE as u64) as usize]
    }

    pub fn set(&mut self, series: u64, slot: u32) {
        let page = *self.page_of.entry(series / PAGE as u64).or_insert_with(|| {
            self.pages.push(Box::new([NONE; PAGE]));
            self.pages.len() as u32 - 1
        });
        self.pages[page as usize][(series % PAGE as u64) as usize] = slot;
    }

    pub fn size_bytes(&self) -> usize {
        self.pages.len() * PAGE * size_of::<u32>()
            + self.pages.capacity() * size_of::<usize>()
            + self.page_of.capacity() * 17
    }
}
