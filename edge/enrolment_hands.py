"""Does what the dialogue of an enrolment asks for: on the sensor, with the camera, in the journal."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from attendance.enrolment import BEGUN, ENROL, FAILED, INTENT
from edge.camera_socket import CameraSocket, Photo
from edge.documents import DocumentShelf
from edge.enrolment_deeds import (
    Capture,
    Combine,
    Compare,
    Deed,
    Erase,
    Extract,
    FindAll,
    FindAt,
    Hit,
    Holder,
    Holders,
    Identify,
    Load,
    Pause,
    ReadTraits,
    Slots,
    Store,
    TakePhoto,
    Touching,
    Traits,
    WriteBegun,
    WriteEnrolment,
    WriteFailure,
    WriteIntent,
)
from edge.enrolment_ledger import LedgerFile
from edge.logbook import Logbook
from edge.sensor_keeper import SensorKeeper
from edge.sensor_library import SearchAnswer
from edge.sensor_opcodes import Code
from edge.sensor_templates import TemplateShelf

REPEATABLE = (
    ReadTraits, Slots, Identify, Touching, Capture, Extract, FindAll, FindAt, Compare, Load, Erase,
)  # fmt: skip
"""Deeds that may be tried again after a fault that may pass. Erase looks first what is there."""


class Hands:
    """One deed after the other, in the thread that owns sensor and journal."""

    def __init__(
        self,
        sensor: SensorKeeper,
        logbook: Logbook,
        shelf: DocumentShelf,
        camera: CameraSocket,
        ledger: LedgerFile,
        caption: Callable[[], str],
    ) -> None:
        """Do nothing yet; `caption` makes what is drawn into a picture."""
        self._sensor = sensor
        self._logbook = logbook
        self._shelf = shelf
        self._camera = camera
        self._ledger = ledger
        self._caption = caption
        self._deeds: Mapping[type, Callable[[Any], Any]] = {
            Pause: lambda _: None,  # the time has passed
            ReadTraits: lambda _: self._traits(),
            Holders: lambda _: self.holders(),
            Slots: lambda _: self._templates.slots(),
            Identify: lambda _: self._sensor.look(),
            Touching: lambda _: self._templates.touching(),
            Capture: lambda deed: self._templates.capture_to_buffer(deed.buffer),
            Extract: lambda deed: self._templates.extract(deed.buffer),
            FindAll: lambda _: _hit(self._templates.find()),
            FindAt: lambda deed: _hit(self._templates.find_only(deed.slot), only=deed.slot),
            Compare: lambda _: self._templates.compare(),
            Combine: lambda _: self._templates.make_model(),
            Load: lambda deed: self._templates.load(deed.slot),
            Store: self._store,
            Erase: self._erase,
            TakePhoto: lambda _: self._photo(),
            WriteBegun: lambda deed: self._write(BEGUN, deed.begun.content()),
            WriteIntent: lambda deed: self._write(INTENT, deed.intent.content()),
            WriteEnrolment: lambda deed: self._write(ENROL, deed.enrolment.content(), deed.photo),
            WriteFailure: lambda deed: self._write(FAILED, deed.failure.content(), deed.photo),
        }

    def do(self, deed: Deed[Any]) -> Any:
        """Do it.

        Raises:
            SensorError: the sensor does not work.
            StorageError: nothing can be written.
            EvidenceError: it has no form in which it could be written.
            OSError: the sensor's new identity can't be written.
        """
        return self._deeds[type(deed)](deed)

    def holders(self) -> dict[int, Holder]:
        """Whose each slot is."""
        roster = self._shelf.standing.roster
        if roster is None:
            return {}
        found = {slot: roster.person_in(slot) for slot in roster.slots}
        return {slot: Holder(one.person, one.name) for slot, one in found.items() if one is not None}

    def in_force(self) -> None:
        """Let what the journal says of enrolments count from now on.

        Raises:
            StorageError: the journal can't be read.
        """
        if self._ledger.catch_up():
            self._shelf.refresh()

    @property
    def _templates(self) -> TemplateShelf:
        return self._sensor.templates()

    def _traits(self) -> Traits:
        templates = self._templates
        profile = templates.profile
        return Traits(profile.name, profile.captures, profile.compares_captures, templates.usable_slots)

    def _store(self, deed: Store) -> None:
        with self._sensor.changing({deed.slot}) as templates:
            templates.store(deed.slot)

    def _erase(self, deed: Erase) -> None:
        with self._sensor.changing({deed.slot}) as templates:
            templates.delete(deed.slot)

    def _photo(self) -> Photo:
        return self._camera.ask(time.monotonic(), self._caption()).result()

    def _write(self, type_: str, content: dict[str, Any], photo: str | None = None) -> None:
        try:
            self._logbook.write(type_, content, photo=photo)
        finally:
            self.in_force()


def _hit(answer: SearchAnswer, only: int | None = None) -> Hit | None:
    if answer.code != Code.OK or (only is not None and answer.slot != only):
        return None
    return Hit(answer.slot, answer.score)
