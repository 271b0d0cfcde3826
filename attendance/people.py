"""Who can punch: NIP and ids with their checks, employees, and the roster that one node works with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from attendance.calendar import zone
from attendance.errors import PersonError
from attendance.reading import Fields

EMPLOYEE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
NODE_ID = re.compile(r"[a-z2-7]{16}")
UNIT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
GROUP_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")

_SEALED = re.compile(r"[A-Za-z0-9+/]{4,2000000}={0,2}")
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?[eE][+-]?\d+")
_NIP_DIGITS = 18
YOUNGEST_YEARS, OLDEST_YEARS = (
    16,
    70,
)  # assumption of domain.md 3.2: outside it a birth date is a typing mistake
SALUTATIONS = ("Bapak", "Ibu")


class Employment(StrEnum):
    """Kind of employment; decides how a NIP is read and which discipline rules apply."""

    PNS = "pns"
    CPNS = "cpns"
    PPPK = "pppk"
    NON_ASN = "non-asn"


@dataclass(frozen=True, slots=True)
class Nip:
    """A NIP (or NI PPPK) as text, with what looks odd about it.

    Attributes:
        value: 18 digits.
        warnings: sentences in Indonesian for whoever imports. Real data has mistakes, so they don't refuse.
    """

    value: str
    warnings: tuple[str, ...] = ()

    @property
    def salutation(self) -> str | None:
        """Bapak or Ibu by the sex digit; None where that digit is neither 1 nor 2."""
        return {"1": "Bapak", "2": "Ibu"}.get(self.value[14])


def check_nip(text: str, employment: Employment, *, on: date | None = None) -> Nip:
    """Read a NIP: 8 digits birth date, 6 digits year and month of appointment, sex, 3 digits serial.

    Spaces of the printed form and the apostrophe that spreadsheets put before text are dropped.

    Args:
        text: as it was typed or imported.
        employment: for PPPK the six digits after the birth date hold no month.
        on: the day of the check, to judge the age; without it the age at appointment is judged.

    Raises:
        PersonError: no NIP can have this form; a spreadsheet's scientific notation is named as such.
    """
    squeezed = "".join(text.split()).removeprefix("'")
    if _SCIENTIFIC.fullmatch(squeezed):
        raise PersonError(
            f"NIP {squeezed} sudah dirusak Excel: 18 angka diubah menjadi notasi ilmiah dan angka "
            "belakangnya hilang. Ubah kolom NIP menjadi Teks lalu isi ulang dari sumbernya."
        )
    if not squeezed:
        raise PersonError("NIP kosong.")
    if not (squeezed.isascii() and squeezed.isdigit()):
        raise PersonError(f"NIP {squeezed[:40]!r} hanya boleh berisi angka.")
    if len(squeezed) != _NIP_DIGITS:
        raise PersonError(f"NIP {squeezed[:40]} berisi {len(squeezed)} angka, seharusnya {_NIP_DIGITS}.")
    return Nip(squeezed, tuple(_oddities(squeezed, employment, on)))


def grouped_nip(value: str) -> str:
    """The printed form: `19860926 201505 1 001`."""
    return f"{value[:8]} {value[8:14]} {value[14]} {value[15:]}"


def _oddities(nip: str, employment: Employment, on: date | None) -> list[str]:
    found = []
    born = _date_or_none(int(nip[:4]), int(nip[4:6]), int(nip[6:8]))
    year, month = int(nip[8:12]), int(nip[12:14])
    appointed: date | None = None
    if employment in (Employment.PNS, Employment.CPNS):
        appointed = _date_or_none(year, month, 1)
        if appointed is None:
            found.append(f"Bulan TMT CPNS {nip[12:14]} tidak mungkin.")
    if born is None:
        found.append(f"Tanggal lahir {nip[:8]} tidak mungkin.")
    else:
        for judged in filter(None, (on, appointed)):
            age = judged.year - born.year - ((judged.month, judged.day) < (born.month, born.day))
            if not YOUNGEST_YEARS <= age <= OLDEST_YEARS:
                found.append(f"Umur {age} tahun pada {judged.isoformat()} tidak wajar.")
    if nip[14] not in "12":
        found.append(f"Angka jenis kelamin {nip[14]} bukan 1 atau 2.")
    if nip[15:] == "000":
        found.append("Nomor urut 000 tidak mungkin.")
    return found


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Employee:
    """A person as HR knows them. Non-ASN people have no NIP, only the internal id.

    Raises:
        PersonError: an id, name, salutation or NIP that can't be.
    """

    id: str
    name: str
    employment: Employment
    nip: str | None = None
    salutation: str | None = None

    def __post_init__(self) -> None:
        check_employee_id(self.id)
        check_name(self.name)
        if self.salutation is not None:
            check_salutation(self.salutation)
        if self.nip is not None:
            check_nip(self.nip, self.employment)

    @property
    def spoken_salutation(self) -> str | None:
        """What the voice says: HR's choice first, the sex digit of the NIP only where HR has set none."""
        if self.salutation is None and self.nip is not None:
            return check_nip(self.nip, self.employment).salutation
        return self.salutation


def check_employee_id(text: str) -> str:
    """An internal employee id, at most 32 letters, digits, dots, underscores and hyphens."""
    return _matching(EMPLOYEE_ID, text, "an employee id")


def check_node_id(text: str) -> str:
    """A node id: the 16 characters that are made from its public key."""
    return _matching(NODE_ID, text, "a node id")


