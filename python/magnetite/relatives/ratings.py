"""Collaborative filtering: a machine with a softmax unit for every item that a user may rate."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from magnetite._checks import check_count, check_finite, check_flag, real_array
from magnetite.models.rbm import RBM
from magnetite.models.rbm_files import content_of_rbm, rbm_of_content
from magnetite.relatives.figures import RatingFigures, own_and
from magnetite.relatives.rating_data import Ratings
from magnetite.relatives.rating_predictions import RatingPredictions
from magnetite.stored import Stored
from magnetite.training.held import HeldCD, Rating
from magnetite.training.optimizers import Adam, Optimizer
from magnetite.training.penalties import L2, Penalty
from magnetite.training.result import TrainingResult
from magnetite.training.schedules import Cosine
from magnetite.units.base import Units

__all__ = ["RatingsRBM"]

Floats = NDArray[np.float64]

DEFAULT_OPTIMIZER = Adam(Cosine(0.005, begin=0.5))
DEFAULT_PENALTIES = (L2(0.01),)
"""Without a cost of weights a hundred hidden units learn by heart what few have rated."""

PRIOR_RATINGS = 5.0
"""Ratings as all items have them, that are added to an item's own where its biases begin."""


class RatingsRBM(RatingPredictions, Stored):
    """A restricted Boltzmann machine of users' ratings, for items that they have not rated.

    Every item has a softmax unit with as many states as there are ratings. The units of items that
    a user has not rated are absent: they send nothing to the hidden layer while the machine learns,
    and are not drawn either. So every user has a machine of their own, with weights that all share.

    Parameters
    ----------
    num_items : int
        Items that can be rated.
    n_hidden : int
        Hidden units: what tastes are made of.
    ratings : int or sequence of float
        How many ratings there are, 1 to 5 by default; or the ratings, rising.
    conditional : bool
        Whether the hidden layer is told, too, which items a user has rated, whatever the rating
        (the weights D of equation 8): by default it is not.
    dtype : "float32" (default) or "float64"
        Of the parameters.

    Attributes
    ----------
    rbm : RBM
        The machine: a column for each rating of each item, and a column for each item where the
        machine is conditional.
    num_items : int
        Items.
    ratings : ndarray of float64
        The ratings there are.
    conditional : bool
        Whether it knows what has been rated.

    Raises
    ------
    TypeError, ValueError
        Names argument, value and rule.

    References
    ----------
    Salakhutdinov, Mnih and Hinton, "Restricted Boltzmann machines for collaborative filtering",
    ICML (2007) 791.

    Examples
    --------
    Who likes one of the first two films likes the other, and so for the last two:

    >>> import numpy as np
    >>> import magnetite as mg
    >>> nan = np.nan
    >>> X = np.array([[5, 5, nan, 1], [5, 5, 1, nan], [1, nan, 5, 5], [nan, 1, 5, 5]] * 25)
    >>> machine = mg.RatingsRBM(4, 4)
    >>> run = machine.fit(X, optimizer=mg.Adam(0.05), epochs=100, batch_size=20, seed=1)
    >>> machine
    RatingsRBM(4 items, 4 hidden, ratings 1 to 5)
    >>> likes, dislikes = machine.predict([[5, nan, nan, nan]])[0, [1, 2]]
    >>> bool(likes > 4 and dislikes < 2)
    True
    """

    def __init__(
        self,
        num_items: int,
        n_hidden: int,
        *,
        ratings: int | Sequence[float] = 5,
        conditional: bool = False,
        dtype: DTypeLike = "float32",
    ) -> None:
        items, self._scale = check_count("num_items", num_items, 1, 31), _checked_scale(ratings)
        self.conditional, levels = check_flag("conditional", conditional), len(self._scale)
        groups: list[tuple[Units | str, int]] = [(Rating(levels), items * levels)]
        if conditional:
            groups.append(("binary", items))
        size = items * (levels + self.conditional)
        self.rbm = RBM(size, n_hidden, visible=groups, dtype=dtype)

    def __repr__(self) -> str:
        low, high = self._scale[[0, -1]]
        told = ", conditional" if self.conditional else ""
        return (
            f"{type(self).__name__}({self.num_items} items, {self.n_hidden} hidden, "
            f"ratings {low:g} to {high:g}{told})"
        )

    # Learning.

    def fit(
        self,
        X: Any,
        *,
        steps: int | Sequence[int] = (1, 3),
        optimizer: Optimizer = DEFAULT_OPTIMIZER,
        epochs: int = 50,
        batch_size: int = 50,
        penalties: Sequence[Penalty] = DEFAULT_PENALTIES,
        validation: Any = None,
        callbacks: Any = (),
        initial: str | None = "data",
        **options: Any,
    ) -> TrainingResult:
        """Learn from ratings, by contrastive divergence; the machine changes in place.

        A machine that has weights already goes on from them.

        Parameters
        ----------
        X : array_like, sparse matrix or Ratings, shape (users, num_items)
            The ratings: nan in an array, and nothing in a sparse matrix, where there is none.
        steps : int or sequence of int
            Block Gibbs steps of an update; of several numbers each holds for an equal part of the
            epochs: (1, 3) by default.
        optimizer : SGD, Adam or another `training.Optimizer`
            By default Adam with a rate of 0.005 that falls to zero in the second half.
        epochs, batch_size : int
            Passes over the users, 50 by default, and users of an update, 50 by default.
        penalties : list of Penalty
            What keeps weights small: ``training.L2(0.01)`` by default.
        validation : array_like, sparse matrix or Ratings, optional
            Ratings by the same users that are not learnt.
        initial : "data" (default) or None
            A machine without weights starts from small random ones, and from biases that are the
            logarithms of the shares of each item's ratings; None leaves parameters as they are.
        callbacks, **options
            As for `RBM.fit`, whose trainer this is: `seed`, `gradient`, `time_limit`, `checkpoint`
            and so on.

        Returns
        -------
        TrainingResult
            Its history has, instead of reconstruction error and pseudo-likelihood, "rmse": the root
            mean square error of ratings that the machine has been shown, of 1,000 users at most,
            and "validation_rmse", of ratings that it has not: for
            ``training.EarlyStopping("validation_rmse", mode="min")``.

        Raises
        ------
        TypeError, ValueError
            Before work starts: names argument, value and rule.

        Examples
        --------
        >>> import numpy as np
        >>> import magnetite as mg
        >>> X = [[5, np.nan, 1], [np.nan, 4, 2]]
        >>> run = mg.RatingsRBM(3, 2).fit(X, epochs=2, validation=[[np.nan, 4, np.nan]] * 2, seed=1)
        >>> sorted(name for name in run.history if "rmse" in name)
        ['rmse', 'validation_rmse']
        """
        if "negative" in options:
            raise TypeError("negative must be left out: chains are those of mg.CD, see steps")
        known = self._checked("X", X)
        if not len(known):
            raise ValueError("X must hold at least one rating, got none")
        num_epochs = check_count("epochs", epochs, 0)
        size = check_count("batch_size", batch_size, 1, bits=31)
        negative = _growing(steps, num_epochs * -(-known.shape[0] // size))
        users = self._encoded(known)
        own: list[Any] = [RatingFigures(users, self._parts(known, validation), self._scale)]
        if initial == "data" and not self.rbm.weights.any():
            own.append(_FirstBiases(self._first_biases(known)))
        return self.rbm.fit(
            users,
            negative=negative,
            optimizer=optimizer,
            epochs=num_epochs,
            batch_size=size,
            penalties=penalties,
            initial=initial,
            callbacks=own_and(own, callbacks),
            **options,
        )

    def _parts(self, known: Ratings, validation: Any) -> dict[str, Ratings]:
        if validation is None:
            return {"": known}
        held_out = self._checked("validation", validation)
        if held_out.shape != known.shape:
            raise ValueError(
                f"validation must have the shape of X, {known.shape}, got {held_out.shape}"
            )
        return {"": known, "validation_": held_out}

    def _first_biases(self, known: Ratings) -> Floats:
        """Return the logarithms of the shares of each item's ratings, of zero sum over them."""
        levels = self._levels(known)
        counts = np.zeros((self.num_items, len(self._scale)))
        np.add.at(counts, (known.items, levels), 1.0)
        # Half a rating of each kind keeps logarithms finite where nobody has given one.
        everyone = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * len(self._scale))
        logs = np.log(counts + PRIOR_RATINGS * everyone)
        biases: Floats = (logs - logs.mean(axis=1, keepdims=True)).ravel()
        return biases

    # Copies and files.

    def copy(self) -> Self:
        """Return a machine of its own with the same parameters.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RatingsRBM(3, 2, ratings=[0.5, 1.0, 1.5]).copy()
        RatingsRBM(3 items, 2 hidden, ratings 0.5 to 1.5)
        """
        return self._with(self.rbm.copy())

    def astype(self, dtype: DTypeLike) -> Self:
        """Return a copy whose parameters are "float32" or "float64".

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.RatingsRBM(3, 2).astype("float64").rbm.dtype
        dtype('float64')
        """
        return self._with(self.rbm.astype(dtype))

    def _with(self, rbm: RBM) -> Self:
        other = type(self).__new__(type(self))
        other.rbm, other._scale, other.conditional = rbm, self._scale, self.conditional
        return other

    def _content(self) -> dict[str, Any]:
        return {
            "rbm": content_of_rbm(self.rbm),
            "ratings": self.ratings,
            "conditional": self.conditional,
        }

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.rbm, made._scale = rbm_of_content(content["rbm"]), content["ratings"]
        made.conditional = content["conditional"]
        return made


class _FirstBiases:
    """A callback that gives a new machine the biases of its items, in place of the trainer's.

    Those count the users who have not rated an item as well.
    """

    def __init__(self, biases: Floats) -> None:
        self.biases = biases

    def start(self, rbm: RBM) -> None:
        rbm.visible_bias[...] = 0
        rbm.visible_bias[: len(self.biases)] = self.biases

    def __call__(self, progress: object) -> None:
        pass


def _checked_scale(ratings: int | Sequence[float]) -> Floats:
    """Return the ratings there are, rising."""
    if isinstance(ratings, int | np.integer):
        return np.arange(1.0, check_count("ratings", ratings, 2, bits=16) + 1)
    scale = real_array("ratings", ratings).copy()
    check_finite("ratings", scale)
    if scale.ndim != 1 or len(scale) < 2 or (np.diff(scale) <= 0).any():
        raise ValueError(f"ratings must be two numbers at least, rising, got {ratings!r}")
    return scale


def _growing(steps: int | Sequence[int], updates: int) -> HeldCD:
    """Return the negative phase whose steps each hold for an equal part of the updates."""
    counts = tuple(steps) if isinstance(steps, list | tuple) else (steps,)
    return HeldCD(counts, max(1, -(-updates // len(counts)) if counts else 1))
