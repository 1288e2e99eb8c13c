"""The options of greedy training, of all layers, checked before the first of them learns."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from magnetite._checks import check_choice, check_count
from magnetite.options import Seed, SeedLike, check_seconds, check_seed
from magnetite.training.fit import fit
from magnetite.training.learn import check_callbacks
from magnetite.training.plan import Plan, check_plan

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN
    from magnetite.models.rbm import RBM

__all__ = ["GreedyPlan", "LayerOptions", "check_greedy"]

LayerOptions = Mapping[str, Any] | Sequence[Mapping[str, Any]]

PASSED_UP = ("means", "samples")

OF_STACK = (
    *("self", "X", "validation", "seed", "num_threads", "progress"),
    *("checkpoint", "checkpoint_interval", "resume", "on_interrupt"),
)
DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(fit).parameters.items()
    if name not in ("rbm", *OF_STACK)
}
"""Options of `RBM.fit` that every layer may have its own of."""

OF_PLAN = tuple(name for name in inspect.signature(check_plan).parameters if name in DEFAULTS)


@dataclass(frozen=True)
class GreedyPlan:
    """Checked options: those of `RBM.fit` for every layer, and what is done between layers."""

    layers: tuple[dict[str, Any], ...]
    pass_up: str
    mirrored: bool
    first_layer: int
    seed: Seed

    def described(self, dbn: "DBN") -> dict[str, Any]:
        """Return what must be the same where a training goes on, by what messages call it."""
        plans = [
            _plan_of(rbm, options).described()
            for rbm, options in zip(dbn.layers, self.layers, strict=True)
        ]
        return {
            "the network": repr(dbn),
            "pass_up": self.pass_up,
            "mirrored": self.mirrored,
            "first_layer": self.first_layer,
            "the options of layers": plans,
        }


def check_greedy(
    dbn: "DBN",
    layers: LayerOptions | None,
    options: Mapping[str, Any],
    *,
    pass_up: str,
    mirrored: bool,
    first_layer: int,
    validation: bool,
    seed: SeedLike,
) -> GreedyPlan:
    """Check the options; errors name argument, value and rule, and the layer."""
    way = check_choice("pass_up", pass_up, PASSED_UP)
    each = _options_of_layers(layers, options, len(dbn.layers))
    for its in each[1:]:
        its["means"] = way == "means"
    for number, (rbm, its) in enumerate(zip(dbn.layers, each, strict=True)):
        try:
            _check_layer(rbm, its, validation)
        except (TypeError, ValueError) as error:
            raise type(error)(f"layers[{number}]: {error}") from None
    first = check_count("first_layer", first_layer)
    if first >= len(dbn.layers):
        raise ValueError(f"first_layer must be below {len(dbn.layers)}, got {first}")
    if not isinstance(mirrored, bool):
        raise TypeError(f"mirrored must be True or False, got {mirrored!r}")
    return GreedyPlan(tuple(each), way, mirrored, first, check_seed(seed))


def _options_of_layers(
    layers: LayerOptions | None, options: Mapping[str, Any], count: int
) -> list[dict[str, Any]]:
    """Return the options of each layer: those of all, and its own, which come first."""
    own = [layers or {}] * count if layers is None or isinstance(layers, Mapping) else list(layers)
    if len(own) != count:
        raise ValueError(f"layers must be options of all {count} machines, got {len(own)}")
    for its in (options, *own):
        if not isinstance(its, Mapping):
            raise TypeError(f"layers must hold dicts of options of RBM.fit, got {its!r}")
        for name in its:
            if name in OF_STACK:
                raise TypeError(f"{name} is an option of the whole stack, not of a layer")
            if name not in DEFAULTS:
                raise TypeError(
                    f"{name!r} is no option of RBM.fit; there are {', '.join(sorted(DEFAULTS))}"
                )
    return [{**options, **its} for its in own]


def _check_layer(rbm: "RBM", options: Mapping[str, Any], validation: bool) -> None:
    of = DEFAULTS | dict(options)
    _plan_of(rbm, options)
    check_count("epochs", of["epochs"])
    check_count("monitor_every", of["monitor_every"], 1)
    check_seconds("time_limit", of["time_limit"])
    check_callbacks(of["callbacks"], validation)


def _plan_of(rbm: "RBM", options: Mapping[str, Any]) -> Plan:
    of = DEFAULTS | dict(options)
    return check_plan(rbm, **{name: of[name] for name in OF_PLAN}, seed=0)
