"""Deep belief networks in files."""

from typing import Any

from magnetite.deep.dbn import DBN
from magnetite.models.rbm_files import content_of_rbm, rbm_of_content

__all__ = ["content_of_dbn", "dbn_of_content"]


def content_of_dbn(dbn: DBN) -> dict[str, Any]:
    """Return what a file holds of a network: its machines, and those of the way up if untied."""
    untied = dbn._untied
    return {
        "layers": [content_of_rbm(rbm) for rbm in dbn.layers],
        "untied": None if untied is None else [content_of_rbm(rbm) for rbm in untied],
    }


def dbn_of_content(content: dict[str, Any]) -> DBN:
    """Undo `content_of_dbn`."""
    dbn = DBN([rbm_of_content(part) for part in content["layers"]])
    if content["untied"] is not None:
        dbn._untied = tuple(rbm_of_content(part) for part in content["untied"])
    return dbn
