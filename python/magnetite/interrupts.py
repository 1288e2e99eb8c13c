"""Holds Ctrl-C back while a run works, so that it is answered between slices and loses nothing."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Within the block the first SIGINT sets `pending`; a second one raises at once.

    Signals reach Python in the main thread only, and a handler of the user's own is left in
    place: elsewhere the block does nothing.
    """

    def __init__(self) -> None:
        self.pending = False
        self._raises = False
        self._installed = False

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Let SIGINT raise KeyboardInterrupt at once, while code of the user's runs."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        raises, self.pending = self._raises or self.pending, True
        if raises:
            raise KeyboardInterrupt
