"""Problems with a known ground state, for times to solution without a reference solver.

Each is built around a state that is a ground state by construction, hidden by a random gauge, so
that nothing in the couplings points to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from magnetite._checks import check_choice, check_count, check_finite, check_real, real_array
from magnetite.inputs import FloatArray, IntVector, Problem, check_size
from magnetite.models import Ising
from magnetite.models.assemble import core_of_problem
from magnetite.options import SeedLike, check_seed

__all__ = ["Planted", "tile_2d", "tile_3d", "wishart"]

Spins = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Planted:
    """A model with a ground state that is known.

    Attributes
    ----------
    model : Ising
        The problem.
    state : ndarray of int8, shape (n,)
        A ground state; without fields, the opposite state is another, and there may be more.
    energy : float
        Its energy, the lowest there is.

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.tile_2d(4, seed=1)
    >>> problem.model.energies(problem.state) == problem.energy
    True
    """

    model: Ising
    state: Spins
    energy: float


def wishart(
    n: int,
    alpha: float,
    *,
    entries: Literal["gaussian", "sign"] = "gaussian",
    seed: SeedLike = None,
) -> Planted:
    """Plant a ground state in a complete graph: the Wishart ensemble.

    ``E(s) = sum_{i<j} J_ij s_i s_j`` with ``J = W W^T / n``. The ``round(alpha n)`` columns of W
    are random but orthogonal to the planted state t, so that ``2 E(s) = |W^T s|**2 / n - tr(J)``
    is least where ``W^T s = 0``, as it is at t.

    Parameters
    ----------
    n : int
        Number of spins, at least 2.
    alpha : float
        Columns of W per spin, above 0. Problems are hard where it is small, and easy where it is
        large or so small that there are many ground states.
    entries : {"gaussian", "sign"}
        What the columns are made from before they are made orthogonal to t: normal numbers, or
        signs, which give whole numbers as couplings (in another unit: ``J`` times
        ``n**2 (n - 1)``, over 4 where n is even), which samplers keep exactly to about n = 150.
    seed : int, SeedSequence, Generator or None
        What the problem is drawn from.

    Returns
    -------
    Planted
        Model, planted state, and its energy.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Notes
    -----
    Hamze, Raymond, Pattison, Biswas and Katzgraber, Phys. Rev. E 101, 052102 (2020); signs in
    place of normal numbers as in the generator Chook (Perera et al., arXiv:2005.14344).

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.wishart(32, 0.75, seed=1)
    >>> result = mg.anneal(problem.model, seed=1)
    >>> bool(result.best.energy < problem.energy + 1e-9)
    True
    """
    n = check_count("n", n, 2, bits=31)
    ratio = check_real("alpha", alpha)
    check_finite("alpha", np.float64(ratio))
    num_columns = round(ratio * n)
    if num_columns < 1:
        raise ValueError(f"alpha must give at least one column, alpha * n >= 0.5, got {alpha:g}")
    check_choice("entries", entries, ("gaussian", "sign"))
    check_size("the model", n, n * (n - 1) // 2)
    rng = np.random.default_rng(check_seed(seed).replay)
    state = _random_state(rng, n)
    planted = state.astype(np.float64)[:, None]
    if entries == "gaussian":
        drawn = rng.standard_normal((n, num_columns))
        # Covariance n / (n - 1) (1 - t t^T / n), so that entries have variance 1.
        columns = drawn - planted * (planted * drawn).mean(axis=0)
        couplings = columns @ columns.T / (n - 1)
    else:
        drawn = rng.choice([-1.0, 1.0], (n, num_columns))
        columns = n * drawn - planted * (planted * drawn).sum(axis=0)
        columns /= 2 - n % 2
        couplings = columns @ columns.T
    np.fill_diagonal(couplings, 0.0)
    couplings = (couplings + couplings.T) / 2
    return _planted(Problem("dense", range(n), dense=couplings), state)


def tile_2d(
    size: int, *, probabilities: Sequence[float] = (0.25, 0.25, 0.25, 0.25), seed: SeedLike = None
) -> Planted:
    """Plant a ground state in a square lattice, periodic both ways: tile planting.

    Every second plaquette, like the black fields of a chessboard, is a tile of its own, and each
    coupling belongs to exactly one. All tiles are frustrated, and the planted state is a ground
    state of each, so it is one of the whole.

    Parameters
    ----------
    size : int
        Length L of a side, even and at least 4; there are L**2 spins. That of column x and row y
        is number ``x + L y``.
    probabilities : sequence of four floats
        Of the classes C1 to C4. A tile of class Ck has k couplings of size 1, one of them broken
        in the planted state, and others of size 2, so that k of its states, and their
        opposites, are ground states.
    seed : int, SeedSequence, Generator or None
        What the problem is drawn from.

    Returns
    -------
    Planted
        Model, planted state, and its energy.

    Raises
    ------
    TypeError, ValueError
        If the size is odd or below 4, or if the probabilities are not four that sum to 1.

    Notes
    -----
    Hamze, Jacob, Ochoa, Perera, Wang and Katzgraber, Phys. Rev. E 97, 043303 (2018).

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.tile_2d(8, probabilities=(0, 1, 0, 0), seed=1)
    >>> problem.model.num_variables, problem.energy  # 32 tiles of energy -4
    (64, -128.0)
    """
    length = _check_size(size)
    chances = _check_probabilities(probabilities, 4)
    rng = np.random.default_rng(check_seed(seed).replay)
    y, x = np.divmod(np.arange(length**2), length)
    first = np.flatnonzero((x + y) % 2 == 0)
    corners = _corners(first, length, 2)
    weak = rng.choice(4, first.size, p=chances) + 1  # how many couplings are of size 1
    rank = rng.permuted(np.tile(np.arange(4), (first.size, 1)), axis=1)
    sizes = np.where(rank < weak[:, None], 1.0, 2.0)
    tiles = np.where(rank == 0, 1.0, -sizes)  # the sign of E: a negative coupling aligns
    edges = np.array([(0, 1), (0, 2), (1, 3), (2, 3)])
    return _lattice(corners, np.broadcast_to(edges, (first.size, 4, 2)), tiles, length**2, rng)


def tile_3d(
    size: int, *, probabilities: Sequence[float] = (0.0, 0.0, 1.0), seed: SeedLike = None
) -> Planted:
    """Plant a ground state in a cubic lattice, periodic all ways: tile planting.

    Every cell whose corner of lowest coordinates has only even or only odd ones is a tile of its
    own, and each coupling belongs to exactly one. The planted state is a ground state of each.

    Parameters
    ----------
    size : int
        Length L of a side, even and at least 4; there are L**3 spins. That at (x, y, z) is
        number ``x + L y + L**2 z``.
    probabilities : sequence of three floats
        Of the classes F22, F42 and F6: cells with 2, 4 and 6 frustrated faces, of which the
        planted state breaks 2, 2 and 3 couplings. F6, the default, is the hardest.
    seed : int, SeedSequence, Generator or None
        What the problem is drawn from.

    Returns
    -------
    Planted
        Model, planted state, and its energy.

    Raises
    ------
    TypeError, ValueError
        If the size is odd or below 4, or if the probabilities are not three that sum to 1.

    Notes
    -----
    Hamze, Jacob, Ochoa, Perera, Wang and Katzgraber, Phys. Rev. E 97, 043303 (2018); each cell is
    turned and reflected at random, as in the generator Chook (Perera et al., arXiv:2005.14344).

    Examples
    --------
    >>> import magnetite as mg
    >>> problem = mg.planted.tile_3d(4, seed=1)
    >>> problem.model.num_variables, problem.energy  # 16 cells of energy 3 - 9
    (64, -96.0)
    """
    length = _check_size(size)
    chances = _check_probabilities(probabilities, 3)
    rng = np.random.default_rng(check_seed(seed).replay)
    coordinates = np.stack(np.unravel_index(np.arange(length**3), (length,) * 3))
    first = np.flatnonzero(np.ptp(coordinates % 2, axis=0) == 0)
    corners = _corners(first, length, 3)
    kind = rng.choice(3, first.size, p=chances)
    tiles = np.where(_BROKEN[kind], 1.0, -1.0)
    turned = _SYMMETRIES[rng.integers(len(_SYMMETRIES), size=first.size)]
    edges = turned[np.arange(first.size)[:, None, None], _CELL_EDGES]
    return _lattice(corners, edges, tiles, length**3, rng)


# The corners of a cell are numbered by their coordinates as bits, the first the lowest.
_CELL_EDGES = np.array([(u, u | bit) for bit in (1, 2, 4) for u in range(8) if not u & bit])
_BROKEN_EDGES = (((0, 1), (2, 3)), ((0, 1), (6, 7)), ((0, 1), (2, 6), (5, 7)))
_BROKEN = np.array([[tuple(e) in broken for e in _CELL_EDGES.tolist()] for broken in _BROKEN_EDGES])
# All 48 symmetries of a cube, as where each of its corners goes.
_SYMMETRIES = np.array(
    [
        [sum((u >> axis & 1) << place for place, axis in enumerate(axes)) ^ flips for u in range(8)]
        for axes in permutations(range(3))
        for flips in range(8)
    ]
)


def _corners(first: IntVector, length: int, dimension: int) -> IntVector:
    """Return the sites of tiles, shape (tiles, 2**dimension), from their lowest corners."""
    shape = (length,) * dimension
    axes = np.unravel_index(first, shape)[::-1]  # site = x + L y + ...: the last axis is x
    offsets = np.arange(2**dimension)
    moved = [(axis[:, None] + (offsets >> k & 1)) % length for k, axis in enumerate(axes)]
    return np.ravel_multi_index(tuple(moved[::-1]), shape).astype(np.int64)


def _lattice(
    corners: IntVector, edges: IntVector, tiles: FloatArray, n: int, rng: np.random.Generator
) -> Planted:
    """Return the sum of all tiles, whose ground state is all up before the gauge."""
    tile = np.arange(corners.shape[0])[:, None]
    rows, cols = (corners[tile, edges[..., k]].ravel() for k in (0, 1))
    state = _random_state(rng, n)
    weights = tiles.ravel() * state[rows] * state[cols]
    return _planted(Problem("edges", range(n), rows, cols, weights), state)


def _planted(problem: Problem, state: Spins) -> Planted:
    core = core_of_problem(problem, np.zeros(state.size), 0.0)
    model = Ising._assemble(core, problem.labels)
    return Planted(model, state, float(model.energies(state)))


def _random_state(rng: np.random.Generator, n: int) -> Spins:
    return rng.choice(np.array([-1, 1], np.int8), n)


def _check_size(size: int) -> int:
    length = check_count("size", size, 4, bits=15)
    if length % 2:
        raise ValueError(f"size must be even, got {length}")
    return length


def _check_probabilities(probabilities: Sequence[float], number: int) -> FloatArray:
    chances = real_array("probabilities", probabilities)
    if chances.shape != (number,):
        raise ValueError(f"probabilities must be {number} numbers, got shape {chances.shape}")
    check_finite("probabilities", chances)
    if (chances < 0).any() or abs(chances.sum() - 1) > 1e-9:
        raise ValueError(f"probabilities must be non-negative and sum to 1, got {chances.tolist()}")
    total: float = chances.sum()
    return chances / total
