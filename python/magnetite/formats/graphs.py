"""What may be asked of the graph in a file."""

from typing import Literal, get_args

from magnetite._checks import check_choice
from magnetite.models import Clique, GraphColoring, IndependentSet, MaxCut, Model
from magnetite.models.graphs import Graph

__all__ = ["PROBLEMS", "GraphProblem", "check_problem", "graph_model"]

GraphProblem = Literal["clique", "coloring", "independent_set", "maxcut"]
PROBLEMS = get_args(GraphProblem)


def check_problem(problem: str | None, num_colors: int | None) -> str | None:
    """Return the problem that was asked for, which a number of colours alone says too."""
    if problem is not None:
        check_choice("problem", problem, PROBLEMS)
    if num_colors is None:
        if problem == "coloring":
            raise ValueError("num_colors must be given for problem 'coloring', got None")
        return problem
    if problem not in (None, "coloring"):
        raise ValueError(f"num_colors must be None for problem {problem!r}, got {num_colors}")
    return "coloring"


def graph_model(graph: Graph, problem: str | None, num_colors: int | None) -> Model:
    """Return the model of a problem that `check_problem` let pass."""
    match problem:
        case "clique":
            return Clique(graph)
        case "independent_set":
            return IndependentSet(graph)
        case "maxcut":
            return MaxCut(graph.as_problem())
        case "coloring" if num_colors is not None:
            return GraphColoring(graph, num_colors)
    choices = ", ".join(map(repr, PROBLEMS))
    raise ValueError(
        f"problem must say what is asked of the graph: one of {choices}, and num_colors with "
        f"'coloring'; got {problem!r}"
    )
