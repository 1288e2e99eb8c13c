//! A block of replicas that goes from one stop to the next, where some are replaced by copies of others.

use super::Job;
use super::chains::Chains;
use super::distinct::Distinct;
use super::pace::Pace;
use crate::ensemble::{Ensemble, Factory};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// A block of replicas, all at one beta.
pub(super) struct Replicas {
    factory: Arc<Factory>,
    chains: Arc<Chains>,
    /// Replicas of the run, counted from its first.
    pub range: Range<usize>,
    /// None before the start.
    ensemble: Option<Box<dyn Ensemble>>,
    /// Sweeps carried out.
    pub sweeps: u64,
    /// Sweeps after which to stop.
    until: u64,
    /// The state of lowest energy among the starts and the ends of sweeps.
    pub lowest: Distinct,
    pace: Pace,
    state: Vec<i8>,
}

impl Replicas {
    pub fn new(factory: Arc<Factory>, chains: Arc<Chains>, range: Range<usize>) -> Self {
        Self {
            state: vec![0; chains.model.num_sites()],
            factory,
            chains,
            range,
            ensemble: None,
            sweeps: 0,
            until: 0,
            lowest: Distinct::new(1),
            pace: Pace::default(),
        }
    }

    /// Visits made in the current sweep.
    pub fn visits(&self) -> u64 {
        self.ensemble.as_ref().map_or(0, |e| e.position().1 as u64)
    }

    /// The lanes with their energies; none before the start.
    pub fn energies(&self) -> impl Iterator<Item = f64> + '_ {
        let lanes = |ensemble: &dyn Ensemble| 0..ensemble.num_lanes();
        self.ensemble
            .iter()
            .flat_map(move |e| lanes(&**e).map(|lane| e.energy(lane)))
    }

    /// Writes the present state of a lane, by site.
    pub fn write(&self, lane: usize, state: &mut [i8]) {
        match &self.ensemble {
            Some(ensemble) => ensemble.state(lane, state),
            None => state.copy_from_slice(&self.chains.start(self.factory.setup(), self.range.start + lane)),
        }
    }

    /// Sets the next stop, at `beta`.
    pub fn go(&mut self, beta: f64, until: u64) {
        self.until = until;
        if let Some(ensemble) = &mut self.ensemble {
            (0..self.range.len()).for_each(|lane| ensemble.set_beta(lane, beta));
        }
    }

    fn begin(&mut self, states: &[i8]) {
        let first = self.chains.first_chain + self.range.start as u64;
        self.ensemble = Some(self.factory.block(first, self.range.len(), states));
    }

    fn begin_at_random(&mut self) {
        let mut starts = Vec::with_capacity(self.range.len() * self.state.len());
        for chain in self.range.clone() {
            starts.extend(self.chains.start(self.factory.setup(), chain));
        }
        self.begin(&starts);
        self.look();
    }

    /// Goes to where a checkpoint was made; [`Replicas::go`] must follow.
    pub fn restore(&mut self, sweeps: u64, visits: u64, states: &[i8]) {
        self.begin(states);
        self.sweeps = sweeps;
        if let Some(ensemble) = &mut self.ensemble {
            ensemble.set_position((sweeps, visits as usize));
        }
    }

    /// Remembers the lowest lane if it is lower than any before.
    pub fn look(&mut self) {
        let Some(ensemble) = &self.ensemble else {
            return;
        };
        let lanes = (0..self.range.len()).map(|lane| (lane, ensemble.energy(lane)));
        let lower = |a: (usize, f64), b: (usize, f64)| if b.1 < a.1 { b } else { a };
        let Some((lane, energy)) = lanes.reduce(lower) else {
            return;
        };
        let met = (self.sweeps, (self.range.start + lane) as u64);
        if self.lowest.wants(energy, met) {
            ensemble.state(lane, &mut self.state);
            self.lowest.offer(energy, met, &self.state);
        }
    }
}

impl Job for Replicas {
    fn is_done(&self) -> bool {
        self.ensemble.is_some() && self.sweeps == self.until
    }

    fn work(&mut self, deadline: Instant) {
        if self.ensemble.is_none() {
            self.begin_at_random();
        }
        self.pace.start();
        let length = self.factory.setup().plan.visits.len();
        while self.sweeps < self.until {
            let visits = self.pace.visits();
            if self.ensemble.as_mut().is_some_and(|e| e.advance(visits)) {
                self.sweeps += 1;
                self.look();
            }
            if self.pace.is_over(length, deadline) {
                break;
            }
        }
    }
}

