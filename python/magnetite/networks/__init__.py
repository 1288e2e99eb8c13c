"""Feed-forward networks unrolled from machines, and their training by back-propagation."""

from magnetite.networks.autoencoder import Autoencoder
from magnetite.networks.classifier import Classifier
from magnetite.networks.dense import Dense
from magnetite.networks.network import Network
from magnetite.networks.regressor import Regressor

__all__ = ["Autoencoder", "Classifier", "Dense", "Network", "Regressor"]
