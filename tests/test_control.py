"""The slice loop, driven by a clock and a job that do exactly what a test says."""

import io
import math
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from magnetite.bars import NoBar, PlainBar, TqdmBar, make_bar
from magnetite.control import Control, Progress, Tally, check_control, drive
from magnetite.interrupts import Interrupts


class FakeClock:
    """Time that passes only when a job works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeJob:
    """Finishes after `slices` slices; slice k reaches the energy -k."""

    ending = "completed"

    def __init__(
        self, clock: FakeClock, slices: int = 5, during: Callable[[int], None] | None = None
    ) -> None:
        self.clock, self.slices, self.during = clock, slices, during
        self.seconds: list[float] = []
        self.saves: list[float] = []
        self.states_asked = 0
        self.full_disk = 0

    def advance(self, seconds: float, time_left: float) -> bool:
        self.seconds.append(seconds)
        self.clock.now += seconds
        if self.during:
            self.during(len(self.seconds))
        return len(self.seconds) >= self.slices

    def tally(self) -> Tally:
        done = len(self.seconds)
        return Tally(done, self.slices, -float(done), done // 2, 0)

    def best_state(self) -> NDArray[np.int8]:
        self.states_asked += 1
        return np.ones(3, np.int8)

    def objective(self, energy: float) -> float:
        return -energy

    def result(self, stop_reason: str) -> tuple[str, int]:
        return stop_reason, len(self.seconds)

    def save(self, path: Path, time_left: float) -> None:
        if self.full_disk > 0:
            self.full_disk -= 1
            raise OSError("no space left")
        self.saves.append(self.clock.now)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def control(clock: FakeClock, **options: Any) -> Control:
    return Control(started=0.0, clock=clock, **options)


def interrupt(_: int = 0) -> None:
    signal.raise_signal(signal.SIGINT)


def interrupt_in(number: int) -> Callable[[int], None]:
    """Return a job's work that presses Ctrl-C in slice `number`."""
    return lambda done: interrupt() if done == number else None


def test_runs_to_the_end_in_slices_of_50_ms(clock: FakeClock) -> None:
    job = FakeJob(clock)
    assert drive(job, control(clock)) == ("completed", 5)
    assert job.seconds == [0.05] * 5


def test_time_limit_shortens_the_last_slice(clock: FakeClock) -> None:
    job = FakeJob(clock, slices=100)
    assert drive(job, control(clock, time_limit=0.12)) == ("time_limit", 3)
    assert job.seconds == pytest.approx([0.05, 0.05, 0.02])


def test_time_limit_counts_from_the_call(clock: FakeClock) -> None:
    clock.now = 0.1
    assert drive(FakeJob(clock, 100), control(clock, time_limit=0.1)) == ("time_limit", 0)


def test_no_time_means_no_slice(clock: FakeClock) -> None:
    assert drive(FakeJob(clock), control(clock, time_limit=0.0)) == ("time_limit", 0)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (-3.0, ("target_energy", 3)),
        (-3.0 - 2e-9, ("target_energy", 3)),
        (-3.0 - 4e-9, ("target_energy", 4)),
        (-5.0, ("target_energy", 5)),
        (-6.0, ("completed", 5)),
        (math.inf, ("target_energy", 1)),
    ],
)
def test_target_energy(clock: FakeClock, target: float, expected: tuple[str, int]) -> None:
    assert drive(FakeJob(clock), control(clock, target_energy=target)) == expected


def test_callback_sees_every_slice_and_the_last(clock: FakeClock) -> None:
    seen: list[Progress] = []
    drive(FakeJob(clock), control(clock, callback=seen.append))
    assert [p.fraction for p in seen] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert [p.best_energy for p in seen] == [-1.0, -2.0, -3.0, -4.0, -5.0]
    assert [p.best_objective for p in seen] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [p.reads_done for p in seen] == [0, 1, 1, 2, 2]
    assert [p.elapsed for p in seen] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25])


def test_fraction_is_by_time_where_that_is_further(clock: FakeClock) -> None:
    seen: list[Progress] = []
    drive(FakeJob(clock, 100), control(clock, callback=seen.append, time_limit=0.1))
    assert [p.fraction for p in seen] == pytest.approx([0.5, 1.0])


