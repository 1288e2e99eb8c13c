"""What a machine of ``[x | label]`` says of labels given data, and of data given labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite
from magnetite.class_law import ClassLaw
from magnetite.models.rbm import RBM
from magnetite.options import SeedLike, check_seed
from magnetite.training.discriminative import logits_of_rows
from magnetite.units.base import Array

__all__ = ["LabelLaw"]


class LabelLaw(ClassLaw):
    """The law of the label, and draws of labels and data; base of `ClassificationRBM`."""

    rbm: RBM
    """The machine of ``[x | label]``, which answers everything else."""

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
