"""An office with a node as real processes, and people at its door who do what the display says."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from attendance.enrolment import FINGERS
from demo.door import Door, SensorKind
from demo.installation import Installation
from demo.processes import wait_for
from demo.town import FINGER, Office, Resident
from edge.enrolment_wording import finger_name

CODE = "DISKOMINFO"
BEGIN = datetime(2026, 11, 24, 7, 30, tzinfo=ZoneInfo("Asia/Jakarta"))
BUDI, SITI, CITRA = "198502142010011001", "199001012015012002", "199203032018012003"
_NAMES = {BUDI: "Budi Santoso", SITI: "Siti Aminah", CITRA: "Citra Lestari"}
_SPEED = 8.0
_LOOK_S = 0.02

Hand = Callable[[str], tuple[str, str]]
"""The finger that the display asks for -> whose finger comes, and which."""


class Town(Installation):
    """Central, and one node of one office; of Budi a finger is known there."""

    @property
    def door(self) -> Door:
        return self.doors["n0"]

    def begin(self) -> None:
        people = "\n".join(f"{nip},{name},PNS,{CODE}" for nip, name in _NAMES.items())
        self.install(
            BEGIN,
            f"kode,nama,zona\n{CODE},Dinas Kominfo,Asia/Jakarta\n",
            f"nip,nama,jenis,skpd\n{people}\n",
            f"skpd,slot,nip\n{CODE},7,{BUDI}\n",
        )
        self.start_central()
        office = Office(CODE, "Dinas Kominfo")
        kind = SensorKind(speed=_SPEED, time_scale=1 / _SPEED)
        self.doors["n0"] = door = Door(office, self.place("n0"), kind)
        door.start(self.claim_token(CODE), (Resident(0, _NAMES[BUDI], BUDI, office, 7),))
        wait_for("rules, roster and time", door.ready, door.punch, 120)


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    made = Town(folder)
    try:
        made.begin()
        yield made
    finally:
        made.close()


class AtTheDoor:
    """The supervisor and one person, in a thread: they follow the display until they are told to stop.

    Attributes:
        saw: every page that the display showed meanwhile.
    """

    def __init__(self, door: Door, hand: Hand) -> None:
        self._door, self._hand = door, hand
        self._shown = len(door.shown())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self.saw: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._door.finger("lift")

    def _follow(self) -> None:
        while not self._over.is_set():
            shown = self._door.shown()
            for message in shown[self._shown :]:
                for first, second in message["screen"]:
                    self.saw.append((first, second))
                    self._do(first, second)
            self._shown = len(shown)
            time.sleep(_LOOK_S)

    def _do(self, first: str, second: str) -> None:
        if first == "Pengawas:":
            self._place(BUDI, FINGER)
        elif first.startswith(("Tempel ", "Uji ")):
            self._place(*self._hand(next(one for one in FINGERS if finger_name(one) == second)))
        elif first in ("Angkat jari", "Lihat kamera"):
            self._door.finger("lift")

    def _place(self, person: str, finger: str) -> None:
        self._door.finger("place", person=person, finger=finger, quality=0.9)


def known_people(door: Door) -> set[str]:
    """Whom the roster in force at the node gives a slot."""
    document: dict[str, Any] = json.loads((door.folder / "state/roster.doc").read_bytes())
    return set(document["document"]["content"]["slots"].values())
