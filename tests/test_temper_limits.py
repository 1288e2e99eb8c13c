"""Bounds of a replica-exchange run: time that is filled, memory that is not."""

import time
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import magnetite as mg
from magnetite.control import Control, drive
from magnetite.tempering import TemperJob

RNG = np.random.default_rng(3)
RING = mg.Ising({(i, (i + 1) % 20): 1.0 for i in range(20)})
COMPLETE = mg.Ising(np.triu(RNG.normal(size=(20, 20)), 1))
BETAS = [0.05, 0.1, 0.2]


@pytest.fixture
def in_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `mg.temper` count the seconds that it works, of which a loaded machine takes none."""

    def drive_in_cpu_time(job: Any, control: Control) -> Any:
        return drive(job, replace(control, started=time.process_time(), clock=time.process_time))

    temper = import_module("magnetite.temper")
    monkeypatch.setattr(temper, "TemperJob", partial(TemperJob, clock=time.process_time))
    monkeypatch.setattr(temper, "drive", drive_in_cpu_time)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (COMPLETE, {}),
        (RING, {"num_ladders": 1}),
        (RING, {"cluster_moves": False}),
        (RING, {"cluster_moves": True}),
        (RING, {}),
    ],
    ids=["complete", "one", "none", "all", "auto"],
)
@pytest.mark.usefixtures("in_cpu_time")
def test_a_time_limit_is_filled_where_nothing_is_tuned(
    model: mg.Ising, options: dict[str, Any]
) -> None:
    """A sweep of 6 x 20 spins takes microseconds: a quarter of a second holds many thousand."""
    result = mg.temper(model, betas=BETAS, time_limit=0.25, seed=1, num_threads=1, **options)
    assert result.info["tuned"] and result.info["stop_reason"] == "time_limit"
    assert np.isfinite(result.energies[0, 0]).sum() > 3000
    assert result.info["rounds"][0]["how"] == "given"


def test_a_count_is_not_preceded_by_a_pilot() -> None:
    result = mg.temper(COMPLETE, betas=BETAS, num_sweeps=100, time_limit=60.0, seed=1)
    assert result.info["rounds"] == [] and result.info["deterministic"]


@pytest.mark.usefixtures("in_cpu_time")
def test_stored_states_of_a_long_time_limit_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("magnetite.stages.MOST_BYTES", 10**6)
    result = mg.temper(
        COMPLETE, betas=BETAS, store_states=True, time_limit=0.3, seed=1, num_threads=1
    )
    assert result.draws is not None
    assert result.info["thin"] > 1
    assert 24 * result.energies.size + 3 * result.draws.size <= 1.1e6


@pytest.mark.parametrize("betas", ["auto", BETAS], ids=str)
def test_little_memory_means_few_draws(monkeypatch: pytest.MonkeyPatch, betas: Any) -> None:
    monkeypatch.setattr("magnetite.stages.available_memory", lambda: 200_000)
    result = mg.temper(COMPLETE, betas=betas, time_limit=0.3, seed=1)
    assert 24 * result.energies.size <= 110_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_sweeps": 10**13}, "energies of 2 x 3 x 10000000000000 draws, which a larger thin"),
        (
            {"num_sweeps": 10**11, "store_states": True},
            "states of 2 x 3 x 100000000000 draws, which a larger thin or fewer rungs lessen",
        ),
        ({"num_ladders": 10**9, "num_sweeps": 1}, "observables of 1000000000 x 3 replicas"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemoryError, match=message):
        mg.temper(COMPLETE, betas=BETAS, **options)


def test_a_ladder_that_grows_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ladder has 24 rungs; what follows is known when it begins."""
    monkeypatch.setattr("magnetite.memory.available_memory", lambda: 1_600_000)
    model = mg.Ising(np.triu(RNG.normal(size=(200, 200)), 1))
    options: dict[str, Any] = {"beta_range": (0.0, 3.0), "num_sweeps": 1000, "seed": 1}
    with pytest.raises(MemoryError, match=r"energies of 2 x (32|40|48) x 1000 draws"):
        mg.temper(model, **options)


def test_beta_ranges_that_are_none_name_the_rule() -> None:
    with pytest.raises(TypeError, match=r"beta_range must be two betas, first and last, got 2\.0"):
        mg.temper(RING, beta_range=2.0)  # type: ignore[arg-type]
