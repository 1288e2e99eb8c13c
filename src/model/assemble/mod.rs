//! Building an [`Ising`] model from edge lists and matrices, in time linear in their length but for sorting within rows.

mod rows;

use super::Ising;
use crate::error::{Result, invalid};
use rows::Rows;
use std::cmp::Ordering;

fn check_fields(fields: &[f64], offset: f64) -> Result<()> {
    if fields.len() > i32::MAX as usize {
        return invalid(format!("num_sites must be below 2^31, got {}", fields.len()));
    }
    if let Some(i) = fields.iter().position(|h| !h.is_finite()) {
        return invalid(format!("h must be finite, got {} at site {i}", fields[i]));
    }
    if !offset.is_finite() {
        return invalid(format!("offset must be finite, got {offset}"));
    }
    Ok(())
}

/// Checks an entry list: equal lengths, indices in range, finite weights.
fn check_entries(n: usize, rows: &[i64], columns: &[i64], weights: &[f64]) -> Result<()> {
    if rows.len() != columns.len() || rows.len() != weights.len() {
        return invalid(format!(
            "rows, columns and weights must have equal lengths, got {}, {} and {}",
            rows.len(),
            columns.len(),
            weights.len()
        ));
    }
    let bound = n as i64;
    for (at, ((&i, &j), &w)) in rows.iter().zip(columns).zip(weights).enumerate() {
        if i < 0 || i >= bound || j < 0 || j >= bound {
            return invalid(format!(
                "J has the index ({i}, {j}) at entry {at}; indices must be in 0..{n}"
            ));
        }
        if !w.is_finite() {
            return invalid(format!("J must be finite, got {w} at ({i}, {j})"));
        }
    }
    Ok(())
}

/// Refuses coefficients whose energies, or the differences of two, could overflow; `weights` has every coupling twice.
fn check_sums(weights: &[f64], fields: &[f64], offset: f64) -> Result<()> {
    let size = |coefficients: &[f64], share: f64| coefficients.iter().map(|w| share * w.abs()).sum::<f64>();
    let total = size(weights, 0.5) + size(fields, 1.0) + offset.abs();
    if total <= 0.5 * f64::MAX {
        return Ok(());
    }
    invalid(format!(
        "J must be so small that energies are finite: the sizes of all J, h and offset must add up to at most {:e}, \
         got {total:e}",
        0.5 * f64::MAX
    ))
}

fn refuse_self_coupling<T>(i: usize, w: f64) -> Result<T> {
    invalid(format!(
        "J must not couple a site to itself, got J[{i}, {i}] = {w}; s_i * s_i = 1 is a constant: add it to offset"
    ))
}

/// True when all entries but zeros stand above the diagonal, or all below.
fn is_triangular(entries: impl Iterator<Item = (u32, u32, f64)>) -> bool {
    let mut sides = entries.filter(|e| e.2 != 0.0).map(|(i, j, _)| i.cmp(&j));
    sides
        .next()
        .is_none_or(|first| first != Ordering::Equal && sides.all(|side| side == first))
}

impl Ising {
    /// A model from an edge list: duplicates and both directions of a pair add up; n is the number of fields.
    ///
    /// # Errors
    /// Unequal lengths, indices out of range, self-couplings, numbers that are not finite, or no memory.
    pub fn from_edges(
        rows: &[i64],
        columns: &[i64],
        weights: &[f64],
        fields: Vec<f64>,
        offset: f64,
    ) -> Result<Self> {
        check_fields(&fields, offset)?;
        check_entries(fields.len(), rows, columns, weights)?;
        if let Some(at) = rows.iter().zip(columns).position(|(i, j)| i == j) {
            return refuse_self_coupling(rows[at] as usize, weights[at]);
        }
        let pairs = rows
            .iter()
            .zip(columns)
            .zip(weights)
            .map(|((&i, &j), &w)| (i as u32, j as u32, w));
        Self::from_pairs(pairs, fields, offset)
    }

    /// Pairs (each in either direction, repeats add up) to a model; the indices must have been checked.
    fn from_pairs(
        pairs: impl Iterator<Item = (u32, u32, f64)> + Clone,
        fields: Vec<f64>,
        offset: f64,
    ) -> Result<Self> {
        // Both rows of a pair meet its repeats in the same order, so their sums are equal to the bit; and where the
        // pairs come sorted, so do the rows.
        let below = pairs.clone().map(|(i, j, w)| (i.max(j), i.min(j), w));
        let above = pairs.map(|(i, j, w)| (i.min(j), i.max(j), w));
        Self::from_symmetric(
            Rows::bucket(fields.len(), below.chain(above))?.sorted().merged(),
            fields,
            offset,
        )
    }

