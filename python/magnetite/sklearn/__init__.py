"""Estimators for scikit-learn: machines as transformers, detectors and classifiers.

They follow scikit-learn's conventions (`check_estimator`), fit into pipelines and searches, and
hold the fitted machine as `rbm_`, which answers everything else.
"""

from magnetite.sklearn.anomaly import RBMAnomalyDetector
from magnetite.sklearn.bernoulli import BernoulliRBM
from magnetite.sklearn.categorical import CategoricalRBM
from magnetite.sklearn.classifier import RBMClassifier
from magnetite.sklearn.dbn import DBNTransformer
from magnetite.sklearn.dbn_classifier import DBNClassifier
from magnetite.sklearn.dbn_regressor import DBNRegressor
from magnetite.sklearn.gaussian import GaussianRBM

__all__ = [
    "BernoulliRBM",
    "CategoricalRBM",
    "DBNClassifier",
    "DBNRegressor",
    "DBNTransformer",
    "GaussianRBM",
    "RBMAnomalyDetector",
    "RBMClassifier",
]
