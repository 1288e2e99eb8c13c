"""What a machine of ``[x | label]`` says of labels given data, and of data given labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite
from magnetite.calibration import check_temperature, fit_temperature, softmax
from magnetite.labels import Labels
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed
from magnetite.training.discriminative import logits_of_rows
from magnetite.units.base import Array

__all__ = ["LabelLaw"]


class LabelLaw:
    """Predictions, their temperature, and draws; base of `ClassificationRBM`."""

    rbm: RBM
    """The machine of ``[x | label]``, which answers everything else."""

    temperature: float
    """What `predict_proba` divides the logits by: 1 until `calibrate` finds a better one."""

    _labels: Labels

    @property
    def classes(self) -> NDArray[Any]:
        """The labels, in the order of the columns of `predict_proba`."""
        return self._labels.names.copy()

    @property
    def n_visible(self) -> int:
        """Columns of the data."""
        return self.rbm.n_visible - len(self._labels)

    @property
    def n_hidden(self) -> int:
        """Hidden units."""
        return self.rbm.n_hidden

    def logits(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Return ``ln p(label | x)`` but for a constant of each row.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_visible)
            The data; means of units (chances instead of bits) are taken too.
        num_threads : int, optional
            As for `magnetite.sample`; the result does not depend on it.

        Returns
        -------
        ndarray of float64, shape (rows, classes)

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(2, 3, classes=2)
        >>> machine.rbm.visible_bias[-2:] = [1.0, 0.0]
        >>> logits = machine.logits([[0, 1]])
        >>> float((logits[0, 0] - logits[0, 1]).round(6))
        1.0
        """
        x = self.rbm._matrix("X", X, self.n_visible)
        check_finite("X", x)
        rows = np.concatenate([x, np.zeros((len(x), len(self._labels)), x.dtype)], axis=1)
        layers = self.rbm.layers(num_threads)
        return logits_of_rows(layers, self.rbm.pair.lasting(), rows, len(self._labels))

    def predict_proba(
        self,
        X: ArrayLike,
        *,
        temperature: float | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Return the chances of the classes given data.

        Parameters
        ----------
        X : array_like or sparse matrix, shape (rows, n_visible)
            The data.
        temperature : float, optional
            What logits are divided by: 1 for the machine's own law, and more for chances nearer to
            each other. What `calibrate` found by default, 1 before.
        num_threads : int, optional
            As for `logits`.

        Returns
        -------
        ndarray of float64, shape (rows, classes)
            Columns in the order of `classes`.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(2, 3, classes=["a", "b", "c"])
        >>> machine.predict_proba([[0, 1]]).round(4)
        array([[0.3333, 0.3333, 0.3333]])
        """
        t = check_temperature(self.temperature if temperature is None else temperature)
        return softmax(self.logits(X, num_threads=num_threads) / t)

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Return the likeliest class of every row.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(2, 3, classes=["no", "yes"])
        >>> machine.rbm.visible_bias[-1] = 1.0
        >>> machine.predict([[0, 0], [1, 1]]).tolist()
        ['yes', 'yes']
        """
        return self._labels.named(self.logits(X, num_threads=num_threads).argmax(axis=1))

    def score(self, X: ArrayLike, y: ArrayLike, *, num_threads: int | None = None) -> float:
        """Return the share of rows whose likeliest class is their label.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(1, 1, classes=2)
        >>> machine.rbm.visible_bias[-1] = 1.0
        >>> machine.score([[0], [1], [1], [0]], [1, 1, 1, 0])
        0.75
        """
        x, numbers = self._with_labels(X, y)
        return float((self.logits(x, num_threads=num_threads).argmax(axis=1) == numbers).mean())

    def calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> float:
        """Find the temperature at which held-out labels are likeliest, and keep it.

        Chances are then as often right as they say; the likeliest classes stay what they are.

        Parameters
        ----------
        X : array_like, shape (rows, n_visible)
            Data that were not learnt.
        y : array_like, shape (rows,)
            Their labels.
        sample_weight : array_like, shape (rows,), optional
            What every row counts.
        num_threads : int, optional
            As for `logits`.

        Returns
        -------
        float
            The temperature, see `magnetite.calibration.fit_temperature`; `temperature` from now on.

        Raises
        ------
        ValueError
            If no temperature is the best one: where the machine is right about every row, the
            lower the better; where it is no better than guessing, the higher. The temperature
            stays what it was.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(1, 1, classes=2)
        >>> machine.rbm.visible_bias[-1] = 4.0
        >>> temperature = machine.calibrate([[0], [1], [1], [0]], [1, 1, 1, 0])
        >>> machine.predict_proba([[1]]).round(4)  # three of four were right
        array([[0.25, 0.75]])
        """
        x, numbers = self._with_labels(X, y)
        logits = self.logits(x, num_threads=num_threads)
        self.temperature = fit_temperature(logits, numbers, sample_weight=sample_weight)
        return self.temperature

    def _with_labels(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
        """Return at least one row of data, and the numbers of their labels."""
        x = self.rbm._matrix("X", X, self.n_visible)
        if not len(x):
            raise ValueError("X must have at least one row, got none")
        return x, self._labels.numbers("y", y, len(x))

    # Draws.

    def sample_labels(
        self, X: ArrayLike, *, seed: SeedLike = None, num_threads: int | None = None
    ) -> NDArray[Any]:
        """Return a label for every row, drawn from the machine's law given the data.

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(1, 1, classes=["heads", "tails"])
        >>> drawn = machine.sample_labels([[0]] * 1000, seed=1)
        >>> bool(abs((drawn == "heads").mean() - 0.5) < 0.05)
        True
        """
        below = self.predict_proba(X, temperature=1.0, num_threads=num_threads).cumsum(axis=1)
        u = np.random.default_rng(check_seed(seed).key).random((len(below), 1))
        return self._labels.named((u >= below[:, :-1]).sum(axis=1))

    def generate(
        self,
        y: ArrayLike,
        *,
        num_steps: int = 1000,
        seed: SeedLike = None,
        num_threads: int | None = None,
    ) -> Array:
        """Return data drawn given labels, by block Gibbs chains that hold the label.

        Only a machine that has learnt the data can do that: not by `training.Discriminative`.

        Parameters
        ----------
        y : array_like, shape (rows,)
            A class for every row that is wanted.
        num_steps : int
            Steps from a start that knows the biases alone, 1,000 by default.
        seed, num_threads
            As for `magnetite.sample`; the result does not depend on the number of threads.

        Returns
        -------
        ndarray, shape (rows, n_visible)

        Examples
        --------
        >>> import magnetite as mg
        >>> machine = mg.ClassificationRBM(2, 1, classes=["off", "on"])
        >>> machine.rbm.weights[:] = [[20], [20], [-10], [10]]
        >>> machine.rbm.visible_bias[:2] = -10
        >>> machine.generate(["on", "off"], num_steps=10, seed=1).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
        """
        labels = self._one_hot("y", y)
        if not len(labels):
            raise ValueError("y must hold at least one label, got none")
        start, run = np.random.SeedSequence(check_seed(seed).key).spawn(2)
        v = self.rbm.sample(len(labels), num_steps=0, seed=start, num_threads=num_threads)
        v[:, self.n_visible :] = labels
        held = np.arange(v.shape[1]) >= self.n_visible
        drawn, _ = self.rbm.gibbs(
            v, num_steps=num_steps, clamp=held, seed=run, num_threads=num_threads
        )
        return drawn[:, : self.n_visible].copy()

    def _one_hot(self, name: str, y: Any, rows: int | None = None) -> Array:
        numbers = self._labels.numbers(name, y, rows)
        return np.eye(len(self._labels), dtype=self.rbm.dtype)[numbers]
