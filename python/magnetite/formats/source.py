"""Bytes of a problem file, plain or gzip, and errors that name the file and the line."""

import gzip
import zlib
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

__all__ = ["Source", "load_source", "store"]

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Source:
    """The text of a file, uncompressed, and the name that messages give it."""

    name: str
    text: bytes

    def error(self, line: int, message: str) -> ValueError:
        """Return the error to raise about a line (counted from 1)."""
        return ValueError(f"{self.name}:{line}: {message}")


def load_source(path: str | PathLike[str]) -> Source:
    """Read a whole file; gzip is told by its first bytes, not by its name."""
    name = fspath(path)
    data = Path(path).read_bytes()
    if data.startswith(_GZIP_MAGIC):
        data = _decompress(name, data)
    return Source(name, data.removeprefix(_BYTE_ORDER_MARK))


def store(path: str | PathLike[str], text: str) -> None:
    """Write a whole file, as gzip where its name ends in ``.gz``."""
    data = text.encode("ascii")
    if fspath(path).endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    Path(path).write_bytes(data)


def _decompress(name: str, data: bytes) -> bytes:
    text = b""
    while data.startswith(_GZIP_MAGIC):
        member = zlib.decompressobj(wbits=31)
        try:
            text += member.decompress(data)
        except zlib.error as error:
            raise ValueError(f"{name}: damaged gzip data: {error}") from None
        if not member.eof:
            raise Source(name, text).error(
                text.count(b"\n") + 1, "the file ends inside its gzip data (cut short?)"
            )
        data = member.unused_data
    return text
