"""The same bits at any vector level, slice, number of threads or interruption."""

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite import _core
from tools.runs import MODELS

# Prints a hash of everything that some runs tell; run at every vector level.
PROGRAM = """
import hashlib
import magnetite as mg
from tools.runs import MODELS, random_model
digest = hashlib.sha256()
for name in sorted(MODELS):
    for kernel in ("metropolis", "gibbs", "dwave"):
        for num_reads in (1, 7, 40):
            run = mg.anneal(MODELS[name], num_reads=num_reads, num_sweeps=40, kernel=kernel,
                            num_best=3, trajectory=5, seed=9, num_threads=1)
            for array in (run.states, run.energies, run.best_states, run.trajectory.energies):
                digest.update(array.tobytes())
    run = mg.population_anneal(MODELS[name], beta=0.7, population=40, seed=9, num_threads=1)
    for array in (run.states, run.betas, run.log_z, run.rho_t, run.mean_energy):
        digest.update(array.tobytes())
    degree = 2 * MODELS[name].core.num_couplings / max(1, MODELS[name].num_variables)
    for kernel in ("metropolis", "gibbs"):
        # Lanes of a block have betas of their own, 0 among them.
        for betas in ([0.0, 0.3, 0.31, 0.8, 2.0, 9.0], "auto"):
            ladders = mg.temper(MODELS[name], betas=betas, num_sweeps=64, kernel=kernel, seed=9,
                                cluster_moves=degree <= 24, cluster_interval=1, num_ladders=5,
                                observe_interval=1, moments=True, num_threads=1)
            for array in (ladders.states, ladders.energies, ladders.betas, ladders.swap_rates,
                          ladders.clusters, ladders.single_sums, ladders.pair_sums,
                          ladders.overlaps, ladders.mean, ladders.correlations):
                digest.update(array.tobytes())
    found = mg.solve(MODELS[name], num_rounds=3, seed=9, num_threads=1)
    digest.update(found.states.tobytes() + found.energies.tobytes())
    digest.update(repr(found.info["rounds"]).encode())
for model in (random_model(16, degree=15), random_model(60, degree=2)):
    for method in ("enumeration", "elimination"):
        if method == "elimination" or model.num_variables < 20:
            summed = mg.exact(model, beta=0.9, method=method, num_threads=1)
            digest.update(repr((summed.log_z, summed.mean_energy, summed.entropy)).encode())
            for array in (summed.mean, summed.correlations, summed.ground_states):
                digest.update(array.tobytes())
print(digest.hexdigest(), run.info["simd"])
"""


def test_vector_levels_change_nothing() -> None:
    digests = set()
    for level in _core.simd_levels():
        environment = {
            **os.environ,
            "MAGNETITE_SIMD": level,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digest, used = done.stdout.split()
        assert used == level
        digests.add(digest)
    assert len(digests) == 1


def arguments(seed: int, threads: int, scan: str, kernel: str, reads: int) -> dict[str, Any]:
    betas = np.array([0.0, 0.2, 0.7, 0.4, 1.5, np.inf])
    return {
        "seed": seed,
        "first_chain": 3,
        "num_reads": reads,
        "betas": betas,
        "kernel": kernel,
        "scan": scan,
        "keep": "best",
        "initial_states": None,
        "clamped": np.array([1]),
        "clamped_values": np.array([1], np.int8),
        "num_threads": threads,
        "num_best": 4,
        "trajectory": 6,
    }


def told(run: _core.AnnealRun) -> list[Any]:
    """Return all that a run tells, as lists."""
    best_states, best_energies = run.best_states()
    arrays = [run.states(), run.energies(), *run.best(), best_states, best_energies]
    arrays += [*run.trajectory(), run.sweeps_done()]
    return [np.asarray(array).tolist() for array in arrays]


@st.composite
def models(draw: st.DrawFn) -> _core.Ising:
    """Draw a model of 2 to 20 sites with whole or real coefficients."""
    n = draw(st.integers(2, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.1, 0.5, 1.0]))
    weights = rng.normal(size=(n, n)) * 2
    if draw(st.booleans()):
        weights = np.round(weights)
    matrix = np.triu(weights * (rng.random((n, n)) < density), 1)
    return mg.Ising(matrix, np.diag(weights).copy()).core


@given(
    models(),
    st.integers(0, 2**64 - 1),
    st.sampled_from(["sequential", "permutation", "random"]),
    st.sampled_from(["metropolis", "gibbs", "dwave"]),
    st.integers(1, 40),
)
@settings(max_examples=60)
def test_threads_slices_and_interruptions_change_nothing(
    model: _core.Ising, seed: int, scan: str, kernel: str, reads: int
) -> None:
    runs = []
    for threads in (1, 2, 5):
        run = _core.AnnealRun(model, **arguments(seed, threads, scan, kernel, reads))
        if threads == 2:
            run.advance(0.0)
            snapshot = run.snapshot()
            run = _core.AnnealRun(model, **arguments(seed, 3, scan, kernel, reads))
            run.restore(snapshot)
        while not run.advance(1.0):
            pass
        runs.append(told(run))
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("name", ["sparse", "complete", "qubo"])
def test_the_best_states_do_not_depend_on_threads(name: str) -> None:
    digests = set()
    for threads in (1, 2, 5, 37):
        run = mg.anneal(
            MODELS[name], num_reads=37, num_sweeps=19, num_best=5, seed=5, num_threads=threads
        )
        assert run.best_states is not None
        digests.add(hashlib.sha256(run.best_states.tobytes()).hexdigest())
    assert len(digests) == 1


def test_draws_do_not_depend_on_threads() -> None:
    options: dict[str, Any] = {"num_chains": 37, "num_sweeps": 20, "thin": 3, "seed": 5}
    for model in MODELS.values():
        runs = [
            mg.sample(model, **options, store_states=True, num_threads=threads)
            for threads in (1, 2, 5)
        ]
        for run in runs[1:]:
            for field in ("states", "energies", "draws", "mean", "correlations"):
                assert getattr(run, field).tolist() == getattr(runs[0], field).tolist(), field
