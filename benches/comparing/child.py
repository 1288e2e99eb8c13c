"""Measurements that need a process of their own: memory, readiness, and forced vector levels.

``python -m comparing.child MEASUREMENT ...`` prints one JSON record.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from comparing.packages import Magnetite
from comparing.problems import problems, random_regular

if TYPE_CHECKING:
    import scipy.sparse

NUM_SITES = 1_000_000
DEGREE = 6
NUM_CHAINS = 16


def main() -> None:
    measurement, *rest = sys.argv[1:]
    print(json.dumps(MEASUREMENTS[measurement](*rest)))


def level(name: str, reads: str, seed: str) -> dict[str, object]:
    """Anneal a problem at the vector level that the environment forces."""
    data = os.environ.get("MAGNETITE_DATA")
    problem = next(p for p in problems(Path(data) if data else None) if p.name == name)
    outcome = Magnetite().anneal(problem, reads=int(reads), sweeps=problem.sweeps, seed=int(seed))
    updates = int(reads) * problem.sweeps * problem.edges.n
    return {
        "updates_per_second": updates / outcome.sampling,
        "energies": outcome.energies.tolist(),
    }


def readiness() -> dict[str, float]:
    """Time from a scipy.sparse matrix of a million sites to a model, and to its first states."""
    import magnetite as mg

    matrix = big_matrix()
    started = time.perf_counter()
    model = mg.Ising(matrix)
    made = time.perf_counter()
    mg.anneal(model, num_reads=1, num_sweeps=0, beta_range=(0.1, 3.0), seed=1)
    ready = time.perf_counter()
    return {
        "couplings": matrix.nnz // 2,
        "model_seconds": made - started,
        "first_state_seconds": ready - started,
    }


def memory() -> dict[str, float]:
    """Peak memory of the model, and of 16 chains beyond it."""
    import magnetite as mg

    matrix = big_matrix()
    couplings = matrix.nnz // 2
    before = reset_peak()
    model = mg.Ising(matrix)
    building = peak() - before
    with_model = reset_peak()
    result = mg.anneal(
        model, num_reads=NUM_CHAINS, num_sweeps=2, beta_range=(0.1, 3.0), keep="last", seed=1
    )
    running = peak() - with_model
    assert result.states.shape == (NUM_CHAINS, NUM_SITES)
    return {
        "couplings": couplings,
        "bytes_a_coupling_building": building / couplings,
        "bytes_a_coupling_kept": (with_model - before) / couplings,
        "bytes_a_spin_and_chain": running / (NUM_SITES * NUM_CHAINS),
    }


def big_matrix() -> "scipy.sparse.csr_array":
    """Return a symmetric matrix of a million rows and about three million couplings."""
    import scipy.sparse

    edges = random_regular(NUM_SITES, DEGREE)
    upper = scipy.sparse.coo_array(
        (edges.weights, (edges.rows, edges.cols)), shape=(NUM_SITES, NUM_SITES)
    )
    return (upper + upper.T).tocsr()


def reset_peak() -> int:
    """Begin a new peak, where the system can, and return the memory in use now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    except OSError:
        return peak()


def peak() -> int:
    """Return the largest resident memory since the last reset, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


MEASUREMENTS = {"level": level, "memory": memory, "readiness": readiness}

if __name__ == "__main__":
    main()
