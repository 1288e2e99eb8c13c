"""Stacks as networks: the way up, and the way down."""

import numpy as np

import magnetite as mg
from magnetite.networks import Network


def stack() -> mg.DBN:
    dbn = mg.DBN([5, 4, 3], dtype="float64")
    rng = np.random.default_rng(1)
    for rbm in dbn.layers:
        rbm.weights[:] = rng.normal(size=rbm.weights.shape)
    return dbn


X = np.random.default_rng(5).random((7, 5))


def test_networks_of_a_stack_are_those_of_its_machines() -> None:
    dbn = stack()
    for net, other in (
        (dbn.to_classifier(2), Network.classifier(dbn.layers, 2)),
        (dbn.to_regressor(2), Network.regressor(dbn.layers, 2)),
        (dbn.to_autoencoder(), Network.autoencoder(dbn.layers)),
    ):
        assert type(net) is type(other)
        np.testing.assert_array_equal(net.outputs(X), other.outputs(X))


def test_untied_stacks_go_up_by_recognition_and_down_by_generation() -> None:
    dbn = stack()
    dbn._untied = (dbn.layers[0].copy(),)
    dbn._untied[0].weights[:] = 0.5
    net = dbn.to_autoencoder()
    assert (net.layers[0].weights == 0.5).all()
    np.testing.assert_array_equal(net.layers[-1].weights, dbn.layers[0].weights.T)
    assert (dbn.to_classifier(2).layers[0].weights == 0.5).all()
