"""Machines of other packages: scikit-learn's `BernoulliRBM`, and files of `rbms`."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from magnetite._checks import check_count
from magnetite.models.layered import kind_of
from magnetite.units.discrete import Categorical

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Exchange"]

PARTS = ("weight_matrix", "vbias", "hbias")


def from_sklearn(cls: "type[RBM]", estimator: Any) -> "RBM":
    """Return the machine of a fitted `sklearn.neural_network.BernoulliRBM`.

    Parameters
    ----------
    estimator : BernoulliRBM
        Fitted: with `components_`, `intercept_visible_` and `intercept_hidden_`.

    Returns
    -------
    RBM
        With copies of the parameters, in their dtype; energies and free energies are the same.

    Raises
    ------
    TypeError
        If the estimator has no such parameters.

    Examples
    --------
    >>> import magnetite as mg
    >>> from sklearn.neural_network import BernoulliRBM
    >>> estimator = BernoulliRBM(n_components=2, random_state=1).fit([[0.0, 1.0, 1.0]] * 20)
    >>> mg.RBM.from_sklearn(estimator)
    RBM(3 binary, 2 binary)
    """
    names = ("components_", "intercept_visible_", "intercept_hidden_")
    missing = [name for name in names if not hasattr(estimator, name)]
    if missing:
        raise TypeError(
            f"estimator must be a fitted BernoulliRBM, got {type(estimator).__name__} without "
            f"{missing[0]}"
        )
    weights = np.asarray(estimator.components_).T
    return cls(
        *weights.shape,
        weights=weights,
        visible_bias=estimator.intercept_visible_,
        hidden_bias=estimator.intercept_hidden_,
        dtype=np.float32 if weights.dtype == np.float32 else np.float64,
    )


def to_sklearn(rbm: "RBM") -> Any:
    """Return a `sklearn.neural_network.BernoulliRBM` with the parameters of the machine.

    It transforms, scores and samples as if it had been fitted.

    Returns
    -------
    sklearn.neural_network.BernoulliRBM

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError
        If units are not bits; `convert` makes bits of spins.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.RBM(3, 2).to_sklearn().transform([[0, 1, 1]]).tolist()
    [[0.5, 0.5]]
    """
    try:
        from sklearn.neural_network import BernoulliRBM
    except ImportError as error:
        raise ImportError(
            "to_sklearn needs scikit-learn: pip install magnetite[sklearn]"
        ) from error
    if (kind_of(rbm.visible), kind_of(rbm.hidden)) != ("binary", "binary"):
        raise TypeError(f"scikit-learn's BernoulliRBM has binary units only, got an {rbm}")
    estimator = BernoulliRBM(n_components=rbm.n_hidden)
    estimator.components_ = np.array(rbm.weights.T, order="F")
    estimator.intercept_visible_ = rbm.visible_bias.copy()
    estimator.intercept_hidden_ = rbm.hidden_bias.copy()
    estimator.h_samples_ = np.zeros((estimator.batch_size, rbm.n_hidden), rbm.dtype)
    estimator.n_features_in_ = rbm.n_visible
    estimator._n_features_out = rbm.n_hidden
    return estimator


def _need_h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError("files of rbms need h5py: pip install magnetite[hdf5]") from error
    return h5py


def from_rbms(cls: "type[RBM]", path: str | PathLike[str], *, update: int | None = None) -> "RBM":
    """Read a machine from an HDF5 file of the package `rbms`.

    Parameters
    ----------
    path : path
        The file, of a Bernoulli-Bernoulli or a Potts-Bernoulli machine.
    update : int, optional
        After which update; by default the last one that the file has.

    Returns
    -------
    RBM
        Categories are one-hot, as everywhere here, where `rbms` has numbers (`magnetite.units.
        one_hot`); energies are the same.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the file is none of `rbms`, of another kind of machine, or lacks the update.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mg.RBM(3, 2).to_rbms(f"{folder}/rbm.h5", update=5)
    ...     mg.RBM.from_rbms(f"{folder}/rbm.h5")
    RBM(3 binary, 2 binary)
    """
    h5py = _need_h5py()
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: not an HDF5 file, or damaged ({error})") from None
    with file:
        kind, group = _kind_and_group(path, file, update)
        weights, b, c = (np.asarray(group[name]) for name in PARTS)
    expected = 2 if kind == "BBRBM" else 3
    if weights.ndim != expected or b.shape != weights.shape[:-1] or c.shape != weights.shape[-1:]:
        raise ValueError(
            f"{path}: the shapes of a {kind} do not fit: {weights.shape}, {b.shape}, {c.shape}"
        )
    visible = "binary" if kind == "BBRBM" else Categorical(weights.shape[1])
    weights = weights.reshape(-1, weights.shape[-1])
    return cls(
        *weights.shape,
        visible=visible,
        weights=weights,
        visible_bias=b.ravel(),
        hidden_bias=c,
        dtype=np.float64 if weights.dtype == np.float64 else np.float32,
    )


def _kind_and_group(path: str | PathLike[str], file: Any, update: int | None) -> tuple[str, Any]:
    """Return the kind of machine and the group of its parameters after an update."""
    updates = sorted(
        int(name.removeprefix("update_"))
        for name in file
        if name.startswith("update_") and name.removeprefix("update_").isdecimal()
    )
    if not updates:
        raise ValueError(f"{path}: holds no machine of rbms (no group update_...)")
    # Before version 0.3 there was one kind, and no word of it.
    kind = file["model_type"][()].decode() if "model_type" in file else "BBRBM"
    if kind not in ("BBRBM", "PBRBM"):
        raise ValueError(
            f"{path}: holds a {kind}; what can be read are Bernoulli-Bernoulli (BBRBM) and "
            "Potts-Bernoulli (PBRBM) machines"
        )
    wanted = updates[-1] if update is None else check_count("update", update)
    if wanted not in updates:
        raise ValueError(
            f"update must be one that {path} holds, from {updates[0]} to {updates[-1]}, "
            f"got {wanted}"
        )
    group = file[f"update_{wanted}"]
    group = group["params"] if "params" in group else group
    missing = [name for name in PARTS if name not in group]
    if missing:
        raise ValueError(f"{path}: update_{wanted} lacks {missing[0]}")
    return kind, group


def to_rbms(
    rbm: "RBM", path: str | PathLike[str], *, update: int = 1, chains: ArrayLike | None = None
) -> None:
    """Write the machine to an HDF5 file that the package `rbms` (0.5) loads.

    Parameters
    ----------
    path : path
        The file; replaced if there is one.
    update : int
        The number of updates that it is to bear, 1 by default.
    chains : array_like, shape (num_chains, n_visible), optional
        Persistent chains with which `rbms` may go on; 100 draws of the machine by default.

    Raises
    ------
    ImportError
        If h5py is not installed.
    TypeError
        If hidden units are not bits, or visible ones neither bits nor categories of one number.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> rbm = mg.RBM(6, 2, visible=mg.units.Categorical(3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rbm.to_rbms(f"{folder}/rbm.h5")
    ...     mg.RBM.from_rbms(f"{folder}/rbm.h5")
    RBM(6 categorical, 2 binary)
    """
    h5py = _need_h5py()
    number = check_count("update", update)
    states = _num_states(rbm)
    v = rbm.sample(100, seed=0) if chains is None else rbm.visible_states(chains, name="chains")
    sites = (-1,) if states == 1 else (rbm.n_visible // states, states)
    values = {
        "weight_matrix": rbm.weights.reshape(*sites, rbm.n_hidden),
        "vbias": rbm.visible_bias.reshape(sites),
        "hbias": rbm.hidden_bias,
    }
    with h5py.File(path, "w") as file:
        file["model_type"] = "BBRBM" if states == 1 else "PBRBM"
        # Categories are numbers there.
        file["parallel_chains"] = (
            v if states == 1 else v.reshape(len(v), *sites).argmax(axis=-1).astype(v.dtype)
        )
        group = file.create_group(f"update_{number}")
        for name, value in values.items():
            group[f"params/{name}"] = value
            group[name] = value
        group["time"] = 0.0
        group.create_group("flags")
        # What its loader asks for; of a training that was not its own.
        options = {"batch_size": 100, "gibbs_steps": 1, "learning_rate": 0.01, "L1": 0.0, "L2": 0.0}
        for name, option in options.items():
            file[f"hyperparameters/{name}"] = option


def _num_states(rbm: "RBM") -> int:
    """Return the categories of the visible sites, or 1 for bits."""
    kinds = [units for units, _ in rbm.visible.groups]
    first = kinds[0]
    if kind_of(rbm.hidden) == "binary":
        if kind_of(rbm.visible) == "binary":
            return 1
        if isinstance(first, Categorical) and all(units == first for units in kinds):
            return first.num_states
    raise TypeError(
        f"rbms has machines of binary or categorical visible and binary hidden units, got an {rbm}"
    )


class Exchange:
    """Base of `RBM` with what other packages' machines take."""

    from_sklearn = classmethod(from_sklearn)
    to_sklearn = to_sklearn
    from_rbms = classmethod(from_rbms)
    to_rbms = to_rbms
