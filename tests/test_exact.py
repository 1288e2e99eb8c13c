"""Exact sums against plain sums over all states, and what they refuse."""

import io
import math
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import magnetite as mg
from magnetite.bars import PlainBar
from magnetite.exact_result import ExactResult
from magnetite.models import Model
from magnetite.summing import count_of
from tools.laws import all_states, boltzmann, state_numbers
from tools.runs import random_model

METHODS = ("enumeration", "elimination")
KINDS = ("ising", "qubo", "maximised", "maxcut", "binary", "spin")


def make(kind: str, J: NDArray[np.float64], h: NDArray[np.float64]) -> Model:
    J = np.triu(J, 1)
    match kind:
        case "ising":
            return mg.Ising(J, h, offset=0.5)
        case "qubo":
            return mg.Qubo(J + np.diag(h), offset=-2.0)
        case "maximised":
            return mg.Qubo(J + np.diag(h), sense="maximise")
        case "maxcut":
            return mg.maxcut(J)
        case _:
            return mg.BoltzmannMachine(J, h, values=kind)  # type: ignore[arg-type]


@st.composite
def models(draw: st.DrawFn, most: int = 8) -> Model:
    n = draw(st.integers(0, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    coefficients = {
        "reals": lambda size: rng.normal(size=size),
        "signs": lambda size: rng.choice([-1.0, 1.0], size),
        "tenths": lambda size: rng.integers(-5, 6, size) / 10,
        "mixed": lambda size: rng.choice([-1e6, 1e6, 1.0, -1.0, 0.5], size),
        "zero": lambda size: np.zeros(size),
    }
    make_some = coefficients[draw(st.sampled_from(sorted(coefficients)))]
    density = draw(st.sampled_from([0.2, 0.6, 1.0]))
    h = make_some((n,)) * draw(st.sampled_from([0.0, 1.0]))
    J = make_some((n, n)) * (rng.random((n, n)) < density)
    return make(draw(st.sampled_from(KINDS)), J, h)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Model, dict[int, int]]:
    """Return a model and some of its variables held at values."""
    model = draw(models())
    held = (
        draw(st.sets(st.integers(0, max(0, model.num_variables - 1))))
        if len(model.variables)
        else set()
    )
    return model, {site: draw(st.sampled_from(model.values)) for site in sorted(held)}


def close(value: Any, exact: Any, scale: float = 1.0) -> None:
    np.testing.assert_allclose(value, exact, rtol=1e-10, atol=1e-10 * scale)


def assert_exact(result: ExactResult, model: Model, beta: float, held: dict[int, int]) -> None:
    """Compare with sums over all states, one by one."""
    states = all_states(model)
    kept = np.all([states[:, i] == v for i, v in held.items()], axis=0) if held else slice(None)
    states = states[kept].astype(float)
    energies = np.atleast_1d(model.energies(states))
    scale = 1 + np.abs(energies).max()
    low = energies.min()
    ground = energies - low <= 1e-12 * scale
    weights = np.exp(-beta * (energies - low)) if beta < math.inf else ground.astype(float)
    law = weights / weights.sum()
    close(result.ground_energy, low, scale)
    assert result.degeneracy == ground.sum()
    assert set(map(tuple, result.ground_states.tolist())) == set(map(tuple, states[ground]))
    assert len(result.ground_states) == result.degeneracy
    if beta < math.inf:
        close(result.log_z, np.log(weights.sum()) - beta * low, 1 + beta * scale)
    close(result.mean_energy, law @ energies, scale)
    variance = law @ (energies - law @ energies) ** 2
    close(result.heat_capacity, beta**2 * variance if beta < math.inf else 0.0, scale**2)
    positive = law[law > 0]
    close(result.entropy, -(positive * np.log(positive)).sum(), 1 + min(beta, 1e3) * scale * 1e-3)
    close(result.mean, law @ states)
    close(result.marginals, law @ (states == model.values[1]))
    close(result.correlations, law @ (states[:, result.edges[0]] * states[:, result.edges[1]]))
    close(result.probabilities, law)
    np.testing.assert_array_equal(result.states(), states)
    if result.levels is not None:
        assert result.levels.counts.sum() == len(states)
        close(
            np.sort(np.repeat(result.levels.energies, result.levels.counts)),
            np.sort(energies),
            scale,
        )


@settings(max_examples=75)
@given(problems(), st.sampled_from(METHODS), st.sampled_from([0.0, 0.3, 1.0, 4.0, math.inf]))
def test_sums_are_those_over_all_states(
    problem: tuple[Model, dict[int, int]], method: str, beta: float
) -> None:
    model, held = problem
    result = mg.exact(
        model, beta=beta, method=method, clamp=held, num_ground_states=1 << 8, num_threads=2
    )
    assert_exact(result, model, beta, held)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model(kind: str, method: str) -> None:
    rng = np.random.default_rng(3)
    model = make(kind, rng.normal(size=(9, 9)), rng.normal(size=9))
    assert_exact(mg.exact(model, beta=0.6, method=method), model, 0.6, {})


@settings(max_examples=25)
@given(st.integers(1, 22), st.integers(0, 4), st.integers(0, 2**32), st.booleans())
def test_both_methods_agree(n: int, degree: int, seed: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    rows, cols = np.triu_indices(n, 1)
    some = rng.random(rows.size) < degree / n
    J = rng.integers(-2, 3, rows.size) / 4 if whole else rng.normal(size=rows.size)
    model = mg.Ising((rows[some], cols[some], J[some]), rng.normal(size=n) * rng.integers(0, 2))
    one, other = (mg.exact(model, beta=0.8, method=method) for method in METHODS)
    close(one.ground_energy, other.ground_energy, n)
    assert one.degeneracy == other.degeneracy
    for name in ("log_z", "mean", "correlations", "mean_energy", "heat_capacity", "entropy"):
        close(getattr(one, name), getattr(other, name), n)


def test_a_wrong_beta_would_be_seen() -> None:
    model = random_model(10)
    with pytest.raises(AssertionError):
        assert_exact(mg.exact(model, beta=0.6), model, 0.6001, {})


@pytest.mark.parametrize("method", METHODS)
def test_no_variables_and_one(method: str) -> None:
    none = mg.exact(mg.Ising(np.zeros((0, 0)), offset=2.0), beta=0.5, method=method)
    assert (none.log_z, none.degeneracy, none.ground_states.shape) == (-1.0, 1, (1, 0))
    assert none.probabilities.tolist() == [1.0]
    one = mg.exact(mg.Ising({}, {"a": 2.0}), beta=0.5, method=method)
    assert one.log_z == pytest.approx(math.log(2 * math.cosh(1.0)), rel=1e-14)
    assert one.best_assignment == {"a": -1}
    assert one.mean[0] == pytest.approx(-math.tanh(1.0), rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_all_held(method: str) -> None:
    model = mg.Ising({("a", "b"): 1.0}, {"b": 3.0})
    result = mg.exact(model, method=method, clamp={"a": 1, "b": 1})
    assert (result.log_z, result.entropy, result.ground_states.tolist()) == (-4.0, 0.0, [[1, 1]])


def test_law_of_the_tools_is_the_same() -> None:
    model = make("qubo", np.random.default_rng(1).normal(size=(7, 7)), np.ones(7))
    result = mg.exact(model, beta=0.4, clamp=([2, 5], [1, 0]))
    law = boltzmann(model, 0.4, {2: 1, 5: 0})
    close(result.probabilities, law[state_numbers(model, result.states())])


def test_threads_change_no_bit() -> None:
    for model in (random_model(21, degree=20), random_model(60, degree=2)):
        one, other = (mg.exact(model, num_threads=threads) for threads in (1, 3))
        for field in fields(one):
            if isinstance(getattr(one, field.name), np.ndarray | float):
                np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_auto_takes_what_is_quicker() -> None:
    narrow = mg.Ising({(i, i + 1): 1.0 for i in range(27)})
    assert mg.exact(narrow).method == "elimination"
    assert mg.exact(narrow, clamp=(range(10), [1] * 10)).method == "enumeration"
    assert mg.exact(random_model(22, degree=22)).method == "enumeration"


@pytest.mark.parametrize("method", METHODS)
def test_few_of_many_ground_states(method: str) -> None:
    result = mg.exact(mg.Ising(np.zeros((12, 12))), method=method, num_ground_states=5)
    assert result.degeneracy == 2**12
    assert len({tuple(state) for state in result.ground_states.tolist()}) == 5


def test_degeneracy_beyond_any_machine_number() -> None:
    pairs = mg.Ising({(2 * i, 2 * i + 1): 1.0 for i in range(1200)})
    result = mg.exact(pairs, beta=math.inf)
    assert result.degeneracy == 2**1200
    assert result.entropy == pytest.approx(1200 * math.log(2), rel=1e-12)
    assert (result.log_z, result.mean_energy) == (math.inf, -1200.0)


@given(st.integers(0, 10**30))
def test_counts_from_residues(count: int) -> None:
    moduli = [2**62 - 1, 2**61 - 1, 10**15 + 37]
    assert count_of([(count % m, m) for m in moduli]) == count


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e3, 1e150])
@pytest.mark.parametrize("method", METHODS)
def test_coefficients_of_any_size(method: str, scale: float) -> None:
    plain = random_model(12)
    rows, cols, weights = plain.core.edges()
    model = mg.Ising((rows, cols, scale * weights), scale * plain.core.fields())
    one = mg.exact(plain, beta=0.7, method=method)
    other = mg.exact(model, beta=0.7 / scale, method=method)
    close(one.mean, other.mean)
    close(
        [one.log_z, one.entropy, one.heat_capacity],
        [other.log_z, other.entropy, other.heat_capacity],
    )


@pytest.mark.parametrize("method", METHODS)
def test_very_cold_is_the_ground_state(method: str) -> None:
    model = random_model(24, degree=6)
    cold, frozen = (mg.exact(model, beta=beta, method=method) for beta in (1e6, math.inf))
    close(cold.mean, frozen.mean)
    assert cold.entropy == pytest.approx(frozen.entropy, abs=1e-9)
    assert cold.mean_energy == frozen.ground_energy


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("whole", [True, False])
def test_curves(method: str, whole: bool) -> None:
    J = np.random.default_rng(5).normal(size=(9, 9))
    model = mg.Ising(np.triu(np.round(2 * J) if whole else J, 1), offset=1.0)
    result = mg.exact(model, beta=0.5, method=method)
    assert (result.levels is not None) == (whole and method == "enumeration")
    betas = np.array([0.5, 0.0, 2.0, math.inf])
    curves = result.thermodynamics(betas)
    assert curves.is_exact and curves.betas.tolist() == betas.tolist()
    for k, beta in enumerate(betas.tolist()):
        at = mg.exact(model, beta=beta, method=method)
        close(curves.log_z.value[k], at.log_z)
        close(curves.energy.value[k], at.mean_energy)
        close(curves.entropy.value[k], at.entropy)
        close(curves.heat_capacity.value[k], at.heat_capacity)
        if 0 < beta < math.inf:
            close(curves.free_energy.value[k], -at.log_z / beta)
    assert curves.free_energy.value[[1, 3]].tolist() == [-math.inf, result.ground_energy]


def test_curves_point_by_point() -> None:
    curves = mg.exact(mg.Ising({(0, 1): 1.0})).thermodynamics(1.0)
    assert curves.energy[0] == mg.Estimate(
        curves.energy.value[0], 0.0, (curves.energy.value[0],) * 2, math.inf, True, ""
    )
    assert len(list(curves.energy)) == len(curves.energy[:1]) == 1
    assert curves.temperatures.tolist() == [1.0]
    assert "exact" in repr(curves)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
def test_long_curves_take_no_memory() -> None:
    import resource

    result = mg.exact(mg.Ising(np.triu(np.random.default_rng(2).normal(size=(16, 16)), 1)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert result.thermodynamics(np.linspace(0.0, 2.0, 1000)).energy.value.shape == (1000,)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("n", [12, 40])
def test_results_pickle(n: int) -> None:
    result = mg.exact(random_model(n, degree=2), beta=0.3)
    copy = pickle.loads(pickle.dumps(result))
    assert copy.log_z == result.log_z
    assert copy.thermodynamics(0.4).log_z[0] == result.thermodynamics(0.4).log_z[0]


def test_objectives_have_the_sign_of_the_model() -> None:
    cycle = mg.exact(mg.maxcut({(i, (i + 1) % 5): 1.0 for i in range(5)}))
    assert (cycle.best_objective, cycle.objective_name, cycle.degeneracy) == (4.0, "cut", 10)
    assert cycle.best.energy == -3.0
    assert "10 states" in repr(cycle)


def test_dimod_and_progress(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dimod")
    result = mg.exact(mg.Qubo({("a", "b"): 1.0, ("a", "a"): -1.0}), progress=True)
    assert result.to_dimod().first.sample == {"a": 1, "b": 0}
    assert "100%" in capsys.readouterr().err


def test_a_bar_without_a_best_value_shows_none() -> None:
    stream = io.StringIO()
    bar = PlainBar("best", stream)
    bar.update(0.5, math.nan)
    bar.close()
    assert stream.getvalue() == " 50%\n"


WIDE = random_model(200, degree=100)


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        (WIDE, {}, ValueError, "at most 30 free variables to be enumerated, got 200; elimination"),
        (WIDE, {}, ValueError, "width above 60, more than max_entries=67108864: clamp some"),
        (WIDE, {"method": "enumeration"}, ValueError, "at most 30 free variables, got 200"),
        (WIDE, {"method": "elimination"}, ValueError, "magnetite.log_partition"),
        (
            random_model(20, degree=30),
            {"method": "elimination", "max_entries": 1000},
            ValueError,
            r"needs tables of width 1\d \([\d.e+]* entries in all\), more than max_entries=1000",
        ),
        (CHAIN := mg.Ising({(0, 1): 1.0}), {"beta": -1.0}, ValueError, "beta must be non-negative"),
        (CHAIN, {"beta": math.nan}, ValueError, "beta must be non-negative, got nan"),
        (CHAIN, {"beta": "1"}, TypeError, "beta must be a real number"),
        (CHAIN, {"method": "fast"}, ValueError, "method must be one of 'auto', 'enumeration'"),
        (CHAIN, {"clamp": {7: 1}}, ValueError, "clamp names 7, which is no variable"),
        (CHAIN, {"clamp": {0: 0}}, ValueError, "clamp values must be -1 or 1, got 0 for 0"),
        (CHAIN, {"num_ground_states": 0}, ValueError, "num_ground_states must be at least 1"),
        (CHAIN, {"max_entries": 2**40}, ValueError, "max_entries must be below"),
        (CHAIN, {"num_threads": 0}, ValueError, "num_threads must be at least 1"),
        ([[0.0]], {}, TypeError, "model must be a magnetite model, got list"),
    ],
)
def test_bad_input(model: Any, options: dict[str, Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        mg.exact(model, **options)


@pytest.mark.parametrize("betas", [[0.1, -0.3], [math.nan], [[1.0]], "hot"])
def test_bad_betas(betas: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="betas must"):
        mg.exact(CHAIN).thermodynamics(betas)


def test_too_many_states_to_list() -> None:
    result = mg.exact(mg.Ising({(i, i + 1): 1.0 for i in range(40)}))
    with pytest.raises(ValueError, match=r"states\(\) would list 2\*\*41 states"):
        result.states()
    with pytest.raises(ValueError, match="probabilities would list"):
        result.probabilities  # noqa: B018


def test_too_much_memory_is_refused_at_once() -> None:
    lattice = {(6 * i + k, 6 * i + k + d): 1.0 for i in range(6) for k in range(6) for d in (1, 6)}
    with pytest.raises(MemoryError, match="num_ground_states"):
        mg.exact(mg.Ising(lattice), num_ground_states=10**15)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")
@pytest.mark.parametrize("method", METHODS)
def test_ctrl_c(method: str) -> None:
    sent: list[float] = []

    def press() -> None:
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    n, degree = (30, 30) if method == "enumeration" else (24, 60)
    timer = threading.Timer(0.4, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt, match="no partial result"):
        mg.exact(random_model(n, degree=degree), method=method, num_threads=1)
    # Promised within 0.5 s; three times that, of this process's own time, on a loaded machine.
    assert time.process_time() - sent[0] < 1.5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_then_sum() -> None:
    model = random_model(22, degree=22)
    before = mg.exact(model, num_threads=2)
    child = os.fork()
    if child == 0:
        os._exit(int(mg.exact(model, num_threads=2).log_z != before.log_z))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
