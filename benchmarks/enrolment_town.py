"""The town of the enrolment proof: some offices, their nodes, and people who do not exist.

The first office has two nodes, the last one a module that combines any two fingers into one template.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from demo.door import Door, SensorKind
from demo.installation import Installation
from demo.processes import wait_for
from demo.town import Office

MONDAY = date(2026, 11, 23)
ZONE = ZoneInfo("Asia/Jakarta")
PEOPLE_PER_OFFICE = 35
SPEED = 8.0
_LENIENT = ("regmodel_lenient=true",)


@dataclass(frozen=True, slots=True)
class Citizen:
    """An employee. `id` is also the name by which the finger emulator knows their hands."""

    id: str
    name: str
    office: str


def citizens(count: int, offices: int) -> list[Citizen]:
    """That many people, shared out evenly."""
    people = []
    for number in range(count):
        born = date(1975, 1, 1) + timedelta(days=37 * number)
        nip = f"{born:%Y%m%d}{2005 + number % 12}0{1 + number % 9}{1 + number % 2}{1 + number % 900:03d}"
        people.append(Citizen(nip, f"Pegawai {number:04d}", f"KANTOR{number % offices}"))
    return people


class ProofTown(Installation):
    """Central and the nodes, as real processes."""

    def __init__(
        self, folder: Path, people: list[Citizen], offices: int, *, plain_http: bool = False
    ) -> None:
        super().__init__(folder, plain_http=plain_http)
        self.people = people
        self.offices = [f"KANTOR{number}" for number in range(offices)]

    @contextmanager
    def running(self, *, nodes: bool = True) -> Iterator["ProofTown"]:
        """From an empty folder to central and its nodes, if wanted, at work; stopped at the end."""
        units = [[code, f"Kantor {code}", "Asia/Jakarta"] for code in self.offices]
        begin = datetime(2026, 11, 23, 6, 30, tzinfo=ZONE)
        try:
            self.install(begin, _csv(["kode", "nama", "zona"], units), people_csv(self.people))
            self.start_central()
            if nodes:
                self._open_nodes()
            yield self
        finally:
            self.close()

    def _open_nodes(self) -> None:
        for number, code in enumerate(self.offices):
            lenient = _LENIENT if number == len(self.offices) - 1 else ()
            self.add_door(f"n{number}", code, _kind(f"EMU{number:05d}", lenient))
        self.add_door("second", self.offices[0], _kind("EMU90000"))
        for door in self.doors.values():
            wait_for(f"rules, roster and time at {door.office.code}", door.ready, door.punch, 120)

    def add_door(self, name: str, code: str, kind: SensorKind) -> Door:
        """Bring a node into service."""
        door = Door(Office(code, f"Kantor {code}"), self.place(name), kind)
        self.doors[name] = door
        door.start(self.claim_token(code), ())
        return door

    def door_of(self, code: str) -> Door:
        """The first node of an office."""
        return self.doors[f"n{self.offices.index(code)}"]

    def move(self, person: Citizen, to: str, since: date) -> Citizen:
        """A transfer by decree, on this day."""
        moved = Citizen(person.id, person.name, to)
        self.load("import-people", people_csv([moved], since))
        return moved


def _kind(serial: str, quirks: tuple[str, ...] = ()) -> SensorKind:
    return SensorKind(quirks=quirks, serial=serial, speed=SPEED, time_scale=1 / SPEED)


def people_csv(people: list[Citizen], since: date | None = None) -> str:
    """What `hadir-central import-people` reads."""
    tmt = since.isoformat() if since else ""
    return _csv(
        ["nip", "nama", "jenis", "skpd", "tmt"],
        [[one.id, one.name, "PNS", one.office, tmt] for one in people],
    )


def _csv(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()
