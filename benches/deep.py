"""What deep belief networks of ours reach on MNIST, and how long that takes.

Needs the folder that MAGNETITE_DATA names; the images are those cut at 0.5. Every line that is
printed is a JSON object, with seconds, and the most memory the process has had so far in MB::

    python benches/deep.py features     # a linear classifier on pixels and on hidden layers
    python benches/deep.py updown       # 8 x 8 digits: the bound of ln p before and after
    python benches/deep.py updown-mnist                    # the same of 784-500-500
    python benches/deep.py dream --pictures docs/pictures  # digits that the network draws

With ``--checkpoint FILE`` a greedy training goes on from that file, or is kept in it, for other
commands, too.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
import magnetite.plots
from learn import mnist

Rows = NDArray[np.float32]
Labels = NDArray[np.int64]

SIZES = [784, 500, 500, 2000]

LAYER = {
    "negative": mg.CD(1),
    "optimizer": mg.SGD(mg.training.Cosine(0.1, 0.001, begin=0.3), momentum=0.5),
    "penalties": [mg.training.L2(2e-4)],
    "batch_size": 100,
}
"""How the lower layers learn: quickly, as what goes up is all that is asked of them."""

TOP = LAYER | {
    "negative": mg.PCD(num_chains=200),
    "optimizer": mg.SGD(mg.training.Cosine(0.05, 0.0005, begin=0.2)),
}
"""How the top learns: it is what draws come from."""

PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""Of the linear classifier; the validation part of the data chooses."""


def tell(**figures: Any) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps(rounded | {"peak_mb": round(peak)}), flush=True)


def greedy(data: Rows, sizes: list[int], layers: list[Any], **options: Any) -> mg.DBN:
    """Return a stack that was trained layer by layer."""
    dbn = mg.DBN(sizes)
    result = dbn.fit(data, layers=layers, **options)
    tell(
        what="greedy training",
        sizes=sizes,
        epochs=options["epochs"],
        seconds_of_layers=[round(run.info["seconds"], 1) for run in result.runs],
        seconds=result.info["seconds"],
    )
    return dbn


def mnist_stack(sizes: list[int], args: argparse.Namespace) -> mg.DBN:
    """Return a stack of 60,000 digits."""
    return greedy(
        mnist("threshold")[0],
        sizes,
        [LAYER] * (len(sizes) - 2) + [TOP],
        epochs=args.epochs,
        monitor_every=args.epochs,
        seed=args.seed,
        checkpoint=args.checkpoint,
        resume=args.checkpoint is not None,
    )


def wide_machine(args: argparse.Namespace) -> mg.DBN:
    """Return one machine of 60,000 digits, with as many hidden units as the top of the stack."""
    sizes = [SIZES[0], SIZES[-1]]
    options = {"epochs": args.epochs, "monitor_every": args.epochs, "seed": args.seed}
    return greedy(mnist("threshold")[0], sizes, [LAYER], **options)


# Features.


def labels() -> tuple[Labels, Labels]:
    """Return the labels of the 60,000 rows to learn from and of the 10,000 to test."""
    folder = Path(os.environ["MAGNETITE_DATA"]) / "mnist_binary"
    with np.load(folder / "mnist_threshold.npz") as archive:
        parts = [archive[f"{name}.lbl"].astype(np.int64) for name in ("train", "valid", "test")]
    return np.concatenate(parts[:2]), parts[2]


def ridge(features: list[Rows], of: tuple[Labels, Labels]) -> float:
    """Return the test error in percent of least squares on one-hot labels."""
    train, test = (np.column_stack([part, np.ones(len(part), np.float32)]) for part in features)
    wanted, truth = of
    targets = np.eye(10, dtype=np.float32)[wanted]
    learnt = np.arange(len(train)) < 50_000

    def weights(rows: NDArray[np.bool_], penalties: tuple[float, ...]) -> list[Any]:
        part = train[rows]
        gram = (part.T @ part).astype(np.float64)
        right = (part.T @ targets[rows]).astype(np.float64)
        eye = np.eye(len(gram))
        return [np.linalg.solve(gram + penalty * eye, right) for penalty in penalties]

    held_out = [
        (train[~learnt] @ found).argmax(axis=1) != wanted[~learnt]
        for found in weights(learnt, PENALTIES)
    ]
    best = PENALTIES[int(np.argmin([wrong.mean() for wrong in held_out]))]
    (found,) = weights(np.ones(len(train), np.bool_), (best,))
    return 100 * float(((test @ found).argmax(axis=1) != truth).mean())


def logistic(features: list[Rows], of: tuple[Labels, Labels]) -> float:
    """Return the test error in percent of logistic regression, with little of a penalty."""
    from sklearn.linear_model import LogisticRegression

    train, test = features
    model = LogisticRegression(C=0.1, max_iter=200).fit(train, of[0])
    return 100 * float((model.predict(test) != of[1]).mean())


