"""What Boltzmann machines learn: encoders, the shifter and parity of 1985, and couplings.

Encoders learn as Ackley, Hinton and Sejnowski's did: both phases are annealed from random states (2
sweeps at twice the final temperature, 2 at 1.5, 2 at 1.2, 4 at 1) and then averaged over 10 sweeps,
visible units are clamped with noise, and all parameters make steps of one size, 0.2, by the sign
of the difference. What is not of 1985: each cycle takes 0.4 % of all parameters away, without which
some run off; and 40-10-40 and the shifter hold their inputs in both phases (40-10-40-alone does
not). Every problem prints a line of JSON::

    python benches/encoders.py 4-2-4 --seeds 250 --threads 2
    python benches/encoders.py 8-3-8 40-10-40 shifter parity couplings

`--threads` are processes, each with seeds of its own: a cycle of a small machine is too short to be
shared.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
import magnetite.plots
from couplings import couplings
from magnetite.boltzmann import Annealing
from magnetite.training import Cosine, SignSteps

Array = NDArray[np.float64]

STEP, SHRINKAGE = 0.2, 0.004
CYCLES_A_LOOK = 10
"""Cycles between looks at whether an encoder is solved."""


# Encoders.


def encoder(n: int, h: int, inner: bool = True) -> mg.BoltzmannMachine:
    """Return n visible, h hidden and n visible units; `inner` joins units of a visible group."""
    groups = np.split(np.arange(2 * n + h), [n, n + h])
    pairs = [(i, j) for a, b in ((0, 1), (1, 2)) for i in groups[a] for j in groups[b]]
    if inner:
        pairs += [(i, j) for group in (groups[0], groups[2]) for i in group for j in group if i < j]
    edges = {(int(i), int(j)): 0.0 for i, j in pairs}
    return mg.BoltzmannMachine(edges, visible=[*range(n), *range(n + h, 2 * n + h)])


def hidden_means(machine: mg.BoltzmannMachine, patterns: Array) -> Array:
    """Return the means of hidden units at patterns; hidden units must not be joined."""
    weights = np.zeros((machine.num_variables, machine.num_variables))
    weights[tuple(machine.edges)] = machine.weights
    between = (weights + weights.T)[np.ix_(machine.visible, machine.hidden)]
    inputs = patterns @ between + machine.biases[machine.hidden]
    return 0.5 + 0.5 * np.tanh(inputs / 2)


def codes(machine: mg.BoltzmannMachine, patterns: Array) -> NDArray[np.bool_]:
    """Return the likeliest hidden states at patterns; hidden units must not be joined."""
    return hidden_means(machine, patterns) > 0.5


def num_codes(machine: mg.BoltzmannMachine, patterns: Array) -> int:
    """Return how many different codes patterns have."""
    return len(np.unique(codes(machine, patterns), axis=0))


def is_solved(machine: mg.BoltzmannMachine, n: int) -> bool:
    """Return whether every pattern has a code of its own, and is completed from its first half."""
    if num_codes(machine, np.tile(np.eye(n), 2)) < n:
        return False
    likeliest = [
        machine.marginals({i: int(i == k) for i in range(n)}, method="exact").mean[-n:].argmax()
        for k in range(n)
    ]
    return likeliest == list(range(n))


def solve_encoder(
    seed: int,
    *,
    n: int,
    h: int,
    most: int,
    inner: bool = True,
    shrinkage: float = SHRINKAGE,
    look: Callable[[Any], object] = lambda progress: None,
) -> dict[str, Any]:
    """Return after how many cycles an encoder is solved; None if it is not after the most."""
    machine, patterns = encoder(n, h, inner), np.tile(np.eye(n), 2)
    # Noise that keeps the mean number of units that are on: 0.15 and 0.05 of four.
    phase = Annealing(noise=(0.15, 0.15 / (n - 1)))
    result = machine.fit(
        np.tile(patterns, (CYCLES_A_LOOK, 1)),
        batch_size=n,
        shuffle=False,
        epochs=most // CYCLES_A_LOOK,
        monitor_every=most,
        positive=phase,
        negative=phase,
        optimizer=SignSteps(STEP),
        shrinkage=shrinkage,
        gradient="plain",
        initial=None,
        callbacks=[look, lambda progress: is_solved(progress.model, n)],
        seed=seed,
        num_threads=1,
    )
    found = num_codes(machine, patterns)
    solved = result.info["stop_reason"] == "callback"
    largest = float(np.abs(machine.weights).max())
    return {
        "cycles": result.info["updates"] if solved else None,
        "codes": found,
        "largest": largest,
    }


def small_encoders(
    n: int, h: int, most: int, seeds: int, threads: int, **options: Any
) -> dict[str, Any]:
    """Return how many seeds solve an encoder."""
    found = over_seeds(partial(solve_encoder, n=n, h=h, most=most, **options), seeds, threads)
    cycles = [run["cycles"] for run in found if run["cycles"] is not None]
    return {
        "solved": len(cycles),
        "median_cycles": float(np.median(cycles)) if cycles else None,
        "largest_cycles": max(cycles, default=None),
        "most_cycles": most,
        "codes_of_the_others": [run["codes"] for run in found if run["cycles"] is None],
        "largest_weight": max(run["largest"] for run in found),
    }


def large_encoder(
    seed: int, *, n: int = 40, h: int = 10, cycles: int = 1000, alone: bool = False
) -> dict[str, Any]:
    """Return how well a machine completes patterns by slow annealing.

    It learns what the second half is given the first, which is held in both phases, or, `alone`,
    both halves as in 1985. Steps and shrinkage get small towards the end.
    """
    machine, patterns = encoder(n, h), np.tile(np.eye(n), 2)
    phase = Annealing(repeats=8 if alone else 4, noise=(0.15, 0.15 / (n - 1)))
    shrinkage = SHRINKAGE if alone else 0.0015
    machine.fit(
        patterns,
        inputs=() if alone else range(n),
        shuffle=False,
        epochs=cycles,
        monitor_every=cycles,
        positive=phase,
        negative=phase,
        optimizer=SignSteps(Cosine(STEP, STEP / 20, begin=0.4)),
        shrinkage=Cosine(shrinkage, shrinkage / 20, begin=0.4),
        gradient="plain",
        initial=None,
        seed=seed,
        num_threads=1,
    )
    tries = np.array([completions(machine, n, k, seed) for k in range(n)]).mean(axis=0)
    return {
        "codes": num_codes(machine, patterns),
        "completed": float(tries[0]),
        "most_on": float(tries[1]),
    }


def completions(machine: mg.BoltzmannMachine, n: int, k: int, seed: int) -> tuple[float, float]:
    """Return the shares of ten slow annealings that complete pattern k from its first half.

    At the end all units of the second half are right (colder, at twice beta), or the right one was
    on most often in 20 sweeps.
    """
    given = {i: int(i == k) for i in range(n)}
    share: dict[str, Any] = {"clamp": given, "kernel": "gibbs", "seed": seed, "num_threads": 1}
    cooled, cold = (
        mg.anneal(
            machine,
            num_reads=10,
            num_sweeps=1000,
            beta_range=(0.03, beta),
            beta_schedule="linear",
            keep="last",
            **share,
        ).states
        for beta in (1.0, 2.0)
    )
    right = (cold[:, -n:] == np.eye(n)[k]).all(axis=1)
    draws = mg.sample(
        machine,
        initial_states=cooled,
        num_chains=10,
        num_sweeps=20,
        warmup=0,
        store_states=True,
        **share,
    ).draws
    most_on = draws[:, :, -n:].mean(axis=1).argmax(axis=1) == k
    return float(right.mean()), float(most_on.mean())


def draw_learning(folder: Path, n: int = 8, h: int = 3, seed: int = 8) -> None:
    """Write a picture of the codes of an encoder while it learns, to the end."""
    patterns = np.tile(np.eye(n), 2)
    seen: dict[int, Array] = {}

    def look(progress: Any) -> None:
        seen[progress.updates] = hidden_means(progress.model, patterns)

    solve_encoder(seed, n=n, h=h, most=10_000, look=look)
    cycles = sorted(seen)
    shown = [cycles[0], *np.quantile(cycles[:-1], (0.1, 0.4), method="nearest"), cycles[-1]]
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(shown), figsize=(9, 2.9), layout="constrained")
    figure.get_layout_engine().set(wspace=0.15)
    for ax, cycle in zip(axes, shown, strict=True):
        magnetite.plots.codes(patterns[:, :n], seen[cycle], ax=ax)
        ax.set_title(f"{cycle} cycles", loc="left", fontsize=11)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "encoder_codes.png", dpi=90)
    pyplot.close(figure)


# The shifter.


def shifter_rows(count: int, rng: np.random.Generator) -> Array:
    """Return rows of 8 bits, on with chance 0.3, these moved by -1, 0 or 1, and which of these."""
    first = rng.random((count, 8)) < 0.3
    which = rng.integers(0, 3, count)
    places = (np.arange(8) - (which[:, None] - 1)) % 8
    second = np.take_along_axis(first, places, axis=1)
    return np.hstack([first, second, np.eye(3)[which]]).astype(np.float64)


def shifter(seed: int, *, cycles: int = 9000, rows_a_cycle: int = 20) -> dict[str, Any]:
    """Return the share of shifts that are told, by the number of bits that are on."""
    rng = np.random.default_rng(seed)
    seen, shifts, hidden = range(16), range(16, 19), range(19, 43)
    pairs = [(i, h) for i in (*seen, *shifts) for h in hidden]
    pairs += [(i, j) for i in shifts for j in shifts if i < j]
    machine = mg.BoltzmannMachine(dict.fromkeys(pairs, 0.0), visible=range(19))
    phase = Annealing(repeats=1)
    machine.fit(
        shifter_rows(cycles * rows_a_cycle, rng),
        batch_size=rows_a_cycle,
        inputs=seen,
        shuffle=False,
        epochs=1,
        positive=phase,
        negative=phase,
        optimizer=mg.SGD(Cosine(0.5, 0.0, begin=0.5)),
        seed=seed,
        num_threads=1,
    )
    test = shifter_rows(20_000, rng)
    right = told_shifts(machine, test) == test[:, 16:].argmax(axis=1)
    num_on = test[:, :8].sum(axis=1)
    by_number = {int(k): round(float(right[num_on == k].mean()), 3) for k in np.unique(num_on)}
    return {"right": float(right.mean()), "by_number_of_bits": by_number}


def told_shifts(machine: mg.BoltzmannMachine, rows: Array) -> NDArray[np.int64]:
    """Return the likeliest shift given the sixteen bits, hidden units summed out."""
    weights = np.zeros((machine.num_variables, machine.num_variables))
    weights[tuple(machine.edges)] = machine.weights
    inputs = rows[:, :16] @ weights[:16, 19:] + machine.biases[19:]
    logs = [
        machine.biases[16 + k] + np.logaddexp(0, inputs + weights[16 + k, 19:]).sum(axis=1)
        for k in range(3)
    ]
    return np.argmax(logs, axis=0)


# Parity.


def parity() -> dict[str, float]:
    """Return divergences from even parity of three bits, without and with a hidden unit."""
    rows = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    found = {}
    for name, n in (("pairs", 3), ("with a hidden unit", 4)):
        machine = mg.BoltzmannMachine.from_graph(np.ones((n, n)) - np.eye(n), visible=range(3))
        machine.fit(rows, optimizer=mg.Adam(0.1), epochs=600, monitor_every=600, seed=1)
        found[name] = machine.divergence(rows)
    return found | {"ln 2": float(np.log(2))}


# The command.


def over_seeds(task: Callable[[int], Any], seeds: int, processes: int) -> list[Any]:
    """Return what a task gives for each seed."""
    if processes == 1:
        return [task(seed) for seed in range(seeds)]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(task, range(seeds)))


def shares(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return a figure of all seeds."""
    values = [run[name] for run in found]
    return {"mean": float(np.mean(values)), "least": min(values), "all": values}


