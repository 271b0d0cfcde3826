from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import insert, update

from attendance.moment import ClockState, to_ms
from central import nodes, tables
from central.accounts import Role
from central.node_reports import part_state
from tests.support.board_world import NOW, BoardWorld

from .conftest import DINKES_NODE, KOMINFO_NODE


def card(client: FlaskClient, node: str) -> str:
    page = client.get("/alat").text
    return page.split(f'id="alat-{node}"')[1].split("</li>")[0]


def test_a_healthy_node_reports_and_raises_no_alarm(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.event(KOMINFO_NODE, "health", NOW, {"sensor": {"state": "ok"}, "camera": {"state": "ok"}})
    text = card(client_of(Role.TECHNICIAN), KOMINFO_NODE)
    assert "Melapor" in text
    assert "cocok dengan server" in text
    assert "2 catatan" in text
    assert "alarm-text" not in text


def test_what_is_only_the_least_number_of_photos_is_shown_as_that(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.TECHNICIAN)
    for photos, words in (
        (None, "3 catatan, foto belum diketahui"),
        (0, "3 catatan, tidak ada foto"),
        (7, "3 catatan, paling sedikit 7 foto"),
    ):
        with world.office.database.write() as connection:
            nodes.note_status(
                connection, KOMINFO_NODE, to_ms(NOW), backlog=3, photo_backlog=photos, software="0.1.0"
            )
        assert words in card(client, KOMINFO_NODE)


def test_a_quiet_node_says_since_when_and_what_to_do(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.seen(KOMINFO_NODE, NOW - timedelta(days=2))
    text = card(client_of(Role.TECHNICIAN), KOMINFO_NODE)
    assert "Diam sejak 22 Nov 08:12" in text
    assert "Periksa listrik dan jaringan" in text
    world.seen(KOMINFO_NODE, None)
    assert "Nyalakan alat" in card(client_of(Role.TECHNICIAN), KOMINFO_NODE)


def test_sensor_camera_and_clock_trouble_each_have_a_next_step(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    content = {"sensor": {"state": "no-answer"}, "camera": {"ok": False, "error": "no-camera"}}
    world.event(KOMINFO_NODE, "health", NOW, content, state=ClockState.DOUBTFUL)
    text = card(client_of(Role.TECHNICIAN), KOMINFO_NODE)
    for words in ("gangguan (no-answer)", "Bersihkan kaca", "gangguan (no-camera)", "Jamnya diragukan"):
        assert words in text


def test_a_fork_and_a_distrusted_node_come_first_and_in_words(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        connection.execute(
            insert(tables.fork).values(
                node=KOMINFO_NODE,
                epoch=1,
                seq=1,
                leaf="1" * 64,
                stored_leaf="2",
                batch=b"",
                received_ms=1,
            )
        )
        change = update(tables.node).where(tables.node.c.id == KOMINFO_NODE)
        connection.execute(change.values(state="distrusted", state_reason="dua kartu"))
    client = client_of(Role.AUDITOR)
    text = card(client, KOMINFO_NODE)
    assert "tidak dipercaya lagi (dua kartu)" in text
    assert "mungkin kartunya digandakan" in text
    page = client.get("/alat").text
    assert page.index(KOMINFO_NODE) < page.index(DINKES_NODE)


def test_a_technician_of_one_unit_sees_only_its_nodes(world: BoardWorld) -> None:
    account = world.account("teknisi.kominfo", Role.TECHNICIAN, unit="KOMINFO")
    client = world.app().test_client()
    client.get(world.link(account))
    page = client.get("/alat").text
    assert KOMINFO_NODE in page
    assert DINKES_NODE not in page


def test_no_nodes_at_all_says_how_to_get_one(world: BoardWorld) -> None:
    account = world.account("teknisi.pkm", Role.TECHNICIAN, unit="PKM")
    client = world.app().test_client()
    client.get(world.link(account))
    assert "hadir-central claim" in client.get("/alat").text


def test_what_a_part_says_of_itself_is_read_or_left_unknown() -> None:
    assert part_state("ok") == "ok"
    assert part_state({"state": "dirty"}) == "dirty"
    assert part_state({"ok": True}) == "ok"
    assert part_state({"ok": False}) == "fault"
    assert part_state({"temperature": 41}) is None
    assert part_state(7) is None


def test_a_warning_of_the_node_is_shown_for_a_day_and_hides_no_health(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    old = NOW - timedelta(days=2)
    world.event(KOMINFO_NODE, "health", old, {"alarm": {"kind": "policy-refused"}})
    world.event(KOMINFO_NODE, "health", NOW, {"sensor": {"state": "no-answer"}, "camera": {"source": "none"}})
    world.event(KOMINFO_NODE, "health", NOW, {"alarm": {"kind": "central-rolled-back", "size": 3}})
    world.event(KOMINFO_NODE, "recovery", NOW, {"copy": "database"})
    text = card(client_of(Role.TECHNICIAN), KOMINFO_NODE)
    assert "alat mengirim ulang" in text
    assert "sudah dipulihkan" in text
    assert "gangguan (no-answer)" in text
    assert "policy-refused" not in text


def test_a_sensor_that_is_still_starting_is_no_fault(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.event(KOMINFO_NODE, "health", NOW, {"sensor": {"state": "starting"}, "camera": {"source": "none"}})
    text = card(client_of(Role.TECHNICIAN), KOMINFO_NODE)
    assert "sedang mulai" in text
    assert "alarm-text" not in text
