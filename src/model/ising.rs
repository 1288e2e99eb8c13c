//! The pairwise energy over spins, stored once as a symmetric compressed-row matrix of f64.

use crate::error::{Result, invalid};
use crate::math::ln;

/// States whose energies are summed in one walk over the couplings.
const GROUP: usize = 16;

/// The sign bits of eight numbers, by the byte that says which are to be turned.
static SIGNS: [[u64; 8]; 256] = {
    let mut signs = [[0; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        signs[at / 8][at % 8] = (((at / 8) >> (at % 8) & 1) as u64) << 63;
        at += 1;
    }
    signs
};

/// Numbers with the sign turned where a bit is set: times -1, to the bit.
#[inline]
fn signed(mut numbers: [f64; GROUP], turned: u16) -> [f64; GROUP] {
    for (eight, byte) in numbers.chunks_exact_mut(8).zip(turned.to_le_bytes()) {
        for (x, sign) in eight.iter_mut().zip(&SIGNS[usize::from(byte)]) {
            *x = f64::from_bits(x.to_bits() ^ sign);
        }
    }
    numbers
}

/// Writes states out one after the other.
fn copied<'a>(mut states: impl Iterator<Item = &'a [i8]>) -> impl FnMut(&mut [i8]) {
    move |state| {
        if let Some(next) = states.next() {
            state.copy_from_slice(next);
        }
    }
}

/// `E(s) = sum_{i<j} J_ij s_i s_j + sum_i h_i s_i + offset`, spins -1/+1.
///
/// Each coupling stands in both its rows; rows are sorted, without zeros, duplicates or diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Ising {
    pub(super) row_starts: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) weights: Vec<f64>,
    pub(super) fields: Vec<f64>,
    pub(super) offset: f64,
}

impl Ising {
    /// Number of sites n.
    #[must_use]
    pub fn num_sites(&self) -> usize {
        self.fields.len()
    }

    /// Number of couplings (pairs with a non-zero weight).
    #[must_use]
    pub fn num_couplings(&self) -> usize {
        self.columns.len() / 2
    }

    /// The constant of the energy.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The fields h, one a site.
    #[must_use]
    pub fn fields(&self) -> &[f64] {
        &self.fields
    }

    /// Neighbours of `site` and the weights of the couplings to them, in ascending order of the neighbour.
    #[must_use]
    pub fn row(&self, site: usize) -> (&[u32], &[f64]) {
        let range = self.row_starts[site]..self.row_starts[site + 1];
        (&self.columns[range.clone()], &self.weights[range])
    }

    /// Number of couplings of `site`.
    #[must_use]
    pub fn degree(&self, site: usize) -> usize {
        self.row_starts[site + 1] - self.row_starts[site]
    }

    /// The part of a row with neighbours above `site`: every coupling once.
    pub fn upper_row(&self, site: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (columns, weights) = self.row(site);
        let start = columns.partition_point(|&j| (j as usize) < site);
        columns[start..]
            .iter()
            .zip(&weights[start..])
            .map(|(&j, &w)| (j as usize, w))
    }

    /// The largest local field that `site` can feel, `|h_i| + sum_j |J_ij|`.
    #[must_use]
    pub fn field_bound(&self, site: usize) -> f64 {
        self.fields[site].abs() + self.row(site).1.iter().map(|w| w.abs()).sum::<f64>()
    }

    /// The energy of one state of spins, summed in f64 from the coefficients as given.
    #[must_use]
    pub fn energy(&self, spins: &[i8]) -> f64 {
        self.sums(spins, 1, |w| w)[0] + self.offset
    }

    /// Energies of states stored one after the other; `states.len()` must be a multiple of n.
    ///
    /// # Errors
    /// A value other than -1 and +1.
    pub fn energies(&self, states: &[i8], num_states: usize) -> Result<Vec<f64>> {
        let n = self.num_sites();
        if let Some(at) = states.iter().position(|&s| s != 1 && s != -1) {
            return invalid(format!(
                "states must hold spins -1 and +1, got {} in state {}",
                states[at],
                at / n
            ));
        }
        Ok(self.energies_of(num_states, copied(states.chunks_exact(n.max(1)))))
    }

    /// Energies of `num_states` states; `write` writes one after the other into the slice it is given.
    pub(crate) fn energies_of(&self, num_states: usize, write: impl FnMut(&mut [i8])) -> Vec<f64> {
        let mut energies = self.sums_of(num_states, write, |w| w);
        for energy in &mut energies {
            *energy += self.offset;
        }
        energies
    }

    /// Energies without offset of states stored one after the other, with every coefficient `w` taken as
    /// `coefficient(w)`. Sums run in the same order however many states there are.
    pub(crate) fn sums(
        &self,
        states: &[i8],
        num_states: usize,
        coefficient: impl Fn(f64) -> f64,
    ) -> Vec<f64> {
        let states = states.chunks_exact(self.num_sites().max(1));
        self.sums_of(num_states, copied(states), coefficient)
    }

