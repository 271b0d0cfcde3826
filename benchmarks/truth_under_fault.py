"""T1: central's storage breaks in the middle of a batch; what was acknowledged must be stored all the same.

The real node side (`edge.event_sender`) hands batches to the real web application of central. A request is
handled in a child process of its own, which is broken at one step after the other: killed or refused at every
SQL statement, killed before and after the commit, out of disk space at every few kilobytes. Afterwards the
books are opened anew and counted past central. The peer acknowledges what it received, as many servers do.
"""

import hashlib
import json
import os
import resource
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from sqlalchemy import event as sql_event
from sqlalchemy.engine import Engine

from attendance import seal
from attendance.chain import Event, Link
from benchmarks.bytes_per_event import morning
from central import claims, request_signing
from central.app import app_for
from central.config import CentralConfig
from central.installation import initialise
from central.office import Office, open_office
from central.tables import unit
from edge.answer import Answer
from edge.event_sender import EventSender
from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Pace, Patience
from edge.sync_cursor import CursorFile

BATCH = 20
_MOST_STEPS = 200
_SPACE_STEP_BYTES = 6_000


@dataclass(frozen=True, slots=True)
class Breakage:
    """What happens to a request.

    Attributes:
        how: "kill" or "refuse" at an SQL statement, "kill-at-commit", "kill-before-answer", "no-space".
        step: which statement, or how far the disk reaches.
    """

    how: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class _Stored:
    event: Event
    signature_hex: str


@dataclass(slots=True)
class Count:
    """Attributes: `steps` broken, `stopped` of them before an answer, `lost` by us and by the peer."""

    steps: int = 0
    stopped: int = 0
    lost: int = 0
    peer_lost: int = 0


def measure(most_steps: int = _MOST_STEPS) -> dict[str, Any]:
    """Break central at every step; `ratio` is acknowledged minus stored, summed over all of them."""
    with tempfile.TemporaryDirectory(prefix="hadir-bench-") as name:
        trial = Trial(Path(name))
        count = Count()
        for how in ("kill", "refuse", "no-space"):
            for step in range(most_steps):
                if not trial.break_at(Breakage(how, step), count):
                    break
        trial.break_at(Breakage("kill-at-commit"), count)
        trial.break_at(Breakage("kill-before-answer"), count)
        lost = count.lost + trial.missing()
    return {
        "ratio": lost,
        "floor": 0,
        "peer": count.peer_lost,
        "steps": count.steps,
        "stopped": count.stopped,
        "lost": lost,
    }


