"""Questions to a Boltzmann machine: states, and chances of units, given the values of others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from magnetite._checks import check_choice, check_count
from magnetite.diagnostics import split_r_hat
from magnetite.estimates import Estimate
from magnetite.inputs import FloatArray, Labels
from magnetite.options import SeedLike, check_threads
from magnetite.stored import Stored

if TYPE_CHECKING:
    from magnetite.models.boltzmann import BoltzmannMachine
    from magnetite.results import SampleResult
    from magnetite.starts import ClampLike

__all__ = ["Marginals", "marginals", "sample"]

METHODS = ("auto", "exact", "sampling")

QUICK_UNITS = 20
"""Units that are left free and summed over by default."""

MOST_R_HAT = 1.05
"""Of energies and units of chains that are believed to have met."""

NUM_DRAWS = 200
"""Draws of a chain that are kept to average over."""


@dataclass(frozen=True, eq=False, repr=False)
class Marginals(Stored):
    """Means of units given the values of others.

    Attributes
    ----------
    mean : ndarray of float64
        Mean (n,) of every unit; of bits, the chance to be on. What was given is there as well.
    error : ndarray of float64
        Standard errors (n,), from the spread of independent chains; 0 where exact.
    method : str
        "exact" or "sampling".
    reliable : bool
        Whether the chains agree with each other.
    reason : str
        Why not; empty when they do.
    variables : range or tuple
        Labels of the units.
    """

    mean: FloatArray
    error: FloatArray
    method: str
    reliable: bool
    reason: str
    variables: Labels

    def __getitem__(self, label: Any) -> Estimate:
        """Return the mean of one unit as an estimate."""
        try:
            at = self.variables.index(label)
        except ValueError:
            raise KeyError(label) from None
        value, error = float(self.mean[at]), float(self.error[at])
        bracket = (value - 2 * error, value + 2 * error)
        ess = float("inf") if error == 0 else float("nan")
        return Estimate(value, error, bracket, ess, self.reliable, self.reason)

    def __repr__(self) -> str:
        verdict = "" if self.reliable else f"; unreliable: {self.reason}"
        return f"<Marginals of {len(self.mean)} units by {self.method}{verdict}>"


def sample(
    machine: "BoltzmannMachine", given: "ClampLike" = None, **options: Any
) -> "SampleResult":
    """Draw states of the machine, some units held at given values.

    Parameters
    ----------
    given : dict or pair of arrays, optional
        ``{label: value}``, or (positions, values).
    **options
        As for `magnetite.sample`, without its `clamp`.

    Returns
    -------
    SampleResult

    Raises
    ------
    TypeError, ValueError
        If a value is none that the unit can take, a label is unknown, or one unit is given two
        values.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({("rain", "wet"): 4.0}, {"rain": -1.0, "wet": -2.0})
    >>> result = machine.sample({"wet": 1}, num_chains=3, num_sweeps=5, seed=1)
    >>> result.states[:, 1].tolist()
    [1, 1, 1]
    """
    from magnetite.sample import sample as draw
    from magnetite.starts import check_clamp

    if "clamp" in options:
        raise TypeError("clamp must be left out: name what is held in given")
    check_clamp(machine, given, "given")
    return draw(machine, clamp=given, **({"kernel": "gibbs"} | options))


def marginals(
    machine: "BoltzmannMachine",
    given: "ClampLike" = None,
    *,
    method: str = "auto",
    num_chains: int = 64,
    num_sweeps: int = 2000,
    seed: SeedLike = None,
    num_threads: int | None = None,
) -> Marginals:
    """Return the mean of every unit given the values of some, with error bars.

    Parameters
    ----------
    given : dict or pair of arrays, optional
        ``{label: value}``, or (positions, values).
    method : "auto" (default), "exact" or "sampling"
        "exact": `magnetite.exact`, which "auto" takes up to 20 units that are not given.
    num_chains, num_sweeps : int, default 64 and 2000
        Of Gibbs sampling; as many sweeps go before. Standard errors are from the spread of the
        chains, so that they hold however slowly these mix, once they have met.
    seed, num_threads
        As for `magnetite.sample`.

    Returns
    -------
    Marginals
        ``marginals[label]`` is an `Estimate`.

    Raises
    ------
    TypeError, ValueError
        As `sample`.

    Examples
    --------
    >>> import magnetite as mg
    >>> machine = mg.BoltzmannMachine({("rain", "wet"): 4.0}, {"rain": -1.0, "wet": -2.0})
    >>> print(machine.marginals({"wet": 1})["rain"])  # 1 / (1 + exp(-3))
    0.952574 +- 0
    """
    from magnetite.exact import exact
    from magnetite.starts import check_clamp

    chosen = check_choice("method", method, METHODS)
    chains = check_count("num_chains", num_chains, 2, bits=31)
    sweeps = check_count("num_sweeps", num_sweeps, 4, bits=31)
    held = check_clamp(machine, given, "given")
    threads = check_threads(num_threads)
    num_free = machine.num_variables - held.sites.size
    if chosen == "exact" or (chosen == "auto" and num_free <= QUICK_UNITS):
        mean = exact(machine, clamp=given, num_threads=threads).mean
        nothing = np.zeros(len(mean))
        return Marginals(mean, nothing, "exact", True, "", machine.variables)
    result = sample(
        machine,
        given,
        num_chains=chains,
        num_sweeps=sweeps,
        warmup=sweeps,
        thin=max(1, sweeps // NUM_DRAWS),
        store_states=True,
        moments=False,
        seed=seed,
        num_threads=threads,
    )
    means = result.draws.mean(axis=1, dtype=np.float64)
    error = means.std(axis=0, ddof=1) / np.sqrt(chains)
    # A unit that never turned may still do so: one draw in all that there are.
    least = 1 / result.draws.shape[0] / result.draws.shape[1]
    error = np.where(np.isin(np.arange(len(error)), held.sites), 0.0, np.maximum(error, least))
    # Of the energies alone, chains in modes of like energies would seem to agree.
    units = np.moveaxis(result.draws, 2, 0)
    r_hat = max(split_r_hat(unit, rank_normalised=False) for unit in (result.energies, *units))
    reason = (
        ""
        if r_hat <= MOST_R_HAT
        else f"chains disagree (split R-hat {r_hat:.3g}): take more num_sweeps"
    )
    return Marginals(means.mean(axis=0), error, "sampling", not reason, reason, machine.variables)
