"""D-Wave's ``interrupt_function``: one call a finished read, in the order of the reads."""

from collections.abc import Callable

from magnetite.control import Progress

__all__ = ["ReadInterrupt", "Watch"]


class ReadInterrupt:
    """Call a function once for each read that is complete, until it returns True.

    Reads run side by side, so several may finish together; the function is then called once for
    each of them, in order. The first true answer is the last call.

    Parameters
    ----------
    function : callable
        Takes no arguments; a true return value asks the sampler to stop.

    Examples
    --------
    >>> from magnetite.dimod.interrupt import ReadInterrupt
    >>> answers = iter([False, False, True])
    >>> interrupt = ReadInterrupt(lambda: next(answers))
    >>> interrupt.catch_up(2), interrupt.catch_up(5), interrupt.num_calls
    (False, True, 3)
    """

    def __init__(self, function: Callable[[], object]) -> None:
        if not callable(function):
            raise TypeError(f"interrupt_function must be callable, got {function!r}")
        self._function = function
        self.num_calls = 0
        self.stopped = False

    def catch_up(self, reads_done: int) -> bool:
        """Make the calls still owed for the first `reads_done` reads; True once one said stop."""
        while not self.stopped and self.num_calls < reads_done:
            self.num_calls += 1
            self.stopped = bool(self._function())
        return self.stopped


class Watch:
    """The callback of a run: D-Wave's interrupt function first, then the caller's own callback."""

    def __init__(
        self,
        interrupt_function: Callable[[], object] | None,
        callback: Callable[[Progress], object] | None,
    ) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, got {callback!r}")
        self._callback = callback
        self._interrupt = None if interrupt_function is None else ReadInterrupt(interrupt_function)

    def __call__(self, progress: Progress) -> bool:
        """Tell both how far the run is; True when either wants it to stop."""
        stop = self._interrupt is not None and self._interrupt.catch_up(progress.reads_done)
        return stop or (self._callback is not None and bool(self._callback(progress)))

    def reads_to_return(self, num_reads: int) -> int:
        """Return how many of the first reads the caller gets back."""
        interrupt = self._interrupt
        return interrupt.num_calls if interrupt is not None and interrupt.stopped else num_reads
