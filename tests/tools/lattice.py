"""The square Ising lattice, periodic both ways, and its exact energy."""

import numpy as np

import magnetite as mg


def square_lattice(size: int) -> mg.Ising:
    """Return the ferromagnet ``E = -sum s_i s_j`` on a size x size torus."""
    site = np.arange(size * size).reshape(size, size)
    rows = np.concatenate([site.ravel(), site.ravel()])
    cols = np.concatenate([np.roll(site, -1, 0).ravel(), np.roll(site, -1, 1).ravel()])
    return mg.Ising((rows, cols, np.full(rows.size, -1.0)))


def log_partition(size: int, beta: float) -> float:
    """Return log Z of that lattice (Kaufman 1949, equation 64)."""
    k = np.arange(1, 2 * size)
    angles = np.cosh(2 * beta) ** 2 / np.sinh(2 * beta) - np.cos(np.pi * k / size)
    gamma = np.concatenate([[2 * beta + np.log(np.tanh(beta))], np.arccosh(angles)])
    terms = []
    for part in (gamma[1::2], gamma[::2]):
        half = size * part / 2
        terms.append((1.0, np.log(2 * np.cosh(half)).sum()))
        terms.append((np.prod(np.sign(half)), np.log(np.abs(2 * np.sinh(half))).sum()))
    signs, logs = np.array(terms).T
    largest = logs.max()
    total = largest + np.log((signs * np.exp(logs - largest)).sum())
    return float(total - np.log(2) + size**2 / 2 * np.log(2 * np.sinh(2 * beta)))


def lattice_energy(size: int, beta: float) -> float:
    """Return the exact mean energy of a site: ``-d(log Z)/d(beta)`` by central difference."""
    step = 1e-4
    difference = log_partition(size, beta + step) - log_partition(size, beta - step)
    return -difference / (2 * step) / size**2
