"""Where the learning of a conditional machine begins: at what conditions foretell linearly."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from magnetite.models.rbm import RBM
from magnetite.training.initial import begin_from_data
from magnetite.training.summary import summarise
from magnetite.units.continuous import Gaussian

if TYPE_CHECKING:
    from magnetite.relatives.conditioned import Conditioned

__all__ = ["begin_conditioned", "ridge_regression"]

Floats = NDArray[np.float64]


def ridge_regression(
    X: Floats, conditions: Floats, weights: Floats, ridge: float
) -> tuple[Floats, Floats, Floats]:
    """Return coefficients (p, n), means of the residuals (n,) and their variances (n,).

    What is added to the covariances of the conditions is `ridge` times their mean variance.
    """
    shares = weights / weights.sum()
    mean_u, mean_x = shares @ conditions, shares @ X
    about_u, about_x = conditions - mean_u, X - mean_x
    covariances = (shares * about_u.T) @ about_u
    added = ridge * np.trace(covariances) / len(covariances)
    if added == 0:
        return np.zeros((len(mean_u), len(mean_x))), mean_x, shares @ about_x**2
    covariances[np.diag_indices_from(covariances)] += added
    coefficients: Floats = np.linalg.solve(covariances, (shares * about_u.T) @ about_x)
    residuals = about_x - about_u @ coefficients
    return coefficients, mean_x - mean_u @ coefficients, shares @ residuals**2


def begin_conditioned(
    machine: "Conditioned", rows: Floats, weights: Floats, ridge: float | None, key: int
) -> None:
    """Set the parameters of a machine that was never trained; a trained one stays as it is.

    Those of the free units are what they are in the plain machine of the same data and key. Then
    Gaussian units follow the conditions by ridge regression (unless `ridge` is None), with the
    residuals' variances where variances are learnt.
    """
    if machine.weights.any():
        return
    n, m = machine.n_free
    plain = RBM(n, m, visible=machine.free[0].groups, hidden=machine.free[1].groups)
    plain = plain.astype(machine.dtype)
    X, conditions = rows[:, :n], rows[:, n:]
    begin_from_data(plain, summarise("X", iter([(0, X)]), weights), key)
    machine.take(plain)
    columns = [at for units, at in machine.free[0].parts() if isinstance(units, Gaussian)]
    if columns and ridge is not None:
        means = np.nanmean(X, axis=0)
        _follow(machine, np.where(np.isnan(X), means, X), conditions, weights, ridge, columns)


def _follow(
    machine: "Conditioned",
    X: Floats,
    conditions: Floats,
    weights: Floats,
    ridge: float,
    columns: list[slice],
) -> None:
    coefficients, offsets, variances = ridge_regression(X, conditions, weights, ridge)
    if not coefficients.any():
        return
    learned = machine.free[0].learned_precisions & (variances > 0)
    for at in columns:
        q = machine.visible_precision[at].astype(np.float64)
        q = np.where(learned[at], 1 / np.where(variances > 0, variances, 1)[at], q)
        machine.visible_precision[at] = q
        machine.A[:, at] = coefficients[:, at] * q
        machine.visible_bias[at] = offsets[at] * q
