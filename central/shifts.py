"""Who works which shift on which day, loaded from CSV. Shifts that a file does not name stay as they are."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, delete, select

from attendance.errors import HadirError, PersonError
from attendance.policy import Policy
from attendance.policy_parsing import OFF
from central import audit, dirty_days
from central.csv_reading import Outcome, Row, RowReport, read_date, read_rows
from central.database import upsert
from central.people import find_person
from central.tables import shift

_NONE = frozenset({"-", "kosong"})
_COLUMNS = {
    "person": ("nip", "id", "id pegawai", "nip baru", "pegawai"),
    "day": ("tanggal", "hari", "tgl"),
    "shift": ("giliran", "jaga", "nama shift"),
}
_MEANT_FREE = frozenset({"off", "libur", "lepas piket"})


def import_shifts(
    connection: Connection, data: bytes, policy: Policy | None, now_ms: int, *, actor: str = "command"
) -> list[RowReport]:
    """Load shifts; good rows are kept. `off` is a free day, `-` takes an entry away again.

    Args:
        connection: the transaction.
        data: the file.
        policy: the rules in force, which must know every shift; None where there are none yet.
        now_ms: central's clock.
        actor: who imports.

    Raises:
        CsvError: the whole file can't be used.
    """
    known = (
        frozenset(name for version in policy.versions for name in version.shifts) if policy else frozenset()
    )
    reports: list[RowReport] = []
    seen: dict[tuple[str, date], int] = {}
    for row in read_rows(data, _COLUMNS, ("person", "day", "shift")):
        subject = f"{row['person'] or '?'} {row['day']} {row['shift']}"
        try:
            outcome = _import_row(connection, row, known, seen)
        except HadirError as error:
            reports.append(RowReport(row.line, Outcome.REFUSED, subject, (str(error),)))
        else:
            reports.append(RowReport(row.line, outcome, subject))
    kept = sum(report.outcome is not Outcome.REFUSED for report in reports)
    audit.note(connection, now_ms, actor, "shifts-imported", "", f"{kept} of {len(reports)} rows")
    return reports


def _import_row(
    connection: Connection, row: Row, known: Collection[str], seen: dict[tuple[str, date], int]
) -> Outcome:
    person = find_person(connection, row["person"])
    if person is None:
        raise PersonError(f"Pegawai {row['person'][:40]!r} tidak dikenal; impor pegawai lebih dahulu.")
    day = read_date(row["day"])
    if day is None:
        raise PersonError("Tanggal kosong.")
    name = _name(row["shift"], known)
    if (person, day) in seen:
        raise PersonError(f"Hari ini sudah ada di baris {seen[person, day]}.")
    seen[person, day] = row.line
    return _keep(connection, person, day, name)


def _name(text: str, known: Collection[str]) -> str | None:
    """The shift by the name that the rules know; None takes an entry away."""
    if text.lower() in _NONE:
        return None
    if text.lower() in _MEANT_FREE:
        return OFF
    if text.lower() not in known:
        names = ", ".join(sorted(known)) or "belum ada; berlakukan aturan dengan shift lebih dahulu"
        raise PersonError(f"Shift {text[:40]!r} tidak ada dalam aturan ({names}).")
    return text.lower()


def _keep(connection: Connection, person: str, day: date, name: str | None) -> Outcome:
    place = (shift.c.employee == person) & (shift.c.day == day)
    before = connection.scalar(select(shift.c.name).where(place))
    if before == name:
        return Outcome.SAME
    if name is None:
        connection.execute(delete(shift).where(place))
    else:
        connection.execute(
            upsert(connection.dialect.name, shift)
            .values(employee=person, day=day, name=name)
            .on_conflict_do_update(index_elements=["employee", "day"], set_={"name": name})
        )
    # Punches after midnight change their day with the shift that they end.
    dirty_days.mark_near(connection, person, day)
    return Outcome.NEW if before is None else Outcome.CHANGED
