"""A whole synthetic regency, on one morning: 40 SKPD, some 480 people, 40 nodes, a month of days."""

import random
from datetime import date, datetime, time, timedelta

from sqlalchemy import insert

from attendance.moment import ClockState, to_ms
from central import tables
from tests.support.board_world import DAY, WIB, BoardWorld

_OFFICES = """SETDA Sekretariat Daerah
SETWAN Sekretariat DPRD
INSPEKTORAT Inspektorat
BKPSDM Badan Kepegawaian dan Pengembangan SDM
BAPPELITBANG Badan Perencanaan Pembangunan Daerah
BPKD Badan Pengelola Keuangan Daerah
BAPENDA Badan Pendapatan Daerah
BPBD Badan Penanggulangan Bencana Daerah
KESBANGPOL Badan Kesatuan Bangsa dan Politik
DISDIK Dinas Pendidikan dan Kebudayaan
DINKES Dinas Kesehatan
DPUPR Dinas Pekerjaan Umum dan Penataan Ruang
DISPERKIM Dinas Perumahan dan Permukiman
DINSOS Dinas Sosial
DISNAKER Dinas Tenaga Kerja dan Transmigrasi
DP3AP2KB Dinas Pemberdayaan Perempuan dan Keluarga Berencana
DKP Dinas Ketahanan Pangan
DLH Dinas Lingkungan Hidup
DISDUKCAPIL Dinas Kependudukan dan Pencatatan Sipil
DPMP Dinas Pemberdayaan Masyarakat dan Pekon
DISHUB Dinas Perhubungan
DISKOMINFO Dinas Komunikasi dan Informatika
DISKOPUKM Dinas Koperasi, UKM, Perindustrian, dan Perdagangan
DPMPTSP Dinas Penanaman Modal dan Pelayanan Terpadu
DISPORA Dinas Pemuda dan Olahraga
DISPUSIP Dinas Perpustakaan dan Kearsipan
DISPERIKANAN Dinas Perikanan
DISPAR Dinas Pariwisata
DISBUNNAK Dinas Perkebunan dan Peternakan
DISTAN Dinas Pertanian
SATPOLPP Satuan Polisi Pamong Praja
DAMKAR Dinas Pemadam Kebakaran
RSUD RSUD Contoh Batin
KEC-A Kecamatan Contoh Satu
KEC-B Kecamatan Contoh Dua
KEC-C Kecamatan Contoh Tiga
KEC-D Kecamatan Contoh Empat
KEC-E Kecamatan Contoh Lima
KEC-F Kecamatan Contoh Enam
KEC-G Kecamatan Contoh Tujuh"""
OFFICES = [tuple(line.split(" ", 1)) for line in _OFFICES.splitlines()]
_FIRST = """Adi Ahmad Agus Ayu Bambang Budi Citra Dewi Dian Eka Endang Fajar Fitri Hadi Hendra Indah Joko
Lestari Made Maya Mega Nanda Novi Nur Putri Rahmat Ratna Rini Rizki Sari Siti Slamet Sri Teguh Tri Wahyu
Wulan Yanti Yusuf"""
_LAST = """Anggraini Fauzi Firmansyah Gunawan Hakim Handayani Hidayat Kurniawan Lestari Maharani Maulana
Nugroho Nuraini Permata Pratama Purnama Rahayu Saputra Setiawan Suryani Susanti Utami Wibowo Wijaya"""
QUIET = {"DISHUB": timedelta(hours=1, minutes=31), "KEC-C": timedelta(days=2), "RSUD": timedelta(minutes=17)}
ON_PAPER = {"KEC-F", "KEC-G"}
DISTRUSTED = "DISPAR"


def node_of(office: str) -> str:
    """A node id that can be told by eye."""
    letters = "".join(letter for letter in office.lower() if letter.isalpha())
    return (letters + "a" * 16)[:16]


def build(world: BoardWorld, *, seed: int = 7, photos: bool = True) -> None:
    """Fill the world."""
    dice = random.Random(seed)
    world.unit("KAB", "Kabupaten Tanggamus", kind="kabupaten")
    staff: dict[str, list[str]] = {}
    rows = []
    for office, name in OFFICES:
        world.unit(office, name, parent="KAB")
        staff[office] = [f"{office.lower()}-{number:02}" for number in range(dice.randint(7, 17))]
        rows += [(person, _name(dice), office, _nip(dice)) for person in staff[office]]
    world.unit("DINKES-PKM1", "Puskesmas Contoh Satu", parent="DINKES", kind="puskesmas")
    staff["DINKES-PKM1"] = [f"pkm1-{number:02}" for number in range(8)]
    rows += [(person, _name(dice), "DINKES-PKM1", _nip(dice)) for person in staff["DINKES-PKM1"]]
    world.people(rows)
    for office in staff:
        if office not in ON_PAPER:
            seen = world.clock.at - QUIET.get(office, timedelta(seconds=dice.randint(2, 50)))
            world.node(
                node_of(office), office, seen=seen, state="distrusted" if office == DISTRUSTED else "active"
            )
    world.node("cadanganaaaaaaaa", "KEC-D", seen=None)
    pictures = [world.photo(node_of("DISKOMINFO"), number) for number in range(24)] if photos else []
    _health(world, dice, list(staff))
    _past_days(world, dice, staff)
    _morning(world, dice, staff, pictures)


