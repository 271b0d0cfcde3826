"""Whose finger each place in a sensor holds. One place belongs to one person; a person may have several."""

from sqlalchemy import Connection, select

from attendance.errors import HadirError, PersonError
from central import audit, slot_history
from central.csv_reading import Outcome, Row, RowReport, read_rows
from central.people import find_person
from central.tables import node, unit

MAX_SLOT = 65_535
_COLUMNS = {
    "node": ("alat", "id alat"),
    "unit": ("skpd", "opd", "kode unit", "kode skpd", "unit kerja"),
    "slot": ("tempat", "nomor slot", "nomor tempat"),
    "person": ("nip", "id", "id pegawai", "nip baru", "pegawai"),
}


def assign_slot(
    connection: Connection,
    unit_code: str,
    number: int,
    person: str,
    now_ms: int,
    *,
    node_id: str = "",
    actor: str = "command",
) -> Outcome:
    """Say that a place in the sensors of a unit (or of one node) holds a finger of this person.

    Whoever held it before keeps their punches, and their days wait for the nodes until these have heard it.

    Args:
        connection: the transaction.
        unit_code: whose nodes.
        number: of the place, from 0.
        person: id or NIP.
        now_ms: central's clock.
        node_id: one node only; empty for every node of the unit.
        actor: who says so.

    Raises:
        PersonError: unknown unit, node or person, or an impossible place.
    """
    if not 0 <= number <= MAX_SLOT:
        raise PersonError(f"Slot {number} tidak mungkin: 0 sampai {MAX_SLOT}.")
    if connection.scalar(select(unit.c.code).where(unit.c.code == unit_code)) is None:
        raise PersonError(f"Unit {unit_code} tidak dikenal.")
    if node_id:
        known = connection.scalar(select(node.c.unit).where(node.c.id == node_id))
        if known != unit_code:
            raise PersonError(f"Alat {node_id} tidak dikenal di unit {unit_code}.")
    holder = find_person(connection, person)
    if holder is None:
        raise PersonError(f"Pegawai {person} tidak dikenal; impor pegawai lebih dahulu.")
    before = slot_history.holders(connection, unit_code, node_id, number).get(node_id)
    outcome = slot_history.fill(
        connection, unit_code, node_id, number, holder, "", None, now_ms, since_ms=now_ms
    )
    if outcome is Outcome.SAME:
        return outcome
    where = f"{unit_code}/{node_id or '*'}/{number}"
    audit.note(
        connection,
        now_ms,
        actor,
        "slot-assigned",
        holder,
        f"{where}, before: {before.employee if before else 'nobody'}",
    )
    return outcome


def import_slots(
    connection: Connection, data: bytes, now_ms: int, *, actor: str = "command"
) -> list[RowReport]:
    """Load places from CSV; good rows are kept.

    Raises:
        CsvError: the whole file can't be used.
    """
    reports: list[RowReport] = []
    seen: dict[tuple[str, str, str], int] = {}
    for row in read_rows(data, _COLUMNS, ("unit", "slot", "person")):
        subject = f"{row['unit']} slot {row['slot']} ({row['person']})"
        try:
            outcome = _import_row(connection, row, seen, now_ms, actor)
        except HadirError as error:
            reports.append(RowReport(row.line, Outcome.REFUSED, subject, (str(error),)))
        else:
            reports.append(RowReport(row.line, outcome, subject))
    return reports


def _import_row(
    connection: Connection, row: Row, seen: dict[tuple[str, str, str], int], now_ms: int, actor: str
) -> Outcome:
    number = row["slot"]
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise PersonError(f"Slot {number!r} bukan angka.")
    key = (row["unit"], row["node"], str(int(number)))
    if key in seen:
        raise PersonError(f"Slot ini sudah ada di baris {seen[key]}.")
    outcome = assign_slot(
        connection, row["unit"], int(number), row["person"], now_ms, node_id=row["node"], actor=actor
    )
    seen[key] = row.line
    return outcome
