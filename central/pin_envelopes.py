"""The PINs of the people whom a node knows, sealed for it.

Sealing the same twice never gives the same text. The sealed text is therefore kept with the hash of what is
in it and made anew only when that changes: else every question of a node would bring it a new roster.
"""

import base64
import logging
from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from attendance import pins, seal, sealing
from attendance.errors import MalformedError
from attendance.pins import Pin, PinHash
from central.database import upsert
from central.tables import module, pin, pin_envelope

_log = logging.getLogger(__name__)


def sealed_for(connection: Connection, node_id: str) -> str | None:
    """The sealed text for the roster of a node as it was last made; None where nobody there has a PIN."""
    query = select(pin_envelope.c.sealed).where(pin_envelope.c.node == node_id)
    return connection.scalar(query)


def up_to_date(connection: Connection, node_id: str, people: Collection[str]) -> bool:
    """Whether `sealed_for` holds what these people's PINs and the node's key are now."""
    kept = connection.scalar(select(pin_envelope.c.content_sha256).where(pin_envelope.c.node == node_id))
    wanted = _wanted(connection, node_id, people)
    return kept == (_fingerprint(*wanted) if wanted else None)


def renew(connection: Connection, node_id: str, people: Collection[str]) -> None:
    """Seal anew where something changed, in this transaction.

    Nothing is sealed for a node that has told no key: it has no keypad that would help it.
    """
    if up_to_date(connection, node_id, people):
        return
    connection.execute(delete(pin_envelope).where(pin_envelope.c.node == node_id))
    wanted = _wanted(connection, node_id, people)
    if wanted is None:
        return
    key, plain = wanted
    try:
        sealed = sealing.seal_to(key, plain, sealing.purpose("pins", node_id))
    except MalformedError as error:
        _log.error("no PINs can be sealed for node %s: %s", node_id, error)
        return
    values = {"content_sha256": _fingerprint(key, plain), "sealed": base64.b64encode(sealed).decode()}
    put = upsert(connection.dialect.name, pin_envelope).values(node=node_id, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["node"], set_=values))


def _wanted(connection: Connection, node_id: str, people: Collection[str]) -> tuple[str, bytes] | None:
    """The node's key and what is to be sealed for it; None where there is nothing to seal."""
    key = connection.scalar(select(module.c.template_key).where(module.c.node == node_id))
    if key is None:
        return None
    # All of them, and then ours: there are few, and everybody of a large office makes a long condition.
    rows = connection.execute(select(pin.c.employee, pin.c.number, pin.c.hash)).all()
    mine = [Pin(row.employee, row.number, PinHash.parse(row.hash)) for row in rows if row.employee in people]
    return (key, seal.canonical(pins.content(mine))) if mine else None


def _fingerprint(key: str, plain: bytes) -> str:
    return seal.sha256_hex(key.encode() + b"\n" + plain)
