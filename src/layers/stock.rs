//! Arrays that are used again: fresh memory costs as much as many a product.

use crate::ensemble::Aligned;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Arrays of a type that are kept for later, at most.
const KEPT: usize = 64;

/// The panels of a right factor, each packed when it is first looked at.
pub(super) type Panels<T> = Vec<OnceLock<Aligned<T>>>;

/// Which panels these are: those of weights as they stand (0) or of their transpose (1), and the weights' version.
pub(super) type Label = (usize, u64);

/// Panels and the version of the weights that they are of.
type Labelled<T> = (u64, Arc<Panels<T>>);

/// Arrays of one type.
pub struct Stock<T> {
    arrays: Mutex<Vec<Aligned<T>>>,
    /// Panels of the last version of the weights, each way.
    labelled: Mutex<[Option<Labelled<T>>; 2]>,
}

/// Arrays of all types.
#[derive(Default)]
pub struct Stocks {
    pub(super) single: Stock<f32>,
    pub(super) double: Stock<f64>,
    pub(super) places: Stock<u32>,
}

impl<T> Default for Stock<T> {
    fn default() -> Self {
        Self {
            arrays: Mutex::default(),
            labelled: Mutex::new([None, None]),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Copy + Default> Stock<T> {
    /// An array of at least so many numbers, whatever they are.
    fn array(&self, len: usize) -> Aligned<T> {
        let mut arrays = locked(&self.arrays);
        let fit = arrays
            .iter()
            .position(|array| array.len() >= len && array.len() <= 2 * len);
        let array = fit.map(|at| arrays.swap_remove(at));
        drop(arrays);
        array.unwrap_or_else(|| Aligned::new(T::default(), len))
    }

    /// An array of so many numbers, whatever they are.
    pub(super) fn take(&self, len: usize) -> Lent<'_, T> {
        Lent {
            array: Some(self.array(len)),
            len,
            stock: self,
        }
    }

    /// So many panels: those of this label if there are such, else new ones.
    pub(super) fn panels(&self, count: usize, label: Option<Label>) -> Arc<Panels<T>> {
        let fresh = || Arc::new((0..count).map(|_| OnceLock::new()).collect());
        let Some((way, version)) = label else {
            return fresh();
        };
        let mut labelled = locked(&self.labelled);
        match &labelled[way] {
            Some((last, panels)) if *last == version && panels.len() == count => Arc::clone(panels),
            _ => {
                let panels = fresh();
                let old = labelled[way].replace((version, Arc::clone(&panels)));
                drop(labelled);
                if let Some((_, old)) = old {
                    self.give_back(old);
                }
                panels
            }
        }
    }

    /// Packs a panel of so many numbers, if that was not done before.
    pub(super) fn panel<'p>(
        &self,
        panel: &'p OnceLock<Aligned<T>>,
        len: usize,
        pack: impl FnOnce(&mut [T]),
    ) -> &'p [T] {
        let values = panel.get_or_init(|| {
            let mut array = self.array(len);
            pack(&mut array[..len]);
            array
        });
        &values[..len]
    }
}

impl<T> Stock<T> {
    fn keep(&self, array: Aligned<T>) {
        let mut arrays = locked(&self.arrays);
        if arrays.len() == KEPT {
            arrays.remove(0);
        }
        arrays.push(array);
    }

    /// Keeps the arrays of panels that nobody else looks at.
    pub(super) fn give_back(&self, panels: Arc<Panels<T>>) {
        for panel in Arc::into_inner(panels).unwrap_or_default() {
            if let Some(array) = panel.into_inner() {
                self.keep(array);
            }
        }
    }
}

/// An array that goes back when it is done with.
pub(super) struct Lent<'a, T> {
    array: Option<Aligned<T>>,
    len: usize,
    stock: &'a Stock<T>,
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(array) = self.array.take() {
            self.stock.keep(array);
        }
    }
}

impl<T: Copy> Deref for Lent<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.array.as_deref().map_or(&[], |array| &array[..self.len])
    }
}

impl<T: Copy> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let len = self.len;
        self.array
            .as_deref_mut()
            .map_or(&mut [], |array| &mut array[..len])
    }
}
