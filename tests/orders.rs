//! Orders of elimination: how wide their tables are, and that they are found in time.

mod common;

use common::models::model;
use magnetite::exact::{Order, Part};
use std::time::Instant;

fn part(n: usize, edges: impl Iterator<Item = (usize, usize)>) -> Part {
    let edges: Vec<_> = edges.map(|(i, j)| (i, j, 1.0)).collect();
    Part::free(&model(n, &edges, vec![0.0; n]), &[]).expect("nothing is held")
}

/// `across` x `along` sites in rows, without couplings from the last row to the first.
fn strip(across: usize, along: usize) -> Part {
    let n = across * along;
    let right = (0..n - across).map(|i| (i, i + across));
    let up = (0..n).filter(|i| i % across > 0).map(|i| (i - 1, i));
    part(n, right.chain(up))
}

fn width(part: &Part) -> usize {
    Order::find(part).expect("narrow").width()
}

#[test]
fn long_strips_have_as_narrow_tables_as_short_ones() {
    for (across, along) in [(14, 4_000), (20, 2_000)] {
        let most = width(&strip(across, 40));
        assert!(most <= across + 1, "{most}");
        assert!(width(&strip(across, along)) <= most);
    }
}

/// A hub with a rim: every site of the rim, or every second of them, is coupled to the hub.
#[test]
fn hubs_take_no_longer_than_their_rim() {
    let n = 40_000;
    for step in [1, 2] {
        let rim = (1..n).map(|i| (i, i % (n - 1) + 1));
        let spokes = (1..n).step_by(step).map(|i| (0, i));
        let wheel = part(n, rim.chain(spokes));
        let started = Instant::now();
        assert_eq!(width(&wheel), 3);
        assert!(started.elapsed().as_secs_f64() < 2.0, "{:?}", started.elapsed());
    }
}
