"""Greedy training of a stack: one machine after the other learns what those below make of data."""

import time
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike

from magnetite.control import Control, carrying, check_control
from magnetite.deep.greedy_plan import GreedyPlan, LayerOptions, check_greedy
from magnetite.deep.passes import checked_rows, draws_up, means_up, spawned
from magnetite.deep.stacking import mirrors, start_mirrored
from magnetite.options import SeedLike, check_threads
from magnetite.stored import Stored
from magnetite.training.data import MeansOf
from magnetite.training.fit import fit as fit_machine
from magnetite.training.result import TrainingResult
from magnetite.training.saving import check_identity, save_training, saved_training, seed_of
from magnetite.units.base import Array

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN

__all__ = ["GreedyResult", "fit"]

KIND = "stack training checkpoint"


@dataclass(frozen=True, eq=False)
class GreedyResult(Stored):
    """What was measured while the layers of a stack were trained.

    Attributes
    ----------
    runs : tuple of TrainingResult
        Of every layer that was trained, the last of them perhaps in part.
    info : dict
        "stop_reason" ("completed", "interrupted" or "error"), "finished" (the number of layers
        from the bottom that need no more training), "seed", "seconds".
    """

    runs: tuple[TrainingResult, ...]
    info: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"GreedyResult({self.info['finished']} of {self.info['layers']} layers, "
            f"{self.info['stop_reason']})"
        )

    def _content(self) -> dict[str, Any]:
        return {"runs": [run._content() for run in self.runs], "info": self.info}

    @classmethod
    def _from_archive(cls, content: dict[str, Any]) -> Self:
        return cls(tuple(TrainingResult(**run) for run in content["runs"]), content["info"])


def fit(
    self: "DBN",
    X: ArrayLike,
    *,
    layers: LayerOptions | None = None,
    pass_up: str = "means",
    mirrored: bool = True,
    first_layer: int = 0,
    validation: ArrayLike | None = None,
    seed: SeedLike = None,
    num_threads: int | None = None,
    progress: bool = False,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_interval: float = 60.0,
    resume: bool = False,
    on_interrupt: str = "raise",
    **options: Any,
) -> GreedyResult:
    """Train the machines one after the other, each on what those below make of the data.

    Where `fine_tune` gave the way up parameters of its own, they are dropped.

    Parameters
    ----------
    X : array_like or sparse matrix, shape (rows, n_visible)
        Visible states, all in memory; without missing values where there is more than one machine.
    layers : list of dict, or dict, optional
        Options of `RBM.fit` for each machine from below, or for all.
    **options
        The same for all; those of `layers` come first. Of `RBM.fit`: "epochs", "batch_size",
        "negative", "optimizer", "gradient", "penalties", "callbacks", "time_limit" (of each
        machine) and others; "means" says what `X` is, not what goes up.
    pass_up : "means" (default) or "samples"
        What the next machine learns: the means of the hidden units given the means below, or one
        draw of them given the draw below, the same in all epochs.
    mirrored : bool
        Whether a machine without weights, whose layers are those of the one below turned round,
        starts as that one turned round: ``W' = W^T, b' = c, c' = b``. The stack then begins as good
        as the machine below alone. Others start from small random weights.
    first_layer : int
        Machines before this one stay as they are, none by default.
    validation : array_like, optional
        Rows that are not learnt, passed up like `X`.
    seed, num_threads, progress, on_interrupt
        As for `RBM.fit`. Ctrl-C keeps the layers that are finished and what the one at work has
        learnt.
    checkpoint : path, optional
        File that is written at the start and after every machine. The one at work has a file of its
        own beside it, whose name ends in ".layer0" (1, ...), every `checkpoint_interval` seconds.
    resume : bool
        Whether to go on from `checkpoint`, between or within layers, where that file exists: to the
        same bits as if there had been no break.

    Returns
    -------
    GreedyResult

    Raises
    ------
    TypeError, ValueError
        Before work starts: names argument, value, rule, and the machine.
    TrainingDiverged
        By one machine; those below it are finished. The result so far is its `.result`.

    References
    ----------
    Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets", Neural Computation
    18 (2006) 1527, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> import magnetite as mg
    >>> X = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    >>> dbn = mg.DBN([4, 3, 2])
    >>> dbn.fit(X, layers=[{"epochs": 10}, {"epochs": 5, "negative": mg.CD()}], seed=1)
    GreedyResult(2 of 2 layers, completed)
    >>> dbn.fit(X, epochs=1, first_layer=1, seed=1).runs
    (TrainingResult(1 epochs, 1 updates, completed),)
    """
    plan = check_greedy(
        self,
        layers,
        options,
        pass_up=pass_up,
        mirrored=mirrored,
        first_layer=first_layer,
        validation=validation is not None,
        seed=seed,
    )
    control = check_control(
        started=time.perf_counter(),
        time_limit=None,
        target_energy=None,
        callback=None,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_interval=checkpoint_interval,
        on_interrupt=on_interrupt,
    )
    check_threads(num_threads)
    saved = saved_training(control.checkpoint, resume, KIND)
    if saved is not None:
        plan = replace(plan, seed=seed_of(saved["seed"], seed, plan.seed))
    data = {"X": X} if validation is None else {"X": X, "validation": validation}
    taker = MeansOf(self.layers[0]) if plan.layers[0].get("means") else self
    missing = len(self.layers) == 1
    rows = {n: checked_rows(taker, n, value, missing=missing) for n, value in data.items()}
    greedy = Greedy(self, plan, control, rows, num_threads, saved is not None)
    if saved is not None:
        assert control.checkpoint is not None
        check_identity(control.checkpoint, saved["identity"], greedy.identity())
        greedy.restore(saved)
    return greedy.run()