def run(problem: str, seeds: int | None, threads: int, inner: bool) -> dict[str, Any]:
    """Return the figures of a problem."""
    if problem == "4-2-4":
        return small_encoders(4, 2, 10_000, seeds or 250, threads, inner=inner)
    if problem == "8-3-8":
        return small_encoders(8, 3, 10_000, seeds or 20, threads, inner=inner)
    if problem.startswith("40-10-40"):
        alone = problem.endswith("alone")
        found = over_seeds(partial(large_encoder, alone=alone), seeds or 4, threads)
        return {name: shares(found, name) for name in ("completed", "most_on", "codes")}
    if problem == "shifter":
        found = over_seeds(shifter, seeds or 2, threads)
        return {"right": shares(found, "right"), "by_number_of_bits": found[0]["by_number_of_bits"]}
    return parity() if problem == "parity" else couplings(seeds or 1)


PROBLEMS = ("4-2-4", "8-3-8", "40-10-40", "40-10-40-alone", "shifter", "parity", "couplings")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("problem", nargs="+", choices=PROBLEMS)
    parser.add_argument("--seeds", type=int, help="how many seeds (the seed, of couplings)")
    parser.add_argument("--threads", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--bipartite", action="store_true", help="no edges inside visible groups")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw 8-3-8 being learnt")
    args = parser.parse_args()
    if args.pictures is not None:
        draw_learning(args.pictures)
    for problem in args.problem:
        started = time.perf_counter()
        found = run(problem, args.seeds, args.threads, not args.bipartite)
        seconds = round(time.perf_counter() - started, 2)
        told = {"problem": problem, "seeds": args.seeds, "threads": args.threads}
        print(json.dumps(told | found | {"seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
