"""The public function `exact`."""

import time

import numpy as np

from magnetite import _core
from magnetite._checks import check_choice, check_count
from magnetite.exact_result import ExactResult, Levels
from magnetite.facts import versions
from magnetite.memory import check_memory
from magnetite.models import ModelLike
from magnetite.moments import moments_in_values
from magnetite.options import check_beta, check_threads
from magnetite.plans import as_model
from magnetite.starts import ClampLike, check_clamp
from magnetite.summing import Problem, Way, choose_way, count_of, sum_up
from magnetite.thermodynamics import Thermodynamics

__all__ = ["exact"]

METHODS = ("auto", "enumeration", "elimination")


def exact(
    model: ModelLike,
    *,
    beta: float = 1.0,
    method: str = "auto",
    clamp: ClampLike = None,
    num_ground_states: int = 100,
    max_entries: int = 2**26,
    num_threads: int | None = None,
    progress: bool = False,
) -> ExactResult:
    """Sum over all states of a small or narrow model: log Z, ground states, marginals.

    Up to 30 free variables are enumerated in Gray code. Of any number, where the graph is narrow
    (a chain, a ladder, a tree, a lattice of small width), one variable after the other is summed
    out, which takes tables of 2**width entries.

    Parameters
    ----------
    model : Ising, Qubo, BoltzmannMachine or maxcut(...)
        The energy.
    beta : float, default 1
        Inverse temperature; 0 (all states alike) and infinity (ground states alike) allowed.
    method : "auto" (default), "enumeration" or "elimination"
        "auto" enumerates up to 20 variables, and above takes what is quicker. Only enumeration
        gives `levels`.
    clamp : dict or pair of arrays, optional
        ``{label: value}`` or ``(positions, values)``: variables held at values of the model's own.
        Everything is then summed over the states of the others.
    num_ground_states : int, default 100
        Ground states to return, at most; they are all counted.
    max_entries : int, default 2**26
        Table entries that elimination may take, 24 bytes each.
    num_threads : int, optional
        Threads; default: the cores this process may use, or MAGNETITE_NUM_THREADS. They change no
        bit of the result.
    progress : bool, default False
        Show a progress bar.

    Returns
    -------
    ExactResult
        Its `thermodynamics(betas)` gives the curves over other betas.

    Raises
    ------
    ValueError
        The model is too large both ways (the message names how large, and the limits), or an
        option breaks its rule.
    MemoryError
        The tables do not fit in memory; nothing has been allocated.
    KeyboardInterrupt
        Ctrl-C, within half a second; there is no partial result.

    Notes
    -----
    Where coefficients are whole multiples of a unit, energies are compared as whole numbers.
    Elsewhere states count as ground states within 1.5e-14 of the sum of all coefficients' sizes.

    References
    ----------
    Elimination: R. Dechter, Artificial Intelligence 113 (1999) 41, figure 3. Marginals: S. L.
    Lauritzen and D. J. Spiegelhalter, J. R. Stat. Soc. B 50 (1988) 157, section 4.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.exact(mg.Ising({(0, 1): -1.0, (1, 2): -1.0}), beta=0.5)
    >>> result.log_z  # 2**3 cosh(0.5)**2
    2.319670...
    >>> result.ground_energy, result.degeneracy
    (-2.0, 2)
    >>> result.correlations  # tanh(0.5)
    array([0.46211716, 0.46211716])
    >>> chain = mg.Ising({(i, i + 1): -1.0 for i in range(9_999)})
    >>> mg.exact(chain, beta=0.5).method
    'elimination'
    """
    started = time.perf_counter()
    model = as_model(model)
    problem = Problem(
        model,
        check_clamp(model, clamp),
        check_threads(num_threads),
        check_count("max_entries", max_entries, 1, bits=31),
    )
    checked_beta = check_beta("beta", beta)
    num_states = check_count("num_ground_states", num_ground_states, 1)
    method = check_choice("method", method, METHODS)
    check_memory({f"num_ground_states={num_states}": _bytes_of_states(problem, num_states)})
    way = choose_way(problem, method)
    run = way.run(np.array([checked_beta]), moments=True, num_states=num_states)
    preprocessing = time.perf_counter() - started
    sum_up(model, run, progress=bool(progress))
    summing = time.perf_counter() - started - preprocessing
    timing = {"preprocessing": preprocessing, "summing": summing}
    result = _result(way, run, checked_beta, timing)
    timing["postprocessing"] = time.perf_counter() - started - preprocessing - summing
    return result


def _bytes_of_states(problem: Problem, num_states: int) -> int:
    """Return what the ground states take at most: each job of an enumeration keeps as many."""
    states = 1 << min(problem.num_free, 62)
    found, kept = min(num_states, states), min(64 * num_states, states)
    return 4 * found * problem.model.num_variables + 8 * kept


def _result(
    way: Way,
    run: _core.EnumerationRun | _core.EliminationRun,
    beta: float,
    timing: dict[str, float],
) -> ExactResult:
    problem, model = way.problem, way.problem.model
    spins = run.ground_states()
    lowest = float(model.core.energies(spins[:1])[0])
    curves = Thermodynamics.exact(np.array([beta]), lowest, *run.weights().T)
    (mean,), (products,) = run.means()
    levels = run.levels() if isinstance(run, _core.EnumerationRun) else None
    tables = {} if way.tree is None else {"width": way.tree.width, "entries": way.tree.entries}
    return ExactResult(
        beta=beta,
        method=way.method,
        log_z=curves.log_z[0].value,
        ground_energy=lowest,
        ground_states=model.from_spins(spins),
        degeneracy=count_of(run.residues()),
        marginals=(1 + mean) / 2,
        **moments_in_values(model, mean, products),
        mean_energy=curves.energy[0].value,
        heat_capacity=curves.heat_capacity[0].value,
        entropy=curves.entropy[0].value,
        levels=None if levels is None else Levels(*levels),
        variables=model.variables,
        values=model.values,
        objective_name=model.objective_name,
        best_objective=float(model.energy_to_objective(lowest)),
        info={
            "method": way.method,
            "beta": beta,
            "num_free": problem.num_free,
            **tables,
            "num_threads": run.num_threads,
            "timing": timing,
            "versions": versions(),
        },
        _problem=problem,
    )
