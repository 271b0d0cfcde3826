"""The tree of offices: SKPD, their parts, and who lies below whom. Loaded from CSV, never deleted by it."""

from sqlalchemy import Connection, select

from attendance import calendar
from attendance.errors import HadirError, PersonError
from attendance.people import check_name, check_unit_code
from central import audit
from central.csv_reading import Outcome, Row, RowReport, checked, read_rows
from central.tables import unit

_COLUMNS = {
    "code": ("kode", "kode unit", "kode skpd", "kode opd"),
    "name": ("nama", "nama unit", "nama skpd", "nama opd", "skpd"),
    "parent": ("induk", "unit induk", "kode induk"),
    "zone": ("zona", "zona waktu"),
    "kind": ("jenis", "tipe"),
}


def subtree(connection: Connection, code: str) -> frozenset[str]:
    """The unit and everything below it; empty for an unknown code."""
    start = select(unit.c.code).where(unit.c.code == code).cte("below", recursive=True)
    below = start.union(select(unit.c.code).join(start, unit.c.parent == start.c.code))
    return frozenset(connection.scalars(select(below.c.code)))


def import_units(
    connection: Connection, data: bytes, default_zone: str, now_ms: int, *, actor: str = "command"
) -> list[RowReport]:
    """Load units; a parent may stand below its parts in the file. Good rows are kept.

    Raises:
        CsvError: the whole file can't be used.
    """
    reports: list[RowReport] = []
    parents: list[tuple[Row, str]] = []
    seen: dict[str, int] = {}
    for row in read_rows(data, _COLUMNS, ("code", "name")):
        try:
            outcome = _keep(connection, row, default_zone, seen)
        except HadirError as error:
            reports.append(RowReport(row.line, Outcome.REFUSED, row["code"] or "?", (str(error),)))
            continue
        reports.append(RowReport(row.line, outcome, f"{row['code']} {row['name']}"))
        parents.append((row, row["parent"]))
    refused = dict(_hang(connection, parents))
    reports = [_with_parent(report, refused.get(report.line)) for report in reports]
    kept = sum(report.outcome is not Outcome.REFUSED for report in reports)
    audit.note(connection, now_ms, actor, "units-imported", "", f"{kept} of {len(reports)} rows")
    return reports


def _keep(connection: Connection, row: Row, default_zone: str, seen: dict[str, int]) -> Outcome:
    code = checked(check_unit_code, row["code"], f"Kode unit {row['code'][:40]!r} tidak sah.")
    name = checked(check_name, row["name"], "Nama unit kosong atau terlalu panjang.")
    if code in seen:
        raise PersonError(f"Kode {code} sudah ada di baris {seen[code]}.")
    before = connection.execute(select(unit).where(unit.c.code == code)).mappings().one_or_none()
    values = {
        "name": name,
        "zone": calendar.zone(row["zone"] or (before["zone"] if before else default_zone)).key,
        "kind": row["kind"][:32] or (before["kind"] if before else ""),
    }
    seen[code] = row.line
    if before is None:
        connection.execute(unit.insert().values(code=code, **values))
        return Outcome.NEW
    if all(before[name] == value for name, value in values.items()):
        return Outcome.SAME
    connection.execute(unit.update().where(unit.c.code == code).values(**values))
    return Outcome.CHANGED


def _hang(connection: Connection, parents: list[tuple[Row, str]]) -> list[tuple[int, str]]:
    """Give units their parents, once all of them are there; return the lines that can't have theirs."""
    refused = []
    for row, parent in parents:
        if not parent:
            continue
        code = row["code"]
        if connection.scalar(select(unit.c.code).where(unit.c.code == parent)) is None:
            refused.append((row.line, f"Induk {parent} tidak dikenal; unit disimpan tanpa induk."))
        elif parent in subtree(connection, code):
            refused.append((row.line, f"Induk {parent} berada di bawah {code}; unit disimpan tanpa induk."))
        else:
            connection.execute(unit.update().where(unit.c.code == code).values(parent=parent))
    return refused


def _with_parent(report: RowReport, problem: str | None) -> RowReport:
    if problem is None:
        return report
    return RowReport(report.line, report.outcome, report.subject, (*report.remarks, problem))
