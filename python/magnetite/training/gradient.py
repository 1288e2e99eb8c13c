"""The gradient of the log-likelihood, in coordinates that are centred on the data.

With offsets mu and lambda the energy reads
``E = -(v - mu)^T W (h - lambda) - b'^T (v - mu) - c'^T (h - lambda)``: the same machine, with
``b = b' - W lambda`` and ``c = c' - W^T mu``. Steps along the gradient in these coordinates do not
depend on whether a bit is called 0 or 1, and are better conditioned.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from magnetite import _core
from magnetite.layers import Layers
from magnetite.training.bounds import OutOfBounds, precision_limits
from magnetite.training.optimizers import Steps
from magnetite.training.phases import Positive, Sample
from magnetite.training.summary import Summary
from magnetite.units.base import Array
from magnetite.units.discrete import Binary, Categorical
from magnetite.units.layer import Layer

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["GRADIENTS", "Coordinates", "weighted_mean"]

GRADIENTS = ("plain", "centered", "standardized")

SMALLEST_VARIANCE = 0.1
"""Of a layer's mean variance: standardised coordinates divide by no less than its root."""

LARGEST_LOG_STEP = 0.1
"""Of the logarithm of a precision, in an update."""


def weighted_mean(weights: NDArray[np.float64], rows: Array) -> Array:
    """Return the mean of rows whose weights sum to one (no BLAS: the same bits everywhere)."""
    mean: Array = _core.weighted_sum(weights, np.ascontiguousarray(rows))
    return mean


