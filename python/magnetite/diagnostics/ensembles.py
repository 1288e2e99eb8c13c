"""What holds for ensembles of disordered instances alone."""

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count, check_finite, real_array
from magnetite.diagnostics._series import as_betas, check_positive
from magnetite.estimates import Estimates

MIN_INSTANCES = 8


def link_overlap_identity(
    energies: ArrayLike,
    link_overlaps: ArrayLike,
    betas: ArrayLike,
    *,
    num_edges: int,
    variance: float = 1.0,
) -> Estimates:
    """Test equilibrium of an ensemble of Gaussian spin glasses by energy and link overlap.

    For couplings drawn independently from a normal law of mean 0 and this variance, integration by
    parts over each coupling gives ``[<E>] = -beta * variance * m * (1 - [q_l])``, where ``[...]``
    is the mean over instances, E the energy of the couplings alone, m the number of edges and ``q_l
    = (1/m) sum_{ij} <s_i s_j>^2`` the link overlap of two independent replicas (Katzgraber,
    Palassini and Young, Phys. Rev. B 63 (2001) 184422). Both sides approach equilibrium
    from opposite directions when replicas start at random, so that their difference vanishes only
    there. It says nothing about a single instance, nor about other laws of the couplings.

    Parameters
    ----------
    energies : array_like
        Mean energies (num_instances, num_rungs) of the couplings, without fields or offset.
    link_overlaps : array_like
        Mean link overlaps (num_instances, num_rungs) of two independent replicas.
    betas : array_like
        Betas (num_rungs,), ascending.
    num_edges : int
        Number of edges m of an instance.
    variance : float, default 1
        Variance of the couplings.

    Returns
    -------
    Estimates
        ``[<E>] / m + beta * variance * (1 - [q_l])`` per rung, an energy per edge: 0 within its
        error in equilibrium. The error is that of the mean over instances; refused with fewer than
        8 of them.

    Raises
    ------
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    Single bonds: with ``t = tanh(beta J)``, the mean energy is ``-J t`` and the link overlap t^2.

    >>> import numpy as np
    >>> from magnetite.diagnostics import link_overlap_identity
    >>> bonds = np.random.default_rng(1).normal(size=(400, 1))
    >>> t = np.tanh(2.0 * bonds)
    >>> zero = link_overlap_identity(-bonds * t, t**2, [2.0], num_edges=1)[0]
    >>> abs(zero.value) < 3 * zero.error
    True
    """
    betas = as_betas(betas)
    means, links = real_array("energies", energies), real_array("link_overlaps", link_overlaps)
    for name, array in (("energies", means), ("link_overlaps", links)):
        if array.ndim != 2 or array.shape[1] != betas.size or array.shape != means.shape:
            raise ValueError(
                f"{name} must have shape (num_instances, num_rungs) with {betas.size} rungs as "
                f"betas has, and as many instances as energies, got {array.shape}"
            )
        check_finite(name, array)
    num_edges = check_count("num_edges", num_edges, 1)
    variance = check_positive("variance", variance)
    num_instances = len(means)
    if num_instances < MIN_INSTANCES:
        reason = f"a mean over disorder needs {MIN_INSTANCES} instances, got {num_instances}"
        nothing = np.full(betas.size, np.nan)
        return Estimates(nothing, nothing, np.zeros(betas.size), (reason,) * betas.size)
    difference = means / num_edges + betas * variance * (1 - links)
    return Estimates(
        difference.mean(axis=0),
        difference.std(axis=0, ddof=1) / np.sqrt(num_instances),
        np.full(betas.size, float(num_instances)),
        ("",) * betas.size,
    )
