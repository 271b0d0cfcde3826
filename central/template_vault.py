"""Templates at rest: each sealed under its person's key, readable with a key that is in no database.

A template in clear exists only as the value that `unseal` returns; nothing here holds on to one.
"""

import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Row, delete, insert, select

from attendance import sealing
from attendance.errors import EvidenceError
from central import person_keys
from central.person_keys import DamagedVaultError
from central.tables import slot as slots
from central.tables import template, template_search
from central.template_keys import TemplateKeys

SEARCHING = "searching"
CLEAR = "clear"
_ID_BYTES = 8


class NoSuchTemplateError(EvidenceError):
    """It was never kept, was replaced, or its person has left."""

    code = "no-such-template"


@dataclass(frozen=True, slots=True)
class Origin:
    """The place that a template was read from."""

    node: str
    slot: int


def keep(
    connection: Connection,
    keys: TemplateKeys,
    employee: str,
    finger: str,
    model_class: str,
    data: bytes,
    node: str,
    slot: int,
    now_ms: int,
) -> str:
    """Keep a template of a person.

    The same bytes again are the same template. Other bytes of the same finger and class take the place of the
    older ones, whose searches go with them, except of those that lie in a slot somewhere: as long as a finger
    is taken for this person by such a template, others must be able to look for it. Where nobody knows the
    finger, the place counts in its stead.

    Args:
        connection: a transaction that may write.
        keys: central's.
        employee: whose.
        finger: one of `attendance.enrolment.FINGERS`, or "".
        model_class: of the module that made it.
        data: the template.
        node: which node handed it in.
        slot: where it lies there.
        now_ms: central's clock.

    Returns:
        The id of the template, which is new in the state "searching".

    Raises:
        PersonError: no such person. MissingKekError, PrivateFileError, DamagedVaultError: no key to keep it
        under.
    """
    person_keys.hold(connection, employee)
    key = person_keys.key_of(connection, keys, employee)
    if key is None:
        key = person_keys.made_for(connection, keys, employee, now_ms)
    older = _of_finger(connection, employee, finger, model_class, Origin(node, slot))
    for row in older:
        if _holds(key, row, data):
            return str(row.id)
    lying = set(connection.scalars(select(slots.c.template).where(slots.c.employee == employee)))
    _remove(connection, [row.id for row in older if row.id not in lying])
    return _enter(connection, key, (employee, finger, model_class), data, Origin(node, slot), now_ms)


def unseal(connection: Connection, keys: TemplateKeys, template_id: str) -> bytes:
    """A template in clear. Let go of it as soon as it is sealed again.

    Raises:
        NoSuchTemplateError: not kept here. DamagedVaultError: a row was altered, or its key destroyed.
        MissingKekError, PrivateFileError: the key-encryption key can't be used.
    """
    row = connection.execute(select(template).where(template.c.id == template_id)).one_or_none()
    if row is None:
        raise NoSuchTemplateError(f"no template {template_id[:32]!r} is kept")
    key = person_keys.key_of(connection, keys, row.employee)
    if key is None:
        raise DamagedVaultError(f"the key of {row.employee} was destroyed: their templates can't be opened")
    return _open(key, row)


def destroy_person(connection: Connection, employee: str) -> int:
    """Destroy a person's key and remove their templates.

    Returns:
        How many templates they had.
    """
    person_keys.hold(connection, employee)
    names = list(connection.scalars(select(template.c.id).where(template.c.employee == employee)))
    person_keys.destroy(connection, employee)
    _remove(connection, names)
    return len(names)


def _enter(
    connection: Connection,
    key: bytes,
    what: tuple[str, str, str],
    data: bytes,
    origin: Origin,
    now_ms: int,
) -> str:
    name = secrets.token_hex(_ID_BYTES)
    employee, finger, model_class = what
    connection.execute(
        insert(template).values(
            id=name,
            employee=employee,
            finger=finger,
            model_class=model_class,
            size_bytes=len(data),
            sealed=person_keys.encrypt(key, data, _bound(employee, finger, name, model_class)),
            origin_node=origin.node,
            origin_slot=origin.slot,
            state=SEARCHING,
            created_ms=now_ms,
        )
    )
    return name


def _of_finger(
    connection: Connection, employee: str, finger: str, model_class: str, origin: Origin
) -> list[Row[tuple[object, ...]]]:
    same = (
        (template.c.employee == employee)
        & (template.c.finger == finger)
        & (template.c.model_class == model_class)
    )
    if not finger:
        same &= (template.c.origin_node == origin.node) & (template.c.origin_slot == origin.slot)
    return list(connection.execute(select(template).where(same)).all())


def _holds(key: bytes, row: Row[tuple[object, ...]], data: bytes) -> bool:
    """Whether a kept template is this one; a damaged one is none, and is replaced."""
    try:
        return hmac.compare_digest(_open(key, row), data)
    except DamagedVaultError:
        return False


def _open(key: bytes, row: Row[tuple[object, ...]]) -> bytes:
    bound = _bound(row.employee, row.finger, row.id, row.model_class)
    try:
        data = person_keys.decrypt(key, row.sealed, bound)
    except InvalidTag as error:
        raise DamagedVaultError(
            f"the template {row.id} of {row.employee} was altered: restore its row from a backup"
        ) from error
    if len(data) != row.size_bytes:
        raise DamagedVaultError(
            f"the template {row.id} of {row.employee} has another length than its row says"
        )
    return data


def _remove(connection: Connection, names: list[str]) -> None:
    connection.execute(delete(template_search).where(template_search.c.template.in_(names)))
    connection.execute(delete(template).where(template.c.id.in_(names)))


def _bound(employee: str, finger: str, name: str, model_class: str) -> bytes:
    return sealing.purpose("template", employee, finger, name, model_class).encode()
