"""Small models and a ladder that the tests of replica exchange share."""

import numpy as np

import magnetite as mg

RNG = np.random.default_rng(3)
SPINS = mg.Ising(np.triu(RNG.normal(size=(5, 5)), 1), RNG.normal(size=5), offset=1.5)
BITS = mg.Qubo(RNG.normal(size=(5, 5)))
GLASS = mg.Ising(
    {(i, (i + step) % 60): RNG.choice([-1.0, 1.0]) for i in range(60) for step in (1, 7)}
)
BETAS = [0.0, 0.2, 0.4, 0.6]
