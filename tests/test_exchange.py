"""Machines of scikit-learn and of `rbms` come and go with the same energies."""

from pathlib import Path

import numpy as np
import pytest

import magnetite as mg
from magnetite.units import one_hot
from tools.machines import machine

RNG = np.random.default_rng(4)


def bits(rows: int, columns: int) -> np.ndarray:
    return (RNG.random((rows, columns)) < 0.5).astype(np.float64)


@pytest.fixture
def fitted():
    neural = pytest.importorskip("sklearn.neural_network")
    X = bits(200, 12)
    return neural.BernoulliRBM(n_components=7, learning_rate=0.1, n_iter=5, random_state=1).fit(X)


def test_a_fitted_estimator_of_sklearn_has_the_same_energies_here(fitted) -> None:
    rbm = mg.RBM.from_sklearn(fitted)
    v, h = bits(1000, 12), bits(1000, 7)
    np.testing.assert_allclose(rbm.free_energy(v), fitted._free_energy(v), atol=1e-6)
    np.testing.assert_allclose(rbm.hidden_means(v), fitted.transform(v), atol=1e-6)
    joint = -(
        v @ fitted.intercept_visible_
        + h @ fitted.intercept_hidden_
        + np.einsum("ri,ji,rj->r", v, fitted.components_, h)
    )
    np.testing.assert_allclose(rbm.energy(v, h), joint, atol=1e-6)
    assert rbm.dtype == np.float64
    assert not np.shares_memory(rbm.weights, fitted.components_)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_machine_becomes_an_estimator_of_sklearn_that_works(dtype: str) -> None:
    sklearn = pytest.importorskip("sklearn")
    rbm = machine("binary", "binary", n=12, m=7).astype(dtype)
    estimator = rbm.to_sklearn()
    v = bits(1000, 12).astype(dtype)
    np.testing.assert_allclose(rbm.free_energy(v), estimator._free_energy(v), atol=2e-6)
    np.testing.assert_allclose(rbm.hidden_means(v), estimator.transform(v), atol=1e-6)
    assert estimator.gibbs(v).shape == v.shape
    assert estimator.score_samples(v).shape == (1000,)
    estimator.partial_fit(v[:10])
    sklearn.utils.validation.check_is_fitted(estimator)
    again = mg.RBM.from_sklearn(rbm.to_sklearn())
    assert again.dtype == rbm.dtype
    np.testing.assert_array_equal(again.weights, rbm.weights)
    np.testing.assert_array_equal(again.visible_bias, rbm.visible_bias)
    np.testing.assert_array_equal(again.hidden_bias, rbm.hidden_bias)


def test_our_own_estimator_is_read_as_sklearns_is() -> None:
    own = pytest.importorskip("magnetite.sklearn").BernoulliRBM(n_components=3, n_iter=1)
    v = bits(20, 5)
    rbm = mg.RBM.from_sklearn(own.fit(v))
    np.testing.assert_allclose(rbm.hidden_means(v), own.transform(v), atol=1e-6)


def energy_of_rbms(v, h, weights, b, c):
    """Return the energies of `rbms` 0.5.0: implement.py of its two kinds of machine."""
    if weights.ndim == 3:
        v = one_hot(v.astype(int), weights.shape[1]).reshape(len(v), -1)
        weights, b = weights.reshape(-1, weights.shape[-1]), b.ravel()
    return -(v @ b) - h @ c - ((v @ weights) * h).sum(axis=1)


