//! A step of annealed importance sampling.

use super::finish::{Finish, Unit};
use super::gibbs::{Goal, keys, narrow, room};
use super::kernel::Number;
use super::product::{Grid, Sink};
use super::side::{Draws, Pair, check_len};
use super::statistics::{SUM_ROWS, log_norm};
use super::{Layers, check_rows};
use crate::error::Result;

impl Layers {
    /// Takes chains `v` from betas to others: returns the sums of the log normalisers of the hidden units given v at
    /// these less those at the former, and draws h given v, then v but where it is held given h, at the new betas.
    ///
    /// The same to the bit as [`Layers::hidden_log_norms`], [`Layers::hidden`] and [`Layers::visible`] with these
    /// draws, by two products instead of four.
    ///
    /// # Errors
    /// As [`Layers::hidden`].
    pub fn anneal<T: Number>(
        &self,
        v: &mut [T],
        pair: &Pair<'_, T>,
        betas: [&[f64]; 2],
        draws: Draws,
        held: Option<&[bool]>,
    ) -> Result<Vec<f64>> {
        for betas in betas {
            check_rows("v", v.len(), betas, &self.visible)?;
            self.check_pair(pair, betas)?;
        }
        if let Some(held) = held {
            check_len("held", held.len(), v.len())?;
        }
        let (up, down) = (self.up(pair), self.down(pair));
        let rows = betas[0].len();
        let columns = self.hidden.num_columns();
        let [low, high] = betas.map(narrow::<T>);
        let mut products = self.products(&up, v, rows);
        let mut h = vec![T::ZERO; rows * columns];
        let mut means = room(&self.hidden, h.len());
        let mut changes = vec![0.0; rows];
        let finish = Finish {
            unit: Unit {
                side: up.side,
                terms: up.terms,
                betas: &high,
                keys: &keys(up.purpose, draws, rows),
                tier: self.tier,
            },
            means: means.as_mut().map(|means| Grid::new(means, columns)),
            samples: Some(Grid::new(&mut h, columns)),
            held: None,
        };
        let (lines, out) = (Grid::new(&mut products, columns), Grid::new(&mut changes, 1));
        self.by_rows(rows, columns, SUM_ROWS, |row| {
            // SAFETY: every row has one thread.
            let (line, out) = unsafe { (lines.part(row, 0..columns), out.part(row, 0..1)) };
            let mut inputs = line.to_vec();
            let mut norm = |beta: T| {
                let mut norm = 0.0;
                inputs.copy_from_slice(line);
                log_norm(self.tier, up.side, &up.terms, beta, &mut inputs, &mut norm);
                norm
            };
            out[0] = norm(high[row]) - norm(low[row]);
            finish.take(row..row + 1, 0..columns, line, columns);
            if self.hidden.has_categorical() {
                finish.categorical(row);
            }
        });
        let mut room = room(&self.visible, v.len());
        let goal = Goal {
            means: room.as_deref_mut(),
            samples: Some(v),
            held,
        };
        self.go(&down, &h, &high, Some(draws), goal);
        Ok(changes)
    }
}