class Coordinates:
    """Offsets and scales of both layers that follow the data, and gradients relative to them.

    Parameters
    ----------
    rbm : RBM
        Whose parameters are learnt.
    kind : "plain", "centered" or "standardized"
        Whether offsets, or offsets and deviations, follow the data.
    offset_rate : float
        Share of a batch in the moving averages.

    References
    ----------
    Melchior, Fischer and Wiskott, "How to center deep Boltzmann machines", Journal of Machine
    Learning Research 17 (2016) 99, algorithm 1 with offsets of the data for both layers.
    """

    def __init__(self, rbm: "RBM", kind: str, offset_rate: float) -> None:
        self.rbm, self.kind, self.rate = rbm, kind, offset_rate
        self.gradient_of_weights = np.empty_like(rbm.weights)
        self.mu, self.lam = np.zeros_like(rbm.visible_bias), np.zeros_like(rbm.hidden_bias)
        self.mean_squares = np.zeros_like(self.mu), np.zeros_like(self.lam)
        self.started = False, False
        self._buffer = np.empty_like(rbm.weights)
        layers = (rbm.visible, rbm.hidden)
        self.learned = tuple(layer.learned_precisions for layer in layers)
        nowhere = tuple((np.zeros_like(x), np.full_like(x, np.inf)) for x in (self.mu, self.lam))
        self.limits = nowhere

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters that are learnt."""
        names = ["weights", "visible_bias", "hidden_bias"]
        for side, learned in zip(("visible", "hidden"), self.learned, strict=True):
            names += [f"{side}_precision"] if learned.any() else []
        return {name: getattr(self.rbm, name).shape for name in names}

    def begin(self, summary: Summary, lasting: bool = True) -> None:
        """Set the offsets and scales of the visible layer, and limits of precisions, by the data.

        Of data that are not `lasting`, this is the first chunk.
        """
        if self.learned[0].any() or self.learned[1].any():
            self.limits = precision_limits(self.rbm, summary, lasting)
        if self.kind != "plain":
            self.mu[...] = summary.means
            self.mean_squares[0][...] = summary.variances + summary.means**2
            self.started = True, False

    def follow(self, positive: Positive) -> None:
        """Move offsets and scales towards a batch, or to it where there were none."""
        if self.kind == "plain":
            return
        rbm, weights = self.rbm, positive.weights
        rates = [self.mu.dtype.type(self.rate if begun else 1) for begun in self.started]
        self.started = True, True
        self.mu += rates[0] * (weighted_mean(weights, positive.v) - self.mu)
        self.lam += rates[1] * (weighted_mean(weights, positive.h_means) - self.lam)
        if self.kind == "standardized":
            hidden = squares(rbm.hidden, positive.h_means, positive.h)
            for mean, rate, rows in zip(
                self.mean_squares, rates, (positive.v**2, hidden), strict=True
            ):
                mean += rate * (weighted_mean(weights, rows) - mean)

    def gradient(self, layers: Layers, positive: Positive, sample: Sample) -> dict[str, Array]:
        """Return the difference of the phases' moments, relative to the offsets.

        ``gW = <(v - mu)(h - lambda)^T>_data - <...>_machine``, ``gb = <v>_data - <v>_machine``,
        ``gc`` likewise; of the logarithm of a precision q, ``-q/2`` times the difference of the
        mean squares of ``v - mu``.
        """
        # The same matrices for all updates: fresh memory costs as much as a product.
        gradient = self._difference(layers, positive, sample, self.gradient_of_weights)
        nothing = Positive(positive.v[:1], positive.h_means[:1], positive.h[:1], np.zeros(1))
        for part in sample.rest:
            more = self._difference(layers, nothing, part, self._buffer)
            for name, value in more.items():
                gradient[name] += value
        return gradient

    def _difference(
        self, layers: Layers, positive: Positive, sample: Sample, into: Array
    ) -> dict[str, Array]:
        """Return the difference of the phases' moments, that of the weights in a given matrix."""
        gb, gc = layers.moments(
            positive.v,
            positive.h_means,
            positive.weights,
            sample.v,
            sample.h_means,
            sample.weights,
            self.mu,
            self.lam,
            into,
        )
        gradient = {"weights": into, "visible_bias": gb, "hidden_bias": gc}
        if self.learned[0].any():
            squares = _mean_squares(positive, sample)
            q = self.rbm.visible_precision
            gradient["visible_precision"] = self._of_log(q, squares - 2 * self.mu * gb, 0)
        if self.learned[1].any():
            # The mean square of a Gaussian unit given the other layer is mean**2 + 1/q.
            d, m = (weighted_mean(x.weights, x.h_means**2) for x in (positive, sample))
            q = self.rbm.hidden_precision
            gradient["hidden_precision"] = self._of_log(q, d - m - 2 * self.lam * gc, 1)
        return gradient

    def _of_log(self, q: Array, squares: Array, side: int) -> Array:
        return np.where(self.learned[side], -q / 2 * squares, q.dtype.type(0))

    def scale(self, gradient: dict[str, Array]) -> dict[str, Array]:
        """Return a gradient, or a step, with respect to standardised coordinates."""
        if self.kind != "standardized":
            return gradient
        sv, sh = self.deviations()
        scales = {"weights": np.multiply.outer(sv, sh), "visible_bias": sv, "hidden_bias": sh}
        return gradient | {name: gradient[name] / scale for name, scale in scales.items()}

    def add(self, layers: Layers, steps: Steps) -> None:
        """Make steps: ``W += sW; b += sb - sW lambda; c += sc - sW^T mu``."""
        rbm, directions = self.rbm, self.scale(steps.directions)
        rate = rbm.weights.dtype.type(steps.rate)
        of_b, of_c = layers.ascend(
            rbm.weights, directions["weights"], steps.rate, self.mu, self.lam
        )
        rbm.visible_bias += rate * directions["visible_bias"] - of_b
        rbm.hidden_bias += rate * directions["hidden_bias"] - of_c
        if "visible_precision" in directions:
            step = rate * directions["visible_precision"]
            self._change(rbm.visible_precision, rbm.visible_bias, step, 0)
        if "hidden_precision" in directions:
            step = rate * directions["hidden_precision"]
            self._change(rbm.hidden_precision, rbm.hidden_bias, step, 1)

    def _change(self, q: Array, bias: Array, step: Array, side: int) -> None:
        """Multiply precisions; the offsets stay where the energy's square has its middle."""
        step = np.clip(step, -LARGEST_LOG_STEP, LARGEST_LOG_STEP)
        to = np.clip(q + q * np.expm1(step), *self.limits[side])
        change = np.where(self.learned[side], to - q, q.dtype.type(0))
        if not np.isfinite(change).all():
            raise OutOfBounds(f"{('visible', 'hidden')[side]}_precision is no longer finite")
        q += change
        bias += change * (self.mu, self.lam)[side]

    def deviations(self) -> tuple[Array, Array]:
        """Return the standard deviations of the units in the data phase, from below bounded."""
        found = []
        precisions = self.rbm.visible_precision, self.rbm.hidden_precision
        for mean, square, q in zip((self.mu, self.lam), self.mean_squares, precisions, strict=True):
            # Real units count in their own deviations.
            scale = np.where(q > 0, q, q.dtype.type(1))
            variance = scale * np.maximum(square - mean * mean, 0)
            floor = SMALLEST_VARIANCE * variance.mean()
            bounded = np.maximum(variance, floor) if floor > 0 else np.ones_like(mean)
            found.append(np.sqrt(bounded / scale))
        return found[0], found[1]

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        names = ("mu", "lam", "mean_squares", "started", "limits")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        for name, value in state.items():
            setattr(self, name, value)


def squares(layer: Layer, means: Array, draws: Array) -> Array:
    """Return squares of units in the mean, given their means and draws: of least noise."""
    result = draws * draws
    for units, columns in layer.parts():
        if isinstance(units, Binary | Categorical):
            result[:, columns] = means[:, columns]
    return result


def _mean_squares(positive: Positive, sample: Sample) -> Array:
    """Return the difference of the mean squares of visible units."""
    result = weighted_mean(positive.weights, positive.v**2) - weighted_mean(
        sample.weights, sample.v**2
    )
    if sample.v_variances is None:
        return result
    return result - sample.v_variances * result.dtype.type(sample.weights.sum())
