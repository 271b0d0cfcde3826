"""Templates on their way to and from a node, always sealed, and only for an order that is open.

The courier at the node has the network and can't open them. Each template that is read for a node stands in
the audit log, in the same transaction.
"""

import hmac
import re
from typing import Any

from sqlalchemy import Connection, Row, select, update

from attendance import sealing
from attendance.errors import EvidenceError, MalformedError, OversizeError
from attendance.orders import Do, Order, check_order_id, delivery_purpose, export_purpose
from attendance.template_parcel import MAX_SEALED_BYTES, Parcel
from central import audit, orders, search_orders, template_vault
from central.nodes import Node
from central.office import Office
from central.tables import module, slot, template
from central.template_keys import TemplateKeys

_EXPORT = re.compile("x-([0-9]{1,5})-[0-9a-f]{8}")
_FETCHING = (Do.INSTALL, Do.SEARCH)


class NoSuchOrderError(EvidenceError):
    """The order is not open: done, taken back, another node's, or never given."""

    code = "no-such-order"


class OtherParcelError(EvidenceError):
    """What was handed in is sound, and is not what the order asks for."""

    code = "other-template"


def deliver(office: Office, known: Node, order_id: str) -> bytes:
    """The template that an order to install or to search needs, sealed for this node.

    Raises:
        NoSuchOrderError: no such order is open for this node.
        MissingKekError, PrivateFileError, DamagedVaultError: central can't open the template now.
        StoreError: the database failed.
    """
    now_ms = office.clock.now_ms()
    with office.database.write() as connection:
        order = _open_order(connection, known, order_id, now_ms, _FETCHING)
        row = connection.execute(
            select(template.c.employee, template.c.finger, template.c.model_class, template.c.state).where(
                template.c.id == order.template
            )
        ).one_or_none()
        if row is None or row.employee != order.person or not _may_travel(order, row.state):
            raise NoSuchOrderError(f"the template of {order_id} does not travel any more")
        key = connection.scalar(select(module.c.template_key).where(module.c.node == known.id))
        if key is None:
            raise NoSuchOrderError(f"node {known.id} has told no key to seal for")
        data = template_vault.unseal(connection, office.template_keys, order.template)
        detail = f"{order.do} {order.id}, template {order.template}"
        audit.note(connection, now_ms, f"node:{known.id}", "template-read", order.person, detail)
    parcel = Parcel(row.employee, row.finger, row.model_class, data)
    return sealing.seal_to(key, parcel.encode(), delivery_purpose(known.id, order))


def take_in(office: Office, known: Node, order_id: str, sealed: bytes) -> str:
    """Keep a template that a node was asked to hand in, and order the searches for it.

    The same again, after an answer that was lost, is the same template.

    Returns:
        The id of the template.

    Raises:
        OversizeError: larger than any sealed template. NoSuchOrderError: it was not asked for.
        SealError, MalformedError: it does not open, or is no template. OtherParcelError: another person's,
        finger's or class's. MissingKekError, PrivateFileError, DamagedVaultError, StoreError: central can't
        keep it now.
    """
    if len(sealed) > MAX_SEALED_BYTES:
        raise OversizeError(f"a sealed template has at most {MAX_SEALED_BYTES} bytes")
    now_ms = office.clock.now_ms()
    try:
        return _take_open(office, known, order_id, sealed, now_ms)
    except NoSuchOrderError:
        with office.database.read() as connection:
            return _kept_before(connection, office.template_keys, known, order_id, sealed)


def _take_open(office: Office, known: Node, order_id: str, sealed: bytes, now_ms: int) -> str:
    with office.database.write() as connection:
        order = _open_order(connection, known, order_id, now_ms, (Do.EXPORT,))
        parcel = _opened(office.template_keys, known, order, sealed)
        model_class = connection.scalar(select(module.c.model_class).where(module.c.node == known.id))
        if (parcel.person, parcel.finger, parcel.model_class) != (order.person, order.finger, model_class):
            raise OtherParcelError(f"what was handed in for {order_id} is of another person, finger or class")
        (number,) = order.slots
        kept = template_vault.keep(
            connection,
            office.template_keys,
            parcel.person,
            parcel.finger,
            parcel.model_class,
            parcel.data,
            known.id,
            number,
            now_ms,
        )
        _enter_slot(connection, known, number, parcel, kept)
        search_orders.ask(connection, now_ms, orders.PLANNED_AT_ONCE, only=kept)
        detail = f"{order.id}, slot {number}, template {kept}"
        audit.note(connection, now_ms, f"node:{known.id}", "template-kept", order.person, detail)
    return kept


def _enter_slot(connection: Connection, known: Node, number: int, parcel: Parcel, kept: str) -> None:
    """Say in the books what the slot holds, unless somebody else got it in this very moment."""
    place = _place(connection, known, number)
    changed = 0
    if place is not None:
        same = (slot.c.unit == known.unit) & (slot.c.node == place.node) & (slot.c.slot == number)
        values = {"template": kept, "finger": parcel.finger}
        query = update(slot).where(same, slot.c.employee == parcel.person).values(**values)
        changed = connection.execute(query).rowcount
    if not changed:
        raise NoSuchOrderError(f"slot {number} of node {known.id} is not theirs any more")


def _kept_before(
    connection: Connection, keys: TemplateKeys, known: Node, order_id: str, sealed: bytes
) -> str:
    """The id of the template that this hand-in was once kept as.

    Raises:
        NoSuchOrderError: it never was.
    """
    refusal = NoSuchOrderError(f"no order {order_id[:64]!r} is open for node {known.id}")
    place = _place(connection, known, _slot_in(order_id))
    if place is None or place.template is None:
        raise refusal
    order = Order(order_id, Do.EXPORT, place.employee, slots=(place.slot,), finger=place.finger)
    try:
        parcel = _opened(keys, known, order, sealed)
        data = template_vault.unseal(connection, keys, place.template)
    except EvidenceError as error:
        raise refusal from error
    if not hmac.compare_digest(parcel.data, data):
        raise refusal
    return str(place.template)


def _open_order(
    connection: Connection, known: Node, order_id: str, now_ms: int, kinds: tuple[Do, ...]
) -> Order:
    try:
        order = orders.find_open(connection, known.id, check_order_id(order_id), now_ms)
    except MalformedError:
        order = None
    if order is None or order.do not in kinds:
        raise NoSuchOrderError(f"no order {order_id[:64]!r} is open for node {known.id}")
    return order


def _may_travel(order: Order, state: str) -> bool:
    """A template that is not cleared is looked for elsewhere; it is never installed there."""
    return order.do is Do.SEARCH or state == template_vault.CLEAR


def _opened(keys: TemplateKeys, known: Node, order: Order, sealed: bytes) -> Parcel:
    return Parcel.parse(sealing.open_sealed(keys.exchange, sealed, export_purpose(known.id, order)))


def _place(connection: Connection, known: Node, number: int) -> Row[Any] | None:
    """The entry that speaks of this slot: the node's own, else that of its whole unit."""
    query = (
        select(slot)
        .where(slot.c.unit == known.unit, slot.c.slot == number, slot.c.node.in_(("", known.id)))
        .order_by(slot.c.node.desc())
    )
    return connection.execute(query.limit(1)).one_or_none()


def _slot_in(order_id: str) -> int:
    """The slot that the name of an order to export holds; -1 for any other name."""
    match = _EXPORT.fullmatch(order_id)
    return int(match[1]) if match else -1
