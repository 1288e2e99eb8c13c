"""Problems that ship with the package, each with a proven optimum.

They need no network and no file of the user's own, so that the demo and a first try run anywhere.

================  ==========================================================  =================
name              what                                                        proven optimum
================  ==========================================================  =================
``torus_12x60``   +-1 spin glass on a 12 x 60 square lattice, periodic both   cut 476 (energy
                  ways: 720 spins, 1,440 couplings, drawn for this package    -1006)
================  ==========================================================  =================

The test-suite draws each instance again from its seed and proves its optimum by an exact
computation that shares no code with the annealer.
"""

from importlib import resources

from magnetite.formats import read
from magnetite.models import Model

__all__ = ["best_known", "load", "names"]

_PROVEN_CUTS = {"torus_12x60": 476.0}


def names() -> tuple[str, ...]:
    """Return the names of all shipped instances, the one for a first try first.

    Examples
    --------
    >>> from magnetite import instances
    >>> instances.names()
    ('torus_12x60',)
    """
    return tuple(_PROVEN_CUTS)


def load(name: str) -> Model:
    """Return a shipped instance as a model.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Model
        What :func:`magnetite.read` makes of the file: a MaxCut model, whose energy is that of the
        spin glass.

    Raises
    ------
    ValueError
        If there is no instance of that name.

    Examples
    --------
    >>> from magnetite import instances
    >>> instances.load("torus_12x60").num_variables
    720
    """
    _check_name(name)
    with resources.as_file(resources.files(__name__) / f"{name}.rud") as path:
        return read(path, format="rudy")


def best_known(name: str) -> float:
    """Return the proven optimum of a shipped instance.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    float
        The best objective there is, in the problem's own sign: the largest cut of a MaxCut problem.

    Raises
    ------
    ValueError
        If there is no instance of that name.

    Examples
    --------
    >>> from magnetite import instances
    >>> instances.best_known("torus_12x60")
    476.0
    """
    _check_name(name)
    return _PROVEN_CUTS[name]


def _check_name(name: str) -> None:
    if name not in _PROVEN_CUTS:
        raise ValueError(f"name must be one of {', '.join(names())}, got {name!r}")
