"""Problem files: one reader for all edge lists, one module a family of formats."""

from magnetite.formats.files import FORMATS, VARTYPES, read, write
from magnetite.formats.graphs import PROBLEMS

__all__ = ["FORMATS", "PROBLEMS", "VARTYPES", "read", "write"]
