"""What a unit of a restricted Boltzmann machine may be, and its law given its input.

`Binary`, `Spin`, `Gaussian`, `ReLU` and `Categorical` have an accelerator in the core. A class of
your own that derives from `Units` and says its mean, its normaliser and how to draw from it is
used just like them.
"""

from magnetite.units.base import Units
from magnetite.units.continuous import Gaussian, ReLU
from magnetite.units.discrete import Binary, Categorical, Spin
from magnetite.units.encoding import from_one_hot, one_hot
from magnetite.units.layer import Layer, LayerLike

__all__ = [
    "Binary",
    "Categorical",
    "Gaussian",
    "Layer",
    "LayerLike",
    "ReLU",
    "Spin",
    "Units",
    "from_one_hot",
    "one_hot",
]
