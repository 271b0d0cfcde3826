"""CSV files as offices write them: bad rows are refused with a reason, good ones kept, nobody is deleted."""

from datetime import date
from io import StringIO

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import select

from attendance.errors import PersonError
from central import days, people, people_import, slots, units
from central.csv_reading import CsvError, Outcome, RowReport
from central.database import StoreError
from central.progress import rows_done_on
from central.tables import assignment, dirty_day, employee, opened_day, slot, unit
from tests.support.central import Central

TODAY = date(2017, 3, 6)
NIP = ["198609262015051001", "199001012012012002", "198001012005011003"]
HEADING = "nip;nama;jenis;skpd\n"


def load(central: Central, data: str | bytes, today: date = TODAY) -> list[RowReport]:
    raw = data.encode() if isinstance(data, str) else data
    return people_import.import_people(central.office.database, raw, today, central.clock.now_ms())


def load_units(central: Central, data: str) -> list[RowReport]:
    with central.office.database.write() as connection:
        return units.import_units(connection, data.encode(), "Asia/Jakarta", central.clock.now_ms())


def load_slots(central: Central, data: str) -> list[RowReport]:
    with central.office.database.write() as connection:
        return slots.import_slots(connection, data.encode(), central.clock.now_ms())


def outcomes(reports: list[RowReport]) -> list[Outcome]:
    return [report.outcome for report in reports]


@pytest.fixture
def office(central: Central) -> Central:
    central.add_unit()
    central.add_unit("DINKES", "Dinas Kesehatan")
    return central


@pytest.mark.parametrize(
    "file",
    [
        f"{HEADING}{NIP[0]};Siti Aminah;PNS;DISKOMINFO\n".encode(),
        f"{HEADING}{NIP[0]};Siti Aminah;PNS;DISKOMINFO".encode("utf-8-sig"),
        f'"NIP","Nama Pegawai","Status","OPD"\r\n"{NIP[0]}","Siti Aminah","pns","DISKOMINFO"\r\n'.encode(),
        f"Nama\tNIP Baru\tKode SKPD\nSiti Aminah\t'{NIP[0]}\tDISKOMINFO\n\n\t\t\n".encode(),
        b"no,nip,nama,skpd\n1,19860926 201505 1 001,Siti Aminah,DISKOMINFO\n",
    ],
    ids=["semicolons", "bom", "quoted commas", "tabs and apostrophe", "grouped"],
)
def test_the_forms_that_offices_send_are_read(office: Central, file: bytes) -> None:
    assert outcomes(load(office, file)) == [Outcome.NEW]
    row = office.rows(select(employee))[0]
    assert (row.id, row.nip, row.name, row.employment) == (NIP[0], NIP[0], "Siti Aminah", "pns")
    place = office.rows(select(assignment))[0]
    assert (place.unit, place.grp, place.valid_from, place.valid_to) == ("DISKOMINFO", "umum", TODAY, None)


def test_bad_rows_are_refused_by_line_and_good_ones_kept(office: Central) -> None:
    reports = load(
        office,
        HEADING
        + f"{NIP[0]};Siti;PNS;DISKOMINFO\n"
        + "1,98609E+17;Excel;PNS;DISKOMINFO\n"
        + "1.98609E+17;Excel;PNS;DISKOMINFO\n"
        + f"{NIP[0]};Kembar;PNS;DISKOMINFO\n"
        + "123;Pendek;PNS;DISKOMINFO\n"
        + ";Tanpa NIP;PNS;DISKOMINFO\n"
        + f"{NIP[1]};;PNS;DISKOMINFO\n"
        + f"{NIP[1]};Budi;dukun;DISKOMINFO\n"
        + f"{NIP[1]};Budi;PNS;TIDAKADA\n"
        + f"{NIP[1]};Budi;PNS;..//\n"
        + f"{NIP[1]};Budi;PNS;DINKES\n",
    )
    assert outcomes(reports) == [Outcome.NEW, *[Outcome.REFUSED] * 9, Outcome.NEW]
    assert [report.line for report in reports] == list(range(2, 13))
    told = [report.remarks[0] for report in reports[1:10]]
    for sentence, word in zip(
        told,
        [
            "notasi ilmiah",
            "notasi ilmiah",
            "baris 2",
            "18",
            "NIP kosong",
            "Nama",
            "dukun",
            "TIDAKADA",
            "tidak sah",
        ],
        strict=True,
    ):
        assert word in sentence, sentence
    assert {row.nip for row in office.rows(select(employee))} == {NIP[0], NIP[1]}


