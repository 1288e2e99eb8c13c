"""What a result holds only where it was asked for."""

from typing import TYPE_CHECKING, Any, ClassVar

__all__ = ["NOT_RECORDED", "Recorded"]

NOT_RECORDED: Any = None
"""What a field holds that is not there; of any type, because nobody ever reads it."""


class Recorded:
    """A base of results that names the option where one asks for what was not recorded.

    Fields of the names in `_recorded_with` that are None are not there: reading one raises an
    AttributeError that names the option, so that ``hasattr(result, "draws")`` tells which are.

    Examples
    --------
    >>> import magnetite as mg
    >>> result = mg.sample(mg.Ising({(0, 1): 1.0}), num_chains=8, num_sweeps=10, seed=1)
    >>> hasattr(result, "mean"), hasattr(result, "draws")
    (True, False)
    >>> result.draws
    Traceback (most recent call last):
    ...
    AttributeError: draws were not recorded: run with store_states=True
    """

    _recorded_with: ClassVar[dict[str, str]] = {}
    """By the name of a field: the option that records it."""

    # Type checkers would allow any attribute of a class that has this method.
    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if value is None and name in type(self)._recorded_with:
                verb = "were" if name.endswith("s") else "was"
                option = type(self)._recorded_with[name]
                raise AttributeError(f"{name} {verb} not recorded: run with {option}")
            return value

    def _has(self, name: str) -> bool:
        """Tell whether a field is there."""
        return vars(self)[name] is not None
