//! Storage that grows by segments: nothing moves when it grows, and no copy of everything is ever alive beside it.

use std::ops::{Index, IndexMut};

/// Items of one segment.
const SEGMENT: usize = 4096;

/// The index of no item.
pub const NONE: u32 = u32::MAX;

/// A vector in segments.
pub struct Segments<T> {
    segments: Vec<Box<[T; SEGMENT]>>,
    length: usize,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self { segments: Vec::new(), length: 0 }
    }
}

impl<T: Copy + Default> Segments<T> {
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn push(&mut self, item: T) -> u32 {
        if self.length == self.segments.len() * SEGMENT {
            let segment = vec![T::default(); SEGMENT].into_boxed_slice().try_into();
            self.segments
                .push(segment.unwrap_or_else(|_| unreachable!("the vector has the segment's length")));
        }
        let index = self.length as u32;
        self.length += 1;
        self[index] = item;
        index
    }

    /// Forget the items from `length` on, and the segments that hold nothing else.
    pub fn truncate(&mut self, length: usize) {
        self.length = length;
        self.segments.truncate(length.div_ceil(SEGMENT));
    }

    pub fn size_bytes(&self) -> usize {
        self.segments.len() * SEGMENT * size_of::<T>() + self.segments.capacity() * size_of::<usize>()
    }
}

impl<T> Index<u32> for Segments<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, index: u32) -> &T {
        &self.segments[index as usize / SEGMENT][index as usize % SEGMENT]
    }
}

impl<T> IndexMut<u32> for Segments<T> {
    #[inline(always)]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.segments[index as usize / SEGMENT][index as usize % SEGMENT]
    }
}

/// An item that carries the index of another one, or `NONE`.
pub trait Linked {
    fn link(&self) -> u32;
    fn set_link(&mut self, link: u32);
}

/// Items that come and go; those given back are chained through their own links and taken again first.
pub struct Pool<T> {
    items: Segments<T>,
    free: u32,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { items: Segments::default(), free: NONE }
    }
}

impl<T: Copy + Default + Linked> Pool<T> {
    #[inline]
    pub fn take(&mut self, item: T) -> u32 {
        if self.free == NONE {
            return self.items.push(item);
        }
        let index = self.free;
        self.free = self.items[index].link();
        self.items[index] = item;
        index
    }

    /// Give back the chain of items from `first` to `last`.
    pub fn give_back(&mut self, first: u32, last: u32) {
        self.items[last].set_link(self.free);
        self.free = first;
    }

    pub fn size_bytes(&self) -> usize {
        self.items.size_bytes()
    }
}

impl<T> Index<u32> for Pool<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, index: u32) -> &T {
        &self.items[index]
    }
}

impl<T> IndexMut<u32> for Pool<T> {
    #[inline(always)]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.items[index]
    }
}
