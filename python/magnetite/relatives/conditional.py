"""The conditional restricted Boltzmann machine: biases that follow covariates, or the past."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from magnetite._checks import check_count, check_finite
from magnetite.models.rbm import RBM
from magnetite.models.rbm_files import content_of_rbm, rbm_of_content
from magnetite.relatives.conditional_draws import predict, simulate
from magnetite.relatives.conditional_fit import fit, fit_series
from magnetite.relatives.conditional_scores import log_likelihood, log_probabilities
from magnetite.relatives.conditioned import Conditioned
from magnetite.stored import Stored
from magnetite.units.base import Array
from magnetite.units.layer import LayerLike

__all__ = ["ConditionalRBM"]

Floats = NDArray[np.float64]


class ConditionalRBM(Stored):
    """A machine whose biases follow conditions u: other data of each row, or the past of a series.

    ``E(v, h | u) = -v^T W h - (b + A^T u)^T v - (c + B^T u)^T h`` plus each unit's own terms. It is
    a distribution of v and h for every u, which `given` gives as an `RBM`; conditions themselves
    have no distribution.

    Parameters
    ----------
    n_visible, n_hidden : int
        Columns of the two layers.
    n_condition : int, optional
        Columns of the conditions u.
    order : int, optional
        Instead: frames of the past that are the conditions, each of n_visible columns.
    visible, hidden : str, Units, or list of (str or Units, int)
        The kinds of units, as for `RBM`: binary by default.
    dtype : "float32" (default) or "float64"
        Of the parameters, and of all work with them. Energies are always float64.

    Raises
    ------
    TypeError, ValueError
        If a number is none, or not exactly one of `n_condition` and `order` is given.

    References
    ----------
    Taylor, Hinton and Roweis, "Modeling human motion using binary latent variables", NIPS 19 (2006)
    1345.

    Examples
    --------
    A bit that is the same as its condition, most of the time:

    >>> import numpy as np
    >>> import magnetite as mg
    >>> u = np.tile([[0.0], [1.0]], (100, 1))
    >>> v = np.where(np.arange(200)[:, None] % 10 == 0, 1 - u, u)
    >>> model = mg.ConditionalRBM(1, 2, n_condition=1)
    >>> model
    ConditionalRBM(1 binary, 2 binary, 1 condition)
    >>> _ = model.fit(v, conditions=u, epochs=100, optimizer=mg.SGD(0.1), seed=1)
    >>> chances = model.predict([[0.0], [1.0]])
    >>> bool(chances[0, 0] < 0.35), bool(chances[1, 0] > 0.85)
    (True, True)
    """

    def __init__(
        self,
        n_visible: int,
        n_hidden: int,
        *,
        n_condition: int | None = None,
        order: int | None = None,
        visible: LayerLike = "binary",
        hidden: LayerLike = "binary",
        dtype: DTypeLike = "float32",
    ) -> None:
        if (n_condition is None) == (order is None):
            raise ValueError(
                "n_condition or order must be given, and not both, got "
                f"n_condition={n_condition!r} and order={order!r}"
            )
        n = check_count("n_visible", n_visible, 1, bits=31)
        m = check_count("n_hidden", n_hidden, 1, bits=31)
        self._order = None if order is None else check_count("order", order, 1, bits=31)
        columns = n * self._order if self._order else n_condition
        p = check_count("n_condition", columns, 1, bits=31)
        self._machine = Conditioned(n, m, p, visible=visible, hidden=hidden, dtype=dtype)

    def __repr__(self) -> str:
        visible, hidden = (layer.describe() for layer in self._machine.free)
        p = self.n_condition
        of = f"{p} condition{'s' * (p > 1)}" if self.order is None else f"order {self.order}"
        return f"ConditionalRBM({visible}, {hidden}, {of})"

    @property
    def n_visible(self) -> int:
        """Columns of the visible layer."""
        return self._machine.n_free[0]

    @property
    def n_hidden(self) -> int:
        """Columns of the hidden layer."""
        return self._machine.n_free[1]

    @property
    def n_condition(self) -> int:
        """Columns of the conditions."""
        return self._machine.n_condition

    @property
    def order(self) -> int | None:
        """Frames of the past that are the conditions; None where these are other data."""
        return self._order

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self._machine.dtype

    @property
    def weights(self) -> Array:
        """W, shape (n_visible, n_hidden); no copy."""
        return self._machine.W

    @property
    def visible_bias(self) -> Array:
        """b, shape (n_visible,); no copy."""
        return self._machine.visible_bias[: self.n_visible]

    @property
    def hidden_bias(self) -> Array:
        """c, shape (n_hidden,); no copy."""
        return self._machine.hidden_bias[: self.n_hidden]

    @property
    def visible_precision(self) -> Array:
        """Precisions of the visible units, 0 for discrete ones; no copy."""
        return self._machine.visible_precision[: self.n_visible]

    @property
    def condition_to_visible(self) -> Array:
        """A, shape (n_condition, n_visible): dynamic biases are ``b + A^T u``; no copy."""
        return self._machine.A

    @property
    def condition_to_hidden(self) -> Array:
        """B, shape (n_condition, n_hidden): dynamic biases are ``c + B^T u``; no copy."""
        return self._machine.B

    fit = fit
    fit_series = fit_series

    # Checked rows.

    def _past(self) -> int:
        if self._order is None:
            raise ValueError("order must be given to learn or to simulate series, got None")
        return self._order

    def _conditions(self, conditions: ArrayLike, name: str = "conditions") -> Array:
        given = self._matrix(name, conditions, self.n_condition)
        check_finite(name, given)
        return given

    def _matrix(self, name: str, value: Any, columns: int) -> Array:
        """Return a matrix of the model's dtype; what that cannot hold becomes infinite."""
        with np.errstate(over="ignore"):
            return self._machine._matrix(name, value, columns)

    def _joint(
        self,
        X: ArrayLike,
        conditions: ArrayLike,
        *,
        name: str = "X",
        missing: bool = False,
        means: bool = False,
    ) -> Array:
        """Return checked rows ``[v | u]``."""
        given, v = self._conditions(conditions), self._matrix(name, X, self.n_visible)
        if not len(v) or len(v) != len(given):
            raise ValueError(
                f"{name} and conditions must have as many rows, at least one, got {len(v)} and "
                f"{len(given)}"
            )
        self._machine.free[0].check(name, v, missing=missing, means=means)
        return np.concatenate([v, given], axis=1)

    # What the machine says.

    def given(self, condition: ArrayLike) -> RBM:
        """Return the machine ``p(v, h | u)`` of one condition, with the parameters of now.

        All that machines can do it does: `RBM.gibbs`, `RBM.log_partition` and so on.

        Parameters
        ----------
        condition : array_like, shape (n_condition,)
            u.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ConditionalRBM(2, 1, n_condition=1)
        >>> model.condition_to_visible[:] = [[1.0, -1.0]]
        >>> model.given([3.0]).visible_bias
        array([ 3., -3.], dtype=float32)
        """
        u = self._conditions(condition, "condition")
        if len(u) != 1:
            raise ValueError(f"condition must have shape ({self.n_condition},), got {u.shape}")
        machine, (n, m) = self._machine, self._machine.n_free
        return RBM(
            n,
            m,
            visible=machine.free[0].groups,
            hidden=machine.free[1].groups,
            weights=machine.W,
            visible_bias=machine.visible_bias[:n] + np.einsum("p,pi->i", u[0], machine.A),
            hidden_bias=machine.hidden_bias[:m] + np.einsum("p,pj->j", u[0], machine.B),
            visible_precision=machine.visible_precision[:n],
            hidden_precision=machine.hidden_precision[:m],
            dtype=self.dtype,
        )

    def free_energy(self, X: ArrayLike, conditions: ArrayLike) -> Floats:
        """Return ``F(v | u) = -ln sum_h exp(-E(v, h | u))`` of every row, float64.

        ``p(v | u) ~ exp(-F)``, with another log Z for every u.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ConditionalRBM(1, 1, n_condition=1)
        >>> model.condition_to_visible[:] = 2.0
        >>> model.free_energy([[1], [1]], [[0.0], [1.0]]).round(4)  # -ln 2 - 2 u
        array([-0.6931, -2.6931])
        """
        return self._machine.free_energy(self._joint(X, conditions))

    def hidden_means(self, X: ArrayLike, conditions: ArrayLike) -> Array:
        """Return the means of the hidden units given rows, shape (rows, n_hidden).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ConditionalRBM(1, 1, n_condition=1).hidden_means([[1]], [[5.0]]).tolist()
        [[0.5]]
        """
        means = self._machine.hidden_means(self._joint(X, conditions))
        return np.ascontiguousarray(means[:, : self.n_hidden])

    predict = predict
    simulate = simulate
    log_probabilities = log_probabilities
    log_likelihood = log_likelihood

    # Copies and files.

    def copy(self) -> Self:
        """Return a model of its own with the same parameters; what trainings left is not kept.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.ConditionalRBM(3, 2, order=2)
        >>> other = model.copy()
        >>> other.weights[:] = 1
        >>> float(model.weights.max())
        0.0
        """
        return self.astype(self.dtype)

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64".

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.ConditionalRBM(3, 2, order=2).astype("float64").weights.dtype
        dtype('float64')
        """
        plain = self.given(np.zeros(self.n_condition)).astype(dtype)
        return self._from_archive(self._content() | {"machine": content_of_rbm(plain)})

    def _content(self) -> dict[str, Any]:
        return {
            "machine": content_of_rbm(self.given(np.zeros(self.n_condition))),
            "condition_to_visible": self.condition_to_visible,
            "condition_to_hidden": self.condition_to_hidden,
            "order": self.order,
        }

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        plain, A = rbm_of_content(content["machine"]), content["condition_to_visible"]
        order = content["order"]
        model = cls(
            plain.n_visible,
            plain.n_hidden,
            visible=plain.visible.groups,
            hidden=plain.hidden.groups,
            dtype=plain.dtype,
            n_condition=len(A) if order is None else None,
            order=order,
        )
        model._machine.take(plain)
        model.condition_to_visible[...] = A
        model.condition_to_hidden[...] = content["condition_to_hidden"]
        return model
