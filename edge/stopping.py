"""SIGTERM and SIGINT as a flag that loops look at: a process ends between two deeds and not within one."""

import signal
import threading
from types import FrameType


class StopSignal:
    """Set once a stop was asked for. Make it in the main thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, but not beyond a stop; true when it was asked for."""
        return self._event.wait(seconds)