@pytest.mark.parametrize("states", [1, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_files_of_rbms_have_the_same_energies_here(tmp_path: Path, states: int, dtype: str) -> None:
    """A file written as `rbms.io.save_model` writes it."""
    h5py = pytest.importorskip("h5py")
    shape = (8,) if states == 1 else (8, states)
    late = [RNG.normal(size=s).astype(dtype) for s in ((*shape, 6), shape, (6,))]
    path = tmp_path / "rbms.h5"
    with h5py.File(path, "w") as file:
        file["model_type"] = "BBRBM" if states == 1 else "PBRBM"
        for update, scale in ((1, 0.0), (20, 0.5), (100, 1.0)):
            for name, value in zip(("weight_matrix", "vbias", "hbias"), late, strict=True):
                file[f"update_{update}/params/{name}"] = scale * value
    rbm = mg.RBM.from_rbms(path)
    numbers, h = RNG.integers(max(states, 2), size=(1000, 8)).astype(float), bits(1000, 6)
    v = numbers if states == 1 else one_hot(numbers.astype(int), states)
    expected = energy_of_rbms(numbers, h, *(part.astype(float) for part in late))
    np.testing.assert_allclose(
        rbm.energy(v, h), expected, atol=1e-6 if dtype != "float32" else 2e-5
    )
    assert rbm.dtype == dtype
    early = mg.RBM.from_rbms(path, update=20)
    np.testing.assert_allclose(early.weights, rbm.weights / 2)
    with pytest.raises(ValueError, match=r"update must be one that .* from 1 to 100, got 7"):
        mg.RBM.from_rbms(path, update=7)


@pytest.mark.parametrize("visible", ["binary", "categorical"])
def test_machines_written_for_rbms_are_read_back_and_have_all_that_its_loader_asks_for(
    tmp_path: Path, visible: str
) -> None:
    h5py = pytest.importorskip("h5py")
    rbm, path = machine(visible, "binary", n=6, m=4), tmp_path / "rbm.h5"
    path.write_text("an older file")
    rbm.to_rbms(path, update=30)
    again = mg.RBM.from_rbms(path)
    assert repr(again) == repr(rbm)
    v = rbm.visible.states(0, 9)
    np.testing.assert_allclose(again.free_energy(v), rbm.free_energy(v), atol=1e-12)
    with h5py.File(path) as file:  # as rbms.io.load_model reads it
        assert file["model_type"][()].decode() == ("BBRBM" if visible == "binary" else "PBRBM")
        chains = file["parallel_chains"][()]
        assert chains.shape == (100, 6 if visible == "binary" else 2)
        assert set(np.unique(chains)) <= ({0, 1} if visible == "binary" else {0, 1, 2})
        assert float(np.array(file["update_30"]["time"]).item()) == 0
        assert set(file["update_30/params"]) == {"weight_matrix", "vbias", "hbias"}
        assert int(file["hyperparameters"]["gibbs_steps"][()]) == 1
        assert float(file["hyperparameters"]["L2"][()]) == 0
        stored = [file["update_30/params"][n][()] for n in ("weight_matrix", "vbias", "hbias")]
    h = bits(9, 4)
    numbers = v if visible == "binary" else v.reshape(9, 2, 3).argmax(axis=2)
    np.testing.assert_allclose(energy_of_rbms(numbers, h, *stored), rbm.energy(v, h), atol=1e-6)


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must be a fitted BernoulliRBM, got dict without compo"):
        mg.RBM.from_sklearn({})
    with pytest.raises(TypeError, match="binary units only, got an RBM\\(2 spin, 1 binary"):
        pytest.importorskip("sklearn")
        mg.RBM(2, 1, visible="spin").to_sklearn()
    h5py, path = pytest.importorskip("h5py"), tmp_path / "rbm.h5"
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        mg.RBM.from_rbms(path)
    with pytest.raises(TypeError, match="rbms has machines of binary or categorical visible"):
        mg.RBM(2, 1, hidden="gaussian").to_rbms(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="not an HDF5 file"):
        mg.RBM.from_rbms(path)
    cases = {
        "no group update_": {},
        "update_3 lacks vbias": {"update_3/params/weight_matrix": np.zeros((2, 1))},
        "holds a BGRBM; what can be read": {"update_3/time": 0, "model_type": "BGRBM"},
        "shapes of a BBRBM do not fit": {
            "update_3/params/weight_matrix": np.zeros((2, 1)),
            "update_3/params/vbias": np.zeros(3),
            "update_3/params/hbias": np.zeros(1),
        },
    }
    for message, content in cases.items():
        with h5py.File(path, "w") as file:
            for name, value in content.items():
                file[name] = value
        with pytest.raises(ValueError, match=message):
            mg.RBM.from_rbms(path)
