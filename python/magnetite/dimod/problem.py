"""From a binary quadratic model to an Ising model of ours, and from our states to samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dimod
import numpy as np
import numpy.typing as npt
from dimod.core.initialized import Initialized

from magnetite._checks import check_finite
from magnetite.models import Ising

__all__ = ["Problem"]

Clamp = tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]


@dataclass(frozen=True)
class Problem:
    """A binary quadratic model, the Ising model annealed for it, and where its reads start.

    Attributes
    ----------
    bqm : dimod.BinaryQuadraticModel
        The caller's model with float64 biases, in the caller's vartype.
    model : Ising
        The same in spins; its variable ``k`` is ``labels[k]``.
    labels : sequence of hashable
        The variables in the order in which a sequential sweep visits them.
    initial_states : ndarray of int8, shape (num_reads, num_variables)
        Spins.
    """

    bqm: dimod.BinaryQuadraticModel
    model: Ising
    labels: Sequence[Any]
    initial_states: npt.NDArray[np.int8]

    @classmethod
    def parse(
        cls, parser: Initialized, bqm: dimod.BinaryQuadraticModel, **states: Any
    ) -> "Problem":
        """Make the problem; `states` are the keywords of ``parser.parse_initial_states``.

        The order of the variables is that of the parsed initial states, as in D-Wave's sampler:
        sorted where the labels compare. There is no Python loop over the couplings.
        """
        exact = _checked(bqm)
        spin_bqm = dimod.as_bqm(exact, dimod.SPIN)
        starts = parser.parse_initial_states(_without_biases(spin_bqm), **states).initial_states
        spins = np.ascontiguousarray(starts.record.sample, dtype=np.int8)
        return cls(exact, _model(spin_bqm, starts.variables), starts.variables, spins)

    @classmethod
    def without_states(cls, bqm: dimod.BinaryQuadraticModel) -> "Problem":
        """Make the problem of a sampler that makes its own initial states."""
        exact = _checked(bqm)
        labels = list(exact.variables)
        spins = np.empty((0, len(labels)), dtype=np.int8)
        return cls(exact, _model(dimod.as_bqm(exact, dimod.SPIN), labels), labels, spins)

    def positions(self, clamp: Mapping[Any, int] | None) -> Clamp | None:
        """Return held variables as positions and spins in place of labels and own values."""
        if clamp is None:
            return None
        if not isinstance(clamp, Mapping):
            raise TypeError(f"clamp must be a dict {{label: value}}, got {type(clamp).__name__}")
        low, high = sorted(self.bqm.vartype.value)
        for label, value in clamp.items():
            if label not in self.labels:
                raise ValueError(f"clamp names {label!r}, which is no variable of the bqm")
            if value not in (low, high):
                raise ValueError(
                    f"clamp values must be {low} or {high}, got {value!r} for {label!r}"
                )
        sites = [self.labels.index(label) for label in clamp]
        spins = [1 if value == high else -1 for value in clamp.values()]
        return np.array(sites, dtype=np.int64), np.array(spins, dtype=np.int8)

    def sampleset(self, spins: npt.NDArray[np.int8], info: dict[str, Any]) -> dimod.SampleSet:
        """Label `spins`, give them the caller's values and the bqm's own energies."""
        states = (spins + 1) // 2 if self.bqm.vartype is dimod.BINARY else spins
        sampleset: dimod.SampleSet = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
            (states, self.labels),
            vartype=self.bqm.vartype,
            energy=self.bqm.energies((states, self.labels)),
            info=info,
        )
        return sampleset


def _checked(bqm: dimod.BinaryQuadraticModel) -> dimod.BinaryQuadraticModel:
    """Return the same model with float64 biases, which are finite."""
    exact = dimod.as_bqm(bqm, dtype=np.float64)
    _check_finite(exact)
    return exact


def _model(spin_bqm: dimod.BinaryQuadraticModel, labels: Sequence[Any]) -> Ising:
    vectors = spin_bqm.to_numpy_vectors(variable_order=labels, sort_indices=True)
    return Ising(tuple(vectors.quadratic), vectors.linear_biases, offset=float(vectors.offset))


def _without_biases(bqm: dimod.BinaryQuadraticModel) -> dimod.BinaryQuadraticModel:
    """Return a model of the same variables whose energies cost nothing to compute.

    `parse_initial_states` computes that of every initial state, which nobody looks at.
    """
    zeros, none = np.zeros(bqm.num_variables), np.empty(0, dtype=np.int64)
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        zeros, (none, none, np.empty(0)), 0.0, bqm.vartype, variable_order=list(bqm.variables)
    )


def _check_finite(bqm: dimod.BinaryQuadraticModel) -> None:
    labels = list(bqm.variables)
    vectors = bqm.to_numpy_vectors(variable_order=labels)
    linear, (rows, cols, quadratic) = vectors.linear_biases, vectors.quadratic
    check_finite("biases", linear, lambda k: f" for {labels[k]!r}")
    check_finite("biases", quadratic, lambda k: f" for {(labels[rows[k]], labels[cols[k]])!r}")
    check_finite("the offset", np.float64(vectors.offset))
