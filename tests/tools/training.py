"""Small machines whose likelihood can be summed, and the parts of a training by hand."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import Context, Positive
from magnetite.training.gradient import Coordinates
from magnetite.units import Categorical, Gaussian, ReLU, Units

KINDS: dict[str, Any] = {
    "binary": "binary",
    "spin": "spin",
    "categorical": Categorical(2),
    "gaussian": Gaussian(variance=0.7),
    "learned": Gaussian(variance=0.7, learn_variance=True),
    "relu": ReLU(variance=0.5),
}
DISCRETE = ("binary", "spin", "categorical")
NAMES = ("weights", "visible_bias", "hidden_bias", "visible_precision", "hidden_precision")


def machine(
    visible: Any, hidden: Any, n: int = 4, m: int = 2, scale: float = 0.4, seed: int = 1
) -> mg.RBM:
    """A machine of float64 with random parameters."""
    rng = np.random.default_rng(seed)
    return mg.RBM(
        n,
        m,
        visible=visible,
        hidden=hidden,
        weights=scale * rng.standard_normal((n, m)),
        visible_bias=0.5 * rng.standard_normal(n),
        hidden_bias=0.5 * rng.standard_normal(m),
        dtype="float64",
    )


def some_data(rbm: mg.RBM, rows: int = 7, seed: int = 2) -> NDArray[np.float64]:
    """Rows that the visible units can take: draws of a machine without weights."""
    return np.asarray(
        mg.RBM(rbm.n_visible, 1, visible=rbm.visible.groups, dtype="float64").sample(
            rows, num_steps=0, seed=seed
        )
    )


def log_z(rbm: mg.RBM) -> float:
    """Logarithm of the partition function by the states of a discrete layer."""
    visible = rbm.visible.log_states <= rbm.hidden.log_states
    layer = rbm.visible if visible else rbm.hidden
    states = layer.states(0, round(layer.num_states))
    energies = rbm.free_energy(states) if visible else rbm.hidden_free_energy(states)
    return float(np.logaddexp.reduce(-energies))


def positive_phase(rbm: mg.RBM, data: NDArray[Any]) -> Positive:
    """Data with their hidden means, all rows of the same weight."""
    means = rbm.hidden_means(data)
    share = np.full(len(data), 1 / len(data))
    return Positive(np.ascontiguousarray(data, rbm.dtype), means, means, share)


def gradient_of(
    rbm: mg.RBM, data: NDArray[Any], negative: Any = None, kind: str = "plain"
) -> dict[str, NDArray[Any]]:
    """The gradient as training takes it, from the exact moments of the machine by default."""
    positive = positive_phase(rbm, data)
    phase = (negative or mg.Exact()).start(Context(rbm, rbm.layers(), len(data), 1))
    coordinates = Coordinates(rbm, kind, 0.01)
    coordinates.follow(positive)
    return coordinates.gradient(rbm.layers(), positive, phase.advance(positive, 0))


def bars_and_stripes(size: int) -> NDArray[np.float32]:
    """All 2 * 2**size images of bars or of stripes; the empty and the full one are there twice."""
    codes = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
    bars = np.repeat(codes[:, :, None], size, axis=2)
    images = np.concatenate([bars, bars.transpose(0, 2, 1)])
    return images.reshape(-1, size * size).astype(np.float32)


def mean_log_likelihood(rbm: mg.RBM, data: NDArray[Any]) -> float:
    """Exact mean log-likelihood of a row."""
    return float(-rbm.free_energy(data).mean() - log_z(rbm))


class Ternary(Units):
    """Units 0, 1 and 2 that the core does not know."""

    kind = "ternary"
    site_states = np.array([[0.0], [1.0], [2.0]])

    def weights(self, x: Any) -> Any:
        return np.exp(x[..., None] * np.arange(3))

    def log_norms(self, x: Any, q: Any) -> Any:
        return np.log(self.weights(x).sum(-1))

    def means(self, x: Any, q: Any) -> Any:
        return self.weights(x) @ np.arange(3) / self.weights(x).sum(-1)

    def draws(self, x: Any, q: Any, u: Any) -> Any:
        below = np.cumsum(self.weights(x), axis=-1)
        return (u[..., None] * below[..., -1:] > below).sum(-1)
