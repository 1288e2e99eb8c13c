"""Inverse temperatures that the methods of a machine take, and those that they refuse."""

import numpy as np
import pytest

import magnetite as mg
from tools.machines import all_visible, machine


@pytest.mark.parametrize(
    "method",
    ["gibbs", "sample", "hidden_means", "visible_means", "free_energy", "hidden_free_energy"],
)
@pytest.mark.parametrize(
    ("beta", "error", "message"),
    [
        (np.nan, ValueError, "beta must be finite, got nan"),
        ([1.0, np.inf], ValueError, "beta must be finite, got inf at index 1"),
        (-0.5, ValueError, r"beta must be (at least 0|positive), got -0\.5"),
        ("1", TypeError, "beta must hold real numbers"),
        ([1.0] * 3, ValueError, r"beta must be a number or have shape \(2,\), got \(3,\)"),
        ([[1.0], [1.0]], ValueError, r"must be a number or have shape \(2,\), got \(2, 1\)"),
    ],
)
def test_betas_are_checked(method: str, beta: object, error: type[Exception], message: str) -> None:
    rbm = mg.RBM(3, 3)
    first = 2 if method == "sample" else np.zeros((2, 3))
    with pytest.raises(error, match=message):
        getattr(rbm, method)(first, beta=beta)


def test_rows_have_betas_of_their_own() -> None:
    rbm = machine("binary", "spin")
    v, betas = all_visible(rbm)[:2], np.array([0.3, 1.2])
    for method in (rbm.free_energy, rbm.hidden_means):
        each = [method(v[k], beta=betas[k])[0] for k in range(2)]
        np.testing.assert_array_equal(method(v, beta=betas), each)


def test_only_units_of_finitely_many_values_have_a_law_at_beta_0() -> None:
    assert mg.RBM(2, 1).hidden_means([[1, 0]], beta=0).tolist() == [[0.5]]
    with pytest.raises(ValueError, match="beta must be positive for gaussian and relu units"):
        mg.RBM(2, 1, visible="gaussian").sample(beta=0)