def test_best_state_is_made_when_asked_for(clock: FakeClock) -> None:
    job = FakeJob(clock)
    states = []

    def callback(progress: Progress) -> None:
        if progress.sweeps_done == 2:
            states.append(progress.best_state)

    drive(job, control(clock, callback=callback))
    assert job.states_asked == 1
    assert states[0].tolist() == [1, 1, 1]


def test_progress_is_frozen(clock: FakeClock) -> None:
    seen: list[Progress] = []
    drive(FakeJob(clock), control(clock, callback=seen.append))
    with pytest.raises(AttributeError):
        seen[0].fraction = 0.0  # type: ignore[misc]


@pytest.mark.parametrize("answer", [True, np.True_, 1])
def test_callback_stops(clock: FakeClock, answer: object) -> None:
    stop = control(clock, callback=lambda p: answer if p.sweeps_done == 2 else None)
    assert drive(FakeJob(clock), stop) == ("callback", 2)


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_callback_that_raises_keeps_the_result(clock: FakeClock, kind: type[BaseException]) -> None:
    def callback(progress: Progress) -> None:
        if progress.sweeps_done == 3:
            raise kind("mine")

    job = FakeJob(clock)
    with pytest.raises(kind, match="mine") as caught:
        drive(job, control(clock, callback=callback, checkpoint=Path("c")))
    assert caught.value.result == ("callback", 3)  # type: ignore[attr-defined]
    assert len(job.saves) == 1


def test_exception_without_room_for_a_result_still_propagates(clock: FakeClock) -> None:
    class Slotted(Exception):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            if name == "result":
                raise AttributeError(name)
            super().__setattr__(name, value)

    def callback(progress: Progress) -> None:
        raise Slotted

    with pytest.raises(Slotted):
        drive(FakeJob(clock), control(clock, callback=callback))


def test_interrupt_is_answered_after_the_slice(clock: FakeClock) -> None:
    job = FakeJob(clock, during=interrupt_in(2))
    with pytest.raises(KeyboardInterrupt) as caught:
        drive(job, control(clock, checkpoint=Path("c")))
    assert caught.value.result == ("interrupted", 2)  # type: ignore[attr-defined]
    assert len(job.saves) == 1


def test_interrupt_returns_when_asked_to(clock: FakeClock) -> None:
    job = FakeJob(clock, during=interrupt_in(2))
    assert drive(job, control(clock, on_interrupt="return")) == ("interrupted", 2)


def test_interrupt_in_the_last_slice(clock: FakeClock) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        drive(FakeJob(clock, during=interrupt_in(5)), control(clock))
    assert caught.value.result == ("interrupted", 5)  # type: ignore[attr-defined]


def test_interrupt_while_the_result_is_made(clock: FakeClock) -> None:
    class Job(FakeJob):
        def result(self, stop_reason: str) -> tuple[str, int]:
            interrupt()
            return super().result(stop_reason)

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(Job(clock), control(clock))
    assert caught.value.result == ("completed", 5)  # type: ignore[attr-defined]


def test_interrupt_in_the_callback_is_answered_at_once(clock: FakeClock) -> None:
    after = []

    def callback(progress: Progress) -> None:
        interrupt()
        after.append(progress)

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(FakeJob(clock), control(clock, callback=callback))
    assert caught.value.result == ("interrupted", 1)  # type: ignore[attr-defined]
    assert after == []


def test_second_interrupt_raises_at_once(clock: FakeClock) -> None:
    def twice(done: int) -> None:
        interrupt()
        interrupt()

    with pytest.raises(KeyboardInterrupt) as caught:
        drive(FakeJob(clock, during=twice), control(clock))
    assert caught.value.result == ("interrupted", 1)  # type: ignore[attr-defined]


def test_interrupt_through_a_handler_of_the_users(clock: FakeClock) -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt("theirs")

    old = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            drive(FakeJob(clock, during=interrupt_in(3)), control(clock))
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, old)
    assert caught.value.result == ("interrupted", 3)  # type: ignore[attr-defined]


