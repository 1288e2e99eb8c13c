"""Make the shipped toroidal spin glass and prove its ground state.

The couplings come from ``splitmix64``, so the file can be made again anywhere, with any version of
anything::

    python tests/tools/torus.py 12 60 1 > python/magnetite/instances/torus_12x60.rud

The proof is a transfer matrix over the (min, +) semiring. It shares nothing with the library but
numpy.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Torus:
    """Couplings of a ``width`` x ``length`` square lattice that is periodic both ways.

    ``around[r, c]`` couples (r, c) with (r, c + 1) in the ring of ``width`` sites, and ``along[r,
    c]`` couples (r, c) with (r + 1, c). Both arrays have shape (length, width) and hold -1 and +1;
    the energy is ``sum J_ij s_i s_j``.
    """

    around: NDArray[np.int16]
    along: NDArray[np.int16]

    def edges(self) -> list[tuple[int, int, int]]:
        """Edges ``(i, j, weight)``, i < j and ascending, sites numbered from 0 ring by ring."""
        length, width = self.around.shape
        found = []
        for r in range(length):
            for c in range(width):
                site = r * width + c
                for other, weight in (
                    (r * width + (c + 1) % width, self.around[r, c]),
                    ((r + 1) % length * width + c, self.along[r, c]),
                ):
                    found.append((min(site, other), max(site, other), int(weight)))
        return sorted(found)

    def rudy(self) -> str:
        """The instance as the text of a rudy file, which counts from 1."""
        edges = self.edges()
        lines = [f"{self.around.size} {len(edges)}"]
        lines += [f"{i + 1} {j + 1} {weight}" for i, j, weight in edges]
        return "\n".join(lines) + "\n"


def random_signs(seed: int, count: int) -> NDArray[np.int16]:
    """Signs from the top bit of splitmix64 (Steele, Lea & Flood 2014), started at `seed`."""
    signs = np.empty(count, np.int16)
    state = seed
    for k in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        signs[k] = 1 if (z ^ (z >> 31)) >> 63 else -1
    return signs


def make_torus(width: int, length: int, seed: int) -> Torus:
    """A torus of random signs; both sides are at least 3, so that no two sites are joined twice."""
    if min(width, length) < 3:
        raise ValueError(f"both sides must be at least 3, got {width} x {length}")
    signs = random_signs(seed, 2 * width * length).reshape(2, length, width)
    return Torus(around=signs[0], along=signs[1])


def ground_state_energy(torus: Torus, *, block: int = 64) -> int:
    """The exact lowest energy, by dynamic programming over the states of one ring.

    ``best[p, a]`` is the lowest energy of everything seen so far, given that ring 0 is in state
    ``a`` and that the profile, which is the newest spin seen in each column, is ``p``. A new site
    replaces its column's bit of the profile: both of the bit's old values are tried, and the lower
    sum is kept. After the last ring the profile is joined to ``a``. All 2^width states ``a`` are
    tried, less the global flip; the time is proportional to length x width x 4^width.
    """
    length, width = torus.around.shape
    unreached = 3 * torus.around.size  # more than any energy, whatever is still to be added
    if unreached > np.iinfo(np.int16).max // 2:
        raise ValueError(f"at most 5461 sites fit 16-bit energies, got {torus.around.size}")
    profiles = np.arange(1 << width)
    spins = (1 - 2 * ((profiles[:, None] >> np.arange(width)) & 1)).astype(np.int16)
    inside = (spins * np.roll(spins, -1, axis=1)) @ torus.around.T  # energies [profile, ring]
    lowest = unreached
    for first in range(0, 1 << (width - 1), block):
        starts = np.arange(first, min(first + block, 1 << (width - 1)))
        best = np.full((1 << width, starts.size), unreached, np.int16)
        best[starts, np.arange(starts.size)] = inside[starts, 0]
        for ring in range(1, length):
            for column in range(width):
                _pass_column(best, column, torus.along[ring - 1, column])
            best += inside[:, ring, None]
        closing = spins @ (spins[starts] * torus.along[-1]).T
        lowest = min(lowest, int((best + closing).min()))
    return lowest


def _pass_column(best: NDArray[np.int16], column: int, coupling: np.int16) -> None:
    """Replace the spin of `column` in the profile by that of the next ring, in place."""
    pairs = best.reshape(-1, 2, 1 << column, best.shape[1])
    up, down = pairs[:, 0], pairs[:, 1]
    same, other = up + coupling, up - coupling
    np.minimum(same, down - coupling, out=up)
    np.minimum(other, down + coupling, out=down)


def main() -> None:
    """Write the rudy text to standard output, and the proven optimum to standard error."""
    width, length, seed = (int(word) for word in sys.argv[1:4])
    torus = make_torus(width, length, seed)
    print(torus.rudy(), end="")
    energy = ground_state_energy(torus)
    total = int(torus.around.sum()) + int(torus.along.sum())
    print(f"ground-state energy {energy}, maximum cut {(total - energy) // 2}", file=sys.stderr)


if __name__ == "__main__":
    main()
