//! Every path a setup may take, found by asking for different numbers of chains.

use magnetite::ensemble::{Ensemble, Factory, Level, Setup};

/// Numbers of chains on one thread at which the choice of a path may change.
const CHAINS: [usize; 12] = [1, 2, 3, 5, 8, 12, 16, 20, 24, 32, 64, 128];

/// One factory for every path that `setup` takes for some number of chains: that of the widest blocks.
pub fn paths(setup: &Setup, level: Level) -> Vec<Factory> {
    let mut found: Vec<Factory> = Vec::new();
    for chains in CHAINS {
        let factory = Factory::new(setup.clone(), level, chains, 1, None);
        match found.iter_mut().find(|other| other.name() == factory.name()) {
            Some(same) if same.width() < factory.width() => *same = factory,
            Some(_) => {}
            None => found.push(factory),
        }
    }
    found
}

/// One factory for every path and every width of blocks.
pub fn paths_and_widths(setup: &Setup, level: Level) -> Vec<Factory> {
    let mut found: Vec<Factory> = Vec::new();
    for chains in CHAINS {
        let factory = Factory::new(setup.clone(), level, chains, 1, None);
        if found
            .iter()
            .all(|other| other.name() != factory.name() || other.width() != factory.width())
        {
            found.push(factory);
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
