"""People with templates in a central's vault, and a node that hands templates in and fetches them."""

import random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import delete, insert, update
from werkzeug.test import TestResponse

from attendance import sealing
from attendance.orders import Order, delivery_purpose, export_purpose
from attendance.template_parcel import Parcel
from central import orders, template_vault
from central.tables import module, slot, template
from tests.support.central import Central
from tests.support.central_node import CentralNode

MODEL_CLASS = "r503-0000-200/1536/-/3"
NODE_KEY = X25519PrivateKey.from_private_bytes(bytes([5]) * 32)


def a_template(seed: object, size: int = 1536) -> bytes:
    """Bytes like those of a module: dense at the front, zeros behind."""
    return b"\x03\x03" + random.Random(str(seed)).randbytes(size // 3) + bytes(size - 2 - size // 3)


def keep(
    central: Central,
    person: str = "p1",
    finger: str = "right-index",
    data: bytes | None = None,
    *,
    model_class: str = MODEL_CLASS,
    node: str = "nodea",
    slot_number: int = 1,
) -> str:
    office = central.office
    bytes_of = data if data is not None else a_template(f"{person} {finger}")
    with office.database.write() as connection:
        return template_vault.keep(
            connection,
            office.template_keys,
            person,
            finger,
            model_class,
            bytes_of,
            node,
            slot_number,
            central.clock.now_ms(),
        )


def unseal(central: Central, name: str) -> bytes:
    with central.office.database.read() as connection:
        return template_vault.unseal(connection, central.office.template_keys, name)


def destroy(central: Central, person: str) -> int:
    with central.office.database.write() as connection:
        return template_vault.destroy_person(connection, person)


def execute(central: Central, *statements: Any) -> None:
    with central.office.database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def tell_module(central: Central, node: str, *, key: str | None = None, **more: Any) -> None:
    """The newest word of a node about its module."""
    row = {
        "node": node,
        "model": "r503",
        "model_class": MODEL_CLASS,
        "serial": None,
        "capacity": 200,
        "usable": 200,
        "used": 3,
        "template_key": key or sealing.public_hex(NODE_KEY),
        "state": "trusted",
        "detail": "",
        "recovery": None,
        "event": f"{node}/1/1",
        "at_ms": central.clock.now_ms(),
    }
    execute(central, delete(module).where(module.c.node == node), insert(module).values(row | more))


def open_orders(central: Central, node: str) -> list[Order]:
    with central.office.database.read() as connection:
        return orders.open_orders(connection, node, central.clock.now_ms())


def handed_in(central: Central, node: str, order: Order, data: bytes, **more: Any) -> bytes:
    """What an honest node seals for an order to export; `more` makes it another."""
    fields: dict[str, Any] = {
        "person": order.person,
        "finger": order.finger,
        "model_class": MODEL_CLASS,
        "data": data,
    }
    plain = Parcel(**(fields | more)).encode()
    return sealing.seal_to(central.office.template_keys.public_hex, plain, export_purpose(node, order))


def put(asking: CentralNode, order_id: str, sealed: bytes, **more: Any) -> TestResponse:
    return asking.request("PUT", f"/templates/{order_id}", sealed, **more)


def get(asking: CentralNode, order_id: str, **more: Any) -> TestResponse:
    return asking.request("GET", f"/templates/{order_id}", **more)


def opened(node: str, order: Order, sealed: bytes, key: X25519PrivateKey = NODE_KEY) -> Parcel:
    return Parcel.parse(sealing.open_sealed(key, sealed, delivery_purpose(node, order)))


def cleared(central: Central, name: str, state: str = "clear") -> None:
    execute(central, update(template).where(template.c.id == name).values(state=state))


def name_finger(central: Central, number: int, finger: str) -> None:
    execute(central, update(slot).where(slot.c.slot == number).values(finger=finger))
