"""Problem files: one reader for all edge lists, one module a family of formats."""

from magnetite.formats.files import FORMATS, read, write

__all__ = ["FORMATS", "read", "write"]
