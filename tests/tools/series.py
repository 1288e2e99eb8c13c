"""Series with known statistics: autoregressive ones, and energies drawn from a known law."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def autoregressive(
    rng: np.random.Generator, rho: float | Array, shape: tuple[int, ...], variance: float = 1.0
) -> Array:
    """Stationary draws ``x_t = rho x_{t-1} + noise`` along the last axis; tau = (1+rho)/(1-rho)/2.

    `rho` broadcasts to the shape without its last axis.
    """
    series = rng.normal(size=shape)
    rho = np.broadcast_to(rho, shape[:-1])
    noise = np.sqrt(1 - np.square(rho))
    for t in range(1, shape[-1]):
        series[..., t] = rho * series[..., t - 1] + noise * series[..., t]
    return np.sqrt(variance) * series


def boltzmann_draws(
    rng: np.random.Generator,
    levels: Array,
    log_counts: Array,
    betas: Array,
    shape: tuple[int, int],
    stay: float = 0.0,
) -> Array:
    """Energies (num_ladders, num_rungs, num_draws) of exact draws at each beta.

    With the probability `stay` a draw repeats the one before: tau = (1 + stay) / (1 - stay) / 2.
    """
    num_ladders, num_draws = shape
    draws = np.empty((num_ladders, betas.size, num_draws))
    for rung, beta in enumerate(betas):
        law = np.exp(log_counts - beta * levels - log_z(levels, log_counts, beta))
        fresh = rng.choice(levels, p=law / law.sum(), size=shape)
        renewed = rng.random(shape) >= stay
        renewed[:, 0] = True
        last = np.maximum.accumulate(np.where(renewed, np.arange(num_draws), 0), axis=1)
        draws[:, rung] = np.take_along_axis(fresh, last, axis=1)
    return draws


def log_z(levels: Array, log_counts: Array, beta: float) -> float:
    """log Z of levels with so many states each."""
    return float(np.logaddexp.reduce(log_counts - beta * levels))


def density_of_states(energies: Array) -> tuple[Array, Array]:
    """Levels, and the log of how many states each has, of the energies of all states."""
    levels, counts = np.unique(np.round(energies, 9), return_counts=True)
    return levels, np.log(counts)


def exchange_draws(
    rng: np.random.Generator, couplings: Array, betas: Array, num_runs: int, num_draws: int
) -> Array:
    """Energies (num_runs, num_rungs, num_draws) of replica exchange, plain and by the book.

    Gibbs sweeps of ``E(s) = s J s / 2``, symmetric J, then swaps of even and of odd pairs in turn;
    a tenth as many sweeps warm up.
    """
    num_sites, num_warm = len(couplings), num_draws // 10
    spins = rng.choice([-1.0, 1.0], size=(num_runs, betas.size, num_sites))
    draws = np.empty((num_runs, betas.size, num_draws))
    for t in range(-num_warm, num_draws):
        uniform = rng.random((num_sites, num_runs, betas.size))
        for site in range(num_sites):
            field = spins @ couplings[site]
            up = 1 / (1 + np.exp(np.clip(2 * betas * field, -700, 700)))
            spins[..., site] = np.where(uniform[site] < up, 1.0, -1.0)
        energies = ((spins @ couplings) * spins).sum(axis=-1) / 2
        hot = np.arange(t % 2, betas.size - 1, 2)
        gain = (betas[hot + 1] - betas[hot]) * (energies[:, hot + 1] - energies[:, hot])
        runs, pairs = np.nonzero(np.log(rng.random(gain.shape)) < gain)
        hot = hot[pairs]
        for array in (spins, energies):
            array[runs, hot], array[runs, hot + 1] = array[runs, hot + 1], array[runs, hot].copy()
        if t >= 0:
            draws[:, :, t] = energies
    return draws
