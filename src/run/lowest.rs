//! The lowest energy of a run, in f64, summed only when there is a new one.

use std::cell::Cell;

/// An energy on the grid, and the block and lane that have it.
pub(super) type Lowest = (f64, usize, usize);

/// The lowest of the energies of blocks.
pub(super) fn lowest<'a>(blocks: impl Iterator<Item = &'a [f64]>) -> Option<Lowest> {
    let of_block = |(b, energies): (usize, &[f64])| {
        let lowest = energies.iter().enumerate().min_by(|x, y| x.1.total_cmp(y.1));
        lowest.map(|(lane, &energy)| (energy, b, lane))
    };
    blocks
        .enumerate()
        .filter_map(of_block)
        .min_by(|x, y| x.0.total_cmp(&y.0))
}

/// Remembers the energy of the state that was the lowest when it was last asked for. (It is asked for after every slice.)
#[derive(Default)]
pub(super) struct BestEnergy {
    known: Cell<Option<(Lowest, f64)>>,
}

impl BestEnergy {
    /// The energy of `lowest`, made by `sum` if it is new; infinity if there is none.
    pub fn get(&self, lowest: Option<Lowest>, sum: impl FnOnce() -> f64) -> f64 {
        let Some(place) = lowest else {
            return f64::INFINITY;
        };
        match self.known.get() {
            Some((known, energy)) if known == place => energy,
            _ => {
                let energy = sum();
                self.known.set(Some((place, energy)));
                energy
            }
        }
    }
}
