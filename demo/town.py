"""A small synthetic town: three offices and sixty people who do not exist."""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

FINGER = "right_index"
PEOPLE_PER_OFFICE = 20

_FIRST = (
    "Agus Budi Citra Dewi Eko Fitri Galih Hana Indra Joko Kartika Lestari Mega Nanda Oki Putri Rizal Sari "
    "Taufik Umi Vina Wahyu Yanti Zaki Ayu Bagas Cahya Dimas Elsa Fajar"
).split()
_LAST = "Santosa Wijaya Pratama Hidayat Kurniawan Saputra Maharani Nugroho Permata Siregar".split()


@dataclass(frozen=True, slots=True)
class Office:
    """An SKPD of the demo.

    Attributes:
        tower: it is reached over a slow, lossy link that is cut for a while.
    """

    code: str
    name: str
    tower: bool = False


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody with a finger. `slot` is where the template lies in the sensor of the office."""

    number: int
    name: str
    nip: str
    office: Office
    slot: int

    @property
    def key(self) -> str:
        """The name by which the finger emulator knows this person."""
        return self.nip


OFFICES = (
    Office("DISKOMINFO", "Dinas Komunikasi dan Informatika"),
    Office("DISDUKCAPIL", "Dinas Kependudukan dan Pencatatan Sipil"),
    Office("DISDAGSAR", "Dinas Perdagangan dan Pasar", tower=True),
)


def residents() -> tuple[Resident, ...]:
    """Everybody, the same at each call; names differ in their first sixteen letters, as displays need."""
    people = []
    for number in range(PEOPLE_PER_OFFICE * len(OFFICES)):
        office = OFFICES[number // PEOPLE_PER_OFFICE]
        name = f"{_FIRST[number % len(_FIRST)]} {_LAST[(number * 7 + number // len(_FIRST)) % len(_LAST)]}"
        born = date(1975, 1, 1) + timedelta(days=137 * number)
        nip = f"{born:%Y%m%d}{2005 + number % 12}0{1 + number % 9}{1 + number % 2}{1 + number:03d}"
        people.append(Resident(number, name, nip, office, number % PEOPLE_PER_OFFICE))
    return tuple(people)


def units_csv() -> str:
    """What `hadir-central import-units` reads."""
    return _csv(["kode", "nama", "zona"], [[o.code, o.name, "Asia/Jakarta"] for o in OFFICES])


def people_csv() -> str:
    """What `hadir-central import-people` reads."""
    return _csv(
        ["nip", "nama", "jenis", "skpd"], [[r.nip, r.name, "PNS", r.office.code] for r in residents()]
    )


def slots_csv() -> str:
    """What `hadir-central import-slots` reads: which place in the office's sensor holds whose template."""
    return _csv(["skpd", "slot", "nip"], [[r.office.code, str(r.slot), r.nip] for r in residents()])


def _csv(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()