    fn from_symmetric(rows: Rows, fields: Vec<f64>, offset: f64) -> Result<Self> {
        let Rows {
            starts,
            columns,
            weights,
        } = rows;
        if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
            return invalid(format!(
                "J must be finite, but entries of site {} add up to infinity",
                columns[at]
            ));
        }
        check_sums(&weights, &fields, offset)?;
        Ok(Self {
            row_starts: starts,
            columns,
            weights,
            fields,
            offset,
        })
    }

    /// A matrix with sorted rows and no zeros, symmetric or triangular, to a model.
    fn from_rows(matrix: Rows, fields: Vec<f64>, offset: f64) -> Result<Self> {
        if is_triangular(matrix.entries()) {
            return Self::from_pairs(matrix.entries(), fields, offset);
        }
        if let Some((i, _, w)) = matrix.entries().find(|(i, j, _)| i == j) {
            return refuse_self_coupling(i as usize, w);
        }
        Self::from_symmetric(matrix.symmetrised()?, fields, offset)
    }

    /// A model from the entries of a square matrix (repeated entries add up first). A matrix symmetric within 1e-12
    /// relative counts each pair once, a triangular one is taken as given.
    ///
    /// # Errors
    /// As [`Ising::from_edges`]; a matrix that is neither symmetric nor triangular; a diagonal that is not zero.
    pub fn from_matrix(
        rows: &[i64],
        columns: &[i64],
        weights: &[f64],
        fields: Vec<f64>,
        offset: f64,
    ) -> Result<Self> {
        check_fields(&fields, offset)?;
        check_entries(fields.len(), rows, columns, weights)?;
        let entries = rows
            .iter()
            .zip(columns)
            .zip(weights)
            .map(|((&i, &j), &w)| (i as u32, j as u32, w));
        if is_triangular(entries.clone()) {
            return Self::from_pairs(entries.filter(|(i, j, _)| i != j), fields, offset);
        }
        Self::from_rows(
            Rows::bucket(fields.len(), entries)?.sorted().merged(),
            fields,
            offset,
        )
    }

    /// A model from a dense square matrix stored by rows; same rule as [`Ising::from_matrix`].
    ///
    /// # Errors
    /// As [`Ising::from_matrix`].
    pub fn from_dense(matrix: &[f64], fields: Vec<f64>, offset: f64) -> Result<Self> {
        check_fields(&fields, offset)?;
        let n = fields.len();
        if matrix.len() != n * n {
            return invalid(format!(
                "J must be {n} x {n} like h, got {} entries",
                matrix.len()
            ));
        }
        if let Some(at) = matrix.iter().position(|w| !w.is_finite()) {
            return invalid(format!(
                "J must be finite, got {} at ({}, {})",
                matrix[at],
                at / n,
                at % n
            ));
        }
        Self::from_rows(Rows::compressed(n, matrix)?, fields, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn duplicates_and_directions_add_up_and_zero_sums_vanish() {
        let m = Ising::from_edges(
            &[0, 1, 2, 1],
            &[1, 0, 1, 2],
            &[1.0, 2.0, 1.0, -1.0],
            vec![0.0; 3],
            0.0,
        );
        let m = m.expect("valid");
        assert_eq!(m.row(0), (&[1u32][..], &[3.0][..]));
        assert_eq!(m.degree(2), 0);
        assert_eq!(m.num_couplings(), 1);
    }

    #[test]
    fn triangular_and_symmetric_matrices_are_the_same_model() {
        let zeros = || vec![0.0; 3];
        let upper = Ising::from_matrix(&[0, 0], &[1, 2], &[1.0, 2.0], zeros(), 0.0);
        let lower = Ising::from_matrix(&[1, 2], &[0, 0], &[1.0, 2.0], zeros(), 0.0);
        let both = Ising::from_matrix(&[0, 1, 0, 2], &[1, 0, 2, 0], &[1.0, 1.0, 2.0, 2.0], zeros(), 0.0);
        let dense = Ising::from_dense(&[0.0, 1.0, 2.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0], zeros(), 0.0);
        assert_eq!(upper, lower);
        assert_eq!(upper, both);
        assert_eq!(upper, dense);
    }

    #[test]
    fn bad_input_is_refused_by_name() {
        let message = |r: Result<Ising>| r.expect_err("refused").to_string();
        let h = || vec![0.0; 2];
        assert!(message(Ising::from_edges(&[0], &[0], &[1.0], h(), 0.0)).contains("J[0, 0] = 1"));
        assert!(message(Ising::from_edges(&[0], &[2], &[1.0], h(), 0.0)).contains("(0, 2)"));
        assert!(message(Ising::from_edges(&[0], &[1], &[f64::NAN], h(), 0.0)).contains("NaN"));
        assert!(message(Ising::from_edges(&[0, 1], &[1], &[1.0], h(), 0.0)).contains("lengths"));
        assert!(message(Ising::from_edges(&[], &[], &[], vec![f64::INFINITY], 0.0)).contains("h must be"));
        assert!(message(Ising::from_edges(&[], &[], &[], h(), f64::NAN)).contains("offset"));
        let lopsided = Ising::from_matrix(&[0, 1], &[1, 0], &[1.0, 2.0], h(), 0.0);
        assert!(message(lopsided).contains("J[0, 1] = 1 but J[1, 0] = 2"));
        let one_missing =
            Ising::from_dense(&[0.0, 1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], vec![0.0; 3], 0.0);
        assert!(message(one_missing).contains("J[0, 2] = 2 but J[2, 0] = 0"));
        let one_extra = Ising::from_matrix(&[0, 1, 2, 2], &[1, 0, 0, 1], &[1.0; 4], vec![0.0; 3], 0.0);
        assert!(message(one_extra).contains("J[0, 2] = 0 but J[2, 0] = 1"));
        let infinite = Ising::from_edges(&[0, 1], &[1, 0], &[f64::MAX; 2], h(), 0.0);
        assert!(message(infinite).contains("add up to infinity"));
        assert!(message(Ising::from_dense(&[1.0, 0.0, 0.0, 0.0], h(), 0.0)).contains("itself"));
        assert!(message(Ising::from_dense(&[1.0], h(), 0.0)).contains("2 x 2"));
    }

    #[test]
    fn energies_that_could_overflow_are_refused() {
        let model = |weights: &[f64], field: f64, offset: f64| {
            Ising::from_edges(&[0, 1], &[1, 2], weights, vec![field, 0.0, -field], offset)
        };
        let most = 0.5 * f64::MAX;
        for refused in [
            model(&[1.7e308, -1.7e308], 0.0, 0.0),
            model(&[0.5 * most, 0.0], 0.5 * most, 0.0),
            model(&[0.0, 0.0], f64::MAX, f64::MAX),
            model(&[0.5 * most, 0.0], 0.0, -0.6 * most),
        ] {
            let message = refused.expect_err("refused").to_string();
            assert!(
                message.contains("all J, h and offset must add up to at most 8.98"),
                "{message}"
            );
        }
        let largest = model(&[0.25 * most, -0.25 * most], 0.125 * most, 0.25 * most).expect("just fits");
        let (up, down) = (largest.energy(&[1, 1, -1]), largest.energy(&[-1, 1, 1]));
        assert!(up.is_finite() && down.is_finite() && (up - down).is_finite());
    }

    /// Every coupling as entries in shuffled order, some split in two.
    fn entries(edges: &[(i64, i64, i8)], split: bool) -> (Vec<i64>, Vec<i64>, Vec<f64>) {
        let mut entries: Vec<_> = edges
            .iter()
            .map(|&(i, j, w)| (i, j, f64::from(w) / 3.0))
            .collect();
        if split {
            entries.extend(edges.iter().map(|&(i, j, _)| (i, j, 0.1)));
        }
        entries.sort_unstable_by_key(|&(i, j, w)| ((7 * i + 5 * j) % 11, i, w.to_bits()));
        let (pairs, weights): (Vec<_>, Vec<_>) = entries.into_iter().map(|(i, j, w)| ((i, j), w)).unzip();
        let (rows, columns) = pairs.into_iter().unzip();
        (rows, columns, weights)
    }

    proptest! {
        #[test]
        fn a_symmetric_matrix_is_the_model_of_either_triangle(
            edges in prop::collection::btree_map((0i64..9, 0i64..9), -3i8..4, 0..30), split: bool
        ) {
            let upper: Vec<_> = edges.iter().filter(|(e, _)| e.0 < e.1).map(|(&(i, j), &w)| (i, j, w)).collect();
            let lower: Vec<_> = upper.iter().map(|&(i, j, w)| (j, i, w)).collect();
            let model = |edges: &[_]| {
                let (rows, columns, weights) = entries(edges, split);
                Ising::from_matrix(&rows, &columns, &weights, vec![0.0; 9], 0.0).expect("valid")
            };
            let mut dense = vec![0.0; 81];
            let one = model(&upper);
            for i in 0..9 {
                one.row(i).0.iter().zip(one.row(i).1).for_each(|(&j, &w)| dense[9 * i + j as usize] = w);
            }
            prop_assert_eq!(&one, &model(&lower));
            prop_assert_eq!(&one, &model(&[upper, lower].concat()));
            prop_assert_eq!(&one, &Ising::from_dense(&dense, vec![0.0; 9], 0.0).expect("valid"));
        }

        #[test]
        fn rows_are_sorted_symmetric_and_complete(
            edges in prop::collection::vec((0i64..12, 0i64..12, -3i8..4), 0..60)
        ) {
            let edges: Vec<_> = edges.into_iter().filter(|e| e.0 != e.1).collect();
            let pick = |f: fn(&(i64, i64, i8)) -> i64| edges.iter().map(f).collect::<Vec<_>>();
            let weights: Vec<f64> = edges.iter().map(|e| f64::from(e.2)).collect();
            let m = Ising::from_edges(&pick(|e| e.0), &pick(|e| e.1), &weights, vec![0.0; 12], 0.0).expect("valid");
            for i in 0..12 {
                let (columns, w) = m.row(i);
                prop_assert!(columns.windows(2).all(|c| c[0] < c[1]));
                for (&j, &w) in columns.iter().zip(w) {
                    let sum: f64 = edges.iter().zip(&weights)
                        .filter(|(e, _)| (e.0, e.1) == (i as i64, i64::from(j)) || (e.1, e.0) == (i as i64, i64::from(j)))
                        .map(|(_, w)| w).sum();
                    prop_assert_eq!(w, sum);
                    prop_assert!(m.row(j as usize).0.contains(&(i as u32)));
                }
            }
        }
    }
}
