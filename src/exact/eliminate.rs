//! Upwards through the tree: every site is summed over in turn.

use super::algebra::Algebra;
use super::tree::{Link, Tree};
use crate::run::{Job, Workers};
use std::time::Instant;

/// Tables of fewer pieces are not worth the threads.
const SHARED: usize = 4;

/// Bucket elimination (Dechter, Artificial Intelligence 113 (1999) 41, figure 3), with any [`Algebra`], in slices.
pub struct Upward<A: Algebra> {
    /// What is summed.
    pub algebra: A,
    /// Of each bucket its table; empty where not reached, and where used up and not kept.
    pub(super) messages: Vec<Vec<A::Entry>>,
    keep: bool,
    next: usize,
    /// The bucket under way, if it was begun and not finished.
    open: Option<Open>,
}

struct Open {
    links: Vec<Link>,
    done: Vec<bool>,
}

impl<A: Algebra> Upward<A> {
    /// Prepares a walk; with `keep` all tables stay, for a way back.
    #[must_use]
    pub fn new(algebra: A, tree: &Tree, keep: bool) -> Self {
        Self {
            algebra,
            messages: vec![Vec::new(); tree.len()],
            keep,
            next: 0,
            open: None,
        }
    }

    /// The whole walk at once, on this thread, with all tables kept.
    #[must_use]
    pub fn whole(algebra: A, tree: &Tree) -> Self {
        let mut walk = Self::new(algebra, tree, true);
        for position in 0..tree.len() {
            let links = tree.links(position);
            walk.messages[position] = walk.blank(tree, position);
            for piece in 0..tree.buckets[position].pieces() {
                let sums = walk.piece(tree, position, piece, &links);
                let size = sums.len();
                walk.messages[position][piece * size..][..size].copy_from_slice(&sums);
            }
        }
        walk.next = tree.len();
        walk
    }

    /// Works until `deadline` or the end; true when all is done.
    pub(super) fn advance(&mut self, tree: &Tree, workers: &Workers, deadline: Instant) -> bool {
        while self.next < tree.len() {
            let position = self.next;
            let mut open = self.open.take().unwrap_or_else(|| Open {
                links: tree.links(position),
                done: vec![false; tree.buckets[position].pieces()],
            });
            let mut message = std::mem::take(&mut self.messages[position]);
            if message.is_empty() {
                message = self.blank(tree, position);
            }
            let finished = self.fill(tree, workers, deadline, &mut open, &mut message);
            self.messages[position] = message;
            if !finished {
                self.open = Some(open);
                return false;
            }
            if !self.keep {
                for link in &open.links {
                    self.messages[link.child] = Vec::new();
                }
            }
            self.next += 1;
            if Instant::now() >= deadline {
                break;
            }
        }
        self.next == tree.len()
    }

    fn blank(&self, tree: &Tree, position: usize) -> Vec<A::Entry> {
        vec![self.algebra.term(0.0); tree.buckets[position].len()]
    }

    /// Fills the pieces of a table that are not done yet; true when all are.
    fn fill(
        &self,
        tree: &Tree,
        workers: &Workers,
        deadline: Instant,
        open: &mut Open,
        message: &mut [A::Entry],
    ) -> bool {
        let (position, size) = (self.next, tree.buckets[self.next].piece());
        if open.done.len() < SHARED {
            for (piece, out) in message.chunks_exact_mut(size).enumerate() {
                out.copy_from_slice(&self.piece(tree, position, piece, &open.links));
            }
            return true;
        }
        let make = |piece| self.piece(tree, position, piece, &open.links);
        let outs = message.chunks_exact_mut(size).zip(&mut open.done).enumerate();
        let mut jobs: Vec<_> = outs
            .map(|(index, (out, done))| Piece {
                make: &make,
                index,
                out,
                done,
            })
            .collect();
        let left = deadline.saturating_duration_since(Instant::now());
        workers.advance(&mut jobs, left.as_secs_f64())
    }

    fn piece(&self, tree: &Tree, position: usize, piece: usize, links: &[Link]) -> Vec<A::Entry> {
        let sides = tree.sides(self.algebra, position, piece, links, &self.messages);
        sides
            .into_iter()
            .map(|[minus, plus]| self.algebra.plus(minus, plus))
            .collect()
    }

    /// Entries filled so far.
    pub(super) fn progress(&self, tree: &Tree) -> f64 {
        let size = |position: usize| tree.buckets[position].len() as f64;
        let behind: f64 = (0..self.next).map(size).sum();
        let share = |open: &Open| {
            let done = open.done.iter().filter(|done| **done).count();
            size(self.next) * done as f64 / open.done.len() as f64
        };
        behind + self.open.as_ref().map_or(0.0, share)
    }

    /// All states together, when the walk is done.
    #[must_use]
    pub fn total(&self, tree: &Tree) -> A::Entry {
        let roots = tree.buckets.iter().zip(&self.messages);
        roots
            .filter(|(bucket, _)| bucket.scope.is_empty())
            .map(|(_, message)| message[0])
            .fold(self.algebra.term(0.0), |a, b| self.algebra.times(a, b))
    }
}

/// One piece of a table, for one thread.
struct Piece<'a, F, E> {
    make: &'a F,
    index: usize,
    out: &'a mut [E],
    done: &'a mut bool,
}

impl<F: Fn(usize) -> Vec<E> + Sync, E: Copy + Send> Job for Piece<'_, F, E> {
    fn is_done(&self) -> bool {
        *self.done
    }

    fn work(&mut self, _: Instant) {
        self.out.copy_from_slice(&(self.make)(self.index));
        *self.done = true;
    }
}

/// States of lowest energy, found on the way back down; one state of them all is enough for an optimum.
pub struct Trace {
    /// Spins by position of the state under way.
    spins: Vec<i8>,
    /// Positions at which the other spin does as well and has not been tried.
    open: Vec<usize>,
    /// The next site to decide, plus one; none when every state has been seen.
    next: Option<usize>,
}

impl Trace {
    /// Prepares the way down.
    #[must_use]
    pub fn new(tree: &Tree) -> Self {
        Self {
            spins: vec![1; tree.len()],
            open: Vec::new(),
            next: Some(tree.len()),
        }
    }

    /// The next state, by site of the part; `None` after the last. The first is the best of those that differ by less
    /// than `tolerance`.
    pub fn next_state<A: Algebra>(
        &mut self,
        walk: &Upward<A>,
        tree: &Tree,
        tolerance: f64,
    ) -> Option<Vec<i8>> {
        for position in (0..self.next?).rev() {
            let sides = tree.sides_at(walk.algebra, position, &self.spins, &walk.messages);
            let [minus, plus] = sides.map(|side| walk.algebra.low(side));
            self.spins[position] = if minus < plus { -1 } else { 1 };
            if (minus - plus).abs() <= tolerance {
                self.open.push(position);
            }
        }
        let mut state = vec![0; tree.len()];
        for (bucket, &spin) in tree.buckets.iter().zip(&self.spins) {
            state[bucket.site] = spin;
        }
        self.next = self.open.pop();
        if let Some(position) = self.next {
            self.spins[position] = -self.spins[position];
        }
        Some(state)
    }
}
