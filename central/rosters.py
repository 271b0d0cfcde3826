"""Whom a node knows: made from the books when the node asks, numbered anew only when something changed."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from attendance import exchange, seal
from attendance.moment import from_ms
from attendance.people import Roster, RosterPerson, Shift
from central import pin_envelopes, policies, slot_history
from central.keys import Keys
from central.office import Office
from central.serving import slots_of_node
from central.tables import assignment, employee, node, roster_document, shift, unit

_SHIFTS_BACK = timedelta(days=3)
_SHIFTS_AHEAD = timedelta(days=45)


def newer_documents(
    office: Office, name: str, *, policy_held: int, roster_held: int
) -> tuple[str | None, str | None]:
    """Signed policy and roster for a node, each None where the node holds the newest.

    Raises:
        StoreError: the database failed.
    """
    now_ms = office.clock.now_ms()
    with office.database.read() as connection:
        serial = policies.newest_serial(connection)
        stored = policies.newest(connection, office.keys.document_public) if serial > policy_held else None
        unheard = slot_history.unheard(connection, name)  # before the roster, which then has them in it
        content = roster_content(connection, name, now_ms)
        latest = _latest(connection, name)
        sealed = pin_envelopes.up_to_date(connection, name, _people(content))
    if not sealed:
        with office.database.write() as connection:
            pin_envelopes.renew(connection, name, _people(content))
            content = roster_content(connection, name, now_ms)
    if latest is None or latest.content_sha256 != _fingerprint(content):
        with office.database.write() as connection:
            latest = _number(connection, office.keys, name, content, now_ms)
    if unheard and latest.serial == roster_held:
        with office.database.write() as connection:
            slot_history.note_heard(connection, unheard, now_ms)
    return (
        stored.data if stored is not None else None,
        latest.data if latest.serial > roster_held else None,
    )


def roster_content(connection: Connection, name: str, now_ms: int) -> dict[str, Any]:
    """The roster of a node as it stands today, with serial 1 in place of the number it will get."""
    home = connection.execute(
        select(unit.c.code, unit.c.name, unit.c.zone)
        .join(node, node.c.unit == unit.c.code)
        .where(node.c.id == name)
    ).one()
    today = from_ms(now_ms).astimezone(ZoneInfo(home.zone)).date()
    slots = slots_of_node(connection, name)
    persons = people_on(connection, today, unit_code=home.code, employees=set(slots.values()))
    kept = {number: holder for number, holder in slots.items() if holder in persons}
    pins = pin_envelopes.sealed_for(connection, name)
    return Roster(1, name, home.code, home.name, home.zone, persons, kept, pins=pins).content()


def _people(content: dict[str, Any]) -> set[str]:
    return {row["person"] for row in content["persons"]}


def people_on(
    connection: Connection, day: date, *, unit_code: str | None = None, employees: set[str] | None = None
) -> dict[str, RosterPerson]:
    """People with an assignment on this day: those of a unit, those named, or (with neither) everybody."""
    query = (
        select(employee.c.id, employee.c.name, employee.c.salutation, assignment.c.unit, assignment.c.grp)
        .join(assignment, assignment.c.employee == employee.c.id)
        .where(
            assignment.c.valid_from <= day,
            assignment.c.valid_to.is_(None) | (assignment.c.valid_to >= day),
        )
    )
    wanted = []
    if unit_code is not None:
        wanted.append(assignment.c.unit == unit_code)
    if employees is not None:
        wanted.append(employee.c.id.in_(employees))
    if wanted:
        query = query.where(wanted[0] if len(wanted) == 1 else wanted[0] | wanted[1])
    shifts = _shifts(connection, day)
    return {
        row.id: RosterPerson(row.id, row.name, row.unit, row.grp, row.salutation, shifts.get(row.id, ()))
        for row in connection.execute(query)
    }


def _shifts(connection: Connection, day: date) -> dict[str, tuple[Shift, ...]]:
    rows = connection.execute(
        select(shift)
        .where(shift.c.day.between(day - _SHIFTS_BACK, day + _SHIFTS_AHEAD))
        .order_by(shift.c.employee, shift.c.day)
    )
    found: dict[str, tuple[Shift, ...]] = {}
    for row in rows:
        found[row.employee] = (*found.get(row.employee, ()), Shift(row.day, row.name))
    return found


def _latest(connection: Connection, name: str) -> Any:
    return connection.execute(
        select(roster_document)
        .where(roster_document.c.node == name)
        .order_by(roster_document.c.serial.desc())
        .limit(1)
    ).one_or_none()


def _number(connection: Connection, keys: Keys, name: str, content: dict[str, Any], now_ms: int) -> Any:
    """Store a new roster, unless the same one got its number in the meantime."""
    connection.execute(select(node.c.id).where(node.c.id == name).with_for_update())
    latest = _latest(connection, name)
    if latest is not None and latest.content_sha256 == _fingerprint(content):
        return latest
    serial = (latest.serial if latest is not None else 0) + 1
    data = exchange.sign_document(keys.document, "roster", serial, {**content, "serial": serial})
    connection.execute(
        insert(roster_document).values(
            node=name,
            serial=serial,
            data=data.decode(),
            content_sha256=_fingerprint(content),
            created_ms=now_ms,
        )
    )
    return _latest(connection, name)


def _fingerprint(content: dict[str, Any]) -> str:
    return seal.sha256_hex(seal.canonical({**content, "serial": 1}))
