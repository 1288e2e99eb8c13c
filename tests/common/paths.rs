//! Every path that can carry out a setup, and how blocks are driven.

use magnetite::ensemble::{Ensemble, Factory, Level, Setup};

/// One factory for every path that can carry out `setup`: that of the widest blocks.
pub fn paths(setup: &Setup, level: Level) -> Vec<Factory> {
    let mut found: Vec<Factory> = Vec::new();
    for factory in Factory::every(setup, level) {
        match found.iter_mut().find(|other| other.name() == factory.name()) {
            Some(same) if same.width() < factory.width() => *same = factory,
            Some(_) => {}
            None => found.push(factory),
        }
    }
    found
}

/// The lowest and the highest vector level of this CPU.
pub fn extreme_levels() -> Vec<Level> {
    let mut levels = Level::available();
    if levels.len() > 2 {
        levels.drain(1..levels.len() - 1);
    }
    levels
}

/// What a path is, without the numbers: "bytes", "recomputed f32", "cached i16 sparse" ...
pub fn family(factory: &Factory) -> String {
    let known = [
        "bytes",
        "bits",
        "recomputed",
        "cached",
        "i8",
        "i16",
        "f32",
        "f64",
        "dense",
        "sparse",
    ];
    let words = factory
        .name()
        .split([' ', ','])
        .filter(|word| known.contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Carries all lanes through `sweeps` sweeps at `beta`, `piece` visits at a time.
pub fn advance(ensemble: &mut dyn Ensemble, beta: f64, sweeps: u64, piece: usize) {
    for lane in 0..ensemble.num_lanes() {
        ensemble.set_beta(lane, beta);
    }
    for _ in 0..sweeps {
        while !ensemble.advance(piece) {}
    }
}

/// So many visits that a sweep is never cut.
pub const WHOLE: usize = 1 << 24;
