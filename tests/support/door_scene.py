"""One node's door at an emulated time: a real journal and real documents; camera and display are told."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.exchange import sign_document
from attendance.seal import node_id, public_hex
from edge.camera_socket import Photo
from edge.clock import EmulatedClock
from edge.documents import DocumentShelf
from edge.door import Door, Office, Tick
from edge.logbook import Logbook
from edge.sensor import Match
from edge.timing import Anchor
from edge.wording import Message, Outcome
from emulators.clock import EmulatedTime
from tests.support.door_people import policy_content, roster_content, wib

KEY, CENTRAL = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NODE = node_id(public_hex(KEY))
HASH = "cd" * 32


@dataclass
class Screen:
    """An indicator that keeps what it is told, and the journal's size at that moment."""

    logbook: Logbook
    shown: list[tuple[Message, int | None, int]] = field(default_factory=list)

    def show(self, message: Message, seq: int | None = None) -> None:
        self.shown.append((message, seq, self.logbook.link.size))

    def lines(self) -> list[tuple[str, str]]:
        return [(page.first, page.second) for page in self.shown[-1][0].pages]


@dataclass
class Lens:
    """A camera that answers what the test wants."""

    photo: Photo = Photo(HASH, None)  # noqa: RUF009 - frozen
    present: bool = True
    asked: list[tuple[float, str]] = field(default_factory=list)

    def ask(self, at_monotonic_s: float, text: str) -> "Lens":
        self.asked.append((at_monotonic_s, text))
        return self

    def result(self) -> Photo:
        return self.photo


class Scene:
    """One node's door at an emulated time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = EmulatedTime(folder / "clock.json")
        self.time.start(wib("2017-06-05 07:28:41"), rate=0)
        clock = EmulatedClock(folder / "clock.json")
        self.logbook = Logbook(folder, KEY, clock, epoch=1, rtc=True, watch=None)
        self.shelf = DocumentShelf(folder, NODE)
        self.camera, self.screen = Lens(), Screen(self.logbook)
        office = Office(NODE, "Diskominfo", ZoneInfo("Asia/Makassar"), True, folder / "sync-status.json")
        self.door = Door(self.logbook, self.shelf, self.camera, self.screen, office)  # type: ignore[arg-type]

    def anchor(self) -> None:
        now = json.loads((self.folder / "clock.json").read_bytes())
        self.logbook.anchor(Anchor(now["wall_ms"], 40, "server", now["boot"], now["bt_ms"], now["raw_ms"]))

    def documents(self, serial: int = 5, **roster: Any) -> None:
        """Rules, and a roster with further fields."""
        public = public_hex(CENTRAL)
        self.shelf.accept("policy", sign_document(CENTRAL, "policy", 3, policy_content()), public)
        content = {**roster_content(serial, NODE), **roster}
        self.shelf.accept("roster", sign_document(CENTRAL, "roster", serial, content), public)

    def at(self, text: str) -> None:
        """Time passes until then, without anybody setting a clock."""
        self.time.advance(wib(text) - self.time.now())

    def tick(self) -> Tick:
        return Tick(time.monotonic(), self.logbook.reading())

    def finger(self, outcome: Any) -> Outcome | None:
        return self.door.answer(outcome, self.tick())

    def match(self, slot: int = 1) -> Outcome | None:
        return self.finger(Match(slot, 120, time.monotonic()))

    def last(self) -> Any:
        return self.logbook._journal.last_events(1)[0]
