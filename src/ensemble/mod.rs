//! Many chains of one model side by side.
//!
//! [`Ensemble`] is the seam between the physics and the runs: annealing, sampling and whatever comes later are written
//! once against it, and every layout of chains in memory implements it. An ensemble owns its chains' spins, knows how
//! to carry a sweep on from where it stopped, and keeps one shadow state a lane (the best so far, say).

mod aligned;
mod bits;
mod bytes;
mod cached;
mod choose;
mod decide;
mod floats;
mod ones;
mod order;
mod plan;
mod rows;
mod setup;
mod shadow;
mod simd;
mod square;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use aligned::Aligned;
pub use choose::Factory;
pub use ones::{differing, ones};
pub use plan::{Plan, QUAD};
pub use setup::Setup;
pub use simd::Level;
pub use square::transpose;

/// Most lanes of any block: lanes are told in the bits of a word.
pub const MOST_LANES: usize = 64;

/// Up to [`MOST_LANES`] chains (lanes) of one model that are advanced together.
///
/// Energies are those of the quantised model (see [`crate::model::Grid`]) without offset: exact sums, good for
/// comparing states; what is reported to users is summed from the f64 coefficients.
pub trait Ensemble: Place + Send {
    /// Number of lanes.
    fn num_lanes(&self) -> usize;

    /// Sets the inverse temperature of one lane, from the next visit on.
    fn set_beta(&mut self, lane: usize, beta: f64);

    /// Carries the current sweep on by about `visits` visits of every lane; true when the sweep is complete.
    fn advance(&mut self, visits: usize) -> bool;

    /// Number of the sweep that is, or will next be, carried out, and the visits already made in it.
    fn position(&self) -> (u64, usize);

    /// Goes to a place that [`Ensemble::position`] reported.
    fn set_position(&mut self, position: (u64, usize));

    /// Energy of a lane.
    fn energy(&self, lane: usize) -> f64;

    /// Writes the spins of a lane, by site.
    fn state(&self, lane: usize, spins: &mut [i8]);

    /// Replaces the spins of a lane.
    fn set_state(&mut self, lane: usize, spins: &[i8]);

    /// Turns the spins of free `sites` of a lane over, which changes its energy by `change` units of the grid.
    fn flip(&mut self, lane: usize, sites: &[u32], change: f64);

    /// Writes the present states as bit rows, by site: bit l set = lane l has spin -1.
    fn bit_rows(&self, rows: &mut [u64]);

    /// Copies the present states of the lanes in `mask` (bit l = lane l) to their shadows.
    fn keep(&mut self, mask: u64);

    /// Writes the shadow of a lane, by site.
    fn kept(&self, lane: usize, spins: &mut [i8]);
}

/// How an ensemble takes states up.
pub trait Place {
    /// What it was made from.
    fn setup(&self) -> &Setup;

    /// Replaces the spins of a lane by a state (by site) whose energy, in units of the grid, is known.
    fn place(&mut self, lane: usize, state: &[i8], energy: f64);

    /// The ensemble with its lanes, and their shadows, in the given states (one after the other, by site).
    #[must_use]
    fn with_states(mut self, states: &[i8]) -> Self
    where
        Self: Ensemble + Sized,
    {
        let n = self.setup().model.num_sites();
        let energies = self.setup().energies_units(states, self.num_lanes());
        for (lane, energy) in energies.into_iter().enumerate() {
            self.place(lane, &states[lane * n..(lane + 1) * n], energy);
        }
        self.keep(u64::MAX);
        self
    }

    /// Replaces the spins of one lane, but not its shadow.
    fn place_one(&mut self, lane: usize, state: &[i8]) {
        let energy = self.setup().energy_units(state);
        self.place(lane, state, energy);
    }
}
