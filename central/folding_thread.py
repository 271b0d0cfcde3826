"""Folds marked days and ends overdue requests beside the web threads, and stops when it is told to."""

import logging
import threading
from datetime import timedelta

from attendance.errors import HadirError
from central.days import fold
from central.enrolment_requests import expire_due
from central.office import Office

EVERY = timedelta(seconds=1)
_AFTER_FAULT = timedelta(seconds=10)
_log = logging.getLogger(__name__)


class FoldingThread:
    """One per installation; a second one would only find nothing to do."""

    def __init__(self, office: Office, every: timedelta = EVERY) -> None:
        self._office = office
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folding", daemon=True)

    def start(self) -> None:
        """Begin folding."""
        self._thread.start()

    def stop(self, patience: timedelta = timedelta(seconds=10)) -> None:
        """Finish the batch at hand and end. What is not folded stays marked."""
        self._stopping.set()
        self._thread.join(patience.total_seconds())

    def _run(self) -> None:
        pause = timedelta(0)
        while not self._stopping.wait(pause.total_seconds()):
            try:
                fold(self._office)
                expire_due(self._office)
                pause = self._every
            except HadirError:
                # The days stay marked and are shown as they were; the next round tries again.
                _log.exception("days could not be folded")
                pause = _AFTER_FAULT
