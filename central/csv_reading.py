"""Reads the CSV files of offices as they are: a BOM, semicolons, other headings; refuses row by row."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from attendance.errors import HadirError, PersonError

MAX_FILE_BYTES = 16_777_216


class CsvError(HadirError):
    """The whole file can't be used; single bad rows are reported instead."""


class Outcome(StrEnum):
    """What came of a row, in the words of the report."""

    NEW = "baru"
    CHANGED = "diperbarui"
    SAME = "sama"
    REFUSED = "ditolak"


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row's fate.

    Attributes:
        line: in the file, the heading is line 1.
        subject: which person, unit or slot.
        remarks: reasons or warnings, in Indonesian.
    """

    line: int
    outcome: Outcome
    subject: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        remarks = " ".join(self.remarks)
        return f"Baris {self.line}: {self.outcome.value}: {self.subject}{': ' if remarks else ''}{remarks}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row by our own names of its columns; a column that the file lacks reads as empty."""

    line: int
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


def checked(check: Callable[[str], str], text: str, sentence: str) -> str:
    """Ask a check of `attendance`, and refuse in the words of the report.

    Raises:
        PersonError: the sentence.
    """
    try:
        return check(text)
    except PersonError as error:
        raise PersonError(sentence) from error


def read_date(text: str) -> date | None:
    """ISO dates, and the day/month/year that offices write; None for an empty cell.

    Raises:
        PersonError: not a date.
    """
    if not text:
        return None
    try:
        parts = [int(part) for part in text.replace("/", "-").split("-")]
        year, month, day = parts if parts[0] > 31 else reversed(parts)
        return date(year, month, day)
    except ValueError as error:
        raise PersonError(f"Tanggal {text!r} tidak dapat dibaca; tulis 2017-03-06.") from error


def read_rows(data: bytes, columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> Iterator[Row]:
    """Read the rows of a file; empty ones are passed over.

    Args:
        data: the file.
        columns: our names, each with the headings that offices use for it, in lower case.
        required: our names of columns without which the file is of no use.

    Raises:
        CsvError: too large, not text, no heading, a column missing or there twice, not CSV.
    """
    text = _text(data)
    heading = text.partition("\n")[0]
    delimiter = max(";,\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    places: dict[str, int] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _places(cells, columns, required)
            else:
                yield Row(
                    reader.line_num,
                    {name: cells[at].strip() for name, at in places.items() if at < len(cells)},
                )
    except csv.Error as error:
        raise CsvError(f"Baris {reader.line_num} bukan CSV yang benar: {error}.") from error
    if places is None:
        raise CsvError("Berkas kosong: tidak ada baris judul.")


def _text(data: bytes) -> str:
    if len(data) > MAX_FILE_BYTES:
        raise CsvError(f"Berkas terlalu besar: paling banyak {MAX_FILE_BYTES // 1_048_576} MiB.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CsvError("Ini berkas Excel, bukan CSV. Di Excel pilih Simpan Sebagai, lalu CSV UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel on Windows writes as plain CSV; every byte has a meaning there.
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise CsvError("Berkas bukan teks UTF-8. Di Excel pilih Simpan Sebagai, lalu CSV UTF-8.")
    return text


def _places(
    cells: Sequence[str], columns: Mapping[str, Sequence[str]], required: Sequence[str]
) -> dict[str, int]:
    meaning = {heading: name for name, headings in columns.items() for heading in (name, *headings)}
    places: dict[str, int] = {}
    for at, cell in enumerate(cells):
        name = meaning.get(" ".join(cell.lower().replace("_", " ").split()))
        if name is None:
            continue
        if name in places:
            raise CsvError(f"Kolom {cell.strip()!r} ada dua kali.")
        places[name] = at
    missing = [columns[name][0] for name in required if name not in places]
    if missing:
        raise CsvError(f"Kolom tidak ada: {', '.join(missing)}.")
    return places
