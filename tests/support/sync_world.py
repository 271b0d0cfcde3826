"""A small deterministic world around the sync process: a node's events, a central with faults, and a time.

Time passes only when somebody waits. This central follows the wire contract, and is not the real one.
"""

import json
import random
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import exchange, seal
from attendance.chain import GENESIS, Event, Link, make_event
from attendance.errors import EvidenceError
from attendance.exchange import Checkpoint
from attendance.moment import ClockState, Moment
from edge.answer import Answer
from edge.event_sender import EventSender
from edge.faults import PunchSocketError, StorageError
from edge.journal_faults import StorageFault, storage_error
from edge.link_faults import LinkFault, link_error
from edge.pacing import Pace, Patience
from edge.photo_sender import PhotoSender
from edge.photo_store import NamedPhoto, PhotoStore
from edge.sync_cursor import CursorFile
from edge.synchroniser import Synchroniser, SyncTimes
from edge.timing import Reading

EVENT_KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
RECEIPT_KEY = Ed25519PrivateKey.from_private_bytes(b"r" * 32)
DOCUMENT_KEY = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
NODE = seal.node_id(seal.public_hex(EVENT_KEY))
OCTETS = {"content-type": "application/octet-stream"}
START_MS = 1_780_000_000_000


class Killed(BaseException):
    """SIGKILL at this very place."""


@dataclass
class Stored:
    event: Event
    signature_hex: str


