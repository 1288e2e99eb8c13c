"""The gradient: against finite differences of the exact log-likelihood, in all coordinates."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import Context, Positive, Sample
from magnetite.training.gradient import Coordinates
from magnetite.training.optimizers import Steps
from tools.training import (
    DISCRETE,
    KINDS,
    Ternary,
    gradient_of,
    log_z,
    machine,
    mean_log_likelihood,
    positive_phase,
    some_data,
)

Floats = NDArray[np.float64]
EPSILON = 1e-5


def finite_differences(
    rbm: mg.RBM, name: str, likelihood: Callable[[], float], logarithm: bool = False
) -> Floats:
    """Central differences of a likelihood, by one parameter at a time (or by its logarithm)."""
    values = getattr(rbm, name)
    found = np.zeros(values.shape)
    for index in np.ndindex(values.shape):
        before = values[index]
        sides = []
        for sign in (1, -1):
            values[index] = (
                before * np.exp(sign * EPSILON) if logarithm else before + sign * EPSILON
            )
            sides.append(likelihood())
        values[index] = before
        found[index] = (sides[0] - sides[1]) / (2 * EPSILON)
    return found


def assert_is_gradient(rbm: mg.RBM, gradient: dict[str, Any], likelihood: Any) -> None:
    for name, found in gradient.items():
        wanted = finite_differences(rbm, name, likelihood, name.endswith("precision"))
        np.testing.assert_allclose(found, wanted, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [("binary", "binary"), ("learned", "spin"), ("categorical", "learned"), ("spin", "relu")],
)
def test_blocks_of_states_give_what_all_states_give(
    visible: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rbm = machine(KINDS[visible], KINDS[hidden], n=6, m=5)
    data = some_data(rbm)
    whole = gradient_of(rbm, data, kind="centered")
    monkeypatch.setattr("magnetite.training.exact_phase.NUMBERS_AT_ONCE", 7 * 11)
    for name, found in gradient_of(rbm, data, kind="centered").items():
        np.testing.assert_allclose(found, whole[name], atol=1e-13, err_msg=name)


def test_states_are_never_in_memory_all_at_once() -> None:
    rbm = mg.RBM(300, 15)
    data = np.zeros((2, 300))
    tracemalloc.start()
    try:
        gradient_of(rbm, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**15 * 15 * 8  # the listed layer alone


@pytest.mark.parametrize("visible", KINDS)
@pytest.mark.parametrize("hidden", KINDS)
def test_gradient_is_that_of_the_exact_likelihood(visible: str, hidden: str) -> None:
    if visible not in DISCRETE and hidden not in DISCRETE:
        pytest.skip("neither layer can be listed: see the test by quadrature")
    rbm = machine(KINDS[visible], KINDS[hidden])
    data = some_data(rbm)
    gradient = gradient_of(rbm, data)
    assert ("visible_precision" in gradient) == (visible == "learned")
    assert_is_gradient(rbm, gradient, lambda: mean_log_likelihood(rbm, data))


def test_gradient_of_groups_of_units_and_of_units_of_ones_own() -> None:
    rbm = machine(
        [("binary", 2), (KINDS["learned"], 1), (KINDS["categorical"], 2)], Ternary(), n=5, m=2
    )
    data = some_data(rbm)
    assert_is_gradient(rbm, gradient_of(rbm, data), lambda: mean_log_likelihood(rbm, data))


class Quadrature:
    """The moments of a machine of one or two visible units of a continuum, summed on a grid."""

    def __init__(self, grid: Floats, volume: float) -> None:
        self.grid, self.volume = grid, volume

    def start(self, context: Context) -> Any:
        self.rbm = context.rbm
        return self

    def advance(self, positive: Positive, update: int) -> Sample:
        weights = np.exp(-self.rbm.free_energy(self.grid))
        return Sample(self.grid, self.rbm.hidden_means(self.grid), weights / weights.sum())

    def log_z(self) -> float:
        return float(np.log(np.exp(-self.rbm.free_energy(self.grid)).sum() * self.volume))


def grid_for(kind: str, n: int, points: int) -> tuple[Floats, float]:
    """Midpoints far into both tails; of a half line, by Gauss and Legendre, for its sharp edge."""
    low = 0.0 if kind == "relu" else -12.0
    edges = np.linspace(low, 12.0, points + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    axes = np.meshgrid(*[middle] * n, indexing="ij")
    return np.stack([a.ravel() for a in axes], axis=1), (edges[1] - edges[0]) ** n


@pytest.mark.parametrize("hidden", ["gaussian", "learned", "relu"])
@pytest.mark.parametrize("visible", ["gaussian", "learned", "relu"])
@pytest.mark.parametrize("n", [1, 2])
def test_gradient_between_units_of_a_continuum(visible: str, hidden: str, n: int) -> None:
    rbm = machine(KINDS[visible], KINDS[hidden], n=n, m=1, scale=0.3)
    data = some_data(rbm)
    negative = Quadrature(*grid_for(visible, n, 4000 if n == 1 else 200))

    def likelihood() -> float:
        return float(-rbm.free_energy(data).mean() - negative.log_z())

    gradient = gradient_of(rbm, data, negative)
    assert_is_gradient(rbm, gradient, likelihood)


@pytest.mark.parametrize("kind", ["centered", "standardized"])
def test_coordinates_leave_the_direction_of_small_steps_uphill(kind: str) -> None:
    """To first order a step gains its product with the gradient, whatever the coordinates."""
    rbm = machine("binary", KINDS["learned"], n=4, m=3)
    rbm = machine(KINDS["learned"], "binary", n=4, m=3)
    data = some_data(rbm)
    plain = gradient_of(rbm, data)
    positive = positive_phase(rbm, data)
    coordinates = Coordinates(rbm, kind, 0.01)
    coordinates.follow(positive)
    phase = mg.Exact().start(Context(rbm, rbm.layers(), len(data), 1))
    steps = coordinates.gradient(rbm.layers(), positive, phase.advance(positive, 0))
    steps = coordinates.scale(steps)
    before = {name: getattr(rbm, name).copy() for name in plain}
    likelihood = mean_log_likelihood(rbm, data)
    size = 1e-5
    coordinates.add(rbm.layers(), Steps(steps, size))
    changes = {name: getattr(rbm, name) - before[name] for name in plain}
    changes["visible_precision"] /= before["visible_precision"]
    first_order = sum(float((plain[name] * changes[name]).sum()) for name in plain)
    gained = mean_log_likelihood(rbm, data) - likelihood
    assert first_order > 0
    assert gained == pytest.approx(first_order, rel=1e-3)


def flipped(rbm: mg.RBM, flip: Floats) -> mg.RBM:
    """The same distribution of 1 - v where `flip` is set."""
    sign = 1 - 2 * flip
    return mg.RBM(
        rbm.n_visible,
        rbm.n_hidden,
        weights=sign[:, None] * rbm.weights,
        visible_bias=sign * rbm.visible_bias,
        hidden_bias=rbm.hidden_bias + flip @ rbm.weights,
        dtype="float64",
    )


@pytest.mark.parametrize(
    ("gradient", "alike"), [("centered", True), ("standardized", True), ("plain", False)]
)
def test_learning_does_not_know_which_value_is_called_one(gradient: str, alike: bool) -> None:
    rbm = machine("binary", "binary", n=5, m=3)
    data = some_data(rbm, rows=20)
    flip = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    other = flipped(rbm, flip)
    for trained, rows in ((rbm, data), (other, np.abs(data - flip))):
        trained.fit(
            rows,
            negative=mg.Exact(),
            optimizer=mg.SGD(0.02, momentum=0.9),
            epochs=30,
            batch_size=8,
            gradient=gradient,
            seed=3,
        )
    states = rbm.visible.states(0, 32)
    mine = -rbm.free_energy(states) - log_z(rbm)
    its = -other.free_energy(np.abs(states - flip)) - log_z(other)
    assert (np.abs(mine - its).max() < 1e-10) == alike


def test_standardized_steps_do_not_know_the_scale_of_the_data() -> None:
    """Gaussian units whose data are in other units of measure, and machines that say the same."""
    scale = 10.0
    rng = np.random.default_rng(4)
    data = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 3))
    weights = 0.1 * rng.standard_normal((3, 2))
    options: dict[str, Any] = {"hidden": "binary", "dtype": "float64"}
    small = mg.RBM(3, 2, visible="gaussian", weights=weights, **options)
    wide = mg.units.Gaussian(variance=scale**2)
    large = mg.RBM(3, 2, visible=wide, weights=weights / scale, **options)
    for rbm, rows in ((small, data), (large, scale * data)):
        rbm.fit(
            rows, negative=mg.Exact(), gradient="standardized", epochs=20, batch_size=40, seed=1
        )
    np.testing.assert_allclose(large.weights * scale, small.weights, atol=1e-10)
    assert np.abs(small.weights - weights).max() > 0.01


def test_centered_learning_of_a_learned_variance_finds_it() -> None:
    rng = np.random.default_rng(5)
    data = 3.0 + rng.standard_normal((4000, 2)) * [0.5, 2.0]
    rbm = mg.RBM(2, 1, visible=mg.units.Gaussian(learn_variance=True), dtype="float64")
    rbm.visible_bias[:] = 3.0
    rbm.weights[:] = 1e-9  # not as new: precisions begin at one, not at the data's
    rbm.fit(
        data,
        negative=mg.Exact(),
        optimizer=mg.SGD(0.2),
        precision_rate=1.0,
        epochs=100,
        seed=1,
        batch_size=4000,
    )
    variances = 1 / rbm.visible_precision + rbm.weights[:, 0] ** 2 / (4 * rbm.visible_precision**2)
    np.testing.assert_allclose(variances, data.var(axis=0), rtol=0.05)
