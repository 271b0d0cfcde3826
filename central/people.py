"""People loaded from CSV: bad rows are refused with a reason, good ones kept, nobody is ever deleted."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from attendance.errors import HadirError, PersonError
from attendance.people import (
    SALUTATIONS,
    Employee,
    Employment,
    check_employee_id,
    check_group,
    check_name,
    check_nip,
    check_unit_code,
)
from central import audit, days
from central.csv_reading import Outcome, Row, RowReport, checked, read_date, read_rows
from central.tables import assignment, employee, unit

DEFAULT_GROUP = "umum"
_COLUMNS = {
    "id": ("id pegawai", "kode pegawai", "nomor induk"),
    "nip": ("nip baru", "ni pppk", "nip/ni pppk", "nip / ni pppk"),
    "name": ("nama", "nama pegawai", "nama lengkap"),
    "employment": ("jenis", "status", "status kepegawaian", "jenis pegawai"),
    "unit": ("skpd", "opd", "kode unit", "kode skpd", "unit kerja"),
    "group": ("grup", "kelompok", "jam kerja"),
    "salutation": ("sapaan", "panggilan"),
    "grade": ("golongan", "gol", "pangkat", "pangkat/golongan", "gol/pangkat"),
    "position": ("jabatan",),
    "since": ("tmt", "mulai", "berlaku mulai", "tmt unit"),
}
_EMPLOYMENT = {
    "": Employment.PNS,
    "pns": Employment.PNS,
    "cpns": Employment.CPNS,
    "pppk": Employment.PPPK,
    "p3k": Employment.PPPK,
    "non-asn": Employment.NON_ASN,
    "non asn": Employment.NON_ASN,
    "honorer": Employment.NON_ASN,
    "thl": Employment.NON_ASN,
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row that holds in itself."""

    person: Employee
    grade: str
    position: str
    unit: str
    group: str
    since: date | None
    warnings: tuple[str, ...]


def import_people(
    connection: Connection, data: bytes, today: date, now_ms: int, *, actor: str = "command"
) -> list[RowReport]:
    """Load people and where they work.

    Args:
        connection: the transaction.
        data: the file.
        today: from when an assignment counts where the row names no date.
        now_ms: central's clock.
        actor: who imports.

    Raises:
        CsvError: the whole file can't be used.
    """
    reports: list[RowReport] = []
    seen: dict[str, int] = {}
    for row in read_rows(data, _COLUMNS, ("name", "unit")):
        subject = f"{row['name'] or '?'} ({row['nip'] or row['id'] or 'tanpa NIP'})"
        try:
            entry = _entry(connection, row, today)
            _refuse_repeated(entry.person, row.line, seen)
            outcome = _keep(connection, entry, today)
        except HadirError as error:
            reports.append(RowReport(row.line, Outcome.REFUSED, subject, (str(error),)))
        else:
            reports.append(RowReport(row.line, outcome, subject, entry.warnings))
    kept = sum(report.outcome is not Outcome.REFUSED for report in reports)
    audit.note(connection, now_ms, actor, "people-imported", "", f"{kept} of {len(reports)} rows")
    return reports


def leave(
    connection: Connection, text: str, last_day: date, now_ms: int, *, actor: str = "command"
) -> Outcome:
    """Let somebody's work here end with this day: a pension, a move to another regency, a resignation.

    What they did stays. Their fingers are erased at every node once the day is over (`central.orders`). An
    import that names them again takes them back in.

    Args:
        connection: the transaction.
        text: id or NIP.
        last_day: the last one that counts.
        now_ms: central's clock.
        actor: who says so.

    Raises:
        PersonError: nobody has this id, or they do not work here on that day.
    """
    person = find_person(connection, text)
    if person is None:
        raise PersonError(f"Pegawai {text} tidak dikenal.")
    mine = assignment.c.employee == person
    known = connection.execute(select(assignment).where(mine).order_by(assignment.c.valid_from)).all()
    current = [row for row in known if row.valid_from <= last_day]
    if not current or (current[-1].valid_to is not None and current[-1].valid_to < last_day):
        raise PersonError(f"{text} tidak bekerja di sini pada {last_day.isoformat()}.")
    if current[-1].valid_to == last_day and len(current) == len(known):
        return Outcome.SAME
    connection.execute(delete(assignment).where(mine, assignment.c.valid_from > last_day))
    last = mine & (assignment.c.valid_from == current[-1].valid_from)
    connection.execute(update(assignment).where(last).values(valid_to=last_day))
    days.mark_people(connection, [person], last_day)
    audit.note(connection, now_ms, actor, "person-left", person, f"last day {last_day.isoformat()}")
    return Outcome.CHANGED


def find_person(connection: Connection, text: str) -> str | None:
    """The id of whoever has this id or this NIP, as people type it."""
    squeezed = "".join(text.split()).removeprefix("'")
    wanted = (employee.c.id == text.strip()) | (employee.c.nip == squeezed)
    return connection.scalar(select(employee.c.id).where(wanted).order_by(employee.c.id).limit(1))


