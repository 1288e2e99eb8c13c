"""The problem that a command works on: a file, or an instance that ships with the package."""

import argparse
import os
from dataclasses import dataclass
from typing import Any

from magnetite import instances
from magnetite.cli.words import count
from magnetite.formats import read
from magnetite.models import Model

__all__ = ["Problem", "kind", "load_problem"]

KINDS = {
    "Clique": "maximum clique",
    "GraphColoring": "graph colouring",
    "IndependentSet": "maximum independent set",
    "Ising": "Ising model",
    "MaxCut": "MaxCut",
    "MaxSat": "maximum satisfiability",
    "NumberPartition": "number partitioning",
    "Qubo": "QUBO",
}


@dataclass(frozen=True)
class Problem:
    """A model with the name it goes by and the best value known of it, if any."""

    model: Model
    name: str
    best_known: float | None = None

    @property
    def title(self) -> str:
        """One line that says what the problem is."""
        model = self.model
        return (
            f"{self.name}: {kind(model)}, {count(model.num_variables, 'variable')}, "
            f"{count(model.core.num_couplings, 'coupling')}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the problem's own entries of a JSON document."""
        return {
            "name": self.name,
            "kind": kind(self.model),
            "num_variables": self.model.num_variables,
            "num_couplings": self.model.core.num_couplings,
        }


def load_problem(args: argparse.Namespace) -> Problem:
    """Read the FILE of the command line; a file goes before a shipped instance of its name."""
    name = args.file
    if name in instances.names() and not os.path.exists(name):
        return Problem(instances.load(name), name, instances.best_known(name))
    model = read(
        name,
        format=args.format,
        instance=args.instance,
        vartype=args.vartype,
        problem=args.problem,
        num_colors=args.colors,
    )
    return Problem(model, name)


def kind(model: Model) -> str:
    """Return what a model is, with its sense where both are possible.

    >>> import magnetite as mg
    >>> kind(mg.Qubo({("a", "b"): 1.0}))
    'QUBO to minimise'
    """
    name = KINDS.get(type(model).__name__, type(model).__name__)
    return f"{name} to {model.sense}" if name == "QUBO" else name
