"""Free energies and thermodynamic curves from all rungs of a ladder together."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from magnetite._checks import check_finite, check_real
from magnetite.diagnostics._mbar import Levels, Solution, hessian, inefficiencies, solve, sort_draws
from magnetite.diagnostics._series import Array, as_betas, wide_errors
from magnetite.diagnostics.integration import as_draws, thermodynamic_integration
from magnetite.estimates import Estimate, Estimates
from magnetite.thermodynamics import Thermodynamics

# What neighbouring rungs must share for log Z to pass between them (Klimovich, Shirts and Mobley,
# J. Comput. Aided Mol. Des. 29 (2015) 397).
MIN_OVERLAP = 0.03
# Fewer independent draws than these cannot stand for the law at a beta, or beyond the ladder at 0,
# where the few that lie furthest out would decide.
MIN_ESS = 20.0
MIN_ESS_AT_ZERO = 100.0
# Betas treated at once, for the memory's sake.
CHUNK = 32


@dataclass(frozen=True, eq=False, repr=False)
class Reweighting:
    """Draws of all rungs of a ladder, joined to one estimate of the density of states.

    Made by `reweighting`.

    Attributes
    ----------
    betas : ndarray of float64
        Betas (num_rungs,) of the ladder.
    log_num_states : float
        log Z at beta = 0: n log 2 for n free spins.
    log_z_ratios : Estimates
        log Z at every rung less that at the first.
    overlap : ndarray of float64
        Shape (num_rungs, num_rungs): the probability that a draw of the row's rung could as well be
        one of the column's. Rows sum to 1.
    min_overlap : float
        The smallest overlap of neighbours; 1 for one rung. Below 0.03 nothing passes between them.
    ess : ndarray of float64
        Independent draws (num_rungs,) that the draws of a rung are worth.
    """

    betas: NDArray[np.float64]
    log_num_states: float
    log_z_ratios: Estimates
    overlap: NDArray[np.float64]
    min_overlap: float
    ess: NDArray[np.float64]
    _levels: Levels = field(repr=False)
    _solution: Solution = field(repr=False)
    _responses: NDArray[np.float64] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"<Reweighting: {self.betas.size} rungs from beta = {self.betas[0]:.4g} to "
            f"{self.betas[-1]:.4g}; least overlap {self.min_overlap:.2g}>"
        )

    def thermodynamics(self, betas: ArrayLike) -> Thermodynamics:
        """Return log Z, energy, entropy, free energy and heat capacity at any betas of the ladder.

        Means at beta are ``<A> = sum_n w_n A_n``, with weights ``w_n`` proportional to ``exp(-beta
        E_n) / sum_k N_k exp(f_k - beta_k E_n)`` over all draws (Shirts and Chodera 2008, eqs. 13
        to 15). Errors are the spread, over blocks of draws in time, of each block's influence on
        the value, its influence on the f_k included.

        Parameters
        ----------
        betas : array_like
            Betas (n,) from 0 to the largest of the ladder.

        Returns
        -------
        Thermodynamics
            Estimates (n,) of each; what is refused is nan, with its reason. log Z may be out of
            reach where energies are not.

        Raises
        ------
        ValueError
            If a beta is negative, or larger than those of the ladder.
        """
        wanted = self._checked(betas)
        parts = [self._chunk(wanted[i : i + CHUNK]) for i in range(0, wanted.size, CHUNK)]
        whole = np.concatenate(parts, axis=1) if parts else np.empty((9, 0))
        log_z, log_z_error, energy, energy_error, entropy_error, capacity, capacity_error = whole[
            :7
        ]
        ess, ess_at_zero = whole[7:]
        few, absolute = self._reasons(wanted, ess, ess_at_zero)
        warm = wanted > 0
        divisor = np.where(warm, wanted, 1.0)
        free_energy = np.where(warm, -log_z / divisor, -np.inf)
        free_energy_error = np.where(warm, log_z_error / divisor, 0.0)
        return Thermodynamics(
            betas=wanted,
            log_z=_refusing(log_z, log_z_error, ess, absolute),
            energy=_refusing(energy, energy_error, ess, few),
            entropy=_refusing(log_z + wanted * energy, entropy_error, ess, absolute),
            free_energy=_refusing(free_energy, free_energy_error, ess, absolute),
            heat_capacity=_refusing(capacity, capacity_error, ess, few),
        )

    def log_z(self, beta: float) -> Estimate:
        """Estimate log Z at one beta of the ladder; see `thermodynamics`."""
        return self.thermodynamics([check_real("beta", beta)]).log_z[0]

    def _checked(self, betas: ArrayLike) -> Array:
        wanted = np.atleast_1d(np.asarray(betas, np.float64))
        check_finite("betas", wanted)
        outside = (wanted < 0) | (wanted > self.betas[-1])
        if wanted.ndim != 1 or outside.any():
            if wanted.ndim != 1:
                raise ValueError(f"betas must be a vector, got shape {wanted.shape}")
            k = int(outside.argmax())
            raise ValueError(
                f"betas must be from 0 to {self.betas[-1]:.6g}, the largest of the ladder, "
                f"got {wanted[k]:.6g} at index {k}"
            )
        return wanted

    def _reasons(
        self, wanted: Array, ess: Array, ess_at_zero: Array
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Say at each beta why means are refused, and why log Z is."""
        few, absolute = [], []
        for beta, size, hot in zip(wanted, ess, ess_at_zero, strict=True):
            above = min(int(np.searchsorted(self.betas, beta)), self.betas.size - 1)
            few.append("")
            absolute.append(self.log_z_ratios.reasons[above])
            if hot < MIN_ESS_AT_ZERO:
                absolute[-1] = (
                    f"the ladder begins at beta = {self.betas[0]:.4g}, too cold to tell log Z at "
                    f"0: its draws are worth {hot:.2g} there, and {MIN_ESS_AT_ZERO:g} are needed"
                )
            if size < MIN_ESS:
                few[-1] = absolute[-1] = (
                    f"the draws are worth {size:.2g} independent ones at beta = {beta:.4g}, and "
                    f"{MIN_ESS:g} are needed"
                )
        return tuple(few), tuple(absolute)

    def _chunk(self, wanted: Array) -> Array:
        """Return the nine rows that `thermodynamics` takes apart, for a few betas."""
        levels, solution = self._levels, self._solution
        with_zero = np.append(wanted, 0.0)
        draws = levels.draws
        exponents = -np.outer(levels.energies, with_zero) - solution.log_mixture[:, None]
        top = exponents.max(axis=0)
        weights = np.exp(exponents - top)
        sums = draws @ weights
        weights /= sums
        share = draws[:, None] * weights
        energy = levels.energies @ share
        distance = levels.energies[:, None] - energy
        variance = (share * distance**2).sum(axis=0)
        influence = [
            self._influence(weights * moment, share * moment)
            for moment in (np.ones_like(distance), distance, distance**2 - variance)
        ]
        influence[0] -= (levels.lengths / levels.per_rung)[:, None]
        on_log_z = (influence[0] - influence[0][..., -1:])[..., :-1]
        on_energy, on_variance = (each[..., :-1] for each in influence[1:])
        on_all = [on_log_z, on_energy, on_log_z + wanted * on_energy, wanted**2 * on_variance]
        errors = [self._error(each) for each in on_all]
        log_z = top + np.log(sums)
        # Kish's number of draws of equal weight, of which 2 tau are worth one.
        inefficiency = levels.per_rung / np.interp(with_zero, self.betas, self.ess)
        ess = 1 / (share * weights).sum(axis=0) / inefficiency
        return np.array(
            [
                self.log_num_states + log_z[:-1] - log_z[-1] - wanted * levels.reference,
                errors[0],
                energy[:-1] + levels.reference,
                errors[1],
                errors[2],
                wanted**2 * variance[:-1],
                errors[3],
                ess[:-1],
                np.full(wanted.size, ess[-1]),
            ]
        )

    def _influence(self, per_draw: Array, share: Array) -> Array:
        """Return what each block (num_ladders, num_blocks) adds to a weighted mean (n,)."""
        through_f = share.T @ self._solution.shares
        added: Array = self._levels.blocks @ per_draw - self._responses @ through_f.T
        return added

    def _error(self, influence: Array) -> Array:
        num_ladders, num_blocks, _ = influence.shape
        scale = num_ladders * num_blocks
        return wide_errors(scale * influence, np.full(num_ladders, num_blocks))


