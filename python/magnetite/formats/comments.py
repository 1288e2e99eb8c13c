"""Lines that hold no numbers, and the offset that two of the formats keep in a comment."""

from dataclasses import dataclass

import numpy as np

from magnetite._checks import check_finite
from magnetite.formats.source import Source

__all__ = ["Comment", "comment_offset", "one_header", "split_comments"]

_BEFORE_A_LINE = np.frombuffer(b"\n \t", np.uint8)
_SPACE = ord(" ")


@dataclass(frozen=True)
class Comment:
    """A line set apart from the numbers: where it stands, from 1, and its text."""

    line: int
    text: str


def split_comments(source: Source, marks: bytes) -> tuple[list[Comment], bytes]:
    """Set apart the lines that begin with one of the characters `marks`.

    Returns them, and the text with blanks in their place, so that lines keep their numbers.
    """
    text = source.text
    characters = np.frombuffer(text, np.uint8)
    marked = np.flatnonzero(np.isin(characters, np.frombuffer(marks, np.uint8)))
    before = characters[marked - 1]
    marked = marked[(marked == 0) | np.isin(before, _BEFORE_A_LINE)]
    kept, comments = bytearray(text), []
    line, counted = 1, 0
    for position in marked.tolist():
        start = text.rfind(b"\n", 0, position) + 1
        if text[start:position].strip():
            continue
        end = text.find(b"\n", position)
        end = len(text) if end < 0 else end
        line, counted = line + text.count(b"\n", counted, position), position
        comments.append(Comment(line, text[position:end].decode("ascii", "replace").rstrip()))
        kept[position:end] = bytes([_SPACE]) * (end - position)
    return comments, bytes(kept)


def one_header(source: Source, comments: list[Comment], expected: str) -> Comment:
    """Return the one line among `comments` that begins with ``p``."""
    headers = [comment for comment in comments if comment.text.startswith("p")]
    if not headers:
        raise source.error(1, f"expected a header '{expected}', got none in the file")
    if len(headers) > 1:
        raise source.error(
            headers[1].line,
            f"expected one header, got a second one after that of line {headers[0].line}",
        )
    return headers[0]


def comment_offset(source: Source, comments: list[Comment]) -> float:
    """Return the number of a comment ``offset=1.5``, or 0 where there is none."""
    for comment in comments:
        mark, _, text = comment.text[1:].strip().partition("=")
        if mark != "offset":
            continue
        try:
            offset = float(text)
            check_finite("offset", np.float64(offset))
        except ValueError as error:
            raise source.error(comment.line, str(error)) from None
        return offset
    return 0.0
