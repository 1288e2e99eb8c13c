"""Networks: what they are made of, what they give, how they are kept."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import magnetite as mg
from magnetite.networks import Autoencoder, Classifier, Dense, Network, Regressor

KINDS = {"binary": "sigmoid", "spin": "tanh", "gaussian": "linear", "relu": "relu"}


def machine(n: int, m: int, seed: int = 1, **kinds: str) -> mg.RBM:
    rng = np.random.default_rng(seed)
    return mg.RBM(
        n,
        m,
        weights=0.3 * rng.normal(size=(n, m)),
        visible_bias=rng.normal(size=n),
        hidden_bias=rng.normal(size=m),
        dtype="float64",
        **kinds,
    )


def networks() -> list[Network]:
    machines = [machine(5, 4), machine(4, 3, 2)]
    classifier = Network.classifier(machines, ["a", "b", "c"])
    classifier.layers[-1].weights[:] = np.random.default_rng(3).normal(size=(3, 3))
    classifier.temperature = 1.5
    regressor = Network.regressor(machines, 2)
    regressor.layers[-1].weights[:] = 1.0
    regressor.means, regressor.deviations = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    return [classifier, regressor, Network.autoencoder(machines)]


X = np.random.default_rng(5).random((7, 5))


def predicted(net: Network) -> np.ndarray:
    return net.predict_proba(X) if isinstance(net, Classifier) else net.predict(X)


@pytest.mark.parametrize("kind", ["binary", "spin", "gaussian"])
def test_layers_are_the_hidden_means_of_machines(kind: str) -> None:
    below, above = machine(5, 4, hidden=kind), machine(4, 3, 2, visible=kind)
    net = Network.classifier([below, above], 2)
    assert [layer.activation for layer in net.layers] == [KINDS[kind], "sigmoid", "softmax"]
    means = below.hidden_means(X)
    np.testing.assert_allclose(net.outputs(X, depth=1), means, atol=1e-12)
    np.testing.assert_allclose(net.outputs(X, depth=2), above.hidden_means(means), atol=1e-12)


def test_precisions_are_in_the_weights() -> None:
    variance = mg.units.Gaussian(variance=0.25)
    rbm = machine(5, 4, visible=variance, hidden=mg.units.Gaussian(variance=0.5))
    net = Network.autoencoder([rbm])
    codes = rbm.hidden_means(X)
    np.testing.assert_allclose(net.encode(X), codes, atol=1e-12)
    np.testing.assert_allclose(net.decode(codes), rbm.visible_means(codes), atol=1e-12)


def test_rectified_units_become_relu_without_noise() -> None:
    rbm = machine(5, 4, hidden=mg.units.ReLU(variance=0.5))
    inputs = (X @ rbm.weights + rbm.hidden_bias) * 0.5
    net = Network.regressor([rbm])
    np.testing.assert_allclose(net.outputs(X, depth=1), np.maximum(inputs, 0), atol=1e-12)


def test_autoencoders_are_machines_up_and_down() -> None:
    below, above = machine(5, 4), machine(4, 3, 2)
    net = Network.autoencoder([below, above])
    codes = above.hidden_means(below.hidden_means(X))
    np.testing.assert_allclose(net.encode(X), codes, atol=1e-12)
    again = below.visible_means(above.visible_means(codes))
    np.testing.assert_allclose(net.decode(codes), again, atol=1e-12)
    np.testing.assert_allclose(net.predict(X), again, atol=1e-12)


def test_machines_are_not_changed() -> None:
    rbm = machine(5, 4)
    before = rbm.weights.copy()
    net = Network.classifier([rbm], 2)
    net.fit(X, [0, 1, 0, 1, 0, 1, 0], epochs=2, seed=1)
    np.testing.assert_array_equal(rbm.weights, before)
    assert (net.layers[0].weights != before).any()


def test_a_new_network_knows_nothing() -> None:
    net = Network.classifier([5, 4], 3, seed=1)
    np.testing.assert_allclose(net.predict_proba(X), 1 / 3)
    assert (Network.regressor([5, 4], seed=1).predict(X) == 0).all()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_random_weights_are_a_function_of_the_seed(activation: str) -> None:
    def weights(seed: int) -> np.ndarray:
        return Network.regressor([50, 40], activation=activation, seed=seed).layers[0].weights

    np.testing.assert_array_equal(weights(1), weights(1))
    assert (weights(1) != weights(2)).any()
    gain = {"sigmoid": 16.0, "tanh": 1.0, "relu": 90 / 50}[activation]
    # The variance of 2,000 uniform numbers has a relative error of sqrt(0.8 / 2000) = 0.02.
    assert weights(1).var() == pytest.approx(gain * 2 / 90, rel=0.1)


def test_rows_are_worked_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for net in networks():
        whole = predicted(net)
        y = {"Classifier": ["a"] * 7, "Regressor": np.ones((7, 2))}.get(type(net).__name__)
        loss = net.loss(X, y)
        monkeypatch.setattr("magnetite.networks.network.NUMBERS_AT_ONCE", 10)
        np.testing.assert_array_equal(predicted(net), whole)
        assert net.loss(X, y) == pytest.approx(loss, rel=1e-12)
        monkeypatch.undo()


def test_sparse_rows_are_the_same_rows() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    for net in networks():
        np.testing.assert_array_equal(net.outputs(sparse.csr_array(X)), net.outputs(X))


def test_sparse_rows_are_made_dense_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    rows, toarray = [], sparse.csr_array.toarray

    def spied(part):
        rows.append(part.shape[0])
        return toarray(part)

    monkeypatch.setattr("magnetite.networks.network.NUMBERS_AT_ONCE", 15)
    monkeypatch.setattr(sparse.csr_array, "toarray", spied)
    networks()[0].predict(sparse.csr_array(X))
    assert max(rows) == 3


def test_losses_are_what_they_are_called() -> None:
    classifier, regressor, autoencoder = networks()
    y, weights = np.array(list("abcabca")), np.arange(7.0)
    chances = classifier.predict_proba(X, temperature=1)[np.arange(7), [0, 1, 2, 0, 1, 2, 0]]
    expected = np.average(-np.log(chances), weights=weights)
    assert classifier.loss(X, y, sample_weight=weights) == pytest.approx(expected)
    targets = np.ones((7, 2))
    errors = (regressor.predict(X) - targets) / regressor.deviations
    assert regressor.loss(X, targets) == pytest.approx((errors**2).sum(axis=1).mean() / 2)
    p = autoencoder.predict(X)
    expected = -(X * np.log(p) + (1 - X) * np.log(1 - p)).sum(axis=1).mean()
    assert autoencoder.loss(X) == pytest.approx(expected)


def test_files_pickles_and_copies_are_the_same_network(tmp_path: Path) -> None:
    for number, net in enumerate(networks()):
        path = tmp_path / f"{number}.npz"
        net.save(path)
        ways = (mg.load(path), pickle.loads(pickle.dumps(net)), copy.deepcopy(net), net.copy())
        for other in ways:
            assert type(other) is type(net)
            assert repr(other) == repr(net)
            assert other.dtype == net.dtype == np.float64
            np.testing.assert_array_equal(predicted(other), predicted(net))
            other.layers[0].weights[:] = 0
            assert net.layers[0].weights.any()


@pytest.mark.parametrize(
    "classes", [[3, 1, 2], ["b", "a"], [True, False], np.array([1.5, 0.5]), [-1, 1], [1, "a", None]]
)
def test_classes_of_any_type_keep_their_order(classes, tmp_path: Path) -> None:
    net = Network.classifier([5, 4], classes, seed=1)
    y = [classes[k % len(classes)] for k in range(7)]
    net.fit(X, y, optimizer=mg.SGD(1.0), epochs=1, seed=1)
    net.save(tmp_path / "net.npz")
    other = mg.load(tmp_path / "net.npz")
    assert other.classes.tolist() == net.classes.tolist() == list(classes)
    assert other.classes.dtype == net.classes.dtype
    assert set(other.predict(X).tolist()) <= set(other.classes.tolist())


def test_no_rows_have_no_chances() -> None:
    net = Network.classifier([5, 4], 3, seed=1)
    assert net.predict_proba(X[:0]).shape == net.outputs(X[:0]).shape == (0, 3)


def test_one_target_is_a_vector() -> None:
    net = Network.regressor([5, 4], seed=1)
    y = X.sum(axis=1)
    net.fit(X, y, epochs=1, seed=1)
    assert net.predict(X).shape == (7,)
    assert net.loss(X, y) == net.loss(X, y[:, None])


# Bad input.


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([], TypeError, "layers must be a list"),
        ([machine(5, 4), machine(3, 2)], ValueError, "machine 1 has 3 visible units"),
        ([5], ValueError, "two sizes"),
        ([5, 0], ValueError, "layers must be at least 1"),
        ([5, "4"], TypeError, "layers must be an integer"),
        ([mg.RBM(6, 6, hidden=mg.units.Categorical(3))], TypeError, "6 categorical as hidden"),
        ([mg.RBM(4, 4, hidden=[("binary", 2), ("spin", 2)])], TypeError, "of one kind a layer"),
    ],
)
def test_layers_that_make_no_network(layers, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        Network.classifier(layers, 2)


def test_autoencoders_need_machines() -> None:
    with pytest.raises(TypeError, match="layers must be machines"):
        Network.autoencoder([5, 4])
    with pytest.raises(TypeError, match="6 categorical as visible"):
        Network.autoencoder([mg.RBM(6, 2, visible=mg.units.Categorical(3))])


@pytest.mark.parametrize("classes", [1, 0, [1], [1, 1], [[1, 2]]])
def test_classes_that_are_none(classes) -> None:
    with pytest.raises(ValueError, match="classes must"):
        Network.classifier([5, 4], classes)


def test_activation_that_is_none() -> None:
    with pytest.raises(ValueError, match="activation must be one of"):
        Network.classifier([5, 4], 2, activation="gelu")


def test_stacks_that_do_not_fit() -> None:
    a, b = Dense(np.ones((2, 3))), Dense(np.ones((4, 2)), activation="softmax")
    with pytest.raises(ValueError, match="layer 1 has 4 inputs, and layer 0 gives 3"):
        Classifier([a, b], 2)
    with pytest.raises(ValueError, match="softmax last"):
        Regressor([Dense(np.ones((2, 2)), activation="softmax"), Dense(np.ones((2, 1)))])
    with pytest.raises(ValueError, match="softmax and 2 outputs"):
        Classifier([a], 2)
    with pytest.raises(ValueError, match="must not end with softmax"):
        Regressor([b])
    with pytest.raises(ValueError, match=r"means must have shape \(3,\), got \(2,\)"):
        Regressor([a], means=[1.0, 2.0])
    with pytest.raises(ValueError, match="deviations must be positive, got 0"):
        Regressor([a], deviations=[1.0, 2.0, 0.0])
    with pytest.raises(ValueError, match="code_depth"):
        Autoencoder([a, Dense(np.ones((3, 2)))], 2)
    with pytest.raises(TypeError, match=r"Dense, got list as layer 0"):
        Regressor([[1.0]])


@pytest.mark.parametrize(
    ("weights", "bias", "message"),
    [
        ([1.0], None, "weights must have shape"),
        ([[1.0, 2.0]], [1.0], "bias must have shape"),
        ([[np.nan]], None, "weights must be finite"),
    ],
)
def test_layers_that_are_none(weights, bias, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dense(weights, bias)


@pytest.mark.parametrize("net", networks(), ids=lambda net: type(net).__name__)
def test_rows_that_do_not_fit(net: Network) -> None:
    with pytest.raises(ValueError, match=r"X must have shape \(rows, 5\), got \(7, 4\)"):
        net.predict(X[:, :4])
    with pytest.raises(ValueError, match=r"X must be finite, got nan at row 2, column 1"):
        net.predict(np.where((np.arange(7)[:, None] == 2) & (np.arange(5) == 1), np.nan, X))
    with pytest.raises(ValueError, match=r"X must have shape \(rows, 5\), got \(1, 7, 5\)"):
        net.predict(X[None])
    with pytest.raises(TypeError, match="X must hold numbers"):
        net.predict([["a"] * 5])
    with pytest.raises(ValueError, match=f"depth must be at most {len(net.layers)}, got 9"):
        net.outputs(X, depth=9)
    with pytest.raises(TypeError, match=r"depth must be an integer, got 1\.5"):
        net.outputs(X, depth=1.5)


def test_codes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"shape \(rows, 3\), got \(7, 5\)"):
        networks()[2].decode(X)


def test_targets_that_do_not_fit() -> None:
    classifier, regressor, autoencoder = networks()
    with pytest.raises(ValueError, match="y must have a label for each of 7 rows, got 6"):
        classifier.loss(X, ["a"] * 6)
    with pytest.raises(ValueError, match="y must be a vector of labels, got None"):
        classifier.loss(X)
    with pytest.raises(ValueError, match=r"known classes \('a', 'b', 'c'\), got 'z' at index 3"):
        classifier.loss(X, list("abczaaa"))
    with pytest.raises(ValueError, match=r"got \['a'\] at index 1"):
        classifier.loss(X[:2], np.array(["a", ["a"], None], object)[:2])
    with pytest.raises(ValueError, match=r"y must have shape \(7, 2\), got \(7,\)"):
        regressor.loss(X, np.ones(7))
    with pytest.raises(ValueError, match="y must be finite"):
        regressor.loss(X, np.full((7, 2), np.inf))
    with pytest.raises(ValueError, match="y must be None for an autoencoder"):
        autoencoder.loss(X, X)
    with pytest.raises(ValueError, match="between 0 and 1 for sigmoid outputs, got 2 at row 6"):
        autoencoder.loss(np.vstack([X[:6], np.full(5, 2.0)]))


@pytest.mark.parametrize("temperature", [0, -1.0, np.inf, np.nan])
def test_temperatures_that_are_none(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be positive"):
        networks()[0].predict_proba(X, temperature=temperature)
    net = networks()[0]
    net.temperature = temperature
    with pytest.raises(ValueError, match="temperature must be positive"):
        net.predict_proba(X)


@settings(max_examples=30)
@given(
    st.lists(st.one_of(st.integers(), st.text("abc\u00e9", max_size=3), st.floats()), max_size=7)
)
def test_labels_are_taken_or_refused_by_name(labels) -> None:
    net = Network.classifier([2, 2], ["a", "b"], seed=1)
    x = np.zeros((len(labels), 2))
    good = bool(labels) and all(isinstance(x, str) and x in ("a", "b") for x in labels)
    if good:
        assert net.loss(x, labels) == pytest.approx(np.log(2))
    else:
        with pytest.raises(ValueError, match=r"y must|at least one row"):
            net.loss(x, labels)