def _refusing(value: Array, error: Array, ess: Array, reasons: tuple[str, ...]) -> Estimates:
    """Return estimates that are nan where there is a reason."""
    refused = np.array([np.nan if reason else 0.0 for reason in reasons])
    return Estimates(value + refused, error + refused, ess, reasons)


def reweighting(energies: ArrayLike, betas: ArrayLike, *, log_num_states: float) -> Reweighting:
    """Join the energies of all rungs of replica exchange by multistate reweighting (MBAR).

    Free energies ``f_k = -log Z(beta_k)`` solve ``Z_k = sum_n exp(-beta_k E_n) / sum_l N_l exp(f_l
    - beta_l E_n)`` over the draws of all rungs (Shirts and Chodera, J. Chem. Phys. 129 (2008)
    124105, eq. 11; the multi-histogram equations of Ferrenberg and Swendsen 1989). Every draw
    counts the same: weights by autocorrelation times gained nothing on replica exchange, and bias
    energies where these times rest on few events.

    Errors allow for correlations in time and between rungs, which replicas that wander along the
    ladder carry: the influence of each block of draws (all rungs at once) on every result is summed
    as a series in time.

    Parameters
    ----------
    energies : array_like
        Shape (num_ladders, num_rungs, num_draws), of at least 16 draws; what follows the first nan
        of any replica (draws not reached) is left out. Draws that precede equilibrium bias all
        results; leave them out.
    betas : array_like
        Betas (num_rungs,) of the ladder, ascending.
    log_num_states : float
        log Z at beta = 0: ``n * log(2)`` for n free spins. If the ladder begins at a beta above 0,
        log Z is carried there by reweighting, and refused where the draws do not reach so far.

    Returns
    -------
    Reweighting
        Ratios of Z, overlaps, and curves at any beta by its `thermodynamics`.

    Raises
    ------
    ValueError
        If a shape does not fit, betas do not ascend, or numbers are not finite.

    Examples
    --------
    Energies of 100 independent spins in a field of 1, where ``Z = (2 cosh(beta))^100``:

    >>> import numpy as np
    >>> from magnetite.diagnostics import reweighting
    >>> betas = np.linspace(0, 1, 9)
    >>> up = 1 / (1 + np.exp(-2 * betas[:, None]))
    >>> energies = 100 - 2 * np.random.default_rng(1).binomial(100, up, size=(2, 9, 4000))
    >>> joined = reweighting(energies, betas, log_num_states=100 * np.log(2))
    >>> curves = joined.thermodynamics([0.3, 0.7])
    >>> exact = 100 * np.log(2 * np.cosh([0.3, 0.7]))
    >>> bool((abs(curves.log_z.value - exact) < 4 * curves.log_z.error).all())
    True
    >>> joined.min_overlap > 0.1
    True
    """
    betas = as_betas(betas)
    array = as_draws(energies, betas)
    log_num_states = check_real("log_num_states", log_num_states)
    check_finite("log_num_states", np.float64(log_num_states))
    levels = sort_draws(array, betas)
    inefficiency = inefficiencies(array)
    start = -thermodynamic_integration(array, betas).log_z_ratios.value - betas * levels.reference
    solution = solve(levels, betas, start)
    overlap = (solution.shares * levels.draws[:, None]).T @ solution.shares / levels.per_rung
    ess = levels.per_rung / inefficiency
    responses = _responses(levels, solution)
    scale = responses.shape[0] * responses.shape[1]
    errors = wide_errors(scale * responses, np.full(len(responses), responses.shape[1]))
    neighbours = np.minimum(np.diag(overlap, 1), np.diag(overlap, -1))
    reasons = _ratio_reasons(betas, neighbours, solution.converged)
    ratios = -solution.minus_log_z - (betas - betas[0]) * levels.reference
    return Reweighting(
        betas=betas,
        log_num_states=log_num_states,
        log_z_ratios=_refusing(ratios, errors, ess, reasons),
        overlap=overlap,
        min_overlap=float(neighbours.min(initial=1.0)),
        ess=ess,
        _levels=levels,
        _solution=solution,
        _responses=responses,
    )


def _responses(levels: Levels, solution: Solution) -> Array:
    """Return how each block (num_ladders, num_blocks) moves the f_k (num_rungs,)."""
    slope = levels.blocks @ solution.shares - levels.lengths[:, None]
    matrix = hessian(levels.draws, solution.shares)
    responses = np.zeros_like(slope)
    responses[..., 1:] = -slope[..., 1:] @ np.linalg.pinv(
        matrix[1:, 1:], rcond=1e-14, hermitian=True
    )
    return responses


def _ratio_reasons(betas: Array, neighbours: Array, converged: bool) -> tuple[str, ...]:
    """Say at each rung why its ratio of Z to the first is refused."""
    reasons = [""]
    for k, overlap in enumerate(neighbours):
        reason = reasons[-1]
        if not converged:
            reason = "the equations of reweighting were not solved"
        elif not reason and overlap < MIN_OVERLAP:
            reason = (
                f"the rungs at beta = {betas[k]:.4g} and {betas[k + 1]:.4g} overlap by "
                f"{overlap:.2g}, and {MIN_OVERLAP:g} is needed: put rungs between them"
            )
        reasons.append(reason)
    return tuple(reasons)
