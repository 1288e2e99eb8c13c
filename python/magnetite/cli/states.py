"""States in files: one value a line as text, or whole results as npz."""

from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from magnetite.exact_result import ExactResult
from magnetite.models import Model
from magnetite.results import Result
from magnetite.stored import load

__all__ = ["check_output", "read_initial", "write_best"]


def check_output(path: str | None) -> None:
    """Refuse an output file that cannot be written, before the work starts."""
    if path is None:
        return
    target = Path(path)
    if target.is_dir():
        raise ValueError(f"{path}: is a directory")
    if not target.absolute().parent.is_dir():
        raise ValueError(f"{path}: no such directory to write to")


def write_best(path: str, result: Result) -> None:
    """Write the whole result to an ``.npz`` file, or the best state as text, one value a line."""
    if path.endswith(".npz"):
        result.save(path)
        return
    state = result.best[0]
    Path(path).write_text("".join(f"{value}\n" for value in state.tolist()), encoding="ascii")


def read_initial(path: str | PathLike[str], model: Model) -> npt.NDArray[np.int8]:
    """Read initial states that `write_best` wrote, in either form.

    Raises
    ------
    ValueError
        If the file holds something else or a state of another size; for text with the line.
    """
    if str(path).endswith(".npz"):
        result = load(path)
        exact = isinstance(result, ExactResult)
        states = np.asarray(result.ground_states if exact else result.states, dtype=np.int8)
        return states.reshape(-1, states.shape[-1])  # of ladders, one replica after the other
    allowed = {str(value): value for value in model.values}
    values = []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip().removeprefix("+")
            if not text or text.startswith("#"):
                continue
            if text not in allowed:
                low, high = model.values
                raise ValueError(f"{path}:{number}: must be {low} or {high}, got {text!r}")
            values.append(allowed[text])
    if len(values) != model.num_variables:
        raise ValueError(
            f"{path}: must hold {model.num_variables} values, one a line, got {len(values)}"
        )
    return np.array(values, dtype=np.int8)
