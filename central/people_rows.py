"""One row of a file of people, checked as far as it can be without the books."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

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
from central.csv_reading import Outcome, Row, RowReport, checked, read_date, read_rows

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
class Entry:
    """A row that holds in itself.

    Attributes:
        person: under the id of the row, or else under the NIP.
        names_id: the row names an id; one that does not means whoever has the NIP already.
        grade, position, group: None where the file has no such column, or for the group an empty cell: what
            the books hold stays. A file of transfers often has only NIP, name, unit and date.
        since: None where the row has no date.
        warnings: what is odd but possible, in Indonesian.
    """

    line: int
    subject: str
    person: Employee
    names_id: bool
    grade: str | None
    position: str | None
    unit: str
    group: str | None
    since: date | None
    warnings: tuple[str, ...]


def read_entries(data: bytes, today: date) -> list[Entry | RowReport]:
    """The rows of a file in order: what holds, and the report of what does not.

    Raises:
        CsvError: the whole file can't be used.
    """
    return list(_checked(read_rows(data, _COLUMNS, ("name", "unit")), today))


def _checked(rows: Iterable[Row], today: date) -> Iterable[Entry | RowReport]:
    for row in rows:
        subject = f"{row['name'] or '?'} ({row['nip'] or row['id'] or 'tanpa NIP'})"
        try:
            yield _entry(row, subject, today)
        except HadirError as error:
            yield RowReport(row.line, Outcome.REFUSED, subject, (str(error),))


def _entry(row: Row, subject: str, today: date) -> Entry:
    kind = _EMPLOYMENT.get(row["employment"].lower())
    if kind is None:
        raise PersonError(f"Jenis pegawai {row['employment']!r} tidak dikenal: PNS, CPNS, PPPK atau non-ASN.")
    nip = check_nip(row["nip"], kind, on=today) if row["nip"] else None
    if nip is None and kind is not Employment.NON_ASN:
        raise PersonError("NIP kosong; hanya non-ASN boleh tanpa NIP.")
    if nip is None and not row["id"]:
        raise PersonError("Pegawai tanpa NIP harus punya id pegawai.")
    code = checked(check_unit_code, row["unit"], f"Kode unit {row['unit'][:40]!r} tidak sah.")
    number = nip.value if nip is not None else None
    person_id = row["id"] or number
    assert person_id is not None
    checked(check_employee_id, person_id, f"Id pegawai {person_id[:40]!r} tidak sah.")
    name = checked(check_name, row["name"], "Nama kosong atau terlalu panjang.")
    salutation = row["salutation"].capitalize() or None
    if salutation not in (None, *SALUTATIONS):
        raise PersonError(f"Sapaan {salutation[:40]!r} bukan Bapak atau Ibu.")
    return Entry(
        row.line,
        subject,
        Employee(person_id, name, kind, number, salutation),
        bool(row["id"]),
        _told(row, "grade", 64),
        _told(row, "position", 120),
        code,
        checked(check_group, row["group"].lower(), f"Grup {row['group']!r} tidak sah.")
        if row["group"]
        else None,
        read_date(row["since"]),
        nip.warnings if nip is not None else (),
    )


def _told(row: Row, name: str, most_chars: int) -> str | None:
    text = row.values.get(name)
    return None if text is None else text[:most_chars]