    fn sums_of(
        &self,
        num_states: usize,
        mut write: impl FnMut(&mut [i8]),
        coefficient: impl Fn(f64) -> f64,
    ) -> Vec<f64> {
        let mut sums = Vec::with_capacity(num_states);
        let mut state = vec![0i8; self.num_sites()];
        while sums.len() < num_states {
            let count = GROUP.min(num_states - sums.len());
            let mut by_site = vec![0u16; self.num_sites()];
            for k in 0..count {
                write(&mut state);
                for (bits, &s) in by_site.iter_mut().zip(&state) {
                    *bits |= u16::from(s < 0) << k;
                }
            }
            sums.extend_from_slice(&self.sums_of_group(&by_site, &coefficient)[..count]);
        }
        sums
    }

    /// One walk over the couplings for [`GROUP`] states; of each site, the bits of the states in which it is -1.
    fn sums_of_group(&self, by_site: &[u16], coefficient: impl Fn(f64) -> f64) -> [f64; GROUP] {
        let mut totals = [0.0; GROUP];
        for (i, &row) in by_site.iter().enumerate() {
            let mut sums = [coefficient(self.fields[i]); GROUP];
            for (j, w) in self.upper_row(i) {
                let weights = signed([coefficient(w); GROUP], by_site[j]);
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum += w;
                }
            }
            for (total, sum) in totals.iter_mut().zip(signed(sums, row)) {
                *total += sum;
            }
        }
        totals
    }

    /// True when the sites fall into two classes with couplings only between them.
    #[must_use]
    pub fn is_bipartite(&self) -> bool {
        let mut side = vec![0i8; self.num_sites()];
        let mut queue = Vec::new();
        for start in 0..self.num_sites() {
            if side[start] != 0 {
                continue;
            }
            side[start] = 1;
            queue.push(start);
            while let Some(i) = queue.pop() {
                for &j in self.row(i).0 {
                    let j = j as usize;
                    if side[j] == side[i] {
                        return false;
                    }
                    if side[j] == 0 {
                        side[j] = -side[i];
                        queue.push(j);
                    }
                }
            }
        }
        true
    }

    /// The default beta range of dwave-samplers 1.8.0: hot enough that the most strongly bound spin flips every
    /// second sweep, cold enough that the weakest excitations of all sites together have rate 0.01.
    ///
    /// `[ln 2 / (2 max_i S_i), ln(g / 0.01) / (2 m)]` with `S_i = |h_i| + sum_j |J_ij|`, `m` the smallest non-zero
    /// coefficient and `g` the number of sites that have one of that size. `None` when all coefficients are zero.
    #[must_use]
    pub fn beta_range(&self) -> Option<(f64, f64)> {
        let mut largest = 0.0f64;
        let mut smallest = f64::INFINITY;
        let mut sites = 0usize;
        for i in 0..self.num_sites() {
            largest = largest.max(self.field_bound(i));
            let terms = self.row(i).1.iter().chain(std::iter::once(&self.fields[i]));
            let least = terms
                .map(|w| w.abs())
                .filter(|&w| w > 0.0)
                .fold(f64::INFINITY, f64::min);
            if least < smallest {
                (smallest, sites) = (least, 1);
            } else if least == smallest && least.is_finite() {
                sites += 1;
            }
        }
        (largest > 0.0).then(|| {
            (
                usable(ln(2.0) / (2.0 * largest)),
                usable(ln(sites as f64 / 0.01) / (2.0 * smallest)),
            )
        })
    }

    /// A beta range in the scale of the couplings: hot enough that the median site feels little, cold enough that the
    /// tenth of the sites with the smallest fields is frozen, but no colder than half of [`Ising::beta_range`].
    ///
    /// `[0.5 / median sigma_i, min(14 / (10 % quantile of sigma_i), cold / 2)]` with
    /// `sigma_i^2 = h_i^2 + sum_j J_ij^2`, the size of a site's field among random spins. Unlike the smallest coefficient,
    /// which one tiny number decides, these change little when a few coefficients do. `None` when all are zero.
    #[must_use]
    pub fn annealing_range(&self) -> Option<(f64, f64)> {
        let (_, cold) = self.beta_range()?;
        let mut sizes: Vec<f64> = (0..self.num_sites())
            .map(|i| self.field_size(i))
            .filter(|&size| size > 0.0)
            .collect();
        let middle = sizes.len() / 2;
        let median = *sizes.select_nth_unstable_by(middle, f64::total_cmp).1;
        let tenth = sizes.len() / 10;
        let small = *sizes.select_nth_unstable_by(tenth, f64::total_cmp).1;
        let hot = usable(0.5 / median);
        Some((hot, usable((14.0 / small).min(0.5 * cold).max(2.0 * hot))))
    }

    /// The size of a site's field among random spins, the root of `h_i^2 + sum_j J_ij^2`. Squares are taken in a unit
    /// near the largest of the site, a power of two: of whatever size the coefficients are, none overflows or vanishes,
    /// and the bits are those of the plain sum wherever that has neither.
    fn field_size(&self, site: usize) -> f64 {
        let (field, weights) = (self.fields[site], self.row(site).1);
        let largest = weights.iter().fold(field.abs(), |most, w| most.max(w.abs()));
        let unit = power_of_two_below(largest);
        let square = |w: f64| (w / unit) * (w / unit);
        unit * (square(field) + weights.iter().map(|&w| square(w)).sum::<f64>()).sqrt()
    }
}

