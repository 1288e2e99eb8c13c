"""What networks unrolled from machines reach on MNIST, and how long that takes.

Needs the folder that MAGNETITE_DATA names. Each line that is printed is a JSON object::

    python benches/deep_classifier.py mnist        # 784-500-500-2000-10, tens of minutes
    python benches/deep_classifier.py few-labels   # 1,000 labels, pre-trained and not, 5 seeds
    python benches/deep_classifier.py speed        # of one epoch, next to a plain product

``--machines FOLDER`` keeps the machines that are trained without labels, and takes them from there
where they are: the first two commands share them.
"""

import argparse
import gzip
import json
import os
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import magnetite as mg
from magnetite.training import L2, Cosine, EarlyStopping, Step

Rows = NDArray[np.float32]
Labels = NDArray[np.uint8]

SIZES = [784, 500, 500, 2000]


def mnist(part: str) -> tuple[Rows, Labels]:
    """Return grey pixels from 0 to 1, and labels; `part` is "train" or "t10k"."""
    folder = Path(os.environ["MAGNETITE_DATA"]) / "mnist"
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return pixels / np.float32(255), labels


def peak_memory() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pretrained(X: Rows, args: argparse.Namespace) -> tuple[mg.RBM, ...]:
    """Return machines trained one above the other by CD-1, with the options of Hinton's rbm.m."""
    paths = [args.machines / f"layer{i}.npz" for i in range(3)] if args.machines else []
    if paths and all(path.exists() for path in paths):
        return tuple(mg.load(path) for path in paths)
    dbn = mg.DBN([784, 500, 500, 2000])
    started = time.perf_counter()
    dbn.fit(
        X,
        negative=mg.CD(steps=1),
        optimizer=mg.SGD(0.1, momentum=Step({0: 0.5, 5: 0.9})),
        gradient="plain",
        means=True,
        penalties=[L2(2e-4)],
        epochs=args.pretrain_epochs,
        batch_size=100,
        monitor_every=args.pretrain_epochs,
        seed=args.seed,
        num_threads=args.threads,
    )
    tell(
        what="pre-training",
        epochs=args.pretrain_epochs,
        seconds=time.perf_counter() - started,
        peak_memory_mb=peak_memory(),
    )
    for path, rbm in zip(paths, dbn.layers, strict=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        rbm.save(path)
    return dbn.layers


def tell(**facts: Any) -> None:
    """Print a line of JSON."""
    print(json.dumps(facts), flush=True)


def whole(args: argparse.Namespace) -> None:
    """Fine-tune with all labels but 5,000, which the temperature is made of; test."""
    (X, y), (X_test, y_test) = mnist("train"), mnist("t10k")
    order = np.random.default_rng(args.seed).permutation(len(X))
    kept, held_out = order[args.held_out :], order[: args.held_out]
    net = mg.Network.classifier(pretrained(X[np.sort(order)], args), classes=10)
    rate = Cosine(args.rate)
    optimizer = mg.Adam(rate) if args.optimizer == "adam" else mg.SGD(rate, momentum=0.9)
    started, cpu = time.perf_counter(), time.process_time()
    run = net.fit(
        X[kept],
        y[kept],
        optimizer=optimizer,
        dropout=args.dropout,
        input_dropout=args.input_dropout,
        epochs=args.epochs,
        batch_size=100,
        validation=(X[held_out], y[held_out]),
        callbacks=[lambda p: print(p.epoch, p.figures, file=sys.stderr, flush=True)],
        seed=args.seed,
        num_threads=args.threads,
    )
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    before = net.loss(X_test, y_test)
    chances = net.predict_proba(X_test)
    net.calibrate(X[held_out], y[held_out])
    calibrated = net.predict_proba(X_test)
    tell(
        what="mnist",
        net=repr(net),
        optimizer=repr(optimizer),
        dropout=args.dropout,
        input_dropout=args.input_dropout,
        epochs=args.epochs,
        test_error=float((net.predict(X_test) != y_test).mean()),
        held_out_error=run.history["validation_error"][-1],
        train_loss=run.history["loss"][-1],
        test_loss=before,
        temperature=net.temperature,
        test_loss_calibrated=_loss(calibrated, y_test),
        calibration_error=_calibration_error(chances, y_test),
        calibration_error_calibrated=_calibration_error(calibrated, y_test),
        seconds=seconds,
        cpu_seconds=cpu,
        peak_memory_mb=peak_memory(),
    )
    if args.machines:
        net.save(args.machines / "mnist.npz")


def _loss(chances: NDArray[Any], labels: Labels) -> float:
    return float(-np.log(chances[np.arange(len(labels)), labels]).mean())


def _calibration_error(chances: NDArray[Any], labels: Labels) -> float:
    """Return the expected calibration error over 15 bins of equal width (Guo et al., eq. 3)."""
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    bins = np.minimum((sure * 15).astype(int), 14)
    gaps = [abs((sure - right)[bins == b].sum()) for b in range(15)]
    return float(sum(gaps) / len(labels))


def few_labels(args: argparse.Namespace) -> None:
    """Compare networks of 1,000 labels: unrolled from machines of all images, and random ones.

    Both have the same rows and optimiser, and take the best of `--epochs` by the same 500 others.
    """
    (X, y), (X_test, y_test) = mnist("train"), mnist("t10k")
    machines = pretrained(X, args)
    rows, baselines = [], ["random_sigmoid"] + ["random_relu"] * args.relu
    for seed in range(args.seed, args.seed + args.num_seeds):
        chosen = np.random.default_rng(seed).permutation(len(X))[:1500]
        learnt, held_out = chosen[:1000], chosen[1000:]
        found: dict[str, Any] = {}
        for name in ("pretrained", *baselines):
            started = time.perf_counter()
            layers: Any = machines if name == "pretrained" else SIZES
            kind = "relu" if name == "random_relu" else "sigmoid"
            net = mg.Network.classifier(layers, classes=10, activation=kind, seed=seed)
            stop = EarlyStopping("validation_error", patience=args.epochs)  # the best epoch of all
            net.fit(
                X[learnt],
                y[learnt],
                optimizer=mg.Adam(Cosine(args.few_rate)),
                epochs=args.epochs,
                batch_size=50,
                validation=(X[held_out], y[held_out]),
                callbacks=[stop],
                seed=seed,
                num_threads=args.threads,
            )
            found[name] = float((net.predict(X_test) != y_test).mean())
            found[f"{name}_seconds"] = time.perf_counter() - started
        rows.append(found)
        tell(what="few-labels", seed=seed, **found)
    for name in baselines:
        gains = np.array([row[name] - row["pretrained"] for row in rows])
        tell(
            what="few-labels",
            seeds=len(rows),
            against=name,
            error_pretrained=float(np.mean([row["pretrained"] for row in rows])),
            error_random=float(np.mean([row[name] for row in rows])),
            gain=gains.mean(),
            standard_error=gains.std(ddof=1) / len(gains) ** 0.5,
            peak_memory_mb=peak_memory(),
        )


def speed(args: argparse.Namespace) -> None:
    """Time an epoch by batch size and optimiser, and NumPy's products alone.

    Seconds are those of 60,000 rows; of fewer, `--rows`, they are scaled up.
    """
    (X, y), sizes = mnist("train"), [*SIZES, 10]
    whole_epoch = len(X) / args.rows
    X, y = X[: args.rows], y[: args.rows]
    pairs = list(pairwise(sizes))
    # Forward, gradient of the weights, and backward but for the inputs: 2 n m operations each.
    work = 2 * (3 * sum(n * m for n, m in pairs) - 784 * 500) * len(X) / 1e9
    for optimizer, batch in (
        (mg.SGD(0.1), 100),
        (mg.SGD(0.1, momentum=0.9), 100),
        (mg.Adam(), 100),
        (mg.SGD(0.1, momentum=0.9), 1000),
    ):
        net = mg.Network.classifier(SIZES, classes=10, seed=1)
        cpu = time.process_time()
        run = net.fit(
            X, y, optimizer=optimizer, epochs=2, batch_size=batch, seed=1, num_threads=args.threads
        )
        seconds = float(np.diff(run.history["seconds"])[0])
        tell(
            what="speed",
            optimizer=type(optimizer).__name__,
            batch_size=batch,
            threads=args.threads,
            rows=len(X),
            seconds=seconds * whole_epoch,
            cpu_seconds=(time.process_time() - cpu) / 2 * whole_epoch,
            gflop_per_second=work / seconds,
            numpy_gflop_per_second=_numpy_speed(pairs, batch),
            peak_memory_mb=peak_memory(),
        )


def _numpy_speed(pairs: list[tuple[int, int]], batch: int) -> float:
    """Return GFLOP/s of the products of an update by NumPy alone, the best of ten."""
    rng, best = np.random.default_rng(1), float("inf")
    arrays = [
        [rng.random(shape, np.float32) for shape in ((batch, n), (n, m), (batch, m))]
        for n, m in pairs
    ]
    for _ in range(10):
        started = time.perf_counter()
        for number, (x, w, d) in enumerate(arrays):
            x @ w, x.T @ d
            if number:
                d @ w.T
        best = min(best, time.perf_counter() - started)
    return 2 * (3 * sum(n * m for n, m in pairs) - 784 * 500) * batch / 1e9 / best


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = {"mnist": whole, "few-labels": few_labels, "speed": speed}
    parser.add_argument("what", choices=commands)
    parser.add_argument("--machines", type=Path, metavar="FOLDER", help="keep or take machines")
    parser.add_argument("--pretrain-epochs", type=int, default=30, help="a layer (default 30)")
    parser.add_argument("--epochs", type=int, help="of fine-tuning (default 11, 25 of few-labels)")
    parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam", help="of `mnist`")
    parser.add_argument("--rate", type=float, default=0.001, help="of it at first (default 0.001)")
    parser.add_argument("--few-rate", type=float, default=0.001, help="of `few-labels`, Adam")
    parser.add_argument("--held-out", type=int, default=5000, help="rows of calibration")
    parser.add_argument("--dropout", type=float, default=0.2, help="of `mnist` (default 0.2)")
    parser.add_argument("--input-dropout", type=float, default=0.1, help="of `mnist` (default 0.1)")
    parser.add_argument("--relu", action="store_true", help="`few-labels` with a relu network too")
    parser.add_argument("--num-seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=60_000, help="of `speed` (default all)")
    parser.add_argument("--threads", type=int, help="all by default")
    args = parser.parse_args()
    args.epochs = args.epochs or {"mnist": 11, "few-labels": 25}.get(args.what)
    if "MAGNETITE_DATA" not in os.environ:
        print("MNIST is looked for in the folder that MAGNETITE_DATA names", file=sys.stderr)
        return 2
    commands[args.what](args)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
