"""What the relatives of the restricted Boltzmann machine reach, as lines of JSON.

``ratings``: held-out errors on planted ratings of rank three, beside damped means and beside who
planted them; with ``--movielens PATH`` on the user's own `u.data` of MovieLens 100K, too.
``classifier``: accuracy on scikit-learn's digits beside logistic regression on pixels. ``mnist``:
test error on MNIST cut at 0.5, in the folder that MAGNETITE_DATA names (minutes)::

    python benches/relatives.py ratings classifier mnist
    python benches/relatives.py ratings --movielens ml-100k/u.data
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.relatives import Ratings
from planted_ratings import damped_means, errors_of, planted, rmse

Rows = NDArray[Any]

SIZES = ((200, 0.3), (300, 0.3), (500, 0.2))
"""Users, and the share of 100 items that each has rated; a fifth of that is held out."""

OBJECTIVES = ("discriminative", "hybrid", "generative")


def with_error(values: list[float]) -> list[float]:
    """Mean and standard error."""
    return [float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))]


def machine_of(train: Ratings, hidden: int, seed: int, **options: Any) -> tuple[Any, float]:
    """Return a machine that has learnt ratings, and the seconds it took."""
    started = time.perf_counter()
    machine = mg.RatingsRBM(train.shape[1], hidden, **options)
    machine.fit(train, seed=seed, monitor_every=50)
    return machine, time.perf_counter() - started


def ndcg(expected: Rows, train: Ratings, test: Ratings, k: int = 10) -> float:
    """Return nDCG at k of the order of all items that a user's training ratings leave.

    A held-out rating is worth itself, all else nothing; users without one do not count.
    """
    scores, gains = expected.copy(), np.zeros(train.shape)
    scores[train.users, train.items] = -np.inf
    gains[test.users, test.items] = test.values
    discounts = 1 / np.log2(np.arange(2, k + 2))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(gains, order, axis=1) @ discounts
    best = -np.sort(-gains, axis=1)[:, :k] @ discounts
    some = best > 0
    return float((found[some] / best[some]).mean())


def planted_errors(users: int, observed: float, seeds: int) -> dict[str, Any]:
    """Return root mean square errors over seeds of data and machine."""
    found: dict[str, list[float]] = {}
    for seed in range(1, seeds + 1):
        data = planted(users=users, observed=observed, seed=seed)
        plain, seconds = machine_of(data.train, 20, seed)
        told, _ = machine_of(data.train, 20, seed, conditional=True)
        figures = {
            "means": rmse(errors_of(damped_means(data.train), data.test)),
            "mean_field": plain.rmse(data.train, data.test),
            "exact": plain.rmse(data.train, data.test, method="exact"),
            "conditional": told.rmse(data.train, data.test),
            "oracle": rmse(errors_of(data.expected, data.test)),
            "seconds": seconds,
        }
        for name, value in figures.items():
            found.setdefault(name, []).append(value)
    means = {name: with_error(values) for name, values in found.items()}
    return {"users": users, "items": 100, "observed": observed, "seeds": seeds} | means


def movielens(path: Path, hidden: int, seed: int) -> dict[str, Any]:
    """Return errors on a quarter of the ratings of a file."""
    train, test = mg.read_ratings(path).split(0.25, seed=seed)
    base = damped_means(train)
    machine, seconds = machine_of(train, hidden, seed)
    expected = machine.predict(train)
    return {
        "file": path.name,
        "means": rmse(errors_of(base, test)),
        "mean_field": rmse(errors_of(expected, test)),
        "means_ndcg": ndcg(base, train, test),
        "ndcg": ndcg(expected, train, test),
        "seconds": seconds,
    }


def digits(objective: str, seeds: int) -> dict[str, Any]:
    """Return accuracy and loss on a fifth of the digits, over splits."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split

    from magnetite.sklearn import RBMClassifier

    pixels, labels = load_digits(return_X_y=True)
    found: dict[str, list[float]] = {}
    options = {"gradient": "centered"} if objective == "generative" else {}
    for seed in range(1, seeds + 1):
        train, test, y, y_test = train_test_split(
            pixels / 16, labels, test_size=0.2, random_state=seed, stratify=labels
        )
        linear = LogisticRegression(max_iter=5000).fit(train, y)
        started = time.perf_counter()
        ours = RBMClassifier(
            objective=objective, calibration_fraction=0.2, random_state=seed, **options
        ).fit(train, y)
        figures = {
            "seconds": time.perf_counter() - started,
            "accuracy": ours.score(test, y_test),
            "linear_accuracy": linear.score(test, y_test),
            "log_loss": log_loss(y_test, ours.predict_proba(test)),
            "uncalibrated_log_loss": log_loss(
                y_test, ours.rbm_.predict_proba(test, temperature=1.0)
            ),
            "linear_log_loss": log_loss(y_test, linear.predict_proba(test)),
            "temperature": ours.temperature_,
        }
        for name, value in figures.items():
            found.setdefault(name, []).append(float(value))
    means = {name: with_error(values) for name, values in found.items()}
    return {"objective": objective, "splits": seeds} | means


def mnist(hidden: int = 300, epochs: int = 10, seed: int = 1) -> dict[str, Any]:
    """Return test error and loss of a hybrid; the validation rows find the temperature alone."""
    path = Path(os.environ["MAGNETITE_DATA"]) / "mnist_binary" / "mnist_threshold.npz"
    with np.load(path) as archive:
        parts = {
            name: (archive[f"{name}.data"].astype(np.float32), archive[f"{name}.lbl"].astype(int))
            for name in ("train", "valid", "test")
        }
    machine = mg.ClassificationRBM(784, hidden, classes=10)
    started = time.perf_counter()
    run = machine.fit(
        *parts["train"],
        optimizer=mg.Adam(mg.training.Cosine(0.002, begin=0.3)),
        epochs=epochs,
        monitor_every=epochs,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    test, labels = parts["test"]

    def loss() -> float:
        chances = machine.predict_proba(test)[np.arange(len(labels)), labels]
        return float(-np.log(chances).mean())

    uncalibrated = loss()
    temperature = machine.calibrate(*parts["valid"])
    return {
        "hidden": hidden,
        "epochs": run.info["epochs"],
        "test_error": 1 - machine.score(test, labels),
        "log_loss": loss(),
        "uncalibrated_log_loss": uncalibrated,
        "temperature": temperature,
        "seconds": seconds,
    }


def lines_of(what: str, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield what a command finds, one line after the other."""
    if what == "ratings":
        for users, observed in SIZES:
            yield planted_errors(users, observed, seeds)
    elif what == "classifier":
        for objective in OBJECTIVES:
            yield digits(objective, seeds)
    else:
        yield mnist()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=["ratings", "classifier", "mnist"])
    parser.add_argument("--seeds", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument("--movielens", type=Path, metavar="FILE", help="u.data, if you have it")
    parser.add_argument("--hidden", type=int, default=100, help="units for FILE (default 100)")
    args = parser.parse_args()
    for what in args.what:
        for line in lines_of(what, args.seeds):
            print(json.dumps({"bench": what} | line), flush=True)
    if args.movielens is not None:
        print(json.dumps(movielens(args.movielens, args.hidden, 1)), flush=True)


if __name__ == "__main__":
    main()
