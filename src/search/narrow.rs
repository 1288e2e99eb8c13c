//! Optima of graphs so narrow that variable elimination finds them.

use crate::exact::{Order, Part, Tree, lowest_state};
use crate::model::Ising;

/// Entries of all tables that are worth their time and memory: tenths of a second, tens of megabytes.
const MOST_ENTRIES: f64 = 4_194_304.0;

/// More sites are not looked into: to see whether tens of thousands are narrow takes a second, in which most
/// problems of that size are solved.
const MOST_SITES: usize = 256;

/// A state of least energy where tables of a moderate size find it: any model of up to 22 sites, and those of
/// a few hundred that can be taken apart by cutting few at a time.
pub(super) fn narrow_optimum(model: &Ising) -> Option<Vec<i8>> {
    if model.num_sites() > MOST_SITES {
        return None;
    }
    let part = Part::free(model, &[]).ok()?;
    let order = Order::find(&part).ok()?;
    if order.entries() > MOST_ENTRIES {
        return None;
    }
    let tree = Tree::new(&part, &order);
    Some(part.state(&lowest_state(&tree)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::enumerate::{any_model, least};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn optima_are_optima(model in any_model(10)) {
            let state = narrow_optimum(&model).expect("10 sites are few");
            prop_assert!((model.energy(&state) - least(&model)).abs() < 1e-9);
        }
    }

    #[test]
    fn wide_models_are_left_to_the_search() {
        let pairs = (0..23i64).flat_map(|i| (i + 1..23).map(move |j| (i, j)));
        let (i, j): (Vec<_>, Vec<_>) = pairs.unzip();
        let dense = Ising::from_edges(&i, &j, &vec![1.0; i.len()], vec![0.0; 23], 0.0).expect("valid");
        assert_eq!(narrow_optimum(&dense), None);
        let many = Ising::from_edges(&[], &[], &[], vec![1.0; 300], 0.0).expect("valid");
        assert_eq!(narrow_optimum(&many), None);
    }
}