class Trial:
    """One central, one node, and a door between them that breaks on demand."""

    def __init__(self, folder: Path) -> None:
        self._config = CentralConfig(data_dir=folder / "central", plain_http=True)
        initialise(self._config)
        self._event_key, self._transport_key = (Ed25519PrivateKey.generate() for _ in range(2))
        self._node = seal.node_id(seal.public_hex(self._event_key))
        receipt_key = self._furnished()
        self._written: list[_Stored] = []
        self._source = morning(self._event_key, 1_000_000)
        self._breakage: Breakage | None = None
        self._sender = EventSender(
            Link(self._node, 1),
            receipt_key,
            self,
            self,
            CursorFile(folder / "sync-cursor.json"),
            pace=Pace(ceiling=500),
            monotonic=time.monotonic,
        )

    def break_at(self, breakage: Breakage, count: Count) -> bool:
        """Hand in a fresh batch while central breaks; whether the step was reached at all."""
        self._write(BATCH)
        if not self._sender.sure:
            self._sender.ask()
        before = self._sender.agreed.size
        self._breakage = breakage
        stopped = False
        try:
            self._sender.send()
        except LinkError:
            stopped = True
        self._breakage = None
        stored = self._books()
        count.steps += 1
        count.stopped += stopped
        count.lost += max(0, self._sender.agreed.size - len(stored))
        count.peer_lost += max(0, before + BATCH - len(stored))
        self._deliver_the_rest()
        return stopped

    def missing(self) -> int:
        """Events that central does not hold exactly as they were written, once all is said."""
        stored = self._books()
        written = [item.event.leaf for item in self._written]
        return sum(ours != theirs for ours, theirs in zip(written, stored, strict=True))

    def read(self, epoch: int, start_seq: int, limit: int, max_bytes: int) -> Sequence[_Stored]:
        """The node's own events, as `edge.segments` gives them."""
        del epoch, max_bytes
        return self._written[start_seq - 1 : start_seq - 1 + limit]

    def ask_head(self, epoch: int, nonce: str, patience: Patience) -> Answer:
        """As `edge.uplink`."""
        del patience
        return self._request("GET", f"head?epoch={epoch}&nonce={nonce}", b"")

    def send_events(
        self, epoch: int, start: int, count: int, nonce: str, packed: bytes, patience: Patience
    ) -> Answer:
        """As `edge.uplink`."""
        del patience
        target = f"events?epoch={epoch}&start={start}&count={count}&nonce={nonce}"
        return self._request("POST", target, packed)

    def _write(self, count: int) -> None:
        for _ in range(count):
            made = next(self._source)
            signature = seal.sign(self._event_key, seal.EVENT, bytes.fromhex(made.leaf))
            self._written.append(_Stored(made, signature))
        self._sender.waiting = True

    def _deliver_the_rest(self) -> None:
        while self._sender.agreed.size < len(self._written):
            self._sender.ask()
            self._sender.send()

    def _request(self, method: str, path: str, body: bytes) -> Answer:
        """Let a child of this process be central for one request."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            self._be_central(method, f"/v1/nodes/{self._node}/{path}", body, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        if not said:
            raise link_error(LinkFault.CUT, "central died before it answered")
        status, _, answer = said.partition(b"\n")
        return Answer(int(status), answer, {})

    def _be_central(self, method: str, target: str, body: bytes, writing: int) -> None:
        """In the child: serve one request, broken or not, and end without ceremony."""
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            office = open_office(self._config)
            app = app_for(office)
            headers = self._signed(office, method, target, body)
            client = app.test_client()
            _break(self._breakage, app, Path(f"{self._config.data_dir / 'central.db'}-wal"))
            response = client.open(target, method=method, data=body, headers=headers)
            os.write(writing, f"{response.status_code}\n".encode() + response.get_data())
        finally:
            os._exit(0)

    def _signed(self, office: Office, method: str, target: str, body: bytes) -> Mapping[str, str]:
        headers = {"Content-Encoding": "gzip"} if body else {}
        request = SimpleNamespace(method=method, url=f"http://central{target}", headers=headers)
        resolver = MappingKeyResolver(public_keys={}, private_keys={self._node: self._transport_key})
        signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=resolver)
        signer.sign(
            request,
            key_id=self._node,
            nonce=request_signing.make_nonce(office.keys.nonce_secret, time.time_ns() // 1_000_000),
            label="hadir",
            covered_component_ids=("@method", "@path", "@query"),
            body=body or None,
        )
        return headers

    def _furnished(self) -> str:
        """Make the unit and the node known; central's receipt key."""
        office = open_office(self._config)
        with office.database.write() as connection:
            connection.execute(unit.insert().values(code="DINAS", name="Dinas", zone="Asia/Jakarta"))
            token = claims.issue(connection, "DINAS", 1)
        keys = {
            "event_key": seal.public_hex(self._event_key),
            "transport_key": seal.public_hex(self._transport_key),
        }
        transcript = seal.canonical({"token_sha256": seal.sha256_hex(token.encode()), **keys})
        proof = seal.sign(self._event_key, seal.CLAIM, transcript)
        request = {"token": token, "software": "bench", "proof": proof, **keys}
        with office.database.write() as connection:
            claims.redeem(connection, claims.ClaimRequest.parse(request), 2)
        office.database.close()
        return office.keys.receipt_public

    def _books(self) -> list[str]:
        """Leaves of what central's table holds, read past central; opening recovers what a kill left."""
        connection = sqlite3.connect(self._config.data_dir / "central.db")
        try:
            rows = connection.execute("SELECT seq, header FROM event ORDER BY seq").fetchall()
        finally:
            connection.close()
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), "a gap in central's books"
        return [hashlib.sha256(b"\0" + bytes(header)).hexdigest() for _, header in rows]


def _break(breakage: Breakage | None, app: Flask, wal: Path) -> None:
    """Prepare this process to break at the wanted step."""
    if breakage is None:
        return
    if breakage.how == "no-space":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        reach = (wal.stat().st_size if wal.exists() else 0) + breakage.step * _SPACE_STEP_BYTES
        resource.setrlimit(resource.RLIMIT_FSIZE, (reach, resource.RLIM_INFINITY))
    elif breakage.how == "kill-at-commit":
        sql_event.listen(Engine, "commit", lambda _connection: _die())
    elif breakage.how == "kill-before-answer":
        app.after_request(_die_with)
    else:
        at_statement = _die if breakage.how == "kill" else _fail
        sql_event.listen(Engine, "before_cursor_execute", _Nth(breakage.step, at_statement))


class _Nth:
    """Does something at the statement of that number, from 0."""

    def __init__(self, number: int, deed: Callable[[], None]) -> None:
        self._left = number
        self._deed = deed

    def __call__(self, *_: object) -> None:
        if self._left == 0:
            self._deed()
        self._left -= 1


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_with(response: Response) -> Response:
    _die()
    return response


def _fail() -> None:
    raise sqlite3.OperationalError("disk I/O error")


if __name__ == "__main__":
    print(json.dumps(measure(*(int(argument) for argument in sys.argv[1:]))))
