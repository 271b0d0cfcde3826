"""A node as central sees it: makes its chain, signs requests. Shares no code with edge."""

import gzip
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from werkzeug.test import TestResponse

from attendance import seal
from attendance.chain import Event, Link, make_event
from attendance.exchange import Checkpoint, encode_batch, open_checkpoint
from attendance.moment import ClockState, Moment, to_ms
from tests.support.central import Central

OWN_NONCE = "ab" * 16


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        raise NotImplementedError(key_id)

    def resolve_private_key(self, key_id: str) -> Any:
        return self._key


class CentralNode:
    """One node with its keys and everything that it wrote down."""

    def __init__(self, central: Central, seed: int = 1) -> None:
        self.central = central
        self.event_key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.transport_key = Ed25519PrivateKey.from_private_bytes(bytes([seed, 7]) * 16)
        self.id = seal.node_id(seal.public_hex(self.event_key))
        self.epoch = 1
        self.events: list[Event] = []

    # --- claiming

    def claim_fields(self, token: str) -> dict[str, Any]:
        event_key, transport_key = seal.public_hex(self.event_key), seal.public_hex(self.transport_key)
        transcript = seal.canonical(
            {
                "token_sha256": seal.sha256_hex(token.encode()),
                "event_key": event_key,
                "transport_key": transport_key,
            }
        )
        return {
            "v": 1,
            "token": token,
            "event_key": event_key,
            "transport_key": transport_key,
            "software": "hadir test",
            "proof": seal.sign(self.event_key, seal.CLAIM, transcript),
        }

    def claim(self, token: str | None = None) -> TestResponse:
        fields = self.claim_fields(token if token is not None else self.central.token())
        response = self.central.app.test_client().post("/v1/claim", json=fields)
        if response.status_code == 200:
            self.epoch = response.get_json()["epoch"]
        return response

    # --- writing down

    @property
    def link(self) -> Link:
        mine = [event for event in self.events if event.epoch == self.epoch]
        last = mine[-1] if mine else None
        return Link(self.id, self.epoch, last.seq, last.leaf) if last else Link(self.id, self.epoch)

    def write(
        self,
        kind: str,
        content: dict[str, Any] | None = None,
        *,
        at: datetime | None = None,
        state: ClockState = ClockState.ANCHORED,
        photo: str | None = None,
    ) -> Event:
        when = to_ms(at) if at is not None else self.central.clock.now_ms()
        moment = Moment(when, "boot-1", 5000 + len(self.events), 5000 + len(self.events), 1, state)
        salt = f"{len(self.events):032x}"
        event = make_event(self.link, kind, moment, content or {}, salt=salt, photo=photo)
        self.events.append(event)
        return event

    def punch(self, person: str | None, at: datetime | None = None, **more: Any) -> Event:
        content = {
            "person": person,
            "slot": 1,
            "score": 120,
            "kind": "in",
            "day": None,
            "minutes": 0,
            "policy": 1,
            "roster": 1,
            "photo_missing": None,
        }
        return self.write("punch", content, at=at, **more)

    def listen(self, since: datetime, until: datetime, clock: str = "anchored") -> Event:
        content = {
            "from_wall_ms": to_ms(since),
            "to_wall_ms": to_ms(until),
            "from_bt_ms": 0,
            "to_bt_ms": (until - since) // timedelta(milliseconds=1),
            "boot": "boot-1",
            "clock": clock,
            "sensor": "ok",
        }
        return self.write("listening", content, at=until)

    # --- handing in

    def batch(self, events: list[Event] | None = None) -> bytes:
        chosen = self.events if events is None else events
        signature = seal.sign(self.event_key, seal.EVENT, bytes.fromhex(chosen[-1].leaf))
        return encode_batch(chosen, signature)

    def send(self, events: list[Event] | None = None, *, data: bytes | None = None) -> TestResponse:
        chosen = self.events if events is None else events
        plain = self.batch(chosen) if data is None else data
        query = f"epoch={chosen[0].epoch}&start={chosen[0].seq}&count={len(chosen)}&nonce={OWN_NONCE}"
        return self.request("POST", f"/events?{query}", gzip.compress(plain, 1), {"Content-Encoding": "gzip"})

    def sent(self, events: list[Event] | None = None) -> Checkpoint:
        response = self.send(events)
        assert response.status_code == 200, response.get_data()
        return self.receipt(response)

    def receipt(self, response: TestResponse) -> Checkpoint:
        return open_checkpoint(response.get_data(), self.central.office.keys.receipt_public)

    def head(self) -> Checkpoint:
        response = self.request("GET", f"/head?epoch={self.epoch}&nonce={OWN_NONCE}")
        assert response.status_code == 200, response.get_data()
        return self.receipt(response)

    def nonce(self) -> str:
        return str(self.central.client.get("/v1/nonce").get_json()["nonce"])

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        nonce: str | None = None,
        node: str | None = None,
        key: Ed25519PrivateKey | None = None,
        key_id: str | None = None,
    ) -> TestResponse:
        target = f"/v1/nodes/{node or self.id}{path}"
        request = self.signed(method, target, body, headers or {}, nonce, key, key_id)
        client = self.central.app.test_client()
        return client.open(target, method=method, data=body, headers=request.headers)

    def signed(
        self,
        method: str,
        target: str,
        body: bytes,
        headers: dict[str, str],
        nonce: str | None = None,
        key: Ed25519PrivateKey | None = None,
        key_id: str | None = None,
        covered: tuple[str, ...] = ("@method", "@path", "@query"),
    ) -> SimpleNamespace:
        request = SimpleNamespace(method=method, url=f"https://central{target}", headers=dict(headers))
        signer = HTTPMessageSigner(
            signature_algorithm=algorithms.ED25519, key_resolver=_Keys(key or self.transport_key)
        )
        signer.sign(
            request,
            key_id=key_id or self.id,
            nonce=nonce if nonce is not None else self.nonce(),
            label="hadir",
            include_alg=False,
            covered_component_ids=covered,
            **({"body": body} if body else {}),
        )
        return request


def error_of(response: TestResponse) -> str:
    """The code of a refusal."""
    return str(json.loads(response.get_data())["error"])


def node_of_another_office(central: Central, code: str, name: str, seed: int) -> CentralNode:
    """A claimed node of an office that is new."""
    central.add_unit(code, name)
    made = CentralNode(central, seed=seed)
    assert made.claim(central.token(code)).status_code == 200
    return made
