"""A stack of machines as a feed-forward network: methods of `DBN`."""

from typing import TYPE_CHECKING

from magnetite.labels import ClassesLike
from magnetite.networks.autoencoder import autoencoder
from magnetite.networks.network import Network

if TYPE_CHECKING:
    from magnetite.deep.dbn import DBN
    from magnetite.networks.autoencoder import Autoencoder
    from magnetite.networks.classifier import Classifier
    from magnetite.networks.regressor import Regressor

__all__ = ["to_autoencoder", "to_classifier", "to_regressor"]


def to_classifier(self: "DBN", classes: ClassesLike) -> "Classifier":
    """Return a network of the way up with a softmax layer above, for `Network.fit` to go on with.

    Parameters
    ----------
    classes : int or sequence
        The labels, two or more; a number of them stands for 0, 1, 2 and so on.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.DBN([4, 3, 2]).to_classifier(classes=["no", "yes"])
    Classifier(4-3-2-2, sigmoid, softmax)
    """
    return Network.classifier(self.recognition, classes)


def to_regressor(self: "DBN", num_outputs: int = 1) -> "Regressor":
    """Return a network of the way up with a linear layer above, for `Network.fit` to go on with.

    Parameters
    ----------
    num_outputs : int
        Columns of the targets, 1 by default.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.DBN([4, 3, 2]).to_regressor()
    Regressor(4-3-2-1, sigmoid, linear)
    """
    return Network.regressor(self.recognition, num_outputs)


def to_autoencoder(self: "DBN") -> "Autoencoder":
    """Return a network of the way up to the top layer and the way down again.

    Examples
    --------
    >>> import magnetite as mg
    >>> mg.DBN([4, 3, 2]).to_autoencoder()
    Autoencoder(4-3-2-3-4, sigmoid)
    """
    return autoencoder(self.recognition, down=self.layers)
