"""A training by `partial_fit`: what goes on from call to call, in pickles and deep copies too."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from magnetite.training.data import Source
from magnetite.training.plan import Plan
from magnetite.training.session import Session

if TYPE_CHECKING:
    from magnetite.models.rbm import RBM

__all__ = ["Stream"]


class Stream:
    """What the next call of `partial_fit` goes on with.

    Parameters
    ----------
    session : Session
        The training so far. A pickle holds its state alone, which the next call restores.
    """

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session
        self.identity = session.plan.stream_identity()
        self.seed, self.mean_weight = session.plan.seed, session.source.mean_weight
        self.state: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"session": None, "state": self._state_of_now()}

    def _state_of_now(self) -> dict[str, Any]:
        """Return what is not in the machine itself, whose parameters others may change."""
        state = self.state if self.session is None else self.session.state()
        return {name: part for name, part in state.items() if name not in ("parameters", "good")}

    def takes(self, plan: Plan) -> bool:
        """Return whether a training by this plan goes on with what was learnt so far."""
        return self.identity == plan.stream_identity()

    def next_session(self, rbm: "RBM", plan: Plan, source: Source, num_threads: int) -> Session:
        """Return the training with its next chunk, by a plan that may have other rates."""
        session = self.session
        # Objects that do not describe themselves have their address in a repr: such are new ones.
        if session is not None and session.rbm is rbm and repr(session.plan) == repr(plan):
            session.source, session.good = source, session.parameters()
            return session
        means = rbm.data_means
        session = Session(rbm, replace(plan, initial=None), source, num_threads, None)
        session.restore(self._state_of_now() | {"parameters": session.good, "good": session.good})
        session.plan, rbm.data_means = plan, means
        return session
