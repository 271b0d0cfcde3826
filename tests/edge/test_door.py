"""A finger at the door: written first, then shown. A real journal; the sensor's word is given."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attendance.punch import Punch
from edge.camera_socket import Photo
from edge.clock import EmulatedClock
from edge.door import Tick
from edge.journal import Journal
from edge.journal_faults import StorageFault, storage_error
from edge.logbook import Logbook
from edge.sensor import Held, Match, NoFinger, PoorImage, Unrecognised
from edge.wording import Outcome
from tests.support.door_people import wib
from tests.support.door_scene import HASH, KEY, NODE, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.logbook.close()


@pytest.fixture
def office(scene: Scene) -> Scene:
    """A node that has its time, rules and people."""
    scene.anchor()
    scene.documents()
    return scene


@pytest.mark.parametrize(
    ("when", "slot", "kind", "minutes", "pages"),
    [
        ("2017-06-05 07:28:50", 1, "in", 0, [("Siti Aminah", "Masuk 07:28  OK")]),
        ("2017-06-05 09:12:00", 7, "late", 12, [("Budi Santoso W", "Terlambat 12 mnt")]),
        ("2017-06-05 15:10:00", 1, "early", 20, [("Belum waktunya", "pulang: 15:30")]),
        ("2017-06-05 16:03:00", 2, "out", 0, [("Siti Aminah", "Pulang 16:03 OK")]),
        ("2017-06-06 02:00:00", 1, "outside", 0, [("Di luar jam", "Tercatat 02:00")]),
        ("2017-06-11 08:00:00", 1, "day-off", 0, [("Siti Aminah", "Libur 08:00  OK")]),
    ],
)
def test_each_kind_of_punch_is_written_with_its_photo_and_confirmed(
    office: Scene, when: str, slot: int, kind: str, minutes: int, pages: list[tuple[str, str]]
) -> None:
    office.at(when)
    assert office.match(slot) is Outcome.STORED
    event = office.last()
    punch = Punch.parse(event.content)
    assert (event.type, punch.kind, punch.minutes, punch.slot, event.photo) == (
        "punch",
        kind,
        minutes,
        slot,
        HASH,
    )
    assert office.screen.lines()[: len(pages)] == pages
    message, seq, size_when_shown = office.screen.shown[-1]
    assert (seq, size_when_shown) == (event.seq, event.seq)
    assert any(page.first in ("Siti Aminah", "Budi Santoso W") for page in message.pages)


def test_a_second_finger_in_the_morning_is_stored_and_answered_with_the_first_time(office: Scene) -> None:
    office.match(1)
    office.at("2017-06-05 07:35:00")
    size = office.logbook.link.size
    assert office.match(2) is Outcome.STORED
    assert office.logbook.link.size == size + 1
    assert office.screen.lines()[0] == ("Sudah absen", "Masuk 07:28 lalu")
    assert office.last().content["kind"] == "in"


def test_the_repeat_is_known_after_a_restart(office: Scene) -> None:
    office.match(1)
    office.logbook.close()
    clock = EmulatedClock(office.folder / "clock.json")
    again = Logbook(office.folder, KEY, clock, epoch=1, rtc=True, watch=None)
    assert office.shelf.standing.roster is not None
    assert len(again.remembered.of(office.shelf.standing.roster.persons["p-siti"])) == 1
    again.close()


def test_a_node_that_nobody_claimed_records_from_minute_0(scene: Scene) -> None:
    assert scene.match(42) is Outcome.STORED
    punch = Punch.parse(scene.last().content)
    assert (punch.person, punch.slot, punch.policy, punch.roster) == (None, 42, 0, 0)
    # Without a roster the zone is that of the configuration.
    assert scene.screen.lines() == [("Tersimpan", "Tercatat 08:28"), ("Jam belum pas", "Hub. admin OPD")]


def test_a_slot_of_nobody_is_stored_and_sent_to_the_admin(office: Scene) -> None:
    assert office.match(99) is Outcome.STORED
    assert office.last().content["person"] is None
    assert office.screen.lines() == [("Belum terdaftar", "Hub. admin OPD"), ("Tersimpan", "Tercatat 07:28")]


def test_a_doubtful_clock_is_said_behind_the_confirmation(office: Scene) -> None:
    office.time.set(datetime(1970, 1, 1, tzinfo=UTC))
    assert office.match() is Outcome.STORED
    event = office.last()
    assert (event.moment.state.value, event.moment.wall_ms) == ("doubtful", 0)
    # The anchor still knows the time: the person sees it, and the rules judge by it.
    assert event.content["kind"] == "in"
    assert office.screen.lines() == [
        ("Siti Aminah", "Masuk 07:28  OK"),
        ("Jam belum pas", "Hub. admin OPD"),
    ]


def test_without_a_picture_the_punch_says_why(office: Scene) -> None:
    office.camera.photo = Photo(None, "camera-late")
    assert office.match() is Outcome.STORED
    assert office.last().photo is None
    assert office.last().content["photo_missing"] == "camera-late"
    assert office.screen.lines()[-1] == ("Kamera gangguan", "Tercatat 07:28")
    assert office.door.counters["photo_missing.camera-late"] == 1


def test_a_node_without_a_camera_does_not_complain_of_it(office: Scene) -> None:
    office.camera.photo, office.camera.present = Photo(None, "no-camera"), False
    office.match()
    assert office.last().content["photo_missing"] == "no-camera"
    assert office.screen.lines() == [("Siti Aminah", "Masuk 07:28  OK")]


def test_the_picture_is_the_one_of_the_contact_with_time_and_place_drawn_in(office: Scene) -> None:
    office.finger(Match(1, 120, 1234.5))
    asked_at, text = office.camera.asked[-1]
    assert asked_at == 1234.5
    assert text == f"05-06-2017 07:28:41 WIB  Diskominfo  {NODE}"


def test_a_punch_counts_at_the_contact_of_the_finger(office: Scene) -> None:
    office.at("2017-06-05 09:00:58")
    before = Tick(time.monotonic() - 4.0, office.logbook.reading())
    office.at("2017-06-05 09:01:02")
    office.door.answer(Match(1, 120, before.monotonic_s + 1.0), before)
    punch = Punch.parse(office.last().content)
    assert (punch.kind, punch.minutes) == ("in", 0)
    assert f"{office.last().moment.utc.astimezone(wib('2017-06-05').tzinfo):%H:%M:%S}" in (
        "09:00:58",
        "09:00:59",
    )


@pytest.mark.parametrize("fault", [StorageFault.FULL, StorageFault.FAILED])
def test_what_could_not_be_written_is_never_confirmed(
    office: Scene, monkeypatch: pytest.MonkeyPatch, fault: StorageFault
) -> None:
    def broken(*_: object) -> None:
        raise storage_error(fault, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", broken)
        assert office.match() is Outcome.NOT_RECORDED
    assert office.screen.lines() == [("TIDAK TEREKAM", "Hub. admin OPD")]
    assert office.screen.shown[-1][1] is None
    assert office.door.counters["not_recorded"] == 1
    assert office.match() is Outcome.STORED


def test_while_the_link_is_down_people_see_that_it_is_stored_here(office: Scene) -> None:
    status = office.folder / "sync-status.json"
    for content, waiting in (
        ('{"state":"unreachable","held":1}', True),
        ('{"state":"ok","held":1}', False),
        ("{", False),
        ('{"state":"unreachable","held":"x"}', False),
        ("[]", False),
    ):
        status.write_text(content)
        office.match(7)
        assert (office.screen.lines()[-1][0] == "Tersimpan") is waiting
    status.write_text('{"state":"unreachable","held":1}')
    office.match(7)
    assert office.screen.lines()[-1] == ("Tersimpan", f"Belum terkirim:{office.logbook.link.size - 1}"[:16])


def test_unknown_and_poor_fingers_are_told_and_written(office: Scene) -> None:
    assert office.finger(Unrecognised()) is Outcome.REFUSED
    assert office.screen.lines() == [("Jari tak dikenal", "Coba lagi (1/3)")]
    assert office.last().content["reason"] == "unknown-finger"
    office.finger(Unrecognised())
    office.finger(Unrecognised())
    assert office.screen.lines()[0] == ("Jari tak dikenal", "Coba lagi (3/3)")
    assert office.finger(PoorImage("too-wet")) is Outcome.REFUSED
    assert office.screen.lines() == [("Jari kotor/basah", "Bersihkan,ulangi")]
    assert {key: office.last().content[key] for key in ("reason", "detail")} == {
        "reason": "poor-image",
        "detail": "too-wet",
    }


def test_a_matched_finger_ends_the_count_of_attempts(office: Scene) -> None:
    office.finger(Unrecognised())
    office.match()
    office.finger(Unrecognised())
    assert office.screen.lines() == [("Jari tak dikenal", "Coba lagi (1/3)")]


def test_playing_with_the_sensor_does_not_fill_the_journal(office: Scene) -> None:
    size = office.logbook.link.size
    for _ in range(100):
        assert office.finger(Unrecognised()) is Outcome.REFUSED
    assert office.logbook.link.size == size + 60
    assert office.door.counters["unmatched_not_written"] == 40


def test_a_bare_glass_and_a_held_finger_say_nothing(office: Scene) -> None:
    size = office.logbook.link.size
    assert office.finger(NoFinger()) is None
    assert office.finger(Held()) is None
    assert office.logbook.link.size == size
    assert office.screen.shown == []