/// States that leave a block for other places.
#[derive(Default)]
pub(super) struct Outbox {
    lanes: Vec<usize>,
    states: Vec<i8>,
    /// In units of the grid.
    energies: Vec<f64>,
}

/// A state's way: from a place in an outbox to a lane.
#[derive(Clone, Copy)]
struct Arrival {
    outbox: usize,
    place: usize,
    lane: usize,
}

/// The copies of one resampling, by the blocks they leave and reach.
pub(super) struct Mail {
    pub outboxes: Vec<Outbox>,
    arrivals: Vec<Vec<Arrival>>,
}

impl Mail {
    /// Sorts `copies` (from replica, to replica; ascending in the first) by the blocks that begin at `starts`.
    pub fn new(copies: &[(usize, usize)], starts: &[u64]) -> Self {
        let block_of = |replica: usize| starts.partition_point(|&start| start as usize <= replica) - 1;
        let mut mail = Self {
            outboxes: starts.iter().map(|_| Outbox::default()).collect(),
            arrivals: starts.iter().map(|_| Vec::new()).collect(),
        };
        for &(from, to) in copies {
            let (source, target) = (block_of(from), block_of(to));
            let lane = from - starts[source] as usize;
            let outbox = &mut mail.outboxes[source];
            if outbox.lanes.last() != Some(&lane) {
                outbox.lanes.push(lane);
            }
            mail.arrivals[target].push(Arrival {
                outbox: source,
                place: outbox.lanes.len() - 1,
                lane: to - starts[target] as usize,
            });
        }
        mail
    }

    /// Jobs that fill the outboxes.
    pub fn collecting<'a>(&'a mut self, blocks: &'a mut [Replicas]) -> Vec<Task<impl FnMut() + Send>> {
        let pairs = blocks.iter_mut().zip(&mut self.outboxes);
        let busy = pairs.filter(|(_, outbox)| !outbox.lanes.is_empty());
        let task =
            |(block, outbox): (&'a mut Replicas, &'a mut Outbox)| Task::new(move || outbox.fill(block));
        busy.map(task).collect()
    }

    /// Jobs that put what is in the outboxes into its places.
    pub fn delivering<'a>(&'a self, blocks: &'a mut [Replicas]) -> Vec<Task<impl FnMut() + Send>> {
        let pairs = blocks.iter_mut().zip(&self.arrivals);
        let busy = pairs.filter(|(_, arrivals)| !arrivals.is_empty());
        let task = |(block, arrivals): (&'a mut Replicas, &'a Vec<Arrival>)| {
            Task::new(move || arrivals.iter().for_each(|arrival| self.deliver(*arrival, block)))
        };
        busy.map(task).collect()
    }

    fn deliver(&self, arrival: Arrival, block: &mut Replicas) {
        let n = block.state.len();
        let outbox = &self.outboxes[arrival.outbox];
        let state = &outbox.states[arrival.place * n..(arrival.place + 1) * n];
        if let Some(ensemble) = &mut block.ensemble {
            ensemble.place(arrival.lane, state, outbox.energies[arrival.place]);
        }
    }
}

impl Outbox {
    fn fill(&mut self, block: &Replicas) {
        let n = block.state.len();
        let grid = &block.factory.setup().grid;
        self.states.resize(self.lanes.len() * n, 0);
        for (index, &lane) in self.lanes.iter().enumerate() {
            if let Some(ensemble) = &block.ensemble {
                ensemble.state(lane, &mut self.states[index * n..(index + 1) * n]);
                self.energies.push(grid.quantise(ensemble.energy(lane)));
            }
        }
    }
}

/// A job that is one call, carried out whole.
pub(super) struct Task<F> {
    call: F,
    done: bool,
}

impl<F: FnMut() + Send> Task<F> {
    fn new(call: F) -> Self {
        Self { call, done: false }
    }
}

impl<F: FnMut() + Send> Job for Task<F> {
    fn is_done(&self) -> bool {
        self.done
    }

    fn work(&mut self, _: Instant) {
        (self.call)();
        self.done = true;
    }
}
