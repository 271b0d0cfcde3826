"""Folds marked days, ends overdue requests and plans orders, beside the web threads."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from attendance.errors import HadirError
from central.days import fold
from central.enrolment_requests import expire_due
from central.office import Office
from central.orders import plan_everything

EVERY = timedelta(seconds=1)
PLAN_EVERY = timedelta(seconds=2)
"""An officer who enrols somebody sees the searches begin at once. Whether anything is wanted is asked no more
often than that, nor for more than a tenth of the time."""
_PAUSE_PER_PLAN = 10
_AFTER_FAULT = timedelta(seconds=10)
_log = logging.getLogger(__name__)


class FoldingThread:
    """One per installation; a second one would only find nothing to do."""

    def __init__(self, office: Office, every: timedelta = EVERY, plan_every: timedelta = PLAN_EVERY) -> None:
        self._office = office
        self._every = every
        self._plan_every = plan_every
        self._plan_at = 0.0
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
            done = [self._do(deed) for deed in (fold, expire_due, self._plan)]
            pause = self._every if all(done) else _AFTER_FAULT

    def _do(self, deed: Callable[[Office], object]) -> bool:
        """Whether it was done. Where not, days and orders stay as they are; the next round tries again."""
        try:
            deed(self._office)
        except HadirError:
            _log.exception("days could not be folded, or orders not be planned")
            return False
        return True

    def _plan(self, office: Office) -> None:
        began = time.monotonic()
        if began < self._plan_at:
            return
        plan_everything(office)
        ended = time.monotonic()
        self._plan_at = ended + max(self._plan_every.total_seconds(), (ended - began) * _PAUSE_PER_PLAN)