def _entry(connection: Connection, row: Row, today: date) -> _Entry:
    kind = _EMPLOYMENT.get(row["employment"].lower())
    if kind is None:
        raise PersonError(f"Jenis pegawai {row['employment']!r} tidak dikenal: PNS, CPNS, PPPK atau non-ASN.")
    nip = check_nip(row["nip"], kind, on=today) if row["nip"] else None
    if nip is None and kind is not Employment.NON_ASN:
        raise PersonError("NIP kosong; hanya non-ASN boleh tanpa NIP.")
    if nip is None and not row["id"]:
        raise PersonError("Pegawai tanpa NIP harus punya id pegawai.")
    code = checked(check_unit_code, row["unit"], f"Kode unit {row['unit'][:40]!r} tidak sah.")
    if connection.scalar(select(unit.c.code).where(unit.c.code == code)) is None:
        raise PersonError(f"Unit {code} tidak dikenal; impor unit lebih dahulu.")
    number = nip.value if nip is not None else None
    person_id = row["id"] or _id_of(connection, number) or number
    assert person_id is not None
    checked(check_employee_id, person_id, f"Id pegawai {person_id[:40]!r} tidak sah.")
    name = checked(check_name, row["name"], "Nama kosong atau terlalu panjang.")
    salutation = row["salutation"].capitalize() or None
    if salutation not in (None, *SALUTATIONS):
        raise PersonError(f"Sapaan {salutation[:40]!r} bukan Bapak atau Ibu.")
    return _Entry(
        Employee(person_id, name, kind, number, salutation),
        row["grade"][:64],
        row["position"][:120],
        code,
        checked(check_group, row["group"].lower() or DEFAULT_GROUP, f"Grup {row['group']!r} tidak sah."),
        read_date(row["since"]),
        nip.warnings if nip is not None else (),
    )


def _id_of(connection: Connection, nip: str | None) -> str | None:
    return connection.scalar(select(employee.c.id).where(employee.c.nip == nip)) if nip else None


def _refuse_repeated(person: Employee, line: int, seen: dict[str, int]) -> None:
    keys = [f"id {person.id}", *([f"NIP {person.nip}"] if person.nip else [])]
    for key in keys:
        if key in seen:
            raise PersonError(f"{key} sudah ada di baris {seen[key]}.")
    seen.update(dict.fromkeys(keys, line))


def _keep(connection: Connection, entry: _Entry, today: date) -> Outcome:
    person = entry.person
    holder = _id_of(connection, person.nip)
    if holder is not None and holder != person.id:
        raise PersonError(f"NIP {person.nip} sudah milik pegawai {holder}.")
    values: dict[str, Any] = {
        "nip": person.nip,
        "name": person.name,
        "employment": person.employment.value,
        "salutation": person.salutation,
        "grade": entry.grade,
        "position": entry.position,
    }
    known = select(employee).where(employee.c.id == person.id)
    before = connection.execute(known).mappings().one_or_none()
    if before is None:
        connection.execute(employee.insert().values(id=person.id, **values))
    changed = before is not None and any(before[key] != value for key, value in values.items())
    if changed:
        connection.execute(update(employee).where(employee.c.id == person.id).values(**values))
    moved = _assign(connection, entry, today)
    if before is None:
        return Outcome.NEW
    return Outcome.CHANGED if changed or moved else Outcome.SAME


def _assign(connection: Connection, entry: _Entry, today: date) -> bool:
    """Where the person works from now on; what was before stays as it was (a mutasi splits the month).

    An earlier date than the one on record corrects it, but never reaches behind the assignment before that:
    many files name the day somebody became a civil servant.
    """
    mine = assignment.c.employee == entry.person.id
    known = connection.execute(
        select(assignment).where(mine).order_by(assignment.c.valid_from.desc()).limit(2)
    ).all()
    latest = known[0] if known else None
    since = entry.since or today
    if len(known) == 2 and since <= known[1].valid_from:
        since = known[0].valid_from
    if latest is not None and latest.valid_to is None:
        stays = (latest.unit, latest.grp) == (entry.unit, entry.group)
        if stays and (entry.since is None or since >= latest.valid_from):
            return False
    connection.execute(delete(assignment).where(mine, assignment.c.valid_from >= since))
    runs_on = assignment.c.valid_to.is_(None) | (assignment.c.valid_to >= since)
    ends = update(assignment).where(mine, runs_on)
    connection.execute(ends.values(valid_to=since - timedelta(days=1)))
    place = {"unit": entry.unit, "grp": entry.group}
    connection.execute(assignment.insert().values(employee=entry.person.id, valid_from=since, **place))
    days.mark_people(connection, [entry.person.id], since)
    return True