def check_unit_code(text: str) -> str:
    """The code of an SKPD or a part of one, like `DISKOMINFO` or `4.02.01`."""
    return _matching(UNIT_CODE, text, "a unit code")


def check_group(text: str) -> str:
    """The name of a group of people with the same working week, like `umum` or `piket`."""
    return _matching(GROUP_NAME, text, "a group name")


def check_name(text: str) -> str:
    """A person's name: printable, not empty, at most 120 characters."""
    if not text.strip() or len(text) > 120 or not text.isprintable():
        raise PersonError(f"{text[:40]!r} is no name: it must be 1 to 120 printable characters")
    return text


def check_salutation(text: str) -> str:
    """Bapak or Ibu."""
    if text not in SALUTATIONS:
        raise PersonError(f"{text[:40]!r} is no salutation: it must be Bapak or Ibu")
    return text


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise PersonError(f"{text[:40]!r} is not {what}")
    return text


@dataclass(frozen=True, slots=True)
class Shift:
    """One day of a shift roster: on this day (of its start) the person works the policy's shift of this name.

    The name `off` is a free day (lepas piket), whatever the group's week says.
    """

    day: date
    name: str
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class RosterPerson:
    """What a node must know of a person to judge a punch and to greet them."""

    person: str
    name: str
    unit: str
    group: str
    salutation: str | None = None
    shifts: tuple[Shift, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def shift_on(self, day: date) -> str | None:
        """The name of the shift that starts on this day, or None where the group's week decides."""
        return next((shift.name for shift in self.shifts if shift.day == day), None)

    def content(self) -> dict[str, Any]:
        """The person as a row of a roster document."""
        shifts = [{**shift.extra, "day": shift.day.isoformat(), "shift": shift.name} for shift in self.shifts]
        return {
            **self.extra,
            "person": self.person,
            "name": self.name,
            "unit": self.unit,
            "group": self.group,
            "salutation": self.salutation,
            "shifts": shifts,
        }


@dataclass(frozen=True, slots=True)
class Roster:
    """The people whom one node knows, and whose finger each sensor slot holds. A person may have several."""

    serial: int
    node: str
    unit: str
    unit_name: str
    zone: str
    persons: Mapping[str, RosterPerson] = field(hash=False)
    slots: Mapping[int, str] = field(hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    pins: str | None = field(default=None, repr=False)
    """The PINs of `attendance.pins`, sealed for this node, in base64; None where nobody has one."""

    def person_in(self, slot: int) -> RosterPerson | None:
        """Whose finger this slot holds, or None where nobody's."""
        return self.persons.get(self.slots.get(slot, ""))

    def content(self) -> dict[str, Any]:
        """The roster as the content of a signed document; unknown fields that were read come along."""
        return {
            **self.extra,
            **({} if self.pins is None else {"pins": self.pins}),
            "serial": self.serial,
            "node": self.node,
            "unit": self.unit,
            "unit_name": self.unit_name,
            "zone": self.zone,
            "persons": [self.persons[key].content() for key in sorted(self.persons)],
            "slots": {str(slot): self.slots[slot] for slot in sorted(self.slots)},
        }

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Roster":
        """Read the content of a roster document.

        Raises:
            PersonError: a field is wrong, a person stands there twice, or a slot belongs to nobody listed.
        """
        fields = Fields(content, "", PersonError)
        persons: dict[str, RosterPerson] = {}
        for row in fields.tables("persons"):
            person = _roster_person(row)
            if person.person in persons:
                raise row.refuse(f"repeats the employee {person.person}", "person")
            persons[person.person] = person
        return cls(
            fields.whole("serial", 1, 2**31 - 1),
            fields.checked("node", check_node_id),
            fields.checked("unit", check_unit_code),
            fields.text("unit_name"),
            fields.checked("zone", zone).key,
            persons,
            _slots(fields.optional_table("slots"), persons),
            fields.rest("serial", "node", "unit", "unit_name", "zone", "persons", "slots", "pins"),
            _sealed(fields),
        )


def _sealed(fields: Fields) -> str | None:
    pins = fields.values.get("pins")
    if pins is not None and not (isinstance(pins, str) and _SEALED.fullmatch(pins)):
        raise fields.refuse("must be sealed text in base64", "pins")
    return pins


def _roster_person(row: Fields) -> RosterPerson:
    shifts: dict[date, Shift] = {}
    for entry in row.tables("shifts"):
        shift = Shift(entry.day("day"), entry.text("shift"), entry.rest("day", "shift"))
        if shift.day in shifts:
            raise entry.refuse(f"is the second shift on {shift.day.isoformat()}", "day")
        shifts[shift.day] = shift
    return RosterPerson(
        row.checked("person", check_employee_id),
        row.checked("name", check_name),
        row.checked("unit", check_unit_code),
        row.checked("group", check_group),
        row.checked("salutation", check_salutation) if row.has("salutation") else None,
        tuple(shifts[day] for day in sorted(shifts)),
        row.rest("person", "name", "unit", "group", "salutation", "shifts"),
    )


def _slots(table: Fields, persons: Mapping[str, RosterPerson]) -> dict[int, str]:
    slots: dict[int, str] = {}
    for key in table.values:
        if not (key.isascii() and key.isdigit() and str(int(key)) == key and int(key) < 2**16):
            raise table.refuse("is no slot number from 0 to 65535", key[:40])
        holder = table.text(key)
        if holder not in persons:
            raise table.refuse(f"belongs to {holder!r}, who is not on this roster", key)
        slots[int(key)] = holder
    return slots
