"""How likely a deep Boltzmann machine finds data, against sums over all its states."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.likelihood import LogPartition
from tools.deep import SIZES, bits, deep_machine, log_probabilities


@pytest.mark.parametrize("sizes", SIZES)
def test_log_likelihoods_are_exact(sizes: tuple[int, ...]) -> None:
    dbm = deep_machine(sizes)
    found = dbm.log_likelihood(bits(sizes[0]))
    exact = log_probabilities(dbm)
    assert found.error == 0
    np.testing.assert_allclose(found.log_weights - found.log_z.value, exact, atol=1e-10)
    np.testing.assert_allclose(found.value, exact.mean(), atol=1e-10)
    np.testing.assert_allclose(mg.exact(dbm).log_z, dbm.log_partition().value, atol=1e-10, rtol=0)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("sizes", SIZES)
def test_the_bound_is_below_every_log_probability(sizes: tuple[int, ...], scale: float) -> None:
    dbm = deep_machine(sizes, scale=scale)
    found, exact = dbm.log_likelihood_bound(bits(sizes[0])), log_probabilities(dbm)
    gaps = exact - (found.log_weights - found.log_z.value)
    assert found.reliable
    assert gaps.min() > -1e-9
    assert gaps.max() < (1e-9 if scale == 0 else 1.5)
    assert scale == 0 or gaps.max() > 1e-3  # it is no equality
    assert found.bracket == pytest.approx((found.value, found.value))


def test_the_bound_is_that_of_independent_units() -> None:
    """By the formula: the mean of -E(v, h) - ln q(h) over all hidden states."""
    dbm = deep_machine((3, 3, 2, 2))
    v, h = np.ones((1, 3)), bits(7)
    found = dbm.log_likelihood_bound(v, tolerance=1e-13)
    means = np.concatenate(found.mean_field.means, axis=1)[0]
    log_q = np.log(np.where(h == 1, means, 1 - means)).sum(axis=1)
    energies = dbm.energy(np.repeat(v, len(h), axis=0), *np.split(h, [3, 5], axis=1))
    expected = np.exp(log_q) @ (-energies - log_q)
    np.testing.assert_allclose(found.log_weights, expected, atol=1e-10)


def test_no_pass_lowers_the_bound() -> None:
    dbm = deep_machine((4, 3, 2), scale=1.5)
    bounds = [
        dbm.log_likelihood_bound(bits(4), max_iterations=n, log_z=0.0).log_weights
        for n in range(1, 12)
    ]
    assert np.diff(bounds, axis=0).min() > -1e-12
    assert np.diff(bounds, axis=0)[0].max() > 1e-3


def test_a_mean_field_that_does_not_converge_is_told() -> None:
    dbm = deep_machine((4, 3, 2), scale=2.0)
    cut = dbm.log_likelihood_bound(bits(4), max_iterations=2)
    assert not cut.reliable
    assert math.isnan(cut.value)
    assert "did not converge in 2 iterations" in cut.reason
    assert "of 16 rows" in cut.reason
    assert -math.inf < cut.bracket[0] <= dbm.log_likelihood_bound(bits(4)).value
    assert cut.bracket[1] == math.inf


def test_a_refused_log_z_refuses_the_bound() -> None:
    dbm = deep_machine((4, 3, 2))
    options = {"method": "annealed", "num_betas": 50, "seed": 1}
    found = dbm.log_likelihood_bound(bits(4), starts="none", **options)
    assert not found.reliable
    assert "bounds log Z from below only" in found.reason
    assert found.bracket[0] == -math.inf
    assert math.isfinite(found.bracket[1])


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("starts", ["exact", "tempered"])
def test_the_annealed_bracket_holds_log_z(sizes: tuple[int, ...], starts: str) -> None:
    dbm = deep_machine(sizes)
    exact = dbm.log_partition()
    assert exact.verdict == "exact"
    found = dbm.log_partition(
        method="annealed", base=bits(sizes[0]), starts=starts, num_betas=100, seed=1
    )
    assert found.reliable
    assert found.bracket[0] <= exact.value <= found.bracket[1]
    assert abs(found.value - exact.value) < 4 * found.error


def test_bases_are_completed_with_the_hidden_means() -> None:
    dbm = deep_machine((4, 3, 2), dtype="float32")
    options = {"method": "annealed", "num_betas": 20, "starts": "none", "seed": 1}
    of_data = dbm.log_partition(base=bits(4), **options)
    even = np.concatenate([bits(4), dbm.transform(bits(4))], axis=1)
    means = (even.sum(axis=0) + 0.5) / 17
    b = np.log(means / (1 - means))
    expected = np.log1p(np.exp(b)).sum() + 3 * math.log(2)
    assert of_data.log_base == pytest.approx(expected, rel=1e-5)
    of_means = dbm.log_partition(base=[0.5] * 4, **options)
    assert of_means.log_base == pytest.approx(9 * math.log(2), rel=1e-6)  # untrained: 1/2 above
    of_biases = dbm.log_partition(base="model", **options)
    own = np.concatenate([dbm.biases[0], dbm.biases[2]])
    expected = np.log1p(np.exp(own)).sum() + 3 * math.log(2)
    assert of_biases.log_base == pytest.approx(expected, rel=1e-5)
    in_bound = dbm.log_likelihood_bound(bits(4), **options)  # of the rows themselves
    assert in_bound.log_z.log_base == pytest.approx(of_data.log_base, rel=1e-6)


def test_log_z_is_found_once() -> None:
    dbm = deep_machine((4, 3, 2))
    first = dbm.log_likelihood_bound(bits(4)[:8])
    for known in (first, first.log_z, first.log_z.value):
        second = dbm.log_likelihood_bound(bits(4)[8:], log_z=known)
        assert second.log_z.value == first.log_z.value
    whole = dbm.log_likelihood_bound(bits(4))
    assert whole.value == pytest.approx((first.value + second.value) / 2, abs=1e-12)
    assert dbm.log_likelihood(bits(4), log_z=whole).log_z is whole.log_z


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_betas": 1}, "num_betas must be at least 2"),
        ({"starts": "none of these"}, "starts must be one of"),
        ({"base": [0.5]}, "base must have shape"),
        ({"log_z": math.nan}, "log_z must be finite"),
        ({"log_z": "7"}, "log_z must be a real number"),
    ],
)
def test_options_are_checked_before_work_starts(
    options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mg.DBM, "mean_field", None)
    with pytest.raises((TypeError, ValueError), match=message):
        mg.DBM([4, 3, 2]).log_likelihood_bound(bits(4), **options)


def test_log_z_is_the_last_to_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C so loses none that took hours."""
    found: list[Any] = []
    monkeypatch.setattr("magnetite.deep.dbm_bound.find_log_z", lambda *_: found.append(1))

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("magnetite.deep.dbm_bound.log_weights", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mg.DBM([4, 3, 2]).log_likelihood_bound(bits(4))
    assert found == []


def test_results_do_not_depend_on_threads() -> None:
    dbm = deep_machine((60, 40, 50), scale=0.1, dtype="float32")
    v = np.random.default_rng(1).random((50, 60)) < 0.5
    options = {"num_betas": 30, "num_chains": 20, "starts": "none", "seed": 1}
    one, two = (dbm.log_likelihood_bound(v, num_threads=t, **options) for t in (1, 2))
    assert one.bracket == two.bracket
    np.testing.assert_array_equal(one.log_weights, two.log_weights)


@pytest.mark.slow
def test_digits_become_likely_and_the_bracket_is_narrow(data_dir: Path) -> None:
    """Far better than pixels that are independent of each other."""
    with np.load(data_dir / "mnist_binary" / "mnist_sampled.npz") as archive:
        X = archive["train.data"][:5000].astype(np.float32)
    dbm = mg.DBM([784, 60, 40])
    options = {"negative": mg.PCD(steps=2), "optimizer": mg.SGD(mg.training.Cosine(0.1))}
    dbm.fit(X, epochs=20, seed=1, **options)
    found = dbm.log_likelihood_bound(X[:1000], num_betas=3000, seed=1)
    assert isinstance(found.log_z, LogPartition)
    assert found.log_z.equilibrium
    low, high = found.bracket
    assert 0 <= high - low < 1.0
    p = np.clip(X.mean(axis=0), 1e-3, 1 - 1e-3)
    independent = (X[:1000] * np.log(p) + (1 - X[:1000]) * np.log(1 - p)).sum(axis=1).mean()
    assert low > independent + 70