def _morning(
    world: BoardWorld, dice: random.Random, staff: dict[str, list[str]], pictures: list[str]
) -> None:
    arrivals = []
    for office, people in staff.items():
        share = 0.5 if office in QUIET else 0.86
        for person in people if office not in ON_PAPER else []:
            roll = dice.random()
            if roll < share:
                at = datetime.combine(DAY, time(6, 40), WIB) + timedelta(
                    seconds=int(dice.triangular(0, 5200, 2100))
                )
                if at < world.clock.at - QUIET.get(office, timedelta()):
                    arrivals.append((at, office, person))
            elif roll > 0.955:
                with world.office.database.write() as connection:
                    world.day(person, office, dice.choice(["DL", "S", "CT"]), connection=connection)
    for at, office, person in sorted(arrivals):
        late = max(0, int((at - datetime.combine(DAY, time(7, 30), WIB)).total_seconds() // 60))
        world.arrive(
            node_of(office), person, office, at, late=late, photo=dice.choice(pictures) if pictures else None
        )


def _past_days(world: BoardWorld, dice: random.Random, staff: dict[str, list[str]]) -> None:
    """Closed days of two offices since the first of the month."""
    with world.office.database.write() as connection:
        for office in ("DISKOMINFO", "DINKES"):
            for person in staff[office]:
                for number in range(1, DAY.day):
                    day = date(DAY.year, DAY.month, number)
                    world.day(person, office, connection=connection, day=day, **_past_day(dice, day))


def _past_day(dice: random.Random, day: date) -> dict[str, object]:
    if day.weekday() >= 5:
        return {"code": "HL"}
    roll = dice.random()
    if roll < 0.03:
        return {"code": dice.choice(["DL", "S", "CT"])}
    if roll < 0.04:
        return {"code": "TK"}
    if roll < 0.06:
        return {"code": "pending", "waiting_for": "diskominfoaaaaaa"}
    late = dice.choice([0] * 6 + [7, 22, 41])
    early = dice.choice([0] * 12 + [15])
    check_in = datetime.combine(day, time(7, 5), WIB) + timedelta(
        minutes=25 + late if late else dice.randint(0, 24)
    )
    check_out = datetime.combine(day, time(16, 3), WIB) - timedelta(minutes=early + 3 if early else 0)
    gone = dice.random() > 0.05
    return {
        "code": "H",
        "check_in_ms": to_ms(check_in),
        "check_out_ms": to_ms(check_out) if gone else None,
        "missing_out": not gone,
        "late_minutes": late,
        "late_tier": "TL1" if late else None,
        "early_minutes": early if gone else 0,
        "early_tier": "PSW1" if early and gone else None,
    }


def _health(world: BoardWorld, dice: random.Random, offices: list[str]) -> None:
    for office in offices:
        if office in ON_PAPER:
            continue
        content: dict[str, object] = {"sensor": {"state": "ok"}, "camera": {"state": "ok"}}
        state = ClockState.ANCHORED
        if office == "DLH":
            content["sensor"] = {"state": "no-answer"}
        if office == "DISTAN":
            content["camera"] = {"state": "no-camera"}
        if office == "KEC-B":
            state = ClockState.DOUBTFUL
        at = world.clock.at - timedelta(minutes=dice.randint(1, 9)) - QUIET.get(office, timedelta())
        world.event(node_of(office), "health", at, content, state=state)
    with world.office.database.write() as connection:
        connection.execute(
            insert(tables.fork).values(
                node=node_of(DISTRUSTED),
                epoch=1,
                seq=1,
                leaf="1" * 64,
                stored_leaf="2" * 64,
                batch=b"",
                received_ms=world.clock.now_ms(),
            )
        )


def _name(dice: random.Random) -> str:
    return f"{dice.choice(_FIRST.split())} {dice.choice(_LAST.split())}"


def _nip(dice: random.Random) -> str:
    born = date(1968, 1, 1) + timedelta(days=dice.randint(0, 11000))
    return (
        f"{born:%Y%m%d}{born.year + 25}{dice.randint(1, 12):02}{dice.randint(1, 2)}{dice.randint(1, 999):03}"
    )
