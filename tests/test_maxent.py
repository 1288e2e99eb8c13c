"""The distribution of greatest entropy: known cases, its duality, and what has none."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import magnetite as mg

SQUARE = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.3, 0.3]])


def textbook_die(mean: float) -> np.ndarray:
    """Return x**i over its sum, x the positive root of ``sum_i (i - mean) x**i``."""
    roots = np.roots([i - mean for i in range(6, 0, -1)])
    (x,) = (root.real for root in roots if abs(root.imag) < 1e-12 and root.real > 0)
    p = x ** np.arange(1, 7)
    return p / p.sum()


def test_jaynes_die() -> None:
    die = mg.MaxEnt(range(1, 7)).fit(4.5)
    np.testing.assert_allclose(die.probabilities, textbook_die(4.5), rtol=0, atol=1e-12)
    assert abs(die.multipliers[0] + 0.371048938) < 1e-8
    assert abs(die.expectations[0] - 4.5) < 1e-12


@given(st.floats(1.001, 5.999))
@settings(max_examples=40)
def test_dice(mean: float) -> None:
    die = mg.MaxEnt(lambda face: [face], range(1, 7)).fit([mean])
    np.testing.assert_allclose(die.probabilities, textbook_die(mean), rtol=0, atol=1e-8)


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, multipliers and weights of some states."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    states, k = draw(st.integers(1, 30)), draw(st.integers(1, 6))
    features = rng.normal(size=(states, k)) * 10 ** rng.uniform(-3, 3, k) + rng.normal(size=k)
    multipliers = rng.normal(size=k) * draw(st.floats(0, 3)) / features.std(axis=0).clip(1e-9)
    weights = rng.uniform(size=states) ** draw(st.sampled_from([0, 1, 8]))
    return features, multipliers, weights * rng.choice([1, 0], states, p=[0.9, 0.1])


@given(problems())
@settings(max_examples=40)
def test_fits_are_the_exponential_family(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Made by multipliers, found again from the expectations; entropy and log Z are those of p."""
    features, multipliers, weights = problem
    assume(weights.any())
    exponents = np.log(weights, where=weights > 0, out=np.full(len(weights), -np.inf))
    exponents -= features @ multipliers if len(features) > 1 else 0
    p = np.exp(exponents - exponents.max())
    p /= p.sum()
    assume(p[weights > 0].min() > 1e-8)
    found = mg.MaxEnt(features).fit(p @ features, prior=weights)
    np.testing.assert_allclose(found.probabilities, p, rtol=1e-6, atol=1e-9)
    there = p > 0
    entropy = -(p[there] * np.log(p[there] / weights[there])).sum()
    assert found.entropy == pytest.approx(entropy, abs=1e-8)
    energy = features @ found.multipliers
    log_z = np.log(weights[there] @ np.exp(energy.min() - energy[there])) - energy.min()
    assert found.log_z == pytest.approx(log_z, rel=1e-9, abs=1e-8)
    assert found.free_energy == -found.log_z


def test_no_distribution_with_these_means_has_more_entropy() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(8, 2))
    best = mg.MaxEnt(features).fit(rng.dirichlet(np.ones(8)) @ features)
    constraints = np.column_stack([features, np.ones(8)])
    free = np.linalg.svd(constraints.T)[2][3:]  # ways to move p that change no expectation
    for step in rng.normal(size=(50, 5)) @ free:
        p = best.probabilities + 1e-3 * step
        assert (p > 0).all()
        assert -(p * np.log(p)).sum() < best.entropy


def test_dependent_features() -> None:
    line = np.arange(5.0)
    plain = mg.MaxEnt(line).fit(1.3)
    twice = mg.MaxEnt(np.column_stack([line, -3 * line, np.full(5, 7.0)])).fit([1.3, -3.9, 7.0])
    np.testing.assert_allclose(twice.probabilities, plain.probabilities, atol=1e-12)
    with pytest.raises(ValueError, match=r"linear relations between features .* miss one by"):
        mg.MaxEnt(np.column_stack([line, -3 * line])).fit([1.3, -3.8])
    with pytest.raises(ValueError, match="linear relations between features"):
        mg.MaxEnt([[2.0]]).fit(3.0)


def test_a_chance_for_each_state() -> None:
    p = np.array([0.1, 0.2, 0.7])
    np.testing.assert_allclose(mg.MaxEnt(np.eye(3)).fit(p).probabilities, p, atol=1e-12)


def test_many_states_far_apart() -> None:
    """A geometric law on what is as good as all whole numbers."""
    found = mg.MaxEnt(np.arange(50_000.0)).fit(3.0)
    np.testing.assert_allclose(found.multipliers, math.log(4 / 3), rtol=1e-9)


@pytest.mark.parametrize("mean", [6.0, 1.0, 6.0 - 2e-15])
def test_boundary_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match=r"inside the convex hull .* on its boundary or next to"):
        mg.MaxEnt(range(1, 7)).fit(mean)


