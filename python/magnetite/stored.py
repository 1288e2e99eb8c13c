"""Results and machines that are written to a file and read again."""

from dataclasses import fields
from os import PathLike
from typing import Any, Self

from magnetite.storage import read_archive, write_archive

__all__ = ["Stored", "load"]

# Every kind of result and machine, by the name under which files hold it.
_KINDS: dict[str, type["Stored"]] = {}


class Stored:
    """A base of what `save` writes and `magnetite.load` reads: dataclasses, field by field.

    Other classes say what a file holds, `_content`, and how that becomes an object again,
    `_from_archive`.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _KINDS[cls.__name__] = cls

    def save(self, path: str | PathLike[str]) -> None:
        """Write this to an npz file that `magnetite.load` reads; nothing is pickled.

        Parameters
        ----------
        path : path
            The file, replaced once the new one is whole.

        Raises
        ------
        OSError
            If it cannot be written.
        ValueError
            If the file cannot hold a part: a label of an odd type, or units of the user's own.

        Examples
        --------
        >>> import tempfile
        >>> import magnetite as mg
        >>> result = mg.anneal(mg.Ising({("a", "b"): 1.0}), num_reads=4, seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.save(f"{folder}/result.npz")
        ...     mg.load(f"{folder}/result.npz").variables
        ('a', 'b')
        """
        write_archive(path, type(self).__name__, self._content())

    def _content(self) -> dict[str, Any]:
        """Return what a file holds: arrays, and plain values in dicts and tuples."""
        # Not by `getattr`, which refuses what was not recorded.
        return {field.name: vars(self)[field.name] for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        """Undo `_content`."""
        return cls(**content)


def load(path: str | PathLike[str]) -> Any:
    """Read a result or a machine that its `save` wrote.

    Parameters
    ----------
    path : path
        The npz file.

    Returns
    -------
    AnnealResult or another result, RBM or another machine, DBN, DBM, Network
        What was saved, array for array.

    Raises
    ------
    ValueError
        The file is not magnetite's, is cut short or damaged, or holds a checkpoint.

    Examples
    --------
    >>> import tempfile
    >>> import magnetite as mg
    >>> result = mg.anneal(mg.Ising({(0, 1): 1.0}), num_reads=4, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result.save(f"{folder}/result.npz")
    ...     mg.load(f"{folder}/result.npz").best.energy
    -1.0
    """
    kind, content = read_archive(path)
    if kind not in _KINDS:
        raise ValueError(f"{path}: holds a magnetite {kind}, not a result{_hint(kind)}")
    return _KINDS[kind]._from_archive(content)


def _hint(kind: str) -> str:
    """Say what goes on with a checkpoint."""
    if "training checkpoint" in kind:
        return (
            "; the method that wrote it, fit or fine_tune, goes on with it, given the data, "
            "checkpoint and resume=True"
        )
    return "; magnetite.resume goes on with it" if "checkpoint" in kind else ""