def test_odd_but_possible_numbers_are_kept_with_a_warning(office: Central) -> None:
    report = load(office, HEADING + "198609262015131001;Siti;PNS;DISKOMINFO\n")[0]
    assert report.outcome is Outcome.NEW
    assert "TMT" in str(report)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "kosong"),
        (b"\n\n", "kosong"),
        (b"nama;alamat\nA;B\n", "tidak ada: skpd"),
        (b"nip;nama;nama;skpd\n", "dua kali"),
        (b"PK\x03\x04zip", "Excel"),
        ("nip;nama;skpd\n1;A;B\n".encode("utf-16"), "UTF-8"),
        (b'nip;nama;skpd\n1;"A" x;B\n', "CSV"),
        (b"nip;nama;skpd\n" + b"x" * 17_000_000, "besar"),
    ],
)
def test_files_that_are_no_use_are_refused_whole(office: Central, data: bytes, word: str) -> None:
    with pytest.raises(CsvError, match=word):
        load(office, data)


def test_the_same_file_again_changes_nothing(office: Central) -> None:
    file = HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n"
    load(office, file)
    assert outcomes(load(office, file, date(2017, 4, 1))) == [Outcome.SAME]
    assert len(office.rows(select(assignment))) == 1


def test_people_who_are_missing_from_a_file_stay(office: Central) -> None:
    load(office, HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n")
    load(office, HEADING + f"{NIP[1]};Budi;PNS;DISKOMINFO\n")
    assert len(office.rows(select(employee))) == 2


def test_a_move_splits_the_assignment_at_its_date(office: Central) -> None:
    load(office, HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n")
    file = f"nip;nama;skpd;tmt\n{NIP[0]};Siti;DINKES;15/03/2017\n"
    assert outcomes(load(office, file)) == [Outcome.CHANGED]
    rows = office.rows(select(assignment).order_by(assignment.c.valid_from))
    assert [(row.unit, row.valid_from, row.valid_to) for row in rows] == [
        ("DISKOMINFO", TODAY, date(2017, 3, 14)),
        ("DINKES", date(2017, 3, 15), None),
    ]


def places(office: Central) -> list[tuple[str, date, date | None]]:
    rows = office.rows(select(assignment).order_by(assignment.c.valid_from))
    return [(row.unit, row.valid_from, row.valid_to) for row in rows]


def test_a_date_that_comes_later_than_the_person_corrects_the_first_assignment(office: Central) -> None:
    load(office, HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n")
    file = f"nip;nama;skpd;tmt\n{NIP[0]};Siti;DISKOMINFO;2017-01-02\n"
    assert outcomes(load(office, file)) == [Outcome.CHANGED]
    assert places(office) == [("DISKOMINFO", date(2017, 1, 2), None)]
    assert outcomes(load(office, file)) == [Outcome.SAME]


def test_the_date_of_a_move_is_corrected_and_what_was_before_never_overwritten(office: Central) -> None:
    heading = "nip;nama;skpd;tmt\n"
    load(office, f"{heading}{NIP[0]};Siti;DISKOMINFO;2017-01-02\n")
    load(office, f"{heading}{NIP[0]};Siti;DINKES;2017-03-15\n")
    load(office, f"{heading}{NIP[0]};Siti;DINKES;2017-03-01\n")
    moved = [("DISKOMINFO", date(2017, 1, 2), date(2017, 2, 28)), ("DINKES", date(2017, 3, 1), None)]
    assert places(office) == moved
    assert outcomes(load(office, f"{heading}{NIP[0]};Siti;DINKES;2010-01-01\n")) == [Outcome.SAME]
    assert places(office) == moved


def test_a_late_import_marks_the_days_that_it_reaches_back_to(office: Central) -> None:
    with office.office.database.write() as connection:
        for day in (5, 6, 7):
            connection.execute(opened_day.insert().values(day=date(2017, 3, day), opened_ms=1))
    load(office, f"nip;nama;skpd;tmt\n{NIP[0]};Siti;DINKES;2017-03-06\n")
    assert {row.day.day for row in office.rows(select(dirty_day))} == {6, 7}
    assert days.DAYS_AT_ONCE > 1


def test_people_without_nip_need_an_id_and_may_be_called(office: Central) -> None:
    reports = load(
        office,
        "id pegawai;nip;nama;jenis;skpd;sapaan\n"
        "thl-1;;Joko;THL;DISKOMINFO;bapak\n"
        ";;Tanpa;THL;DISKOMINFO;\n"
        "thl-2;;Aneh;THL;DISKOMINFO;Tuan\n"
        "thl 3;;Spasi;THL;DISKOMINFO;\n",
    )
    assert outcomes(reports) == [Outcome.NEW, *[Outcome.REFUSED] * 3]
    assert office.rows(select(employee.c.salutation))[0].salutation == "Bapak"


def test_a_nip_belongs_to_one_person(office: Central) -> None:
    load(office, f"id pegawai;nip;nama;skpd\na1;{NIP[0]};Siti;DISKOMINFO\n")
    report = load(office, f"id pegawai;nip;nama;skpd\na2;{NIP[0]};Siti;DISKOMINFO\n")[0]
    assert (report.outcome, "a1" in str(report)) == (Outcome.REFUSED, True)
    assert outcomes(load(office, HEADING + f"{NIP[0]};Siti A.;PNS;DISKOMINFO\n")) == [Outcome.CHANGED]
    assert [row.id for row in office.rows(select(employee))] == ["a1"]


def test_text_of_old_windows_is_read(office: Central) -> None:
    load(office, f"nip;nama;skpd\n{NIP[0]};Renée;DISKOMINFO\n".encode("cp1252"))
    assert office.rows(select(employee.c.name))[0].name == "Renée"


def test_units_may_name_parents_that_stand_below_them_in_the_file(central: Central) -> None:
    reports = load_units(
        central,
        "kode,nama,induk,zona\n"
        "DIS.1,Bidang Satu,DIS,\n"
        "DIS,Dinas,,WIB\n"
        "DIS.1.1,Seksi,DIS.1,WIT\n"
        "BAD CODE,X,,\n"
        "DIS,Dinas lagi,,\n"
        "YATIM,Yatim,TIDAKADA,\n"
        "ZONA,Zona,,Mars\n",
    )
    assert outcomes(reports) == [Outcome.NEW] * 3 + [Outcome.REFUSED] * 2 + [Outcome.NEW, Outcome.REFUSED]
    assert "tanpa induk" in str(reports[5])
    with central.office.database.read() as connection:
        assert units.subtree(connection, "DIS") == {"DIS", "DIS.1", "DIS.1.1"}
        assert units.subtree(connection, "DIS.1") == {"DIS.1", "DIS.1.1"}
        assert units.subtree(connection, "NONE") == frozenset()
    zones = {row.code: row.zone for row in central.rows(select(unit.c.code, unit.c.zone))}
    assert (zones["DIS"], zones["DIS.1.1"]) == ("Asia/Jakarta", "Asia/Jayapura")


def test_a_unit_is_never_its_own_ancestor(central: Central) -> None:
    load_units(central, "kode;nama;induk\nA;A;\nB;B;A\n")
    report = load_units(central, "kode;nama;induk\nA;A;B\n")[0]
    assert "tanpa induk" in str(report)
    assert outcomes(load_units(central, "kode;nama\nA;A baru\nB;B\n")) == [Outcome.CHANGED, Outcome.SAME]


def test_slots_are_assigned_by_nip_and_bad_rows_refused(office: Central) -> None:
    load(office, HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n{NIP[1]};Budi;PNS;DISKOMINFO\n")
    reports = load_slots(
        office,
        "skpd;slot;nip\n"
        f"DISKOMINFO;1;{NIP[0]}\n"
        f"DISKOMINFO;01;{NIP[1]}\n"
        f"DISKOMINFO;satu;{NIP[1]}\n"
        f"DISKOMINFO;70000;{NIP[1]}\n"
        f"TIDAKADA;2;{NIP[1]}\n"
        "DISKOMINFO;2;tidak-ada\n"
        f"DISKOMINFO;2;{NIP[1]}\n",
    )
    assert outcomes(reports) == [Outcome.NEW, *[Outcome.REFUSED] * 5, Outcome.NEW]
    assert {row.slot: row.employee for row in office.rows(select(slot))} == {1: NIP[0], 2: NIP[1]}
    again = load_slots(office, f"skpd;slot;nip\nDISKOMINFO;1;{NIP[1]}\nDISKOMINFO;2;{NIP[1]}\n")
    assert outcomes(again) == [Outcome.CHANGED, Outcome.SAME]
    strange = load_slots(office, f"alat;skpd;slot;nip\nxxx;DISKOMINFO;5;{NIP[0]}\n")
    assert outcomes(strange) == [Outcome.REFUSED]


def leave(central: Central, person: str, last_day: date) -> Outcome:
    with central.office.database.write() as connection:
        return people.leave(connection, person, last_day, central.clock.now_ms())


def spans(central: Central) -> list[tuple[date, date | None, str]]:
    rows = central.rows(select(assignment).order_by(assignment.c.valid_from))
    return [(row.valid_from, row.valid_to, row.unit) for row in rows]


def test_who_leaves_works_to_the_last_day_and_a_move_that_was_planned_after_it_falls_away(
    office: Central,
) -> None:
    load(office, f"{HEADING}{NIP[0]};Siti;PNS;DISKOMINFO\n")
    load(office, f"nip;nama;jenis;skpd;tmt\n{NIP[0]};Siti;PNS;DINKES;2017-05-01\n")
    assert leave(office, "19860926 201505 1 001", date(2017, 3, 31)) is Outcome.CHANGED
    assert spans(office) == [(TODAY, date(2017, 3, 31), "DISKOMINFO")]
    assert leave(office, NIP[0], date(2017, 3, 31)) is Outcome.SAME
    with pytest.raises(PersonError, match="tidak bekerja di sini pada 2017-04-28"):
        leave(office, NIP[0], date(2017, 4, 28))
    load(office, f"nip;nama;jenis;skpd;tmt\n{NIP[0]};Siti;PNS;DINKES;2017-06-01\n")
    assert spans(office)[-1] == (date(2017, 6, 1), None, "DINKES")


@pytest.mark.parametrize(
    ("who", "last_day", "words"),
    [("nobody", TODAY, "tidak dikenal"), (NIP[0], date(2017, 3, 5), "tidak bekerja di sini pada 2017-03-05")],
)
def test_nobody_leaves_who_is_not_here(office: Central, who: str, last_day: date, words: str) -> None:
    load(office, f"{HEADING}{NIP[0]};Siti;PNS;DISKOMINFO\n")
    with pytest.raises(PersonError, match=words):
        leave(office, who, last_day)
    assert spans(office) == [(TODAY, None, "DISKOMINFO")]


PLAN = "nip;nama;skpd;tmt\n" + f"{NIP[0]};Siti;DINKES;2017-05-01\n"


@pytest.mark.parametrize("since", ["", "2017-03-06", "2010-01-01"])
def test_the_same_file_again_leaves_a_planned_move_alone_and_says_so(office: Central, since: str) -> None:
    load(office, HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n")
    load(office, PLAN)
    planned = [("DISKOMINFO", TODAY, date(2017, 4, 30)), ("DINKES", date(2017, 5, 1), None)]
    assert places(office) == planned
    again = load(office, f"nip;nama;skpd;tmt\n{NIP[0]};Siti;DISKOMINFO;{since}\n", date(2017, 3, 20))[0]
    if since == "2010-01-01":
        planned[0] = ("DISKOMINFO", date(2010, 1, 1), date(2017, 4, 30))
    assert places(office) == planned
    assert again.remarks == ("Rencana pindah ke DINKES mulai 2017-05-01 tetap berlaku.",)
    assert outcomes(load(office, HEADING + f"{NIP[0]};Siti;PNS;DINKES\n", date(2017, 3, 20))) == [
        Outcome.SAME
    ]
    assert places(office) == planned


def test_who_left_is_taken_back_by_an_import_that_says_so(office: Central) -> None:
    file = HEADING + f"{NIP[0]};Siti;PNS;DISKOMINFO\n"
    load(office, file)
    leave(office, NIP[0], date(2017, 3, 31))
    early = load(office, file, date(2017, 3, 31))[0]
    assert early.outcome is Outcome.SAME
    assert "Hari terakhir 2017-03-31 tetap berlaku" in str(early)
    assert places(office) == [("DISKOMINFO", TODAY, date(2017, 3, 31))]
    late = load(office, file, date(2017, 4, 10))[0]
    assert late.outcome is Outcome.CHANGED
    assert late.remarks == (
        "Sudah berhenti dengan hari terakhir 2017-03-31; impor ini menerimanya kembali mulai 2017-04-10.",
    )
    assert places(office)[1:] == [("DISKOMINFO", date(2017, 4, 10), None)]
    assert load(office, file, date(2017, 4, 11))[0].remarks == ()


def many(count: int) -> str:
    return HEADING + "".join(
        f"1986092620150510{n:02d};Orang {n};PNS;DISKOMINFO\n" for n in range(1, count + 1)
    )


def test_a_large_file_is_kept_part_by_part_so_that_nobody_waits_for_all_of_it(
    office: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_import, "ROWS_AT_ONCE", 2)
    seen: list[tuple[int, int, int]] = []

    def tell(done: int, total: int) -> None:
        seen.append((done, total, len(office.rows(select(employee)))))

    people_import.import_people(office.office.database, many(5).encode(), TODAY, 1, progress=tell)
    assert seen == [(2, 5, 2), (4, 5, 4), (5, 5, 5)]
    assert outcomes(load(office, many(5) + many(1).partition("\n")[2])) == [
        *[Outcome.SAME] * 5,
        Outcome.REFUSED,
    ]


def test_nothing_is_kept_of_a_file_that_breaks_off_far_down(
    office: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_import, "ROWS_AT_ONCE", 2)
    with pytest.raises(CsvError, match="CSV"):
        load(office, many(5) + '"A" x;B;C;D\n')
    assert office.rows(select(employee)) == []


def test_a_database_that_fails_midway_is_said_with_the_first_row_that_is_not_kept(
    office: Central, mocker: MockerFixture
) -> None:
    mocker.patch.object(people_import, "ROWS_AT_ONCE", 2)
    mocker.patch("central.people_import.days.mark_people", side_effect=[None, StoreError("Cakram penuh.")])
    with pytest.raises(
        StoreError, match=r"Mulai baris 4 belum disimpan; jalankan impor lagi: Cakram penuh\."
    ):
        load(office, many(5))
    assert len(office.rows(select(employee))) == 2


def test_a_nip_may_pass_on_to_somebody_further_down(office: Central) -> None:
    heading = "id pegawai;nip;nama;skpd\n"
    load(office, f"{heading}a1;{NIP[0]};Siti;DISKOMINFO\n")
    moved = f"{heading}a1;{NIP[1]};Siti;DISKOMINFO\na2;{NIP[0]};Budi;DISKOMINFO\n"
    assert outcomes(load(office, moved)) == [Outcome.CHANGED, Outcome.NEW]
    assert {row.id: row.nip for row in office.rows(select(employee))} == {"a1": NIP[1], "a2": NIP[0]}


def test_progress_is_told_at_a_terminal_and_nowhere_else(mocker: MockerFixture) -> None:
    stream = StringIO()
    assert rows_done_on(stream) is None
    mocker.patch.object(stream, "isatty", return_value=True)
    tell = rows_done_on(stream)
    assert tell is not None
    tell(500, 501)
    tell(501, 501)
    assert stream.getvalue() == "\r500 dari 501 baris\r501 dari 501 baris\n"


def test_a_file_of_transfers_without_grade_position_and_group_leaves_them_as_they_are(
    office: Central,
) -> None:
    full = "nip;nama;jenis;skpd;grup;golongan;jabatan\n"
    load(office, f"{full}{NIP[0]};Siti;PNS;DISKOMINFO;piket;III/a;Analis\n")
    load(office, f"nip;nama;jenis;skpd;tmt\n{NIP[0]};Siti;PNS;DINKES;2017-05-01\n")
    row = office.rows(select(employee))[0]
    assert (row.grade, row.position) == ("III/a", "Analis")
    assert [
        (one.unit, one.grp) for one in office.rows(select(assignment).order_by(assignment.c.valid_from))
    ] == [
        ("DISKOMINFO", "piket"),
        ("DINKES", "piket"),
    ]
    load(office, f"{full}{NIP[0]};Siti;PNS;DINKES;;;\n")
    row = office.rows(select(employee))[0]
    assert (row.grade, row.position) == ("", "")
