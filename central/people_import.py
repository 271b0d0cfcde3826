"""People loaded from CSV: bad rows are refused with a reason, good ones kept, nobody is ever deleted.

The file is read and checked before anything is written. It is then kept some rows at a time, each time in a
transaction of its own, because doors and pages wait while one is open.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from attendance.errors import PersonError
from attendance.people import Employee
from central import audit, days
from central.assigning import Stay, placed
from central.csv_reading import Outcome, RowReport
from central.database import Database, StoreError
from central.people_rows import DEFAULT_GROUP, Entry, read_entries
from central.tables import assignment, employee, unit

ROWS_AT_ONCE = 500
Progress = Callable[[int, int], None]
"""Hears how many rows are done, and of how many."""

_CHANGE = update(employee).where(employee.c.id == bindparam("key"))
_DROP = delete(assignment).where(
    assignment.c.employee == bindparam("key"), assignment.c.valid_from == bindparam("day")
)


def import_people(
    database: Database,
    data: bytes,
    today: date,
    now_ms: int,
    *,
    actor: str = "command",
    progress: Progress | None = None,
) -> list[RowReport]:
    """Load people and where they work.

    Args:
        database: the books.
        data: the file.
        today: from when an assignment counts where the row names no date.
        now_ms: central's clock.
        actor: who imports.
        progress: is told after each transaction.

    Raises:
        CsvError: the whole file can't be used; nothing was kept.
        StoreError: the database failed; the sentence says from which row on nothing was kept.
    """
    entries = read_entries(data, today)
    reports: list[RowReport] = []
    seen: dict[str, int] = {}
    for start in range(0, len(entries), ROWS_AT_ONCE):
        some = entries[start : start + ROWS_AT_ONCE]
        try:
            with database.write() as connection:
                told = list(_keep(connection, some, seen, today))
                audit.note(connection, now_ms, actor, "people-imported", "", _summary(told))
        except StoreError as error:
            first = some[0].line
            raise StoreError(f"Mulai baris {first} belum disimpan; jalankan impor lagi: {error}") from error
        reports += told
        if progress is not None:
            progress(len(reports), len(entries))
    return reports


def _summary(reports: Sequence[RowReport]) -> str:
    kept = sum(report.outcome is not Outcome.REFUSED for report in reports)
    return f"{kept} of {len(reports)} rows, lines {reports[0].line} to {reports[-1].line}"


@dataclass(slots=True)
class _Books:
    """What stands about the people of some rows, and what is to be written about them.

    Read and written at once: one statement for each row and table took most of the time.
    """

    units: frozenset[str]
    people: dict[str, dict[str, Any]]
    holders: dict[str, str]
    stays: dict[str, list[Stay]]
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    assigned: list[dict[str, Any]] = field(default_factory=list)
    moved: dict[str, date] = field(default_factory=dict)


def _keep(
    connection: Connection, some: Sequence[Entry | RowReport], seen: dict[str, int], today: date
) -> Iterator[RowReport]:
    books = _read(connection, [one for one in some if isinstance(one, Entry)])
    for one in some:
        if isinstance(one, RowReport):
            yield one
            continue
        try:
            yield _take(books, one, seen, today)
        except PersonError as error:
            yield RowReport(one.line, Outcome.REFUSED, one.subject, (str(error),))
    _write(connection, books)


def _read(connection: Connection, entries: Sequence[Entry]) -> _Books:
    ids = {entry.person.id for entry in entries}
    nips = {entry.person.nip for entry in entries if entry.person.nip}
    named = or_(employee.c.id.in_(ids), employee.c.nip.in_(nips))
    people = {row["id"]: dict(row) for row in connection.execute(select(employee).where(named)).mappings()}
    stays: dict[str, list[Stay]] = {}
    theirs = select(assignment).where(assignment.c.employee.in_(people))
    for row in connection.execute(theirs.order_by(assignment.c.valid_from)):
        stay = Stay(row.unit, row.grp, row.valid_from, row.valid_to)
        stays.setdefault(row.employee, []).append(stay)
    wanted = {entry.unit for entry in entries}
    units = frozenset(connection.scalars(select(unit.c.code).where(unit.c.code.in_(wanted))))
    return _Books(units, people, {row["nip"]: id_ for id_, row in people.items() if row["nip"]}, stays)


def _take(books: _Books, entry: Entry, seen: dict[str, int], today: date) -> RowReport:
    if entry.unit not in books.units:
        raise PersonError(f"Unit {entry.unit} tidak dikenal; impor unit lebih dahulu.")
    person = entry.person
    holder = books.holders.get(person.nip) if person.nip else None
    if holder is not None and not entry.names_id:
        person = replace(person, id=holder)
    _refuse_repeated(person, entry.line, seen)
    if holder is not None and holder != person.id:
        raise PersonError(f"NIP {person.nip} sudah milik pegawai {holder}.")
    before = books.people.get(person.id)
    changed = _note_person(books, person, entry)
    moved, warnings = _note_stays(books, person.id, entry, today)
    outcome = Outcome.CHANGED if changed or moved else Outcome.SAME
    return RowReport(
        entry.line,
        Outcome.NEW if before is None else outcome,
        entry.subject,
        entry.warnings + warnings,
    )


def _refuse_repeated(person: Employee, line: int, seen: dict[str, int]) -> None:
    keys = [f"id {person.id}", *([f"NIP {person.nip}"] if person.nip else [])]
    for key in keys:
        if key in seen:
            raise PersonError(f"{key} sudah ada di baris {seen[key]}.")
    seen.update(dict.fromkeys(keys, line))


def _note_person(books: _Books, person: Employee, entry: Entry) -> bool:
    values: dict[str, Any] = {
        "nip": person.nip,
        "name": person.name,
        "employment": person.employment.value,
        "salutation": person.salutation,
    }
    before = books.people.get(person.id)
    for key, told in (("grade", entry.grade), ("position", entry.position)):
        values[key] = told if told is not None else before[key] if before else ""
    if before is None:
        books.new.append({"id": person.id, **values})
    elif all(before[key] == value for key, value in values.items()):
        return False
    else:
        books.changed.append({"key": person.id, **values})
        # A row further down may hand this NIP to somebody else.
        books.holders.pop(before["nip"], None)
    if person.nip:
        books.holders[person.nip] = person.id
    return True


def _note_stays(books: _Books, person: str, entry: Entry, today: date) -> tuple[bool, tuple[str, ...]]:
    known = books.stays.get(person, [])
    group = entry.group or (known[-1].group if known else DEFAULT_GROUP)
    stays, warnings = placed(known, entry.unit, group, entry.since, today)
    dropped = [stay for stay in known if stay not in stays]
    added = [stay for stay in stays if stay not in known]
    books.dropped += [{"key": person, "day": stay.since} for stay in dropped]
    books.assigned += [
        {
            "employee": person,
            "valid_from": stay.since,
            "valid_to": stay.until,
            "unit": stay.unit,
            "grp": stay.group,
        }
        for stay in added
    ]
    if dropped or added:
        # The last that is new is what the row asked for; one before it was only cut short.
        books.moved[person] = max(stay.since for stay in added)
    return bool(dropped or added), warnings


def _write(connection: Connection, books: _Books) -> None:
    # Changes first: they can only free a NIP that a new person takes.
    for statement, rows in (
        (_CHANGE, books.changed),
        (insert(employee), books.new),
        (_DROP, books.dropped),
        (insert(assignment), books.assigned),
    ):
        if rows:
            connection.execute(statement, rows)
    days.mark_people(connection, books.moved)
