"""What relatives of the restricted Boltzmann machine reach on real documents and on a real film.

Needs the folder that MAGNETITE_DATA names; prints a line of JSON for each figure::

    python benches/relatives_series.py reuters   # perplexity of held-out documents (minutes)
    python benches/relatives_series.py frey      # error of the next frame (minutes)
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.relatives import stack_history
from magnetite.relatives.conditional_fit import ridge_regression

Floats = NDArray[np.float64]
Figures = dict[str, Any]
Predict = Callable[[Floats], Any]

SMOOTHINGS = (0.05, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0)
RIDGES = (1e-3, 1e-2, 3e-2, 1e-1, 3e-1)
RATES = (3e-4, 1e-3, 3e-3)
COMPONENTS = 30


def folder() -> Path:
    return Path(os.environ["MAGNETITE_DATA"])


# Documents.


def documents(seed: int) -> tuple[Floats, Floats]:
    """Return 316 documents to learn from and 79 that are held out."""
    with np.load(folder() / "bag_of_words" / "reuters395.npz") as arrays:
        counts = arrays["counts"].astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(counts))
    return counts[order[79:]], counts[order[:79]]


def unigram(train: Floats, test: Floats, smoothing: float) -> float:
    """Return the perplexity, averaged over documents, by shares of words alone."""
    shares = train.sum(axis=0) + smoothing
    logs = test @ np.log(shares / shares.sum())
    return float(np.exp(-(logs / test.sum(axis=1)).mean()))


def reuters(seeds: range) -> Iterator[Figures]:
    """Yield exact perplexities of held-out documents; nothing is chosen by looking at them.

    But for the baseline's smoothing, which is the best one for them.
    """
    settings: list[tuple[int, int, mg.training.Optimizer]] = [
        (10, 50, mg.SGD(mg.training.Cosine(0.01, begin=0.5), momentum=0.9)),
        (10, 50, mg.Adam(mg.training.Cosine(0.01))),
        (16, 50, mg.Adam(mg.training.Cosine(0.01))),
    ]
    for seed in seeds:
        train, test = documents(seed)
        alone = {str(a): round(unigram(train, test, a), 1) for a in SMOOTHINGS}
        yield {"data": "reuters395", "split": seed, "unigram": alone}
        start = mg.ReplicatedSoftmax(train.shape[1], 1)
        start.fit(train, epochs=0, seed=seed)
        begin = start.perplexity(test).value
        for topics, epochs, optimizer in settings:
            model = mg.ReplicatedSoftmax(train.shape[1], topics)
            began = time.perf_counter()
            model.fit(train, epochs=epochs, batch_size=50, optimizer=optimizer, seed=seed)
            learnt = time.perf_counter()
            log_z = model.log_partition(np.unique(test.sum(axis=1)).astype(int))
            yield {
                "data": "reuters395",
                "split": seed,
                "hidden": topics,
                "epochs": epochs,
                "optimizer": type(optimizer).__name__,
                "perplexity": round(model.perplexity(test, log_z=log_z).value, 1),
                "of_words": round(model.perplexity(test, average="words", log_z=log_z).value, 1),
                "without_topics": round(begin, 1),
                "best_unigram": min(alone.values()),
                "fit_seconds": round(learnt - began, 1),
                "log_z_seconds": round(time.perf_counter() - learnt, 1),
            }


# A film.


def film() -> tuple[Floats, float]:
    """Return the film along the first principal axes of its first 80 %, and the unit of that."""
    with np.load(folder() / "freyfaces" / "freyfaces.npz") as arrays:
        frames = arrays["X"].astype(np.float64) / 255
    learnt = frames[: len(frames) * 4 // 5]
    frames -= learnt.mean(axis=0)
    axes = np.linalg.svd(learnt, full_matrices=False)[2][:COMPONENTS].T
    scale = float((learnt @ axes).std(axis=0).mean())
    return frames @ axes / scale, scale


def frey(seeds: range) -> Iterator[Figures]:
    """Yield errors of the next frame over the last fifth, root mean squares a component.

    The ridge of the linear law and the machine's rate are those that predict the last eighth of
    the first 80 % best, given the rest of that.
    """
    series, scale = film()
    learnt, split = series[: len(series) * 4 // 5], len(series) * 4 // 5
    for order in (1, 2, 3):
        X, past = stack_history(series[split - order :], order)

        def error(guess: Any, X: Floats = X) -> float:
            return round(float(np.sqrt(((guess - X) ** 2).mean()) * scale), 5)

        ridge = best(learnt, order, RIDGES, linear)
        base = {
            "data": "freyfaces",
            "order": order,
            "persistence": error(past[:, :COMPONENTS]),
            "ridge": ridge,
            "ridge_ar": error(linear(learnt, order, ridge)(past)),
        }
        for start in (ridge, None):
            rate = best(learnt, order, RATES, partial(conditional, ridge=start))
            for seed in seeds:
                began = time.perf_counter()
                model = learn(learnt, order, rate, start, seed)
                yield base | {
                    "begins_at": "ridge regression" if start else "zero",
                    "hidden": model.n_hidden,
                    "rate": rate,
                    "seed": seed,
                    "mean_field": error(model.predict(past)),
                    "gibbs": error(model.predict(past, method="gibbs", seed=seed)),
                    "seconds": round(time.perf_counter() - began, 1),
                }


def learn(
    learnt: Floats, order: int, rate: float, ridge: float | None, seed: int
) -> mg.ConditionalRBM:
    """Return a machine that began at the regression, or at zero, which takes longer."""
    units = mg.units.Gaussian(learn_variance=True)
    model = mg.ConditionalRBM(COMPONENTS, 50, order=order, visible=units)
    epochs = 30 if ridge else 100
    optimizer = mg.SGD(mg.training.Cosine(rate, begin=0.5), momentum=0.9)
    options: Figures = {"negative": mg.CD(5), "epochs": epochs, "monitor_every": epochs}
    model.fit_series(learnt, optimizer=optimizer, ridge=ridge, seed=seed, **options)
    return model


def conditional(learnt: Floats, order: int, rate: float, ridge: float | None) -> Predict:
    return learn(learnt, order, rate, ridge, 0).predict


def linear(learnt: Floats, order: int, ridge: float) -> Predict:
    X, past = stack_history(learnt, order)
    slopes, offsets, _ = ridge_regression(X, past, np.ones(len(X)), ridge)
    return lambda past: past @ slopes + offsets


def best(
    learnt: Floats,
    order: int,
    choices: tuple[float, ...],
    method: Callable[[Floats, int, float], Predict],
) -> float:
    """Return the choice that predicts the last eighth best, given the rest."""
    split = len(learnt) * 7 // 8
    X, past = stack_history(learnt[split - order :], order)
    errors = {c: float(((method(learnt[:split], order, c)(past) - X) ** 2).mean()) for c in choices}
    return min(errors, key=lambda choice: errors[choice])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", choices=("reuters", "frey"))
    parser.add_argument("--seeds", type=int, default=3, help="splits, or starts: 3 by default")
    args = parser.parse_args()
    for found in {"reuters": reuters, "frey": frey}[args.figures](range(1, args.seeds + 1)):
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
