"""The energies of a layer's own terms: the whole formula, and no more work than it takes."""

from typing import Any

import numpy as np
import pytest

from magnetite import layers
from magnetite.layers import Side


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_energies_are_those_of_all_terms(
    base: bool, precise: bool, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    states = rng.normal(size=(20, 7)).astype(dtype)
    bias, base_bias, precision, base_precision = rng.random((4, 7)).astype(dtype)
    side = Side(bias, base * base_bias, precise * precision, (base and precise) * base_precision)
    s, betas = states.astype(np.float64), rng.random(20)
    b, b0, a, a0 = (part.astype(np.float64) for part in side)

    def dot(x: Any, y: Any) -> Any:
        return np.einsum("ri,i->r", x, y)

    whole = betas * (dot(s * s, a / 2) - dot(s, b)) + (dot(s * s, a0 / 2) - dot(s, b0))
    products: list[int] = []
    made = layers._dot
    monkeypatch.setattr(layers, "_dot", lambda *of: (products.append(1), made(*of))[1])
    assert side.energies(states, betas).tolist() == whole.tolist()
    assert len(products) == (1 + base) * (1 + precise)
