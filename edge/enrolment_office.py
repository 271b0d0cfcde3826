"""Enrolment as the punch process has it: the desk, what may be asked of it, what the journal says of it."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from attendance.people import Roster
from edge.camera_socket import CameraSocket
from edge.config import NodeConfig
from edge.documents import ROSTER, DocumentShelf
from edge.enrolment_calls import EnrolmentCalls
from edge.enrolment_desk import Desk
from edge.enrolment_hands import Hands
from edge.enrolment_ledger import Ledger, LedgerFile
from edge.enrolment_requests import EnrolmentRequests
from edge.faults import StorageError
from edge.indicator import Indicator
from edge.logbook import Logbook
from edge.sensor import Identification
from edge.sensor_keeper import SensorKeeper
from edge.wording import Page

_log = logging.getLogger(__name__)
_CATCH_UP_S = 5.0


class EnrolmentOffice:
    """One for the process, in the thread that owns sensor and journal."""

    def __init__(
        self, config: NodeConfig, sensor: SensorKeeper, logbook: Logbook, indicator: Indicator
    ) -> None:
        """Touch nothing but the ledger's file; `serve` comes before anything else."""
        self._config = config
        self._sensor = sensor
        self._logbook = logbook
        self._indicator = indicator
        self._ledger = LedgerFile(config.state_dir / "enrolments.json", logbook)
        self._catch_up_at = 0.0
        self._caught_up = False
        self._roster_seen = 0

    def lay_over(self, roster: Roster) -> Roster:
        """A roster with what was enrolled here since."""
        return self._ledger.ledger.lay_over(roster)

    def serve(self, shelf: DocumentShelf, camera: CameraSocket, local_time: Callable[[], datetime]) -> None:
        """Take the other parts that enrolment works with."""
        self._shelf = shelf

        def caption() -> str:
            return f"Pendaftaran {local_time():%d-%m-%Y %H:%M:%S}  {self._config.place}"

        self._hands = Hands(self._sensor, self._logbook, shelf, camera, self._ledger, caption)
        self._desk = Desk(self._hands, self._ledger, self._sensor, self._indicator)
        self._requests = EnrolmentRequests(
            self._desk,
            shelf,
            self._sensor,
            minimum_score=self._config.sensor.minimum_score,
            camera=camera.present,
        )
        self._calls = EnrolmentCalls(
            self._desk,
            self._hands,
            self._ledger,
            shelf,
            self._logbook,
            self._sensor,
            minimum_score=self._config.sensor.minimum_score,
            camera=camera.present,
        )

    @property
    def running(self) -> bool:
        """Whether somebody is being enrolled; then nothing is booked."""
        return self._desk.running

    @property
    def busy(self) -> bool:
        """Whether the module is in the hands of an enrolment, or of what is left of one."""
        return self._desk.running or self._desk.unfinished

    @property
    def ledger(self) -> Ledger | None:
        """What the journal says of templates; None while it has not been read."""
        return self._ledger.ledger if self._caught_up else None

    def in_force(self) -> None:
        """Let what has just been written of templates count. Raises StorageError."""
        self._hands.in_force()

    @property
    def page(self) -> Page | None:
        """What the display should show, or None."""
        return self._desk.page

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request.

        Raises:
            EvidenceError: it is none, or it can't be done.
        """
        return self._requests.handle(request)

    def turn(self) -> float:
        """Go on with the dialogue; how many seconds to wait before the next turn."""
        return self._desk.turn()

    def before_look(self) -> None:
        """Between two looks at the glass: what the journal and the roster say, and what a cut left behind.

        Raises:
            SensorError: it does not work.
        """
        now = time.monotonic()
        if now >= self._catch_up_at:
            self._catch_up_at = now + _CATCH_UP_S
            self._catch_up()
        if self._desk.unfinished and (not self._desk.may_be_in_the_module or self._sensor.ready()):
            self._desk.recover()

    def saw(self, seen: Identification) -> None:
        """What a look at the glass has found: nobody is called while others punch."""
        self._calls.saw(seen)

    def heed_orders(self) -> None:
        """Begin what central asks for, where the moment is right, or turn it down."""
        self._calls.heed()

    def _catch_up(self) -> None:
        try:
            self._hands.in_force()
        except StorageError as error:
            _log.warning("what the journal says of enrolments is not known: %s", error)
            return
        self._caught_up = True
        serial = self._shelf.serial(ROSTER)
        if serial == self._roster_seen:
            return
        self._roster_seen = serial
        sent = self._shelf.roster_as_sent
        if sent is not None and self._ledger.ledger.covered_by(sent):
            self._ledger.save()
