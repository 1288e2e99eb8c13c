"""Problem files: one reader for all edge lists, one module a family of formats."""

from magnetite.formats.files import FORMATS, VARTYPES, read, write

__all__ = ["FORMATS", "VARTYPES", "read", "write"]
