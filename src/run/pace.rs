//! How much work to do between two looks at the clock.

use std::time::Instant;

/// Visits a block makes before it looks at the clock again, steered towards a millisecond.
pub(super) struct Pace {
    visits: usize,
    done: usize,
    since: Option<Instant>,
}

const SHORT: f64 = 0.5e-3;
const LONG: f64 = 2e-3;

impl Default for Pace {
    fn default() -> Self {
        Self {
            visits: 256,
            done: 0,
            since: None,
        }
    }
}

impl Pace {
    /// Starts the clock.
    pub fn start(&mut self) {
        self.done = 0;
        self.since = Some(Instant::now());
    }

    /// Visits to make next.
    pub fn visits(&self) -> usize {
        self.visits
    }

    /// Counts one advance of a sweep of `length` visits as made; true when `deadline` has passed.
    pub fn is_over(&mut self, length: usize, deadline: Instant) -> bool {
        self.done += length.clamp(1, self.visits);
        if self.done < self.visits {
            return false;
        }
        let now = Instant::now();
        let took = self.since.map_or(0.0, |since| (now - since).as_secs_f64());
        if took < SHORT {
            self.visits = (self.visits * 2).min(1 << 24);
        } else if took > LONG {
            self.visits = (self.visits / 2).max(32);
        }
        self.done = 0;
        self.since = Some(now);
        now >= deadline
    }
}
