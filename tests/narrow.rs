//! Elimination where enumeration cannot follow: long graphs, huge numbers of ground states, parts of a model.

mod common;

use common::law::Uniform;
use common::models::model;
use magnetite::exact::{
    Asked, Elimination, Lowest, Need, Order, Part, Scale, Trace, Tree, Upward, lowest_state,
};
use magnetite::model::Ising;

/// All sites of a model, and their tree.
fn whole(model: &Ising) -> (Part, Tree) {
    let part = Part::free(model, &[]).expect("nothing is held");
    let tree = Tree::new(&part, &Order::find(&part).expect("narrow"));
    (part, tree)
}

#[test]
fn many_ground_states_are_counted_beyond_a_machine_word() {
    let n = 300;
    let (part, tree) = whole(&model(n, &[(0, 1, 1.0)], vec![0.0; n]));
    let asked = Asked {
        betas: vec![1.0],
        moments: false,
        num_states: 3,
    };
    let mut run = Elimination::new(part, tree, asked, 1).expect("valid");
    assert!(run.advance(10.0));
    let product: f64 = run.residues().iter().map(|&(_, m)| (m as f64).log2()).sum();
    assert!(product > 300.0);
    for &(residue, modulus) in run.residues() {
        let power = (0..299).fold(1u128, |x, _| 2 * x % u128::from(modulus));
        assert_eq!(u128::from(residue), power);
    }
    assert_eq!(run.ground_states().len(), 3);
}

#[test]
fn a_long_ladder_is_narrow() {
    let rungs = 5000;
    let mut edges = Vec::new();
    for i in 0..rungs {
        edges.push((2 * i, 2 * i + 1, -1.0));
        if i + 1 < rungs {
            edges.push((2 * i, 2 * i + 2, -0.5));
            edges.push((2 * i + 1, 2 * i + 3, 0.25));
        }
    }
    let ladder = model(2 * rungs, &edges, vec![0.0; 2 * rungs]);
    let (part, tree) = whole(&ladder);
    assert_eq!(Need::new(&tree).width, 2);
    let walk = Upward::whole(Lowest, &tree);
    let state = lowest_state(&tree);
    assert_eq!(walk.total(&tree) * part.scale.unit - 1.5, ladder.energy(&state));
    assert_eq!(Trace::new(&tree).next_state(&walk, &tree, 0.0), Some(state));
}

#[test]
fn the_best_of_a_narrow_part_given_the_rest() {
    // Every second column of a lattice is free: chains in the fields of what is between them.
    let (width, length) = (8, 40);
    let mut uniform = Uniform(3);
    let mut edges = Vec::new();
    for i in 0..width * length {
        let steps = [(i % width + 1 < width, 1), (i + width < width * length, width)];
        for (_, step) in steps.into_iter().filter(|(there, _)| *there) {
            edges.push((i, i + step, uniform.next() - 0.5));
        }
    }
    let lattice = model(width * length, &edges, vec![0.0; width * length]);
    let sites: Vec<u32> = (0..(width * length) as u32).filter(|i| i % 2 == 0).collect();
    let mut spins: Vec<i8> = (0..width * length)
        .map(|i| if i % 3 == 0 { 1 } else { -1 })
        .collect();
    let mut part = Part::new(&lattice, Scale::new(&lattice), &sites, &spins);
    let mut tree = Tree::new(&part, &Order::find(&part).expect("narrow"));
    for _ in 0..3 {
        spins.iter_mut().skip(1).step_by(2).for_each(|s| *s = -*s);
        part.feel(&lattice, &spins);
        tree.set_fields(&part);
        let best = lowest_state(&tree);
        for (&site, &spin) in sites.iter().zip(&best) {
            spins[site as usize] = spin;
        }
        let energy = lattice.energy(&spins);
        // A chain is at its best if no stretch of it can be turned over for less.
        for column in (0..width).step_by(2) {
            for from in 0..length {
                let mut other = spins.clone();
                for row in from..length {
                    other[row * width + column] *= -1;
                    assert!(lattice.energy(&other) >= energy - 1e-12);
                }
            }
        }
    }
}

#[test]
fn an_order_says_when_it_is_too_wide() {
    let n = 70;
    let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (j, i, 1.0)));
    let complete = model(n, &pairs.collect::<Vec<_>>(), vec![0.0; n]);
    let part = Part::free(&complete, &[]).expect("nothing is held");
    assert_eq!(Order::find(&part).expect_err("too wide").0, 60);
    let held: Vec<_> = (0..60).map(|i| (i, 1)).collect();
    let order = Order::find(&Part::free(&complete, &held).expect("spins")).expect("narrow");
    assert_eq!((order.width(), order.entries()), (9, 1023.0));
}

#[test]
fn a_lattice_is_swept() {
    // Neither least degree nor least fill finds the width of an open lattice.
    let size = 16;
    let mut edges = Vec::new();
    for i in 0..size * size {
        if i % size + 1 < size {
            edges.push((i, i + 1, 1.0));
        }
        if i + size < size * size {
            edges.push((i, i + size, 1.0));
        }
    }
    let (part, tree) = whole(&model(size * size, &edges, vec![0.0; size * size]));
    assert_eq!(Need::new(&tree).width, size);
    assert!(Order::quick(&part).expect("not too wide").width() > size);
}
