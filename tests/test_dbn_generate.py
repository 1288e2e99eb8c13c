"""What a stack draws, against its exact distribution; files, pickles and copies of stacks."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import magnetite as mg
from tools.stacks import exact_values, small_stack, untied_stack
from tools.training import machine

STATES = mg.RBM(4, 1).visible.states(0, 16)
COUNT = 4000


def excess(drawn: NDArray[Any], dbn: mg.DBN, share: float = 1.0) -> float:
    """Chi-square of draws over its degrees of freedom, less 1, in standard deviations.

    Where draws depend on each other, `share` of them count.
    """
    assert set(np.unique(drawn)) <= {0.0, 1.0}
    codes = drawn @ (2 ** np.arange(4))
    places = STATES @ (2 ** np.arange(4))
    seen = np.bincount(codes.astype(int), minlength=16)[places.astype(int)]
    wanted = len(drawn) * np.exp(exact_values(dbn, STATES)[0])
    return float((share * ((seen - wanted) ** 2 / wanted).sum() - 15) / np.sqrt(30))


@pytest.mark.parametrize("sizes", [(4, 3), (4, 3, 3), (4, 3, 2, 3)])
def test_gibbs_chains_and_a_pass_down_draw_from_the_exact_distribution(
    sizes: tuple[int, ...],
) -> None:
    dbn = small_stack(*sizes, scale=2.0)
    start = dbn.layers[-1].visible.states(0, 1)
    drawn = dbn.generate(COUNT, num_steps=60, start=start, means=False, seed=1)
    assert excess(drawn, dbn) < 4
    # Without steps of the top machine it is another distribution.
    drawn = dbn.generate(COUNT, num_steps=0, start=start, means=False, seed=1)
    assert excess(drawn, dbn) > 7


def test_replica_exchange_draws_from_the_exact_distribution() -> None:
    dbn = small_stack(4, 3, 3)
    drawn = dbn.generate(COUNT, method="tempered", means=False, seed=1)
    assert excess(drawn, dbn, share=0.5) < 4


def test_the_way_up_does_not_enter() -> None:
    one, other = small_stack(4, 3, 3), untied_stack(4, 3, 3)
    options = {"num_steps": 5, "seed": 1}
    np.testing.assert_array_equal(one.generate(9, **options), other.generate(9, **options))


def test_means_are_those_given_the_layer_above() -> None:
    dbn = small_stack(4, 3, 3)
    means = dbn.generate(COUNT, num_steps=50, seed=1)
    assert len(np.unique(means.round(9), axis=0)) == 8  # the states of the first hidden layer
    exact = np.exp(exact_values(dbn, STATES)[0]) @ STATES
    error = means.std(axis=0) / np.sqrt(COUNT)
    assert (np.abs(means.mean(axis=0) - exact) < 4 * error).all()


def test_where_chains_start() -> None:
    X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    dbn = small_stack(4, 3, 2, scale=3.0)
    with pytest.raises(AttributeError, match="no chains"):
        dbn.generate(start="chains")
    assert (dbn.generate(3, start="auto", seed=1) == dbn.generate(3, start="biases", seed=1)).all()
    dbn.fit(X, epochs=1, negative=mg.PCD(num_chains=7), seed=1)
    drawn = [
        dbn.generate(20, num_steps=0, start=start, seed=1)
        for start in ("auto", "chains", dbn.layers[-1].chains[0], "biases")
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert (drawn[0] != drawn[3]).any()


def test_a_run_out_of_equilibrium_says_so() -> None:
    with pytest.warns(RuntimeWarning, match="the draws are not in equilibrium"):
        small_stack(4, 3, 3, scale=4).generate(2, method="tempered", max_rounds=2, seed=1)


@pytest.mark.parametrize("method", ["gibbs", "tempered"])
def test_draws_are_a_function_of_the_seed(method: str) -> None:
    dbn = small_stack(4, 3, 2, scale=0.3)
    one, same, other = (
        dbn.generate(20, method=method, means=False, seed=seed, num_threads=threads)
        for seed, threads in ((1, 1), (1, 3), (2, 1))
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "none": ({"num_samples": 0}, ValueError, "num_samples must be at least 1"),
    "method": ({"method": "magic"}, ValueError, "method must be one of 'gibbs', 'tempered'"),
    "steps": ({"num_steps": -1}, ValueError, "num_steps must be at least 0"),
    "rounds": ({"max_rounds": 0}, ValueError, "max_rounds must be at least 1"),
    "start": ({"start": "data"}, ValueError, "start must be one of 'auto', 'chains', 'biases'"),
    "columns of start": ({"start": [[0, 1]]}, ValueError, "start must have shape"),
    "values of start": ({"start": [[0, 1, 2]]}, ValueError, "start must hold 0 or 1"),
    "no start": ({"start": np.empty((0, 3))}, ValueError, "start must have at least one row"),
    "threads": ({"num_threads": 0}, ValueError, "num_threads must be at least 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_refused(case: str) -> None:
    options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        small_stack(4, 3, 3).generate(**options)


# Files, pickles, copies.


@pytest.mark.parametrize("make", [small_stack, untied_stack])
def test_files_pickles_and_copies_keep_all_parameters(make: Any, tmp_path: Path) -> None:
    dbn = make(4, 3, 3, visible="spin")
    dbn.layers[-1].data_means = np.full(3, 0.25)
    dbn.save(tmp_path / "dbn.npz")
    for other in (mg.load(tmp_path / "dbn.npz"), pickle.loads(pickle.dumps(dbn)), dbn.copy()):
        assert isinstance(other, mg.DBN)
        assert (repr(other), other.layers[0].dtype) == (repr(dbn), np.float64)
        tied = [up is down for up, down in zip(other.recognition, other.layers, strict=True)]
        assert tied == [make is small_stack, True]
        for a, b in zip(
            (*dbn.layers, *dbn.recognition), (*other.layers, *other.recognition), strict=True
        ):
            np.testing.assert_array_equal(a.weights, b.weights)
            np.testing.assert_array_equal(a.hidden_bias, b.hidden_bias)
        np.testing.assert_array_equal(other.layers[-1].data_means, np.full(3, 0.25))
        other.layers[0].weights[:] = 7
        assert (dbn.layers[0].weights != 7).all()


def test_units_of_ones_own_are_not_written(tmp_path: Path) -> None:
    from tools.training import Ternary

    with pytest.raises(ValueError, match="ternary units cannot be written"):
        mg.DBN([4, 3], visible=Ternary()).save(tmp_path / "dbn.npz")


def test_a_checkpoint_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "stack.npz"
    mg.DBN([machine("binary", "binary")]).fit(STATES, epochs=0, checkpoint=path)
    with pytest.raises(ValueError, match="the method that wrote it, fit or fine_tune, goes on"):
        mg.load(path)
    with pytest.raises(ValueError, match="the method `fit` that wrote it goes on with it"):
        mg.resume(path)
