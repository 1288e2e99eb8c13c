"""The problems that are measured, as edge lists that favour no package."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20261120
# Fast enough at the hot end to forget the start, and cold enough that a +-1 problem is frozen.
SPARSE_BETAS = (0.1, 3.0)


@dataclass(frozen=True)
class Edges:
    """Couplings of ``E(s) = sum J_ij s_i s_j`` between sites 0 to ``n - 1``, each pair once."""

    n: int
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A named problem: how to make it, and how much of a run each package does on it.

    A peer may run fewer reads, so that a slow one takes seconds and not hours; sweeps and betas are
    the same for all, so that their last energies can be compared.
    """

    name: str
    what: str
    make: Callable[[], Edges]
    beta_range: tuple[float, float] = SPARSE_BETAS
    sweeps: int = 400
    peer_reads: int = 16

    @cached_property
    def edges(self) -> Edges:
        return self.make()


def read_rudy(path: Path) -> Edges:
    """Read a rudy file with numpy alone, independently of the reader under test."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        n, m = (int(word) for word in next(iter(lines)).split())
        table = np.loadtxt(lines, ndmin=2)
    if table.shape != (m, 3):
        raise ValueError(f"{path}: the header promises {m} edges, the file has {table.shape[0]}")
    ends = table[:, :2].astype(np.int64) - 1
    return Edges(n, ends[:, 0], ends[:, 1], table[:, 2])


def random_regular(n: int, degree: int) -> Edges:
    """Draw a graph of nearly regular degree with +-1 couplings: the union of random cycles.

    Pairs that two cycles share are kept once, so that about ``degree^2 / 4`` sites in all have one
    neighbour less.
    """
    rng = np.random.default_rng(SEED)
    cycles = [rng.permutation(n) for _ in range(degree // 2)]
    ends = np.sort([np.concatenate(cycles), np.concatenate([np.roll(c, 1) for c in cycles])], 0)
    rows, cols = np.divmod(np.unique(ends[0] * n + ends[1]), n)
    return Edges(n, rows, cols, rng.choice([-1.0, 1.0], rows.size))


def dense_gaussian(n: int) -> Edges:
    """Draw a Sherrington-Kirkpatrick glass: complete graph, couplings of variance 1/n."""
    rng = np.random.default_rng(SEED)
    rows, cols = np.triu_indices(n, 1)
    return Edges(n, rows, cols, rng.standard_normal(rows.size) / np.sqrt(n))


def problems(data: Path | None) -> Iterator[Problem]:
    """Yield the problems to measure: those of the data folder, if there is one, and our own."""
    if data is not None:
        for name, what, peer_reads in (
            ("G1", "random, n = 800, degree 48", 16),
            ("G22", "random, n = 2,000, degree 20", 16),
            ("G48", "torus, n = 3,000, degree 4", 16),
            ("G81", "torus +-1, n = 20,000, degree 4", 4),
            ("G70", "random, n = 10,000, degree 2", 8),
        ):
            path = data / "gset" / f"{name}.txt.gz"
            yield Problem(name, what, lambda path=path: read_rudy(path), peer_reads=peer_reads)
        yield Problem(
            "k2000",
            "complete +-1, n = 2,000",
            lambda: read_rudy(data / "k2000" / "WK2000_1.rud.gz"),
            beta_range=(0.1 / np.sqrt(2000), 3 / np.sqrt(2000)),
            peer_reads=4,
        )
    yield Problem(
        "regular6",
        "random +-1, n = 100,000, degree 6",
        lambda: random_regular(100_000, 6),
        peer_reads=2,
    )
    yield Problem(
        "gauss2000",
        "complete, real weights, n = 2,000",
        lambda: dense_gaussian(2000),
        beta_range=(0.1, 3.0),
        peer_reads=4,
    )
