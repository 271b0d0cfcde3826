"""The section of fingerprints: what each role reads of it, and that it says what to do next."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event

from attendance.moment import to_ms
from central import tables
from central.accounts import Role
from central.template_report import tell_templates
from tests.support.board_world import NOW, BoardWorld
from tests.support.template_world import AS608, TemplateWorld, fill

from .conftest import DINKES_NODE, KOMINFO_NODE

HOSTILE = "<script>alert(1)</script>\"'&"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;"


@pytest.fixture
def fingers(world: BoardWorld) -> TemplateWorld:
    return TemplateWorld(world)


def test_the_numbers_on_top_say_how_far_it_has_got(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    text = client_of(Role.HR_ADMIN).get("/sidik-jari").text
    for words, number in (
        ("Orang terdaftar", 4), ("Belum terdaftar", 0), ("Masih diperiksa", 2), ("Belum terbukti", 1),
        ("Temuan terbuka", 1), ("Hapus belum dikonfirmasi", 1), ("Alat bermasalah", 1),
    ):  # fmt: skip
        card = text.split(words, 1)[1]
        assert card.split('class="figure">')[1].startswith(str(number)), words


def test_who_is_not_cleared_shows_how_many_nodes_have_searched_and_which_have_not(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.node("reservaaaaaaaaaa", "KAB", seen=NOW - timedelta(days=2))
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="searching")
    fingers.searches("t-1", **{KOMINFO_NODE: "clear", "reservaaaaaaaaaa": "waiting"})
    text = client_of(Role.HR_ADMIN).get("/sidik-jari").text
    assert "1 dari 2 alat sudah memeriksa" in text
    assert "1 alat belum" in text
    assert "terakhir terlihat 22 Nov 08:12" in text
    assert "19800101 200501 2 001" in text
    fingers.searches("t-1", **{DINKES_NODE: "refused:bad-seal"})
    assert "kiriman tidak dapat dibuka" in client_of(Role.HR_ADMIN).get("/sidik-jari").text


def test_each_list_names_its_people_and_what_to_do(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    fingers.pin("bob")
    with world.office.database.write() as connection:
        connection.execute(delete(tables.slot).where(tables.slot.c.employee == "bob"))
    client = client_of(Role.HR_ADMIN)
    unproven = client.get("/sidik-jari?daftar=belum-terbukti").text
    assert "Charlie Cahyono" in unproven
    assert "telunjuk kanan" in unproven
    assert "menempelkan jari sekali" in unproven
    without = client.get("/sidik-jari?daftar=belum-terdaftar").text
    assert "Bob Budiman" in without
    assert "memakai PIN" in without
    assert "Pia Permata" not in without
    link = re.search(r'class="enrol" href="([^"]+)"', without)
    assert link
    form = client.get(html.unescape(link[1])).text
    assert re.search(r'value="bob"[^>]* (selected|checked)', form), "the form begins with the person"
    assert "Mulai pendaftaran" not in client_of(Role.AUDITOR).get("/sidik-jari?daftar=belum-terdaftar").text


def test_who_was_enrolled_at_another_class_is_told_to_enrol_again(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fingers.sensor(KOMINFO_NODE, AS608)
    fingers.template("t-bob", "bob", DINKES_NODE, 4)
    text = client_of(Role.HR_ADMIN).get("/sidik-jari?daftar=kelas-lain").text
    assert "Bob Budiman" in text
    assert AS608 in text
    assert "sekali lagi di kantornya sendiri" in text


def test_for_whom_no_sensor_of_the_office_has_room_is_told_with_what_to_do(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fingers.sensor(KOMINFO_NODE, capacity=4, usable=4, used=0)
    text = client_of(Role.HR_ADMIN).get("/sidik-jari?daftar=tanpa-tempat").text
    assert "1 orang belum mendapat tempat" in text
    assert "Pasang alat tambahan" in text
    table = text.split('class="stack persons"')[1].split("</table>")[0]
    assert ("Bob Budiman" in table) != ("Charlie Cahyono" in table), "the plan of two slots has room for one"
    assert "belum mendapat tempat" in table
    leader = client_of(Role.LEADER).get("/sidik-jari").text
    assert "1 orang belum mendapat tempat" in leader
    assert "Lihat siapa" not in leader
    assert "belum mendapat tempat" not in client_of(Role.UNIT_ADMIN).get("/sidik-jari").text
    world.clock.at += timedelta(minutes=1)
    with world.office.database.write() as connection:
        connection.execute(tables.module.update().values(capacity=200, usable=200))
    text = client_of(Role.HR_ADMIN).get("/sidik-jari?daftar=tanpa-tempat").text
    assert "Pasang alat tambahan" not in text
    assert "Semua orang mendapat tempat." in text


def test_page_and_command_name_the_same_people_who_are_to_be_enrolled_at_another_class(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    """Also of whom one sensor of the office holds a finger, where the other one is of another class."""
    world.node("kominfotwoaaaaaa", "KOMINFO")
    fingers.sensor(KOMINFO_NODE)
    fingers.sensor("kominfotwoaaaaaa", AS608)
    fingers.template("t-bob", "bob", KOMINFO_NODE, 4)
    text = client_of(Role.HR_ADMIN).get("/sidik-jari?daftar=kelas-lain").text
    table = text.split('class="stack persons"')[1].split("</table>")[0]
    assert "Bob Budiman" in table
    assert "Charlie Cahyono" not in table
    assert "kominfotwoaaaaaa" in table
    assert "(1 sudah terdaftar di sensor lain)" in tell_templates(world.office)


@pytest.mark.parametrize("which", ["diperiksa", "belum-terbukti", "kelas-lain", "tanpa-tempat"])
def test_an_empty_list_says_what_it_is_for(which: str, client_of: Callable[[Role], FlaskClient]) -> None:
    client = client_of(Role.HR_ADMIN)
    text = client.get(f"/sidik-jari?daftar={which}").text
    assert "tampak" in text.split('class="card"')[1].split("</div>")[0]
    assert "Periksa ejaan" in client.get(f"/sidik-jari?daftar={which}&cari=zz").text


def test_a_regency_without_people_says_how_to_get_them(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    with world.office.database.write() as connection:
        connection.execute(delete(tables.assignment))
    assert "hadir-central import-people" in client.get("/sidik-jari").text
    assert "Tidak ada temuan." in client.get("/sidik-jari/temuan").text
    assert "Semua penghapusan sudah dikonfirmasi." in client.get("/sidik-jari/hapus").text


def test_search_unit_and_page_narrow_the_list(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.people([(f"x{number}", f"Zul {number:03}", "KOMINFO", None) for number in range(60)])
    client = client_of(Role.HR_ADMIN)
    first = client.get("/sidik-jari?daftar=semua&cari=zul").text
    assert "Zul 049" in first
    assert "Zul 050" not in first
    assert "1–50 dari 60" in first
    second = client.get("/sidik-jari?daftar=semua&cari=zul&halaman=2").text
    assert "Zul 050" in second
    assert "cari=zul" in second.split('rel="prev"')[1].split(">")[0]
    dinkes = client.get("/sidik-jari?daftar=semua&skpd=DINKES").text
    assert "Alice Anggraini" in dinkes
    assert "Pia Permata" in dinkes, "what lies below the unit belongs to it"
    assert "Bob Budiman" not in dinkes


@pytest.mark.parametrize(
    "address",
    ["?halaman=0", "?halaman=-1", "?halaman=9999999999999", "?halaman=x", "?daftar=zz", "?cari=%00%0a%07"],
)
def test_a_strange_address_gives_the_first_page(
    address: str, client_of: Callable[[Role], FlaskClient]
) -> None:
    assert client_of(Role.HR_ADMIN).get(f"/sidik-jari{address}").status_code == 200


def test_a_unit_admin_reads_his_own_unit_only(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    client = client_of(Role.UNIT_ADMIN)
    text = client.get("/sidik-jari?daftar=semua").text
    assert "Alice Anggraini" in text
    assert "Bob Budiman" not in text
    assert "Dinas Kominfo" not in text
    assert client.get("/sidik-jari?skpd=KOMINFO").status_code == 404
    for code in ("TIDAK-ADA", "%00", "KAB"):
        assert client.get(f"/sidik-jari?skpd=X{code}").status_code == 404
    assert KOMINFO_NODE not in client.get("/sidik-jari/sensor").text
    assert KOMINFO_NODE not in client.get("/sidik-jari/hapus").text


@pytest.mark.parametrize("role", [Role.LEADER, Role.UNIT_HEAD])
def test_a_leader_reads_numbers_and_no_names(
    role: Role, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    client = client_of(role)
    for path in ("/sidik-jari?daftar=semua", "/sidik-jari/temuan", "/sidik-jari/hapus", "/sidik-jari/sensor"):
        text = client.get(path).text
        for name in ("Alice Anggraini", "Pia Permata", "Bob Budiman", "Charlie Cahyono"):
            assert name not in text, (path, name)
    assert "Dinas Kesehatan" in client.get("/sidik-jari").text


def test_a_technician_reads_of_sensors_and_erasing_without_names(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    client = client_of(Role.TECHNICIAN)
    assert client.get("/sidik-jari").status_code == 403
    assert client.get("/sidik-jari/temuan/1").status_code == 403
    purges = client.get("/sidik-jari/hapus").text
    assert KOMINFO_NODE in purges
    assert "Bob" not in purges
    assert 'href="/sidik-jari/sensor"' in client.get("/alat").text


def test_an_alarm_stands_on_top_with_what_to_do_and_on_the_other_pages(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    client = client_of(Role.HR_ADMIN)
    text = client.get("/sidik-jari/sensor").text
    assert text.index("Sensor lain terpasang") < text.index('class="nodes-list"')
    assert "Tanyakan siapa" in text
    assert "another serial number" in text
    assert "1 sensor bermasalah" in client.get("/").text
    assert "1 temuan sidik jari menunggu keputusan" in client.get("/").text
    nodes = client.get("/alat").text
    assert f"/sidik-jari/sensor#sensor-{KOMINFO_NODE}" in nodes.split(f'id="alat-{KOMINFO_NODE}"')[1]
    assert "bermasalah" not in client_of(Role.UNIT_HEAD).get("/").text
    assert "1 temuan sidik jari" in client_of(Role.UNIT_HEAD).get("/").text


@pytest.mark.parametrize("state", ["swapped", "emptied", "enriched", "rolled-back", "exchanged"])
def test_each_alarm_of_a_sensor_has_its_own_words(
    state: str, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fingers.sensor(DINKES_NODE, state=state)
    notice = client_of(Role.TECHNICIAN).get("/sidik-jari/sensor").text.split('class="notice bad"')[1]
    assert "Absen dengan jari dihentikan." in notice.split("</div>")[0]


@pytest.mark.parametrize(
    ("used", "words"), [(96, "Mendekati batas"), (121, "Di atas batas"), (200, "Penuh. Orang baru")]
)
def test_a_sensor_warns_before_it_is_full(
    used: int, words: str, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fingers.sensor(DINKES_NODE, used=used)
    assert words in client_of(Role.TECHNICIAN).get("/sidik-jari/sensor").text


@pytest.mark.parametrize(
    ("state", "seen", "failed", "words"),
    [
        ("active", NOW, False, "Alat sedang melapor"),
        ("active", NOW - timedelta(days=3), False, "Nyalakan dan sambungkan"),
        ("active", NOW, True, "tidak dapat menghapus"),
        ("retired", None, False, "sudah dipensiunkan"),
        ("distrusted", NOW, False, "tidak dipercaya, jadi jawabannya"),
    ],
)
def test_an_unconfirmed_purge_says_its_age_and_what_to_do(
    state: str,
    seen: Any,
    failed: bool,
    words: str,
    world: BoardWorld,
    fingers: TemplateWorld,
    client_of: Callable[[Role], FlaskClient],
) -> None:
    world.node("reservaaaaaaaaaa", "DINKES", seen=seen, state=state)
    ordered = to_ms(NOW - timedelta(days=12))
    fingers.purge(
        "p-1", "reservaaaaaaaaaa", "bob", ordered_ms=ordered, state="failed" if failed else "open",
        reason="not-yours" if failed else "left",
    )  # fmt: skip
    text = client_of(Role.UNIT_ADMIN).get("/sidik-jari/hapus").text
    assert words in text
    assert "12 hari" in text
    assert "Bob Budiman" in text


def test_hostile_names_stay_text(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    fill(fingers)
    with world.office.database.write() as connection:
        connection.execute(tables.employee.update().values(name=HOSTILE))
        connection.execute(tables.unit.update().values(name=HOSTILE))
        connection.execute(tables.module.update().values(detail=HOSTILE, model_class=HOSTILE, serial=HOSTILE))
        connection.execute(tables.finding.update().values(note=HOSTILE, decided_by=HOSTILE, state="chance"))
        connection.execute(tables.template_search.update().values(state="refused", reason="<script>x"))
    client = client_of(Role.HR_ADMIN)
    for path in (
        "/sidik-jari", "/sidik-jari?daftar=semua", "/sidik-jari?daftar=belum-terbukti", "/sidik-jari/temuan",
        "/sidik-jari/temuan/1", "/sidik-jari/hapus", "/sidik-jari/sensor", "/",
    ):  # fmt: skip
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "<script>x" not in text, path
        assert ESCAPED in text, path
    found = client.get("/sidik-jari", query_string={"daftar": "semua", "cari": HOSTILE}).text
    assert "<script>alert" not in found


def test_five_thousand_people_make_no_more_statements_than_four(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)

    def statements(path: str) -> int:
        asked: list[str] = []
        world.clock.at += timedelta(minutes=1)  # what was planned for an earlier page is forgotten

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        event.listen(world.office.database._engine, "before_cursor_execute", count)
        assert client.get(path).status_code == 200
        event.remove(world.office.database._engine, "before_cursor_execute", count)
        return len(asked)

    paths = [f"/sidik-jari?daftar={which}" for which in ("diperiksa", "semua", "belum-terdaftar")]
    few = [statements(path) for path in paths]
    world.people([(f"p{number}", f"Nama {number:04}", "DINKES", None) for number in range(5000)])
    assert [statements(path) for path in paths] == few