def test_handler_is_put_back(clock: FakeClock) -> None:
    drive(FakeJob(clock), control(clock))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_leave_signals_alone() -> None:
    entered = []

    def work() -> None:
        with Interrupts() as interrupts:
            entered.append((interrupts.pending, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [(False, signal.default_int_handler)]


def test_checkpoints_by_interval_and_at_the_end(clock: FakeClock) -> None:
    job = FakeJob(clock, slices=8)
    drive(job, control(clock, checkpoint=Path("c"), checkpoint_interval=0.09))
    assert job.saves == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_full_disk_in_the_middle_warns_and_goes_on(clock: FakeClock) -> None:
    job = FakeJob(clock)
    job.full_disk = 1
    with pytest.warns(RuntimeWarning, match="checkpoint not written: no space left"):
        result = drive(job, control(clock, checkpoint=Path("c"), checkpoint_interval=0.09))
    assert result == ("completed", 5)


def test_full_disk_at_the_end_keeps_the_result(clock: FakeClock) -> None:
    job = FakeJob(clock)
    job.full_disk = 1
    with pytest.raises(OSError, match="no space left") as caught:
        drive(job, control(clock, checkpoint=Path("c")))
    assert caught.value.result == ("completed", 5)  # type: ignore[attr-defined]


OPTIONS: dict[str, Any] = {
    "started": 0.0,
    "time_limit": None,
    "target_energy": None,
    "callback": None,
    "progress": False,
    "checkpoint": None,
    "checkpoint_interval": 60.0,
    "on_interrupt": "raise",
}


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ({"time_limit": -1.0}, ValueError, "time_limit must be a non-negative number of seconds"),
        ({"time_limit": math.nan}, ValueError, "time_limit must be a non-negative number"),
        ({"time_limit": "1"}, TypeError, "time_limit must be a real number, got str"),
        ({"target_energy": math.nan}, ValueError, "target_energy must be a number, got nan"),
        ({"callback": 3}, TypeError, "callback must be callable, got int"),
        ({"checkpoint_interval": 0}, ValueError, "checkpoint_interval must be positive, got 0"),
        ({"checkpoint": "nowhere/c.npz"}, ValueError, "a file in an existing directory, got 'nowh"),
        (
            {"on_interrupt": "stop"},
            ValueError,
            "on_interrupt must be one of 'raise', 'return', got 'stop'",
        ),
    ],
)
def test_refused(option: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_control(**{**OPTIONS, **option})


def test_checkpoint_path_survives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checked = check_control(**{**OPTIONS, "checkpoint": "c.npz"})
    assert checked.checkpoint == tmp_path / "c.npz"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_bar_rewrites_its_line_on_a_terminal(clock: FakeClock) -> None:
    stream = Terminal()
    bar = PlainBar("best", stream, clock)
    for step in range(4):
        clock.now = step * 0.06
        bar.update(step / 4, -step)
    bar.close()
    lines = stream.getvalue().split("\r")
    assert lines == [
        "",
        "  0%  best 0\x1b[K",
        " 50%  best -2\x1b[K",
        " 75%  best -3\x1b[K\n",
    ]


def test_plain_bar_writes_once_into_a_pipe(clock: FakeClock) -> None:
    stream = io.StringIO()
    bar = PlainBar("best", stream, clock)
    bar.update(0.25, -1.5)
    bar.update(1.0, -2.5)
    bar.close()
    assert stream.getvalue() == "100%  best -2.5\n"


def test_plain_bar_that_saw_nothing_writes_nothing() -> None:
    stream = io.StringIO()
    PlainBar("best", stream).close()
    assert stream.getvalue() == ""


def test_bar_is_tqdm_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_bar(False, "best"), NoBar)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert isinstance(make_bar(True, "best"), PlainBar)


def test_tqdm_bar_shows_the_best(clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    assert isinstance(make_bar(True, "best"), TqdmBar)
    drive(FakeJob(clock), control(clock, progress=True))
    assert "best 5" in capsys.readouterr().err


def test_importing_control_needs_no_tqdm() -> None:
    assert "tqdm" not in vars(sys.modules["magnetite.bars"])
