"""Compares the module's index with the books, and tells central where they differ: once for each change.

Nothing is erased because of it. A slot that nobody knows books nobody, and people decide what becomes of it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from attendance.orders import Order
from attendance.punch import HEALTH
from edge.durable_file import write_durably
from edge.enrolment_ledger import Ledger
from edge.logbook import Logbook
from edge.sensor_keeper import SensorKeeper
from edge.slot_reconciling import SlotDifferences, differences

_log = logging.getLogger(__name__)


class SlotWatch:
    """One for the process."""

    def __init__(self, file: Path, sensor: SensorKeeper, logbook: Logbook) -> None:
        """Read what was told last.

        Args:
            file: remembers it over a start.
            sensor: the module.
            logbook: where events go.
        """
        self._file = file
        self._sensor = sensor
        self._logbook = logbook
        self._told = self._read()
        self._compared: object = None

    def compare(self, holders: Mapping[int, str], errands: Sequence[Order], ledger: Ledger) -> None:
        """Look again where the books or the module have changed since.

        Args:
            holders: whose each slot is, by the node's books.
            errands: orders that are left to do.
            ledger: with the enrolment that was cut off.

        Raises:
            SensorError: no sound answer. StorageError: it can't be told.
        """
        memory = self._sensor.book.memory
        ordered = {slot for order in errands for slot in order.slots}
        in_change = ordered | ledger.begun | ledger.leaving | self._sensor.book.unsure
        state = (dict(holders), in_change, memory.slots if memory else None)
        if state == self._compared:
            return
        found = differences(self._sensor.templates().slots(), holders.keys(), in_change)
        if found != self._told:
            _log.warning("slots and books differ: %s", found)
            self._logbook.write(HEALTH, {"what": "slots-differ", **found.content()})
            self._told = found
            self._write(found)
        self._compared = state

    def _write(self, found: SlotDifferences) -> None:
        try:
            write_durably(self._file, json.dumps([found.missing, found.unknown]).encode())
        except OSError as error:  # then it is told once more after the next start
            _log.warning("%s is not written: %s", self._file.name, error)

    def _read(self) -> SlotDifferences:
        try:
            missing, unknown = json.loads(self._file.read_bytes())
            return SlotDifferences(tuple(map(int, missing)), tuple(map(int, unknown)))
        except FileNotFoundError:
            return SlotDifferences()
        except (OSError, ValueError, TypeError) as error:
            _log.warning("%s is not used: %r", self._file.name, error)
            return SlotDifferences()