class Node:
    """The events that the punch process wrote, and its socket."""

    def __init__(self, folder: Path) -> None:
        self.photos = folder / "photos"
        self.events: list[Stored] = []
        self.away = False
        self.refuses: dict[str, list[str]] = {}
        self.damaged: set[int] = set()
        self.dies_after: dict[str, bool] = {}
        self.documents: list[tuple[str, int]] = []
        self.errands: list[dict[str, Any]] = []
        self.fetched: dict[str, bytes] = {}
        self.ended: list[tuple[str, str | None]] = []
        self.anchors: list[dict[str, Any]] = []

    @property
    def link(self) -> Link:
        last = self.events[-1].event if self.events else None
        return Link(NODE, 1, last.seq, last.leaf) if last else Link(NODE, 1)

    def write(self, kind: str, content: dict[str, Any], photo: bytes | None = None) -> Event:
        sha256 = None
        if photo is not None:
            sha256 = seal.sha256_hex(photo)
            path = self.photos / sha256[:2] / f"{sha256}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photo)
        number = len(self.events) + 1
        moment = Moment(START_MS + number, "boot", number, number, None, ClockState.ANCHORED)
        event = make_event(self.link, kind, moment, content, salt=f"{number:032x}", photo=sha256)
        self.events.append(Stored(event, seal.sign(EVENT_KEY, seal.EVENT, bytes.fromhex(event.leaf))))
        return event

    def read(self, epoch: int, start_seq: int, limit: int, max_bytes: int) -> list[Stored]:
        assert epoch == 1
        assert start_seq >= 1
        if start_seq in self.damaged:
            raise self._damage(start_seq)
        return self.events[start_seq - 1 : start_seq - 1 + limit]

    def _damage(self, seq: int) -> StorageError:
        fault = storage_error(StorageFault.DAMAGED, f"event {seq}")
        fault.event = seq
        return fault

    def request(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if self.away:
            raise PunchSocketError("away")
        reply = self._reply(fields)
        if self.dies_after.pop(fields["do"], False):
            raise Killed
        return reply

    def _reply(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if refusals := self.refuses.get(fields["do"]):
            return {"ok": False, "error": refusals.pop(0)}
        if fields["do"] == "event":
            return {"ok": True, "seq": self.write(fields["type"], dict(fields["content"])).seq}
        if fields["do"] == "mend":
            self.damaged.discard(fields["seq"])
            return {"ok": True, "was_whole": False}
        if fields["do"] == "anchor":
            self.anchors.append(dict(fields))
            return {"ok": True, "seq": 1}
        if fields["do"] == "document":
            document = exchange.open_document(
                fields["data"].encode(), seal.public_hex(DOCUMENT_KEY), fields["kind"]
            )
            self.documents.append((document.kind, document.serial))
            return {"ok": True}
        if fields["do"].startswith("errand"):
            return {"ok": True, **self._errand(fields)}
        held = dict(self.documents)
        return {"ok": True, "size": len(self.events), **held}

    def _errand(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """As the punch process: what is first in the list stays there until it has ended."""
        if fields["do"] == "errand":
            errand = self.errands[0] if self.errands else None
            return {"errand": errand, "waiting": errand is not None}
        self.errands = [errand for errand in self.errands if errand["order"] != fields["order"]]
        if fields["do"] == "errand-data":
            self.fetched[fields["order"]] = b64decode(fields["data"], validate=True)
        else:
            self.ended.append((fields["order"], fields["code"]))
        return {}

    def alarms(self) -> list[str]:
        contents = [item.event.content for item in self.events if item.event.type == "health"]
        return [content["alarm"]["kind"] for content in contents if "alarm" in content]


@dataclass
class Central:
    """Holds what it acknowledged; `mischief` is asked before each answer and may name a fault."""

    world: "World"
    events: list[Event] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    templates: dict[str, bytes] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    handed_in: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    last_receipt: bytes = b""
    takes_ms: int = 50

    @property
    def head(self) -> str:
        return self.events[-1].leaf if self.events else GENESIS

    def receipt(self, nonce: str, key: Ed25519PrivateKey = RECEIPT_KEY) -> bytes:
        now = START_MS + self.world.now_ms
        return exchange.sign_checkpoint(key, Checkpoint(NODE, 1, len(self.events), self.head, now, nonce))

    def answered(self, what: str, good: Answer) -> Answer:
        """The answer as it arrives after whatever the link and a broken central do to it."""
        fault = self.world.mischief(f"after {what}")
        self.last_receipt, before = good.body or self.last_receipt, self.last_receipt
        if fault in ("timed-out", "cut"):
            raise link_error(LinkFault(fault), "answer lost")
        if fault == "killed":
            raise Killed
        broken = {
            "html": Answer(200, b"<html>Sign in to the hotspot</html>", {}),
            "500": Answer(500, b"oops", {}),
            "503": Answer(503, b'{"error":"busy"}', {"retry-after": "7"}),
            "old-receipt": Answer(200, before, {}),
            "forged": Answer(200, self.receipt("0" * 32, EVENT_KEY), {}),
        }
        return broken.get(fault or "", good)

    def before(self, what: str) -> None:
        self.requests.append(what)
        self.world.now_ms += self.takes_ms
        fault = self.world.mischief(f"before {what}")
        if fault in ("timed-out", "cut", "unreachable"):
            raise link_error(LinkFault(fault), "request lost")
        if fault == "killed":
            raise Killed

    def ask_head(self, epoch: int, nonce: str, patience: Patience) -> Answer:
        self.before("head")
        return self.answered("head", Answer(200, self.receipt(nonce), {}))

    def send_events(
        self, epoch: int, start: int, count: int, nonce: str, packed: bytes, patience: Patience
    ) -> Answer:
        self.before(f"events {start}+{count}")
        batch = exchange.decode_batch(exchange.inflate(packed))
        assert (batch.start, len(batch.events)) == (start, count)
        if start > len(self.events) + 1:
            return self.answered("events", refused(409, "gap", next=len(self.events) + 1))
        for event in batch.events:
            if event.seq <= len(self.events) and self.events[event.seq - 1].leaf != event.leaf:
                return self.answered("events", refused(422, "fork", seq=event.seq))
        prior = Link(NODE, 1, start - 1, self.events[start - 2].leaf if start > 1 else GENESIS)
        try:
            exchange.verify_batch(batch, prior, seal.public_hex(EVENT_KEY))
        except EvidenceError as error:
            return self.answered("events", refused(422, error.code))
        if self.world.mischief("commit") == "500":
            return Answer(500, b"disk full", {})
        self.events += [event for event in batch.events if event.seq > len(self.events)]
        return self.answered("events", Answer(200, self.receipt(nonce), {}))

    def fetch_documents(self, policy: int, roster: int, orders: int, patience: Patience) -> Answer:
        self.before("documents")
        held = {"policy": policy, "roster": roster, "orders": orders}
        texts = {}
        for kind, data in self.documents.items():
            newest = json.loads(data)["document"]["serial"]
            texts[kind] = data.decode() if newest > held[kind] else None
        return self.answered("documents", Answer(200, seal.canonical(texts), {}))

    def fetch_template(self, order: str, patience: Patience) -> Answer:
        self.before(f"template< {order}")
        sealed = self.templates.get(order)
        good = refused(404, "no-such-order") if sealed is None else Answer(200, sealed, OCTETS)
        return self.answered("template", good)

    def hand_in_template(self, order: str, sealed: bytes, patience: Patience) -> Answer:
        self.before(f"template> {order}")
        if order not in self.wanted:
            return self.answered("template", refused(404, "no-such-order"))
        if sealed == b"bad":
            return self.answered("template", refused(422, "bad-seal"))
        self.handed_in[order] = sealed
        return self.answered("template", Answer(200, b'{"held":true}', {}))

    def report_status(self, fields: Mapping[str, Any], patience: Patience) -> Answer:
        self.before("status")
        self.reports.append(dict(fields))
        return self.answered("status", Answer(200, b"{}", {}))

    def photo_offset(self, photo: NamedPhoto, patience: Patience) -> Answer:
        sha256 = photo.sha256
        self.before(f"photo? {sha256[:6]}")
        if not self.names(photo):
            return self.answered("photo", Answer(404, b"", {}))
        return self.answered("photo", offset_of(self.photos.get(sha256, b"")))

    def send_photo_piece(
        self, photo: NamedPhoto, offset: int, length: int, piece: bytes, patience: Patience
    ) -> Answer:
        sha256 = photo.sha256
        self.before(f"photo {sha256[:6]}@{offset}")
        if not self.names(photo):
            return self.answered("photo", refused(404, "photo-not-named"))
        held = self.photos.get(sha256, b"")
        if offset != len(held):
            return self.answered("photo", offset_of(held, 409))
        if self.world.mischief("photo bytes") == "damaged":
            piece = bytes([piece[0] ^ 1]) + piece[1:]
        held += piece
        if len(held) == length and seal.sha256_hex(held) != sha256:
            self.photos.pop(sha256, None)
            return self.answered("photo", offset_of(b"", 422))
        self.photos[sha256] = held
        return self.answered("photo", offset_of(held))

    def names(self, photo: NamedPhoto) -> bool:
        """Whether that very event is here and names it."""
        named = {(event.epoch, event.seq): event.photo for event in self.events}
        return named.get((photo.epoch, photo.seq)) == photo.sha256

    def restore(self, size: int) -> None:
        """A backup is put back: everything after `size` events is gone, with its photos."""
        del self.events[size:]
        named = {event.photo for event in self.events}
        self.photos = {sha256: data for sha256, data in self.photos.items() if sha256 in named}


def refused(status: int, error: str, **more: int) -> Answer:
    return Answer(status, seal.canonical({"error": error, **more}), {})


def offset_of(held: bytes, status: int = 200) -> Answer:
    return Answer(status, b"", {"upload-offset": str(len(held))})


class World:
    """Time, the two sides, and the plan of what goes wrong."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.dice = random.Random(seed)
        self.now_ms = 0
        self.fault_rate = 0.0
        self.plan: dict[str, list[str]] = {}
        self.node = Node(folder)
        self.central = Central(self)
        self.most_events = 500
        self.cursor_path = folder / "sync-cursor.json"
        self.start()

    FAULTS = (
        *("timed-out", "cut", "unreachable", "html", "500", "503", "old-receipt", "forged", "damaged"),
        "killed",
    )

    def mischief(self, where: str) -> str | None:
        planned = next(
            (faults for key, faults in self.plan.items() if where.startswith(key) and faults), None
        )
        if planned:
            return planned.pop(0)
        return self.dice.choice(self.FAULTS) if self.dice.random() < self.fault_rate else None

    def start(self) -> None:
        """The sync process begins anew, with nothing but what lies on the disk."""
        self.cursor = CursorFile(self.cursor_path)
        self.sender = EventSender(
            Link(NODE, 1),
            seal.public_hex(RECEIPT_KEY),
            self.node,
            self.central,
            self.cursor,
            pace=Pace(),
            most_events=self.most_events,
            monotonic=self.monotonic,
        )
        self.photo_sender = PhotoSender(
            PhotoStore(self.node.photos),
            1,
            self.node,
            self.sender,
            self.cursor,
            self.central,
            pace=Pace(),
            drop=self.drop,
            monotonic=self.monotonic,
        )
        self.sync = Synchroniser(
            self.sender,
            self.photo_sender,
            self.cursor,
            self.central,
            self.node,
            self,
            seal.public_hex(DOCUMENT_KEY),
            SyncTimes(timedelta(seconds=30), timedelta(minutes=5)),
            software="0",
            monotonic=self.monotonic,
            dice=self.dice,
        )

    source = "emulated"

    def now(self) -> Reading:
        return Reading(START_MS + self.now_ms, "boot", self.now_ms, self.now_ms)

    def monotonic(self) -> float:
        return self.now_ms / 1000

    def drop(self, seq: int, sha256: str, reason: str) -> None:
        self.node.request(
            {"do": "event", "type": "drop", "content": {"event": seq, "photo": sha256, "reason": reason}}
        )

    def turn(self) -> None:
        """One turn; afterwards nothing may count as held that central does not hold."""
        agreed = self.sender.agreed
        try:
            rest = self.sync.turn()
        except Killed:
            self.start()
            return
        assert rest >= timedelta()
        self.now_ms += -(-rest // timedelta(milliseconds=1))
        if self.sender.agreed != agreed and self.sender.agreed.size:
            held = self.central.events
            assert self.sender.agreed.size <= len(held), "acknowledged without being held"
            assert held[self.sender.agreed.size - 1].leaf == self.sender.agreed.head

    def run(self, seconds: float) -> None:
        end = self.now_ms + seconds * 1000
        while self.now_ms < end:
            self.turn()

    def both_hold_the_same(self) -> bool:
        return [item.event.leaf for item in self.node.events] == [event.leaf for event in self.central.events]


def settled(world: World, hours: int = 3) -> None:
    """Heal everything and give the two sides time; they must agree at the end, however bad it was before."""
    world.fault_rate, world.plan, world.node.away = 0.0, {}, False
    world.sync.noticed()
    for _ in range(hours * 60):
        world.run(60)
        if world.both_hold_the_same() and not world.photo_sender.waiting and not world.cursor.now.alarms:
            return
    raise AssertionError(f"no agreement: {len(world.node.events)} written, {len(world.central.events)} held")
