//! Arrays that begin on a cache line, so that no vector load straddles two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// An array of fixed length of numbers, whose first stands at the start of a cache line.
pub(crate) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy> Aligned<T> {
    /// `len` copies of `value`.
    pub fn new(value: T, len: usize) -> Self {
        let values = vec![value; len + LINE / size_of::<T>().clamp(1, LINE)];
        // Where the address is not to be known, zero: alignment is for speed only.
        let start = values.as_ptr().align_offset(LINE);
        Self {
            start: if start <= values.len() - len { start } else { 0 },
            values,
            len,
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_begin_on_a_line() {
        for len in [0, 1, 7, 1000] {
            let mut array = Aligned::new(3i8, len);
            assert_eq!(&*array, &vec![3; len][..]);
            assert_eq!(array.as_ptr() as usize % LINE, 0);
            array.fill(1);
            let words = Aligned::new(0u64, len);
            assert_eq!((words.len(), words.as_ptr() as usize % LINE), (len, 0));
        }
    }
}
