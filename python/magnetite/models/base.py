"""What all models share: values, labels, energies, objectives, pickling, the way to dimod."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from magnetite._core import Ising as CoreIsing
from magnetite.inputs import FloatArray, Labels
from magnetite.models.assemble import core_of_polynomial
from magnetite.models.polynomial import Polynomial

if TYPE_CHECKING:
    from magnetite.models.ising import Ising
    from magnetite.models.qubo import Qubo

__all__ = ["BITS", "SPINS", "Model"]

SPINS = (-1, 1)
BITS = (0, 1)

Sense = Literal["minimise", "maximise"]


class Model:
    """An energy over `num_variables` two-valued variables; base of all models.

    Models never change once made, can be shared between threads, and pickle. States are int8
    arrays of shape (n,) or (k, n), in the model's own `values` and in the order of `variables`.

    Examples
    --------
    >>> import magnetite as mg
    >>> model = mg.Qubo({("a", "a"): -1.0, ("a", "b"): 2.0})
    >>> model.variables, model.values, model.sense
    (('a', 'b'), (0, 1), 'minimise')
    """

    __slots__ = ("__weakref__", "_bits", "_core", "_variables")

    default_kernel: ClassVar[str] = "metropolis"  # the transition rule, where none is given

    _core: CoreIsing
    _variables: Labels
    # Linear terms and constant of the energy of bits, as they were given; None for spins. The
    # core's fields and offset alone would give them back only to rounding.
    _bits: tuple[FloatArray, float] | None

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} is a base: use one of the models")

    @classmethod
    def _assemble(
        cls, core: CoreIsing, variables: Labels, bits: tuple[FloatArray, float] | None = None
    ) -> Self:
        model = cls.__new__(cls)
        model._set(core, variables, bits)
        return model

    def _set(
        self, core: CoreIsing, variables: Labels, bits: tuple[FloatArray, float] | None = None
    ) -> None:
        self._core, self._variables, self._bits = core, variables, bits

    @property
    def core(self) -> CoreIsing:
        """The compiled model: the same energy as a function of spins."""
        return self._core

    @property
    def num_variables(self) -> int:
        """Number of variables."""
        return len(self._variables)

    @property
    def variables(self) -> Labels:
        """Labels of the variables, in the order of a state's columns."""
        return self._variables

    @property
    def values(self) -> tuple[int, int]:
        """The two values of a variable: (-1, 1) or (0, 1)."""
        return SPINS if self._bits is None else BITS

    @property
    def sense(self) -> Sense:
        """Whether `objective` is to be made small or large."""
        return "minimise"

    @property
    def objective_name(self) -> str:
        """What `objective` is called: "energy", "cut" or "value"."""
        return "energy"

    def to_spins(self, states: npt.ArrayLike, *, name: str = "states") -> npt.NDArray[np.int8]:
        """Return states as spins -1 and +1.

        Parameters
        ----------
        states : array_like, shape (n,) or (k, n)
            States in the model's own values, of any real type.
        name : str
            What messages call them.

        Returns
        -------
        ndarray of int8, shape (k, n)
            C-contiguous; k = 1 for a single state.

        Raises
        ------
        TypeError, ValueError
            If the shape does not fit the model, or if there are other values than its own.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Qubo([[1.0, 2.0], [0.0, 1.0]]).to_spins([0, 1])
        array([[-1,  1]], dtype=int8)
        """
        array = np.asarray(states)
        n = self.num_variables
        if array.ndim not in (1, 2) or array.shape[-1] != n:
            raise ValueError(f"{name} must have shape ({n},) or (k, {n}), got {array.shape}")
        if array.size and array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}")
        low, high = self.values
        up = array == high
        wrong = ~(up | (array == low))
        if wrong.any():
            place = tuple(int(axis[0]) for axis in np.nonzero(wrong))
            index = place[0] if len(place) == 1 else place
            raise ValueError(
                f"{name} must hold {low} or {high}, got {array[place]} at index {index}"
            )
        spins = np.ascontiguousarray(up).view(np.int8) * np.int8(2) - np.int8(1)
        return spins.reshape(1 if array.ndim == 1 else array.shape[0], n)

    def from_spins(self, spins: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Return spins as states in the model's own values.

        Parameters
        ----------
        spins : array_like of -1 and +1, any shape

        Returns
        -------
        ndarray of int8, the same shape

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Qubo([[1.0, 2.0], [0.0, 1.0]]).from_spins([-1, 1])
        array([0, 1], dtype=int8)
        """
        if self.values == SPINS:
            return np.array(spins, np.int8)
        return np.asarray(np.asarray(spins) > 0).view(np.int8)

    def energies(self, states: npt.ArrayLike) -> Any:
        """Return the energy of each state, from the float64 coefficients, offset included.

        Parameters
        ----------
        states : array_like, shape (k, n) or (n,)
            States in the model's own values.

        Returns
        -------
        ndarray of float64, shape (k,), or float
            A float for a single state.

        Raises
        ------
        TypeError, ValueError
            As `to_spins`.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.Ising({("a", "b"): 1.0}, {"b": 0.5})
        >>> model.energies([[1, 1], [1, -1]]).tolist()
        [1.5, -1.5]
        """
        array = np.asarray(states)
        energies = self._core.energies(self.to_spins(array))
        return float(energies[0]) if array.ndim == 1 else energies

    def objective(self, states: npt.ArrayLike) -> Any:
        """Return what the problem asks to minimise or maximise (`sense`), in its own sign.

        Parameters
        ----------
        states : array_like, shape (k, n) or (n,)
            States in the model's own values.

        Returns
        -------
        ndarray of float64, shape (k,), or float
            The energies, unless the problem is one of maximisation; a float for a single state.

        Raises
        ------
        TypeError, ValueError
            As `to_spins`.

        Examples
        --------
        >>> import magnetite as mg
        >>> model = mg.maxcut({(0, 1): 1.0, (1, 2): 1.0})
        >>> model.objective([[1, -1, 1], [1, 1, 1]]).tolist()
        [2.0, 0.0]
        """
        return self.energy_to_objective(self.energies(states))

    def energy_to_objective(self, energy: Any) -> Any:
        """Return the objective of states that have this energy (a number or an array).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.maxcut({(0, 1): 1.0, (1, 2): 1.0}).energy_to_objective(-2.0)
        2.0
        """
        return energy

    def objective_to_energy(self, objective: Any) -> Any:
        """Return the energy of states that have this objective (a number or an array).

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.maxcut({(0, 1): 1.0, (1, 2): 1.0}).objective_to_energy(2.0)
        -2.0
        """
        return objective

    def beta_range(self) -> tuple[float, float]:
        """Return D-Wave's default range of inverse temperatures, hot end first.

        At the first beta the most strongly bound spin still flips against its field with
        probability 1/2; at the last, the expected number of the most weakly bound spins that are
        excited is 0.01. (0.1, 1.0) for a model without couplings and fields.

        Examples
        --------
        >>> import magnetite as mg
        >>> first, last = mg.Ising({(0, 1): 2.0, (1, 2): 2.0}).beta_range()
        >>> round(first, 4), round(last, 4)
        (0.0866, 1.4259)
        """
        hot, cold = self._core.beta_range()
        return float(hot), float(cold)

    def annealing_range(self) -> tuple[float, float]:
        """Return the range of inverse temperatures that `anneal` takes by default, hot end first.

        ``[0.5 / median(sigma), min(14 / quantile(sigma, 0.1), cold / 2)]``, where
        ``sigma_i**2 = h_i**2 + sum_j J_ij**2`` measures the field of a site among random spins and
        ``cold`` is the last of `beta_range`. It scales with the couplings and does not hang on the
        smallest of them. (0.1, 1.0) for a model without couplings and fields.

        Examples
        --------
        >>> import magnetite as mg
        >>> first, last = mg.Ising({(0, 1): 2.0, (1, 2): 2.0}).annealing_range()
        >>> round(first, 4), round(last, 4)
        (0.25, 0.713)
        """
        hot, cold = self._core.annealing_range()
        return float(hot), float(cold)

    def polynomial(self) -> Polynomial:
        """Return the energy's coefficients, for variables in the model's own values.

        Examples
        --------
        >>> import magnetite as mg
        >>> energy = mg.Qubo([[1.0, 2.0], [3.0, 4.0]]).polynomial()
        >>> energy.weights.tolist(), energy.linear.tolist()
        ([5.0], [1.0, 4.0])
        """
        rows, cols, weights = self._core.edges()
        if self._bits is None:
            return Polynomial(rows, cols, weights, self._core.fields(), self._core.offset)
        linear, offset = self._bits
        return Polynomial(rows, cols, weights * 4, linear.copy(), offset)

    def to_ising(self) -> "Ising":
        """Return an `Ising` model of the same energy, with ``s = 2 x - 1`` for bits.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Qubo([[-1.0, 2.0], [0.0, -1.0]]).to_ising().energies([-1, 1])
        -1.0
        """
        from magnetite.models.ising import Ising

        return Ising._assemble(self._core, self._variables)

    def to_qubo(self) -> "Qubo":
        """Return a `Qubo` of the same energy, to be minimised, with ``x = (1 + s) / 2`` for spins.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Ising({(0, 1): 1.0}).to_qubo().energies([0, 1])
        -1.0
        """
        from magnetite.models.qubo import Qubo

        bits = self._bits
        if bits is None:
            energy = self.polynomial().in_bits()
            bits = energy.linear, energy.offset
        return Qubo._assemble(self._core, self._variables, bits)

    def to_bqm(self) -> Any:
        """Return the energy as a ``dimod.BinaryQuadraticModel`` with the same labels.

        Examples
        --------
        >>> import magnetite as mg
        >>> mg.Ising({("a", "b"): 1.0}).to_bqm().quadratic
        {('b', 'a'): 1.0}
        """
        import dimod

        energy = self.polynomial()
        return dimod.BinaryQuadraticModel.from_numpy_vectors(
            energy.linear,
            (energy.rows, energy.cols, energy.weights),
            energy.offset,
            dimod.SPIN if self._bits is None else dimod.BINARY,
            variable_order=list(self._variables),
        )

    @classmethod
    def from_bqm(cls, bqm: Any) -> "Model":
        """Return a BQM as a model: an `Ising` or a `Qubo` by its vartype.

        On a subclass, return a model of that class; the BQM is converted where it must be.

        Parameters
        ----------
        bqm : dimod.BinaryQuadraticModel
            Labels are kept, in sorted order where they compare.

        Raises
        ------
        ValueError
            If a bias is not finite.

        Examples
        --------
        >>> import dimod
        >>> from magnetite.models import Ising, Model
        >>> bqm = dimod.BinaryQuadraticModel({"x": -1.0}, {("x", "y"): 2.0}, 0.5, "BINARY")
        >>> Model.from_bqm(bqm)
        Qubo(2 variables, 1 coupling, density 1)
        >>> Ising.from_bqm(bqm).energies([1, -1])
        -0.5
        """
        from magnetite.models.ising import Ising
        from magnetite.models.qubo import Qubo

        return Qubo(bqm) if bqm.vartype.name == "BINARY" else Ising(bqm)

    def __repr__(self) -> str:
        n, m = self.num_variables, self._core.num_couplings
        density = m / (n * (n - 1) / 2) if n > 1 else 0.0
        return (
            f"{type(self).__name__}({n} variable{'' if n == 1 else 's'}, "
            f"{m} coupling{'' if m == 1 else 's'}, density {density:.3g})"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = {slot: getattr(self, slot) for slot in self._all_slots()}
        core = state.pop("_core")
        return state | {"edges": core.edges(), "fields": core.fields(), "offset": core.offset}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for slot in self._all_slots() - {"_core"}:
            setattr(self, slot, state[slot])
        rows, cols, weights = state["edges"]
        spins = Polynomial(rows, cols, weights, state["fields"], state["offset"])
        self._core = core_of_polynomial(spins)

    @classmethod
    def _all_slots(cls) -> set[str]:
        slots = {slot for base in cls.__mro__ for slot in getattr(base, "__slots__", ())}
        return slots - {"__weakref__"}