class Greedy:
    """The loop over layers.

    Parameters
    ----------
    dbn : DBN
        Whose machines change in place.
    plan, control
        Checked options.
    rows : dict
        Visible states "X", and perhaps "validation".
    num_threads : int or None
        Of each training.
    resume : bool
        Whether there is a checkpoint to go on from; else files that layers have left are removed.
    """

    def __init__(
        self,
        dbn: "DBN",
        plan: GreedyPlan,
        control: Control,
        rows: dict[str, Array],
        num_threads: int | None,
        resume: bool,
    ) -> None:
        self.dbn, self.plan, self.control, self.rows = dbn, plan, control, rows
        self.num_threads, self.resume = num_threads, resume
        self.finished, self.runs = plan.first_layer, list[TrainingResult]()
        self.seconds_before = 0.0
        *self.seeds, self.seed_up = spawned(plan.seed.replay, len(dbn.layers) + 1)

    def run(self) -> GreedyResult:
        """Train what is left; return what was measured."""
        self.dbn.tie()
        if not self.resume:
            for number in range(len(self.dbn.layers)):
                self._file_removed(number)
        self._save()
        reason, error = "completed", None
        try:
            while self.finished < len(self.dbn.layers):
                run = self._train(self.finished)
                self.runs.append(run)
                if run.info["stop_reason"] == "interrupted":
                    reason = "interrupted"
                    break
                self._finish()
        except KeyboardInterrupt:  # between two trainings
            reason = "interrupted"
        except BaseException as other:  # a callback's, or a training that diverges
            reason, error = "error", other
            error.add_note(f"in the training of layers[{self.finished}]")
            if isinstance(part := getattr(other, "result", None), TrainingResult):
                self.runs.append(part)
        result = self._result(reason)
        if error is not None:
            raise carrying(error, result)
        if reason == "interrupted" and self.control.on_interrupt == "raise":
            raise carrying(KeyboardInterrupt("what was measured is in .result"), result)
        return result

    def _train(self, number: int) -> TrainingResult:
        """Train a machine on what those below it make of the data."""
        rbm, options = self.dbn.layers[number], self.plan.layers[number]
        X = self._passed_up("X", number)
        held_out = self._passed_up("validation", number) if "validation" in self.rows else None
        if self.plan.mirrored and number and not rbm.weights.any():
            below = self.dbn.layers[number - 1]
            if mirrors(below, rbm):
                start_mirrored(below, rbm)
        return fit_machine(
            rbm,
            X,
            validation=held_out,
            seed=self.seeds[number],
            num_threads=self.num_threads,
            progress=self.control.progress,
            checkpoint=self._file(number),
            checkpoint_interval=self.control.checkpoint_interval,
            resume=self.resume,
            on_interrupt="return",
            **options,
        )

    def _passed_up(self, name: str, number: int) -> Array:
        """Return what a machine learns of rows."""
        below, rows = self.dbn.layers[:number], self.rows[name]
        if self.plan.pass_up == "means":
            return means_up(below, rows)
        seed = spawned(self.seed_up, 2)[0 if name == "X" else 1]
        for drawn in draws_up(below, rows, seed):
            rows = drawn
        return rows

    def _finish(self) -> None:
        """Note that a layer is finished."""
        self.finished += 1
        self._save()
        self._file_removed(self.finished - 1)

    def _result(self, reason: str) -> GreedyResult:
        info = {
            "stop_reason": reason,
            "finished": self.finished,
            "layers": len(self.dbn.layers),
            "seed": self.plan.seed.replay,
            "seconds": self.seconds_before + self.control.elapsed(),
        }
        return GreedyResult(tuple(self.runs), info)

    # Checkpoints.

    def _file(self, number: int) -> Path | None:
        path = self.control.checkpoint
        return None if path is None else path.with_name(f"{path.name}.layer{number}")

    def _file_removed(self, number: int) -> None:
        if (path := self._file(number)) is not None:
            path.unlink(missing_ok=True)

    def _save(self) -> None:
        if self.control.checkpoint is not None:
            save_training(self.control.checkpoint, self.state(), KIND)

    def identity(self) -> dict[str, Any]:
        """Return what must be the same where a training goes on."""
        return self.plan.described(self.dbn) | {"the number of rows of X": len(self.rows["X"])}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "identity": self.identity(),
            "seed": self.plan.seed.replay,
            "finished": self.finished,
            "parameters": self.dbn.parameters,
            "kept": [(rbm.data_means, rbm._chains) for rbm in self.dbn.layers],
            "runs": [vars(run) for run in self.runs],
            "seconds": self.seconds_before + self.control.elapsed(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Undo `state`."""
        self.finished, self.seconds_before = state["finished"], state["seconds"]
        self.runs = [TrainingResult(**run) for run in state["runs"]]
        self.dbn.tie()
        self.dbn.assign(state["parameters"])
        for rbm, kept in zip(self.dbn.layers, state["kept"], strict=True):
            rbm.data_means, rbm._chains = kept