/// The largest normal power of two that is not above `x`; the smallest there is for what is smaller still.
fn power_of_two_below(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7FF << 52;
    f64::from_bits(x.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

/// A beta that a schedule can start or end at: finite and normal, however large or small the coefficients.
fn usable(beta: f64) -> f64 {
    beta.clamp(f64::MIN_POSITIVE, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete_pm1(n: usize) -> Ising {
        let edges: Vec<_> = (0..n as i64)
            .flat_map(|i| (i + 1..n as i64).map(move |j| (i, j)))
            .collect();
        let weights: Vec<f64> = edges
            .iter()
            .map(|&(i, j)| if (i * j) % 3 == 0 { 1.0 } else { -1.0 })
            .collect();
        let (rows, columns): (Vec<_>, Vec<_>) = edges.into_iter().unzip();
        Ising::from_edges(&rows, &columns, &weights, vec![0.0; n], 0.0).expect("valid")
    }

    #[test]
    fn beta_range_is_the_published_check_vector() {
        let (hot, cold) = complete_pm1(40).beta_range().expect("not empty");
        assert_eq!(hot, 0.008_886_502_314_871_094);
        assert_eq!(cold, 4.147_024_820_051_014);
    }

    #[test]
    fn annealing_range_scales_with_the_couplings_and_ignores_a_tiny_one() {
        let n = 41;
        let edges = |last: f64, scale: f64| {
            let rows: Vec<i64> = (0..n).collect();
            let columns: Vec<i64> = (1..=n).collect();
            let mut weights = vec![scale; n as usize];
            weights[20] = last * scale;
            Ising::from_edges(&rows, &columns, &weights, vec![0.0; n as usize + 1], 0.0).expect("valid")
        };
        let plain = edges(1.0, 1.0).annealing_range().expect("not empty");
        let scaled = edges(1.0, 1e6).annealing_range().expect("not empty");
        let tiny = edges(1e-9, 1.0).annealing_range().expect("not empty");
        assert!(
            (scaled.0 * 1e6 / plain.0 - 1.0).abs() < 1e-12 && (scaled.1 * 1e6 / plain.1 - 1.0).abs() < 1e-12
        );
        assert_eq!(plain.0, tiny.0);
        assert!(tiny.1 <= 14.0);
        assert_eq!(
            Ising::from_edges(&[], &[], &[], vec![0.0; 3], 0.0)
                .expect("valid")
                .annealing_range(),
            None
        );
    }

    #[test]
    fn beta_ranges_are_usable_for_coefficients_of_any_size() {
        let pair = |w: f64| Ising::from_edges(&[0], &[1], &[w], vec![0.0; 2], 0.0).expect("valid");
        let one = pair(1.0).annealing_range().expect("not empty");
        for scale in [1e-300, 1e-170, 1e-150, 1e150, 1e170, 1e300] {
            let (hot, cold) = pair(-scale).annealing_range().expect("not empty");
            assert!((hot * scale / one.0 - 1.0).abs() < 1e-12, "{scale}: {hot}");
            assert!((cold * scale / one.1 - 1.0).abs() < 1e-12, "{scale}: {cold}");
        }
        for w in [5e-324, 1e-310, f64::MIN_POSITIVE, 4e307] {
            for (hot, cold) in [pair(w).beta_range(), pair(w).annealing_range()]
                .into_iter()
                .flatten()
            {
                assert!(
                    hot.is_normal() && cold.is_normal() && hot <= cold,
                    "{w}: {hot} to {cold}"
                );
            }
        }
    }

    #[test]
    fn energy_of_a_triangle() {
        let m = Ising::from_edges(
            &[0, 1, 0],
            &[1, 2, 2],
            &[1.0, 2.0, -4.0],
            vec![0.5, 0.0, -1.0],
            10.0,
        );
        let m = m.expect("valid");
        assert_eq!(m.energy(&[1, 1, 1]), 1.0 + 2.0 - 4.0 + 0.5 - 1.0 + 10.0);
        assert_eq!(m.energy(&[1, -1, 1]), -1.0 - 2.0 - 4.0 + 0.5 - 1.0 + 10.0);
        assert!(!m.is_bipartite());
        assert!(m.energies(&[1, 0, 1], 1).is_err());
    }

    #[test]
    fn flipping_one_spin_changes_the_energy_by_twice_its_field() {
        let m = complete_pm1(7);
        let mut spins: Vec<i8> = (0..7).map(|i| if i % 3 == 0 { 1 } else { -1 }).collect();
        for i in 0..7 {
            let (columns, weights) = m.row(i);
            let field: f64 = columns
                .iter()
                .zip(weights)
                .map(|(&j, w)| w * f64::from(spins[j as usize]))
                .sum();
            let before = m.energy(&spins);
            let change = -2.0 * f64::from(spins[i]) * field;
            spins[i] = -spins[i];
            assert_eq!(m.energy(&spins) - before, change);
        }
    }
}