def hidden_layers(dbn: mg.DBN, depth: int | None) -> list[Rows]:
    """Return the rows to learn from and to test, as one hidden layer has them, or all joined."""
    every = range(1, len(dbn.layers) + 1) if depth is None else [depth]
    return [
        np.concatenate([part if d == 0 else dbn.transform(part, depth=d) for d in every], axis=1)
        for part in mnist("threshold")
    ]


def features(dbn: mg.DBN, wide: mg.DBN) -> None:
    """Print the errors of linear classifiers on pixels, and on what the machines make of them.

    `wide` is one machine with as many hidden units as the top one of the stack.
    """
    of = labels()
    looks: dict[str, tuple[mg.DBN, int | None]] = {"pixels": (dbn, 0), "one machine": (dbn, 1)}
    looks |= {f"{depth} machines": (dbn, depth) for depth in range(2, len(dbn.layers) + 1)}
    looks |= {"all hidden layers": (dbn, None), "one wide machine": (wide, 1)}
    for classifier in (ridge, logistic):
        for name, look in looks.items():
            rows, started = hidden_layers(*look), time.perf_counter()
            error = classifier(rows, of)
            tell(
                features=name,
                columns=rows[0].shape[1],
                classifier=classifier.__name__,
                test_error_percent=error,
                seconds=time.perf_counter() - started,
            )


# Bounds.


def digits() -> tuple[Rows, Rows]:
    """Return the 1,797 images of 8 x 8 pixels, cut in the middle: 1,400 to learn from, 397."""
    folder = Path(os.environ["MAGNETITE_DATA"]) / "digits"
    with np.load(folder / "digits.npz") as archive:
        images = (archive["X"] > 7).astype(np.float32)
    images = images[np.random.default_rng(1).permutation(len(images))]
    return images[:1400], images[1400:]


def bound(dbn: mg.DBN, train: Rows, test: Rows, **figures: Any) -> None:
    started = time.perf_counter()
    found = dbn.log_likelihood_bound(test, num_samples=20, seed=1)
    learnt = dbn.log_likelihood_bound(train[:1000], num_samples=20, log_z=found, seed=1)
    tell(
        **figures,
        test_bound=found.value,
        error=found.error,
        bracket=[round(end, 3) for end in found.bracket],
        reliable=found.reliable,
        reason=found.reason,
        training_bound=learnt.value,
        training_bracket=[round(end, 3) for end in learnt.bracket],
        seconds=time.perf_counter() - started,
    )


def updown(dbn: mg.DBN, train: Rows, test: Rows, args: argparse.Namespace, **options: Any) -> None:
    """Print the bound of a trained stack, before and after fine-tuning."""
    bound(dbn, train, test, what="greedy")
    run = dbn.fine_tune(train, seed=args.seed, monitor_every=options["epochs"], **options)
    tell(what="up-down training", epochs=options["epochs"], seconds=run.info["seconds"])
    bound(dbn, train, test, what="after up-down")


def updown_of_digits(args: argparse.Namespace) -> None:
    train, test = digits()
    options = {"batch_size": 50, "seed": args.seed, "monitor_every": 1000}
    steps = {"optimizer": mg.SGD(mg.training.Cosine(0.05, begin=0.5))}
    dbn = greedy(train, [64, 100, 100], [steps] * 2, epochs=200, pass_up="samples", **options)
    steps = {"optimizer": mg.SGD(mg.training.Cosine(0.02, begin=0.5), momentum=0.9)}
    updown(dbn, train, test, args, epochs=100, batch_size=50, **steps)


def updown_of_mnist(args: argparse.Namespace) -> None:
    dbn = mnist_stack([784, 500, 500], args)
    steps = {"optimizer": mg.SGD(mg.training.Cosine(0.02, begin=0.3), momentum=0.5)}
    updown(dbn, *mnist("threshold"), args, epochs=args.epochs, **steps)


# Draws.


def dream(dbn: mg.DBN, folder: Path, seed: int) -> None:
    """Write a picture of digits that chains of the top machine and a pass down make."""
    import matplotlib.pyplot as plt

    started = time.perf_counter()
    drawn = dbn.generate(64, num_steps=2000, start="biases", seed=seed)
    tell(what="dream", draws=len(drawn), seconds=time.perf_counter() - started)
    folder.mkdir(parents=True, exist_ok=True)
    axes = mg.plots.samples(drawn, (28, 28))
    axes.figure.savefig(folder / "dbn_dreams.png", dpi=80)
    plt.close(axes.figure)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["features", "updown", "updown-mnist", "dream"])
    parser.add_argument("--epochs", type=int, default=20, help="of each layer (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", default=Path("."))
    args = parser.parse_args()
    if "MAGNETITE_DATA" not in os.environ:
        print("the data are looked for in the folder that MAGNETITE_DATA names", file=sys.stderr)
        return 2
    match args.what:
        case "features":
            features(mnist_stack(SIZES, args), wide_machine(args))
        case "dream":
            dream(mnist_stack(SIZES, args), args.pictures, args.seed)
        case "updown":
            updown_of_digits(args)
        case "updown-mnist":
            updown_of_mnist(args)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