@pytest.mark.parametrize("chance", [1e-4, 1e-8, 1e-11])
def test_next_to_the_boundary(chance: float) -> None:
    found = mg.MaxEnt(range(1, 7)).fit(6 - chance)
    assert found.probabilities[4] == pytest.approx(chance, rel=2 * chance + 1e-15 / chance)


def test_next_to_a_corner_through_a_state_within() -> None:
    """Nearly all probability is on a line, which is no face: (0.3, 0.3) is likelier by far."""
    found = mg.MaxEnt(SQUARE).fit([1e-7, 1e-7])
    np.testing.assert_allclose(found.expectations, 1e-7, rtol=1e-6)
    assert 0 < found.probabilities[1] < 1e-10


def test_outside_is_refused_with_what_parts_it() -> None:
    message = (
        "expectations must lie inside the convex hull of the features, got [7.]: the sum of "
        "features times [-1.] is at least -6 in every state, but -7 for the expectations"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.MaxEnt(range(1, 7)).fit(7)


@given(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
@settings(max_examples=40)
def test_a_square_is_its_own_hull(x: float, y: float) -> None:
    depth = min(x, y, 1 - x, 1 - y)
    assume(abs(depth) > 1e-8)
    if depth > 0:
        found = mg.MaxEnt(SQUARE).fit([x, y])
        np.testing.assert_allclose(found.expectations, [x, y], atol=1e-9)
    else:
        with pytest.raises(ValueError, match="inside the convex hull of the features, got"):
            mg.MaxEnt(SQUARE).fit([x, y])


@pytest.mark.parametrize("point", [(0.5, 0.0), (0.0, 0.0), (1.0, 0.25)])
def test_edges_and_corners_are_refused(point: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="on its boundary"):
        mg.MaxEnt(SQUARE).fit(point)
    # Without the states that have no chance, the edge is a space of its own.
    if point == (0.5, 0.0):
        found = mg.MaxEnt(SQUARE).fit(point, prior=[1, 1, 0, 0, 0])
        np.testing.assert_allclose(found.probabilities, [0.5, 0.5, 0, 0, 0], atol=1e-12)


@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(1, 4))
@settings(max_examples=40)
@example(3, 40, 4)  # whose smallest variance is lost in rounding
def test_faces_are_refused_however_they_are_rounded(seed: int, states: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.integers(-3, 4, (states, k)).astype(float)
    heights = features @ rng.integers(-2, 3, k)
    face = features[heights == heights.max()]
    assume(np.ptp(heights))
    mean = rng.dirichlet(np.ones(len(face))) @ face
    with pytest.raises(ValueError, match="inside the convex hull of the features"):
        mg.MaxEnt(features).fit(mean)


def test_saved_and_read(tmp_path: Path) -> None:
    die = mg.MaxEnt(range(1, 7)).fit(4.5)
    die.save(tmp_path / "die.npz")
    again = mg.load(tmp_path / "die.npz")
    assert again.probabilities.tolist() == die.probabilities.tolist()
    assert (
        repr(again) == "<MaxEntResult: 6 states, 1 feature; entropy 1.613581098, log Z 3.28330132>"
    )
    assert repr(mg.MaxEnt(SQUARE)) == "MaxEnt(5 states, 2 features)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), ValueError, "features must have shape (num_states, k) or (num_states,)"),
        ((3.0,), ValueError, "features must have shape"),
        (([1.0, math.nan],), ValueError, "features must be finite, got nan at index 1"),
        ((["a"],), TypeError, "features must hold real numbers"),
        ((math.sqrt,), TypeError, "states must be given for features that are a function"),
        (([1.0], [1.0]), TypeError, "states is for features that are a function"),
    ],
)
def test_features_refused(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        mg.MaxEnt(*arguments)


@pytest.mark.parametrize(
    ("expectations", "prior", "message"),
    [
        ([1.0, 2.0], None, "expectations must have shape (1,), got (2,)"),
        (math.inf, None, "expectations must be finite, got inf"),
        (2.0, [1.0], "prior must have shape (3,), got (1,)"),
        (2.0, [1.0, -0.5, 1.0], "prior must be non-negative, got -0.5 at index 1"),
        (2.0, [0.0, 0.0, 0.0], "prior must have a positive entry, got zeros only"),
        (2.0, [1.0, math.nan, 1.0], "prior must be finite, got nan at index 1"),
    ],
)
def test_fits_refused(expectations: Any, prior: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mg.MaxEnt([1.0, 2.0, 3.0]).fit(expectations, prior=prior)


@pytest.mark.parametrize("unit", [1e-200, 1e-3, 1e160, 1e300])
def test_units_in_which_features_are_measured_change_nothing(unit: float) -> None:
    found = mg.MaxEnt(unit * np.arange(1, 7)).fit(4.5 * unit)
    np.testing.assert_allclose(found.probabilities @ np.arange(1, 7), 4.5, rtol=1e-9)
