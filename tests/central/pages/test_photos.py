import io
from collections.abc import Callable

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from attendance.enrolment import FAILED, FailedEnrolment
from central import tables
from central.accounts import Role
from central.photos import photo_file
from tests.support.board_world import NOW, BoardWorld
from tests.support.template_world import TemplateWorld

from .conftest import KOMINFO_NODE


def looks(world: BoardWorld) -> list[tuple[str, str]]:
    log = tables.audit_log.c
    with world.office.database.read() as connection:
        found = connection.execute(select(log.actor, log.subject).where(log.action == "photo-viewed"))
        return [(row.actor, row.subject) for row in found]


def test_a_thumbnail_is_small_and_not_stored_by_browsers(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    answer = client_of(Role.LEADER).get(f"/foto/{world.picture}/kecil")
    picture = Image.open(io.BytesIO(answer.data))
    assert picture.width <= 160
    assert len(answer.data) < 10_000
    assert answer.headers["Cache-Control"] == "no-store"
    assert looks(world) == []


def test_each_look_at_a_full_photo_is_written_down(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.AUDITOR)
    page = client.get(f"/foto/{world.picture}").text
    assert "Alice Anggraini" in page
    assert looks(world) == []
    assert client.get(f"/foto/{world.picture}/penuh").data.startswith(b"\xff\xd8")
    assert looks(world) == [("auditor", "alice")]


def test_a_photo_of_another_unit_does_not_exist(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    foreign = world.photo(KOMINFO_NODE, 9)
    world.punch(KOMINFO_NODE, "charlie", NOW, "in", photo=foreign)
    client = client_of(Role.UNIT_HEAD)
    for path in (f"/foto/{foreign}", f"/foto/{foreign}/penuh", f"/foto/{foreign}/kecil"):
        assert client.get(path).status_code == 404
    assert client_of(Role.LEADER).get(f"/foto/{foreign}/penuh").status_code == 200


def test_an_employee_sees_his_own_photos_and_no_others(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    foreign = world.photo(KOMINFO_NODE, 9)
    world.punch(KOMINFO_NODE, "charlie", NOW, "in", photo=foreign)
    client = client_of(Role.EMPLOYEE)
    assert client.get(f"/foto/{world.picture}/penuh").status_code == 200
    assert client.get(f"/foto/{foreign}/penuh").status_code == 404


def test_no_path_and_no_unnamed_file_comes_out(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    unnamed = world.photo(KOMINFO_NODE, 11)
    client = client_of(Role.LEADER)
    for name in (unnamed, "..%2f..%2fkeys%2fsession.key", "..", "0" * 64, world.picture.upper()):
        assert client.get(f"/foto/{name}/penuh").status_code == 404, name


def test_a_photo_that_was_shed_or_is_no_picture_is_missing_not_a_fault(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.LEADER)
    file = photo_file(world.office.config.photo_dir, world.picture)
    file.write_bytes(b"not a picture")
    assert client.get(f"/foto/{world.picture}/kecil").status_code == 404
    file.unlink()
    assert client.get(f"/foto/{world.picture}/penuh").status_code == 404
    assert looks(world) == []


def test_the_photo_of_an_enrolment_belongs_to_the_person_who_was_enrolled(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    face, refused = world.photo(KOMINFO_NODE, 14), world.photo(KOMINFO_NODE, 15)
    TemplateWorld(world).enrolled(KOMINFO_NODE, "alice", 3, witness=None, photo=face)
    failed = FailedEnrolment("charlie", "finger-of-another").content()
    world.event(KOMINFO_NODE, FAILED, NOW, failed, photo=refused)
    text = client_of(Role.UNIT_HEAD).get(f"/foto/{face}").text
    assert "Alice Anggraini" in text
    assert "Pendaftaran" in text
    assert client_of(Role.EMPLOYEE).get(f"/foto/{face}/penuh").status_code == 200
    assert client_of(Role.UNIT_HEAD).get(f"/foto/{refused}").status_code == 404
    assert "Charlie Cahyono" in client_of(Role.LEADER).get(f"/foto/{refused}").text


def test_the_photo_of_an_unknown_finger_belongs_to_the_unit_of_its_node(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    stranger = world.photo(KOMINFO_NODE, 13)
    world.event(KOMINFO_NODE, "unmatched", NOW, {"reason": "unknown-finger"}, photo=stranger)
    assert "Jari tidak dikenal" in client_of(Role.LEADER).get(f"/foto/{stranger}").text
    assert client_of(Role.UNIT_HEAD).get(f"/foto/{stranger}").status_code == 404
