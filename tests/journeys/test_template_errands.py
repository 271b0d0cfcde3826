"""A template goes from a slot to central and back into another one: real punch process, socket, signatures.

Central is a stub that does what its routes promise: it verifies each signature and seals for this node alone.
"""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import seal, sealing
from attendance.exchange import sign_document
from attendance.orders import Do, Order, Orders, delivery_purpose, export_purpose
from attendance.template_parcel import Parcel
from central import request_signing
from edge import keys
from edge.pacing import Pace
from edge.punch_socket import PunchSocket
from edge.template_courier import TemplateCourier
from edge.uplink import Identity, Uplink
from emulators.fingerprint_module.client import Remote
from tests.support.door_people import roster_content, wib
from tests.support.node_process import NodeProcess
from tests.support.stub_server import Request, StubServer, answer

CENTRAL, CENTRAL_X = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
SECRET, NOW_MS = b"s" * 32, 1_780_000_000_000
WAIT_S = 60.0
OCTETS = {"Content-Type": "application/octet-stream"}


class StubCentral:
    """The template routes of central, over orders that the test lists."""

    def __init__(self, node: str, transport_public: str) -> None:
        self.node = node
        self._transport_public = transport_public
        self.template_key = ""
        self.listed: dict[str, Order] = {}
        self.vault: list[Parcel] = []
        self.seen: list[bytes] = []

    def __call__(self, request: Request) -> bytes:
        if request.target == "/v1/nonce":
            nonce = request_signing.make_nonce(SECRET, NOW_MS)
            return answer(json.dumps({"nonce": nonce, "time_ms": NOW_MS}).encode())
        received = request_signing.SignedRequest(
            request.method, f"https://central{request.target}", request.headers, request.body
        )
        request_signing.verify_request(received, self.node, self._transport_public, SECRET, NOW_MS)
        self.seen.append(request.body)
        start, _, id_ = request.target.rpartition("/")
        order = self.listed.get(id_)
        assert start == f"/v1/nodes/{self.node}/templates"
        if order is None:
            return answer(b'{"error":"no-such-order"}', 404)
        if request.method == "GET":
            sealed = self._deliver(order)
            self.seen.append(sealed)
            return answer(sealed, headers=OCTETS)
        plain = sealing.open_sealed(CENTRAL_X, request.body, export_purpose(self.node, order))
        self.vault.append(Parcel.parse(plain))
        return answer(b'{"held":true}')

    def _deliver(self, order: Order) -> bytes:
        purpose = delivery_purpose(self.node, order)
        return sealing.seal_to(self.template_key, self.vault[0].encode(), purpose)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    made = NodeProcess(tmp_path, wib("2017-06-05 10:00:00"), camera=False)
    yield made
    made.end()


@pytest.fixture
def sensor(node: NodeProcess) -> Remote:
    remote = node.begin()
    remote.enrol(7, "budi", "r1")
    node.start("punch")
    node.claimed_by(seal.public_hex(CENTRAL))
    return remote


def send(node: NodeProcess, kind: str, content: dict[str, Any]) -> None:
    data = sign_document(CENTRAL, kind, content["serial"], content).decode()
    reply = PunchSocket(node.state / "punch.sock").request({"do": "document", "kind": kind, "data": data})
    assert reply["ok"], reply


def give(node: NodeProcess, stub: StubCentral, serial: int, *orders: Order) -> None:
    stub.listed = {order.id: order for order in orders}
    send(node, "orders", Orders(serial, stub.node, sealing.public_hex(CENTRAL_X), orders).content())


def walk_until(courier: TemplateCourier, node: NodeProcess, true: Any) -> None:
    until = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < until, [event.content for event in node.events()]
        courier.walk()
        time.sleep(0.1)


def test_a_template_is_handed_in_installed_searched_and_purged(node: NodeProcess, sensor: Remote) -> None:
    name = node.ask({"do": "status"})["node"]
    roster = roster_content(5, name) | {"slots": {"7": "p-budi"}}
    send(node, "roster", roster)
    transport = keys.load_or_create(node.state / "transport.key")
    stub = StubCentral(name, seal.public_hex(transport))

    def told(type_: str) -> list[dict[str, Any]]:
        return [event.content for event in node.events() if event.type == type_]

    with StubServer(stub) as server:
        door = Uplink(server.url, None, Identity(name, transport), wall_ms=lambda: NOW_MS)
        pace = Pace(connect=timedelta(seconds=5), answer=timedelta(seconds=20))
        courier = TemplateCourier(door, PunchSocket(node.state / "punch.sock"), pace.patience)
        give(node, stub, 1, Order("x-7-01234567", Do.EXPORT, "p-budi", slots=(7,), finger="right-index"))
        walk_until(courier, node, lambda: stub.vault)
        module = told("module")[-1]
        stub.template_key = module["template_key"]
        more = {"finger": "right-index", "template": "t", "model_class": module["class"]}
        search = Order("s-0123456789abcdef", Do.SEARCH, "p-budi", **more)
        give(node, stub, 2, Order("i-20", Do.INSTALL, "p-budi", slots=(20,), **more), search)
        walk_until(courier, node, lambda: told("template-searched"))
        flash = sensor.snapshot()["slots"]
        assert flash["20"] == flash["7"] == stub.vault[0].data.hex()
        assert told("template-searched")[0]["hits"] == []
        assert told("template-installed")[0]["slot"] == 20
        give(node, stub, 3, Order("p-1", Do.PURGE, "p-budi", slots=(7, 20), reason="left"))
        walk_until(courier, node, lambda: told("purged"))
        door.close()
    assert sensor.snapshot()["slots"] == {}
    assert told("order-failed") == []
    data = stub.vault[0].data[:64]
    assert not any(data in sent for sent in stub.seen)
