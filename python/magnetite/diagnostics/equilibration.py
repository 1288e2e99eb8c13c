"""Whether a replica exchange run has reached equilibrium: tests, values and a plain verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_count, check_real, index_vector
from magnetite.diagnostics._bins import (
    MIN_DRAWS,
    NUM_COMPARED,
    Binned,
    Differences,
    bin_draws,
    chance_r_hat,
    disagreements,
    drifts,
    groups,
    normal_bound,
    own_changes,
    r_hats,
)
from magnetite.diagnostics._series import as_betas, as_ladders, check_positive
from magnetite.estimates import Estimates

NO_MOMENTS: Mapping[str, ArrayLike] = MappingProxyType({})


@dataclass(frozen=True)
class Verdict:
    """Whether a run is equilibrated, and if not, why.

    Attributes
    ----------
    equilibrated : bool
        True when no test speaks against it.
    reasons : tuple of str
        What speaks against it, the weightiest first; empty when nothing does.

    Examples
    --------
    >>> from magnetite.diagnostics import Verdict
    >>> print(Verdict(True, ()))
    equilibrated: yes
    >>> print(Verdict(False, ("ladder 1 has made 2 round trips, fewer than 10",)))
    equilibrated: no, because ladder 1 has made 2 round trips, fewer than 10
    """

    equilibrated: bool
    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.equilibrated

    def __str__(self) -> str:
        if self.equilibrated:
            return "equilibrated: yes"
        return "equilibrated: no, because " + "; and ".join(self.reasons)


@dataclass(frozen=True, eq=False)
class Equilibration:
    """What the tests of `equilibration` found, rung by rung.

    Attributes
    ----------
    verdict : Verdict
        Yes, or no and why.
    betas : ndarray of float64
        Betas (num_rungs,) of the ladder.
    bin_edges : ndarray of int64
        Draws (num_bins + 1,) of a ladder where the logarithmic bins begin and end: each bin is as
        long as all before it, and the last is half of the run.
    bin_means, bin_errors : ndarray of float64
        Mean energies (num_rungs, num_bins) of the bins over all ladders, and the standard errors
        that they would have in equilibrium.
    drift : Estimates
        Per rung, the mean energy of the last half less that of the quarter or the eighth before
        it, whichever is further off in errors.
    moment_drifts : dict of str to Estimates
        The same for each of the moments that were given; refused where they have too few draws.
    disagreement : Estimates
        Per rung, the mean energy (last 7/8 of the draws) of the ladder that is furthest off in
        errors, less that of the others; refused with one ladder.
    autocorrelation_time : Estimates
        Integrated autocorrelation times of the energies of a ladder, in its draws, per rung, from
        the ladders' deviations from their own means.
    r_hat : ndarray of float64
        Rank-normalised split R-hat (num_rungs,) of the ladders' energies.
    ess : ndarray of float64
        Effective sample size (num_rungs,) of the energies of one ladder.
    round_trips : ndarray of int64 or None
        Round trips of each ladder, when they were given.
    """

    verdict: Verdict
    betas: NDArray[np.float64]
    bin_edges: NDArray[np.int64]
    bin_means: NDArray[np.float64]
    bin_errors: NDArray[np.float64]
    drift: Estimates
    moment_drifts: dict[str, Estimates]
    disagreement: Estimates
    autocorrelation_time: Estimates
    r_hat: NDArray[np.float64]
    ess: NDArray[np.float64]
    round_trips: NDArray[np.int64] | None

    def __str__(self) -> str:
        return str(self.verdict)


def equilibration(
    energies: ArrayLike,
    betas: ArrayLike,
    *,
    moments: Mapping[str, ArrayLike] = NO_MOMENTS,
    round_trips: ArrayLike | None = None,
    coupled: bool = False,
    min_round_trips: int = 10,
    min_ess: float = 100.0,
    max_r_hat: float = 1.01,
    significance: float = 0.01,
) -> Equilibration:
    """Test whether independent ladders of replica exchange have reached equilibrium.

    The run is equilibrated when, at every rung,

    * its hot end forgets: ladders begin at beta = 0, or the energies of each change at least
      `min_ess` times otherwise than by changing places;
    * the energy, and each moment, averaged over the last half of the draws agrees with that over
      the quarter and over the eighth before (bins of doubling length, as in Katzgraber, Palassini
      and Young, Phys. Rev. B 63 (2001) 184422);
    * the ladders agree with each other, both in their mean energies (the difference draw by draw
      is on average 0 within its own error) and in split R-hat;
    * each ladder's energies are worth `min_ess` independent draws within two errors; and
    * each ladder has made `min_round_trips`, where they are given.

    Differences are measured in their standard errors, which allow for autocorrelation inside the
    bins and, by Student's law, for how well these are known themselves. All tests of one kind
    share `significance` evenly (Bonferroni): a run that is in equilibrium is refused by one of a
    kind with that probability at most, however many rungs it has. R-hat must exceed `max_r_hat`
    and what chance allows at this effective sample size.

    No test can see states that no ladder has found. Ladders that start apart, round trips, and
    longer runs make it unlikely that there are any. Replicas that never leave their states pass
    for independent draws of them, and travel all the same between rungs of equal energy: hence
    the first test, which refuses also what is truly constant, such as ground states alone.

    Parameters
    ----------
    energies : array_like
        Shape (num_ladders, num_rungs, num_draws); what follows the first nan of any replica (draws
        not reached) is left out.
    betas : array_like
        Betas (num_rungs,) of the ladder, ascending.
    moments : mapping of str to array_like, optional
        Series of other quantities by name, each (num_series, num_rungs, num_draws): moments of the
        overlaps between ladders, for one. Draws may be means of blocks of equal length, at least
        64 of them for the test to be sharp.
    round_trips : array_like of int, optional
        Round trips (num_ladders,) of each ladder, all its replicas together.
    coupled : bool, default False
        Whether cluster moves couple ladders 0 and 1, 2 and 3, .., so that each pair counts as one
        in errors; with an odd number, all ladders count as one.
    min_round_trips : int, default 10
        The least number of round trips of a ladder.
    min_ess : float, default 100
        The least effective sample size of a ladder at any rung.
    max_r_hat : float, default 1.01
        R-hat up to here is never refused (Vehtari et al. 2021).
    significance : float, default 0.01
        Probability that tests of one kind refuse a run in equilibrium.

    Returns
    -------
    Equilibration
        The verdict, and every number it rests on.

    Raises
    ------
    ValueError
        If a shape does not fit, betas do not ascend, or numbers are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from magnetite.diagnostics import equilibration
    >>> draws = np.random.default_rng(1).normal(size=(2, 3, 2000))
    >>> print(equilibration(draws, [0.5, 1.0, 2.0]))
    equilibrated: yes
    >>> draws[:, 2] += 2 * np.exp(-np.arange(2000) / 500)
    >>> print(equilibration(draws, [0.5, 1.0, 2.0]))
    equilibrated: no, because the energy at beta = 2 still drifts
    (by -0.791 +- 0.079 from draws 250-499 to 1000-1999)...
    """
    betas = as_betas(betas)
    array = as_ladders("energies", energies, betas)
    significance = check_real("significance", significance)
    if not 0 < significance < 1:
        raise ValueError(f"significance must be between 0 and 1, got {significance}")
    check_positive("min_ess", min_ess)
    check_positive("max_r_hat", max_r_hat)
    check_count("min_round_trips", min_round_trips)
    trips = None if round_trips is None else index_vector("round_trips", round_trips)
    if trips is not None and trips.size != len(array):
        raise ValueError(f"round_trips must be {len(array)}, one a ladder, got {trips.size}")
    # The mean of a group sees what its ladders have in common.
    series = {"energy": groups(array, coupled).mean(axis=1) if coupled else array}
    for name, draws in moments.items():
        series[name] = as_ladders(f"moments[{name!r}]", draws, betas)
    short = {
        name: f"the {name} has {draws.shape[2]} draws of the {MIN_DRAWS} that it takes to tell"
        for name, draws in series.items()
        if draws.shape[2] < MIN_DRAWS
    }
    if "energy" in short:
        return _unknown(short["energy"], betas, trips, list(moments))
    binned = {name: bin_draws(draws) for name, draws in series.items() if name not in short}
    energy = bin_draws(array) if coupled else binned["energy"]
    ess = array.shape[2] / (2 * energy.tau)
    r_hat = r_hats(array)
    # Means of ladders of a pair that trade energy are up to twice as far apart, in squares.
    least_ess = ess / (1 + 2 * energy.noise) / (2 if coupled else 1)
    chance = chance_r_hat(least_ess, len(array), array.shape[2], significance / (2 * betas.size))
    moved = {name: drifts(each) for name, each in binned.items()}
    apart = disagreements(array) if len(array) > 1 else None
    reasons = [
        *_frozen_reasons(betas, own_changes(array, coupled), array.shape[2], min_ess),
        *_short_reasons(betas, energy, ess, min_ess),
        *_drift_reasons(betas, moved, binned, significance),
        *_ladder_reasons(betas, apart, significance),
        *_r_hat_reasons(betas, r_hat, np.maximum(chance, max_r_hat)),
        *_trip_reasons(trips, min_round_trips),
        *short.values(),
    ]
    rows = {name: _row(differences, ess * len(array)) for name, differences in moved.items()}
    rows |= {name: _refused(betas, reason) for name, reason in short.items()}
    return Equilibration(
        verdict=Verdict(not reasons, tuple(reasons)),
        betas=betas,
        bin_edges=energy.edges,
        bin_means=energy.means.mean(axis=0),
        bin_errors=binned["energy"].errors(energy.lengths) / np.sqrt(len(series["energy"])),
        drift=rows.pop("energy"),
        moment_drifts=rows,
        disagreement=_refused(betas, "one ladder has no other to agree with")
        if apart is None
        else _row(apart, ess),
        autocorrelation_time=_times_row(energy, ess * len(array)),
        r_hat=r_hat,
        ess=ess,
        round_trips=trips,
    )


def _row(differences: Differences, ess: NDArray[np.float64]) -> Estimates:
    """Return the worst test of each rung."""
    at = (differences.worst, np.arange(differences.worst.size))
    return Estimates(differences.value[at], differences.error[at], ess, ("",) * ess.size)


def _times_row(binned: Binned, ess: NDArray[np.float64]) -> Estimates:
    reasons = ("" if found else "the bins are too short to see it" for found in binned.found)
    return Estimates(binned.tau, binned.tau * binned.noise, ess, tuple(reasons))


def _refused(betas: NDArray[np.float64], reason: str) -> Estimates:
    nothing = np.full(betas.size, np.nan)
    return Estimates(nothing, nothing, np.zeros(betas.size), (reason,) * betas.size)


def _unknown(
    reason: str, betas: NDArray[np.float64], trips: NDArray[np.int64] | None, names: list[str]
) -> Equilibration:
    """Return the refusal of a run that is too short for any test."""
    nothing = _refused(betas, reason)
    return Equilibration(
        verdict=Verdict(False, (reason,)),
        betas=betas,
        bin_edges=np.zeros(1, np.int64),
        bin_means=np.empty((betas.size, 0)),
        bin_errors=np.empty((betas.size, 0)),
        drift=nothing,
        moment_drifts=dict.fromkeys(names, nothing),
        disagreement=nothing,
        autocorrelation_time=nothing,
        r_hat=nothing.value,
        ess=nothing.ess,
        round_trips=trips,
    )


def _more(failed: NDArray[np.bool_]) -> str:
    """Say at how many other rungs it fails as well."""
    others = int(failed.sum()) - 1
    return "" if others < 1 else f", and so at {others} other rung{'s' if others > 1 else ''}"


def _frozen_reasons(
    betas: NDArray[np.float64], changes: NDArray[np.int64], num_draws: int, least: float
) -> Iterator[str]:
    if betas[0] > 0 and changes.min() < least:
        yield (
            f"the energies change {changes.min()} times in {num_draws} draws but by changing "
            f"places, fewer than {least:.4g}: whether replicas forget at beta = {betas[0]:.4g}, "
            "the hot end, cannot be told (begin at a smaller beta)"
        )


def _short_reasons(
    betas: NDArray[np.float64], binned: Binned, ess: NDArray[np.float64], least: float
) -> Iterator[str]:
    # Of many rungs the noisiest would always seem worth less: two errors are allowed for.
    failed = (ess * (1 + 2 * binned.noise) < least) | ~binned.found
    if failed.any():
        k = int(np.where(failed, ess, np.inf).argmin())
        yield (
            f"the energy at beta = {betas[k]:.4g} is worth only {ess[k]:.3g} independent draws a "
            f"ladder, fewer than {least:.4g} (its autocorrelation time is "
            f"{binned.tau[k]:.3g} draws){_more(failed)}"
        )


def _drift_reasons(
    betas: NDArray[np.float64],
    moved: Mapping[str, Differences],
    binned: Mapping[str, Binned],
    significance: float,
) -> Iterator[str]:
    num_tests = sum(differences.score.size for differences in moved.values())
    bound = normal_bound(num_tests, significance)
    for name, differences in moved.items():
        worst = np.abs(differences.score).max(axis=0)
        failed = worst > bound
        if failed.any():
            k = int(worst.argmax())
            test = int(differences.worst[k])
            edges = binned[name].edges
            begin = len(edges) - 1 - NUM_COMPARED + 1 + test
            yield (
                f"the {name} at beta = {betas[k]:.4g} still drifts (by "
                f"{differences.value[test, k]:.3g} +- {differences.error[test, k]:.2g} from draws "
                f"{edges[begin - 1]}-{edges[begin] - 1} to {edges[-2]}-{edges[-1] - 1})"
                f"{_more(failed)}"
            )


def _ladder_reasons(
    betas: NDArray[np.float64], apart: Differences | None, significance: float
) -> Iterator[str]:
    if apart is None:
        return
    worst = np.abs(apart.score).max(axis=0)
    failed = worst > normal_bound(apart.score.size, significance)
    if failed.any():
        k = int(worst.argmax())
        ladder = int(apart.worst[k])
        yield (
            f"the energy at beta = {betas[k]:.4g} of ladder {ladder} differs from that of the "
            f"other{'s' if len(apart.score) > 1 else ''} (by {apart.value[ladder, k]:.3g} +- "
            f"{apart.error[ladder, k]:.2g}){_more(failed)}"
        )


def _r_hat_reasons(
    betas: NDArray[np.float64], r_hat: NDArray[np.float64], bounds: NDArray[np.float64]
) -> Iterator[str]:
    failed = r_hat > bounds
    if failed.any():
        k = int(np.where(failed, r_hat / bounds, 0).argmax())
        yield (
            f"split R-hat of the energy at beta = {betas[k]:.4g} is {r_hat[k]:.4g}, more than "
            f"{bounds[k]:.4g}{_more(failed)}"
        )


def _trip_reasons(trips: NDArray[np.int64] | None, least: int) -> Iterator[str]:
    if trips is not None and trips.size and trips.min() < least:
        ladder = int(trips.argmin())
        plural = "" if trips[ladder] == 1 else "s"
        yield f"ladder {ladder} has made {trips[ladder]} round trip{plural}, fewer than {least}"
