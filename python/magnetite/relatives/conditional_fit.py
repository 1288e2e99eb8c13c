"""Methods of `ConditionalRBM` that learn, from where conditions foretell linearly."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_flag, check_real, check_weights
from magnetite.models.bipartite import PARAMETERS
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed
from magnetite.relatives.conditioned import Conditioned
from magnetite.relatives.history import stack_history
from magnetite.training.fit import fit as train
from magnetite.training.initial import begin_from_data
from magnetite.training.learn import DEFAULT_OPTIMIZER
from magnetite.training.negatives import CD
from magnetite.training.optimizers import Optimizer
from magnetite.training.plan import Keys
from magnetite.training.result import TrainingResult
from magnetite.training.summary import summarise
from magnetite.units.continuous import Gaussian

if TYPE_CHECKING:
    from magnetite.relatives.conditional import ConditionalRBM

__all__ = ["fit", "fit_series", "ridge_regression"]

Floats = NDArray[np.float64]

DEFAULT_NEGATIVE = CD()


def fit(
    self: "ConditionalRBM",
    X: ArrayLike,
    *,
    conditions: ArrayLike,
    optimizer: Optimizer = DEFAULT_OPTIMIZER,
    negative: CD = DEFAULT_NEGATIVE,
    initial: str | None = "data",
    ridge: float | None = 1e-3,
    sample_weight: ArrayLike | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    seed: SeedLike = None,
    resume: bool = False,
    **options: Any,
) -> TrainingResult:
    """Learn ``p(v | u)`` from rows and their conditions; the trainer is that of `RBM.fit`.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, n_visible)
        Visible states, nan where a value is missing.
    conditions : array_like or sparse matrix, shape (rows, n_condition)
        Finite numbers; of about unit scale, they learn best.
    optimizer, sample_weight, seed, resume, **options
        As for `RBM.fit`; `callbacks` see the joint machine of ``[v | u]`` and ``[h | u]``.
    negative : CD
        Contrastive divergence, whose chains start at each row and hold its conditions.
        Persistent chains would hold those of other rows, and are refused.
    initial : "data" (default) or None
        A machine without weights starts as `RBM.fit` starts one. Its Gaussian units also follow
        the conditions by ridge regression from the beginning, and where variances are
        learnt, they begin with those of its residuals.
    ridge : float or None
        Of that regression: what is added to the conditions' covariances, in parts of their mean
        variance. With None there is no regression, and A starts at zero.
    validation : (X, conditions), optional
        Rows that are not learnt, whose "validation_prediction_error" is in the history.

    Returns
    -------
    TrainingResult
        Its history has the mean squares of "reconstruction_error", of v given hidden means that
        have seen v, and of "prediction_error", of v given u by mean field.

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value and rule.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> u = np.linspace(-1, 1, 100)[:, None]
    >>> model = mg.ConditionalRBM(1, 2, n_condition=1, visible="gaussian")
    >>> model.fit(3 * u + 1, conditions=u, epochs=2, seed=1)
    TrainingResult(2 epochs, 2 updates, completed)
    >>> model.predict([[0.0], [1.0]]).round(1).tolist()
    [[1.0], [4.0]]
    """
    if not isinstance(negative, CD):
        raise TypeError(
            "negative must be mg.CD(steps), whose chains hold the conditions of their rows, "
            f"got {negative!r}"
        )
    if initial not in ("data", None):
        raise ValueError(f"initial must be 'data' or None, got {initial!r}")
    if ridge is not None and not 0 < check_real("ridge", ridge) < np.inf:
        raise ValueError(f"ridge must be positive and finite, or None, got {ridge!r}")
    means = check_flag("means", options.get("means", False))
    rows = self._joint(X, conditions, missing=True, means=means)
    held_out = None
    if validation is not None:
        if not (isinstance(validation, tuple | list) and len(validation) == 2):
            raise TypeError("validation must be a pair (X, conditions)")
        held_out = self._joint(*validation, name="validation", missing=True, means=means)
    known, counts = check_seed(seed), check_weights("sample_weight", sample_weight, len(rows))
    before = {name: getattr(self._machine, name).copy() for name in PARAMETERS}
    path = options.get("checkpoint")
    goes_on = resume and path is not None and Path(path).exists()
    if initial == "data":
        key = Keys.of(known).initial
        _begin(self._machine, rows.astype(np.float64), counts, ridge, key)
    try:
        return train(
            cast(RBM, self._machine),
            rows,
            optimizer=optimizer,
            negative=negative,
            initial=None,
            sample_weight=sample_weight,
            validation=held_out,
            seed=None if seed is None and goes_on else known.replay,
            resume=resume,
            **options,
        )
    except (TypeError, ValueError) as error:
        if not hasattr(error, "result"):  # options that are refused leave the machine alone
            for name, values in before.items():
                getattr(self._machine, name)[...] = values
        raise


def fit_series(
    self: "ConditionalRBM", series: ArrayLike | Sequence[ArrayLike], **options: Any
) -> TrainingResult:
    """Learn each frame given those before it; `order` says how many.

    Parameters
    ----------
    series : array_like, shape (frames, n_visible), or list of such
        One series, or several.
    **options
        As for `fit`, but `validation` is a series, too.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> series = np.sin(np.arange(300) / 5)[:, None]
    >>> model = mg.ConditionalRBM(1, 2, order=2, visible="gaussian")
    >>> _ = model.fit_series(series, epochs=5, seed=1)
    >>> frames, past = mg.relatives.stack_history(series, 2)
    >>> bool(np.abs(model.predict(past) - frames).max() < 0.05)
    True
    """
    X, conditions = stack_history(series, self._past())
    if X.shape[1] != self.n_visible:
        raise ValueError(f"series must have {self.n_visible} columns, got {X.shape[1]}")
    if options.get("validation") is not None:
        options["validation"] = stack_history(options["validation"], self._past())
    return self.fit(X, conditions=conditions, **options)


# Where learning begins.


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


def _begin(
    machine: Conditioned, rows: Floats, weights: Floats, ridge: float | None, key: int
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
    machine: Conditioned,
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
