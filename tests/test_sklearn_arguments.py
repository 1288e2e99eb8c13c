"""The faces for scikit-learn: errors name their arguments; streams go on where these change."""

import copy
import pickle

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn")

from magnetite.sklearn import BernoulliRBM, CategoricalRBM, GaussianRBM  # noqa: E402

SMALL = {"n_components": 5, "n_iter": 2, "random_state": 0}
BITS = (np.random.default_rng(1).random((60, 8)) < 0.3).astype(np.float64)
KINDS = (BernoulliRBM, GaussianRBM, CategoricalRBM)
WRONG: list[tuple[str, object]] = [
    ("n_components", 0),
    ("learning_rate", -1.0),
    ("momentum", 1.0),
    ("batch_size", 0),
    ("n_steps", 0),
    ("n_steps", 1.5),
    ("weight_decay", -1.0),
    ("weight_decay", "a"),
    ("n_jobs", "a"),
    ("n_jobs", True),
    ("gradient", "x"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_errors_name_arguments_as_they_were_given(
    kind: type, name: str, value: object, method: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^{name} must .*, got"):
        getattr(kind(**SMALL | {name: value}), method)(BITS)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_single_methods_do_too(kind: type) -> None:
    with pytest.raises(ValueError, match=r"^n_iter must be at least 0, got -1"):
        kind(n_iter=-1).fit(BITS)
    with pytest.raises(TypeError, match=r"^verbose must be .*, got 'a'"):
        kind(**SMALL, verbose="a").fit(BITS)
    with pytest.raises(ValueError, match=r"^weight_decay must be at least 0 and finite, got -1"):
        kind(**SMALL, weight_decay=-1).fit(BITS)
    rbm = kind(**SMALL, verbose=False).fit(BITS)
    with pytest.raises(ValueError, match=r"^n_steps must be at least 0, got -1"):
        rbm.sample(n_steps=-1)
    with pytest.raises(TypeError, match=r"^n_samples must be an integer, got 1.5"):
        rbm.sample(1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_streams_go_on_in_copies_and_with_other_rates(kind: type) -> None:
    rbm = kind(**SMALL, algorithm="pcd", momentum=0.5).partial_fit(BITS)
    before = rbm.rbm_.chains[0].copy()
    machines = [rbm, pickle.loads(pickle.dumps(rbm)), copy.deepcopy(rbm)]
    still = kind(**SMALL, algorithm="pcd", momentum=0.5).partial_fit(BITS)
    for machine in machines:
        machine.set_params(learning_rate=1e-30, momentum=0.0).partial_fit(BITS)
        np.testing.assert_array_equal(machine.components_, still.components_)
        assert machine.rbm_._stream.session.updates == 2 * still.rbm_._stream.session.updates
        np.testing.assert_array_equal(machine.rbm_.chains[0], rbm.rbm_.chains[0])
    assert (rbm.rbm_.chains[0] != before).any()
