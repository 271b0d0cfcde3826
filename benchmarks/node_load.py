"""What S1 and S3 share: one node's signed batches, and a real central over real sockets."""

import http.client
import json
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from attendance import exchange, seal
from attendance.chain import Event, Link, make_event
from attendance.moment import ClockState, Moment
from central import claims
from central.config import CentralConfig
from central.database import Database
from central.installation import initialise
from central.tables import assignment, employee, unit

BATCH = 500
PEOPLE = 60
_START_MS = 1_488_760_139_000
_START_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """One batch of a node's chain, packed as it travels."""

    events: Sequence[Event]
    signature: str
    packed: bytes

    @property
    def start(self) -> int:
        """Number of the first event."""
        return self.events[0].seq


class Node:
    """A node with its keys and the batches that it has written."""

    def __init__(self) -> None:
        self.event_key = Ed25519PrivateKey.generate()
        self.transport_key = Ed25519PrivateKey.generate()
        self.id = seal.node_id(seal.public_hex(self.event_key))
        self.link = Link(self.id, 1)

    def batch(self) -> SignedBatch:
        """Write the next batch: punches of sixty people, each with a photo."""
        events = []
        for _ in range(BATCH):
            event = self._punch(self.link.size + 1)
            events.append(event)
            self.link = Link(self.id, 1, event.seq, event.leaf)
        signature = seal.sign(self.event_key, seal.EVENT, bytes.fromhex(self.link.head))
        return SignedBatch(events, signature, exchange.deflate(exchange.encode_batch(events, signature)))

    def _punch(self, number: int) -> Event:
        moment = Moment(
            _START_MS + 20_000 * number,
            "1c7a6f7e-0d3c-4d64-9d2b-3f4b6a0c51d7",
            number * 20_000,
            number * 20_000,
            1,
            ClockState.ANCHORED,
        )
        content: dict[str, Any] = {
            "person": f"p{number % PEOPLE}",
            "slot": number % PEOPLE,
            "score": 120,
            "kind": "in",
            "day": "2017-03-06",
            "minutes": 0,
            "policy": 1,
            "roster": 1,
            "photo_missing": None,
        }
        photo = seal.sha256_hex(str(number).encode())
        return make_event(self.link, "punch", moment, content, salt=secrets.token_hex(16), photo=photo)

    def claim_fields(self, token: str) -> dict[str, Any]:
        """What it hands in with its token."""
        keys = {
            "event_key": seal.public_hex(self.event_key),
            "transport_key": seal.public_hex(self.transport_key),
        }
        transcript = seal.canonical({"token_sha256": seal.sha256_hex(token.encode()), **keys})
        proof = seal.sign(self.event_key, seal.CLAIM, transcript)
        return {"v": 1, "token": token, "software": "bench", "proof": proof, **keys}


class Central:
    """A central of its own process under gunicorn, on the loopback, with its books in `folder`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.database_file = folder / "central.db"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._nonce = ""

    def claim(self, node: Node, token: str) -> None:
        """Make the node known."""
        body = json.dumps(node.claim_fields(token)).encode()
        self._answer("POST", "/v1/claim", body, {"Content-Type": "application/json"})
        self._nonce = json.loads(self._answer("GET", "/v1/nonce", b"", {}))["nonce"]

    def signed(self, node: Node, batch: SignedBatch) -> tuple[str, bytes, dict[str, str]]:
        """Make the request that hands a batch in. Signing it is the node's work and is not timed."""
        target = (
            f"/v1/nodes/{node.id}/events?epoch=1&start={batch.start}&count={BATCH}"
            f"&nonce={secrets.token_hex(16)}"
        )
        headers = {"Content-Encoding": "gzip"}
        request = SimpleNamespace(method="POST", url=f"http://central{target}", headers=headers)
        signer = HTTPMessageSigner(
            signature_algorithm=algorithms.ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={node.id: node.transport_key}),
        )
        signer.sign(
            request,
            key_id=node.id,
            nonce=self._nonce,
            label="hadir",
            covered_component_ids=("@method", "@path", "@query"),
            body=batch.packed,
        )
        return target, batch.packed, dict(request.headers)

    def hand_in(self, requests: Sequence[tuple[str, bytes, dict[str, str]]]) -> float:
        """Send prepared requests one after another; the seconds that it took."""
        began = time.perf_counter()
        for target, body, headers in requests:
            self._answer("POST", target, body, headers)
        return time.perf_counter() - began

    def stored(self) -> int:
        """Events in its table, counted past it."""
        connection = sqlite3.connect(self.database_file)
        try:
            return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _answer(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        self._connection.request(method, target, body=body, headers=headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == 200, f"{response.status}: {answer!r}"
        return answer


@contextmanager
def running_central(folder: Path, node: Node) -> Iterator[Central]:
    """Install, start and stop a central that knows sixty people and the node."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    config = CentralConfig(data_dir=folder, port=port, plain_http=True)
    initialise(config)
    token = _furnish(config)
    settings = folder / "central.toml"
    settings.write_text(f'data_dir = "{folder}"\nport = {port}\nplain_http = true\n', encoding="utf-8")
    command = [sys.executable, "-m", "central.cli", "serve", "--config", str(settings)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    central = Central(folder, port)
    try:
        _wait(process, port)
        central.claim(node, token)
        yield central
    finally:
        central.close()
        process.terminate()
        process.wait(30)


def _furnish(config: CentralConfig) -> str:
    database = Database(config.database_url)
    people = [f"p{number}" for number in range(PEOPLE)]
    since = date(2017, 1, 1)
    with database.write() as connection:
        connection.execute(unit.insert().values(code="DINAS", name="Dinas", zone="Asia/Jakarta"))
        connection.execute(
            employee.insert(), [{"id": key, "name": key, "employment": "non-asn"} for key in people]
        )
        connection.execute(
            assignment.insert(),
            [{"employee": key, "unit": "DINAS", "grp": "umum", "valid_from": since} for key in people],
        )
        token = claims.issue(connection, "DINAS", time.time_ns() // 1_000_000)
    database.close()
    return token


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("central did not start")
