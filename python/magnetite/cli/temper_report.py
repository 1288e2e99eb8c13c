"""What replica exchange found, as text for people and as JSON for programs."""

from textwrap import wrap
from typing import Any

import numpy as np

from magnetite.cli.report import Report
from magnetite.cli.words import columns, count, rounded, with_error
from magnetite.estimates import Estimate, Estimates
from magnetite.ladders import barrier
from magnetite.plots.style import picked_rungs
from magnetite.temper_result import TemperResult

__all__ = ["TemperReport"]

MOST_ROWS = 12
WIDTH = 86  # of the verdict, so that it stands in a hundred columns

# What made a ladder, by its name in `info`.
MADE = {
    "given": "as given",
    "first": "not tuned",
    "rejections": "tuned to equal exchange rates",
    "flow": "tuned to an even flow of replicas",
}


class TemperReport(Report):
    """A run of replica exchange, ready to be told."""

    done = "all sweeps done"

    @property
    def _ladders(self) -> TemperResult:
        assert isinstance(self.result, TemperResult)
        return self.result

    def _work(self) -> list[tuple[str, str]]:
        rows = [
            ("ladders", self._ladders_text()),
            ("sweeps", self._sweeps_text()),
            ("exchanges", self._exchanges_text()),
            ("round trips", self._trips_text()),
            ("clusters", self._clusters_text()),
            ("by rung", columns(self._rungs())),
        ]
        log_z = self._log_z()
        if log_z is not None:
            rows.append(("log Z", f"{_in_words(log_z)} at beta = {self._ladders.betas[-1]:.6g}"))
        return [*rows, ("equilibrated", self._verdict_text())]

    def _path(self) -> list[tuple[str, str]]:
        info = self.result.info
        return [("path", f"{info['path']}, {info['simd']}")]

    def _ladders_text(self) -> str:
        result = self._ladders
        betas, how = result.betas, result.info["ladder"]
        return (
            f"{len(result.energies)} of {count(betas.size, 'rung')}, beta {betas[0]:.6g} to "
            f"{betas[-1]:.6g}, barrier {self._barrier_text()}, {MADE.get(how, how)}"
        )

    def _barrier(self) -> float:
        """Return the barrier; nan where no exchange was tried between some neighbours."""
        rates = self._ladders.swap_rates
        return float(barrier(1.0 - rates)[-1]) if np.isfinite(rates).all() else np.nan

    def _barrier_text(self) -> str:
        height = self._barrier()
        return f"{height:.3g}" if np.isfinite(height) else "-"

    def _sweeps_text(self) -> str:
        info = self.result.info
        if not info["tuned"]:
            return f"{info['sweeps_done']:,} of a round that was to tune the ladder"
        tuning = sum(this["num_sweeps"] for this in info["rounds"])
        drawn = max(0, info["sweeps_done"] - info["warmup"])
        return f"{drawn:,}, after {tuning:,} of tuning and {info['warmup']:,} of warm-up"

    def _exchanges_text(self) -> str:
        rates = self._ladders.swap_rates
        tried = rates[np.isfinite(rates)]
        if not tried.size:
            return "none tried"
        return f"{tried.min():.3f} to {tried.max():.3f} of those tried were made"

    def _trips_text(self) -> str:
        result = self._ladders
        trips, trip_rate = result.round_trips, result.round_trip_rate
        text = " + ".join(f"{number:,}" for number in trips[:MOST_ROWS])
        if trips.size > MOST_ROWS:
            text = f"{trips.min():,} to {trips.max():,} a ladder"
        if not trip_rate.reliable:
            return text
        return (
            f"{text}; {with_error(1000 * trip_rate.value, 1000 * trip_rate.error)} in 1,000 sweeps"
        )

    def _clusters_text(self) -> str:
        moving = np.flatnonzero(self._ladders.cluster_rungs)
        if not moving.size:
            return "no moves"
        betas = self._ladders.betas[moving]
        return (
            f"moves at {moving.size} of {count(self._ladders.betas.size, 'rung')}, "
            f"beta {betas[0]:.4g} to {betas[-1]:.4g}"
        )

    def _rungs(self) -> list[list[str]]:
        """Return a heading, and a row for each of some rungs from end to end."""
        result = self._ladders
        energies, capacities, overlaps = result.mean_energy, result.heat_capacity, self._overlaps()
        rates = np.append(result.swap_rates, np.nan)
        rows = [["beta", "<E>", "C", "<|q|>", "swaps"]]
        for k in picked_rungs(result.betas.size, MOST_ROWS):
            rows.append(
                [
                    f"{result.betas[k]:.4g}",
                    with_error(energies.value[k], energies.error[k]),
                    with_error(capacities.value[k], capacities.error[k]),
                    "-" if overlaps is None else with_error(overlaps.value[k], overlaps.error[k]),
                    f"{rates[k]:.3f}" if np.isfinite(rates[k]) else "-",
                ]
            )
        return rows

    def _overlaps(self) -> Estimates | None:
        """Return the mean sizes of overlaps, where they were measured."""
        result = self._ladders
        return result.abs_overlap if result.overlaps.any() else None

    def _log_z(self) -> Estimate | None:
        """Return log Z at the coldest rung of a ladder that begins where it is known."""
        result = self._ladders
        if result.betas[0] > 0:
            return None
        return result.log_partition(float(result.betas[-1]))

    def _verdict_text(self) -> str:
        verdict = self._ladders.equilibration.verdict
        if verdict:
            return "yes"
        return "\n".join(wrap("no, because " + "; and ".join(verdict.reasons), WIDTH))

    def _draws_as_json(self) -> dict[str, Any]:
        """Leave out the draws: means and errors by rung stand for them."""
        return {}

    def _work_as_json(self) -> dict[str, Any]:
        result = self._ladders
        found = result.equilibration
        log_z, overlaps = self._log_z(), self._overlaps()
        return {
            "num_ladders": len(result.energies),
            "num_draws": result.energies.shape[2],
            "sweeps_done": self.sweeps_done,
            "betas": result.betas,
            "barrier": self._barrier(),
            "swap_rates": result.swap_rates,
            "round_trips": result.round_trips,
            "round_trip_rate": _as_json(result.round_trip_rate),
            "from_hot": result.from_hot,
            "cluster_rungs": result.cluster_rungs,
            "mean_energy": _as_json(result.mean_energy),
            "heat_capacity": _as_json(result.heat_capacity),
            "abs_overlap": None if overlaps is None else _as_json(overlaps),
            "log_z": None if log_z is None else _as_json(log_z),
            "equilibration": {
                "equilibrated": found.verdict.equilibrated,
                "reasons": found.verdict.reasons,
                "autocorrelation_time": _as_json(found.autocorrelation_time),
                "r_hat": found.r_hat,
                "ess": found.ess,
            },
        }


def _in_words(estimate: Estimate) -> str:
    if not estimate.reliable:
        return f"{rounded(estimate.value)} (not reliable: {estimate.reason})"
    return with_error(estimate.value, estimate.error)


def _as_json(estimates: Estimate | Estimates) -> dict[str, Any]:
    return {"value": estimates.value, "error": estimates.error}
