"""An enrolment that central asks for, over a real journal and an emulated module: nobody types anything."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attendance.enrolment import BEGUN, ENROL, FAILED, INTENT, Enrolment, FailedEnrolment
from attendance.orders import Order
from edge import enrolment_calling as calling
from edge.camera_socket import Photo
from edge.enrolment_deeds import WriteEnrolment
from tests.support.enrolment_world import HASH, NOW, Pick, World, as_asked, order, world

NOBODY: list[str] = []


def told(here: World, kind: type[Any] = FailedEnrolment) -> Any:
    return kind.parse(here.events()[-1].content)


def shown(here: World) -> list[tuple[str, str]]:
    return [(page.first, page.second) for page in here.screen.pages]


def called(here: World, *calls: Order, pick: Pick | None = None) -> str:
    """The order comes, and people do what the display says; how it ended."""
    here.settle()
    here.anchored()
    here.bare()
    here.call(*calls or (order(),))
    here.until_running()
    return here.go_on(pick or as_asked("p-siti"))


def turns(here: World, count: int = 40) -> None:
    for _ in range(count):
        here.turn()


# -- the good way


@pytest.mark.parametrize("profile", ["r503_200", "zfm20"])
def test_an_order_is_announced_and_done_without_a_terminal(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        here.camera.photos = [Photo(HASH, None)]
        here.crash()
        assert called(here) == "enrolled", here.lines
        assert here.types() == [BEGUN, INTENT, INTENT, ENROL]
        assert {event.content["request"] for event in here.events()} == {"e-1"}
        enrolment = told(here, Enrolment)
        assert (enrolment.person, enrolment.legal_basis, enrolment.notice) == ("p-siti", "SK 1/2017", "v1")
        assert (enrolment.witness, here.events()[-1].photo) == ("p-budi", HASH)
        assert shown(here)[0] == ("Pendaftaran", "Siti Aminah")
        assert [second for _, second in shown(here) if second.startswith("Foto dalam")] == [
            f"Foto dalam {left}" for left in (5, 4, 3, 2, 1)
        ]
        assert shown(here)[-1] == ("Terdaftar", "Siti Aminah")
        assert here.who_taps("p-siti", "left-index") == "p-siti"


def test_an_order_that_central_has_not_dropped_yet_is_not_done_twice(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        called(here)
        here.module.lift()
        turns(here)
        here.crash()
        here.settle()
        turns(here)
        assert here.types().count(BEGUN) == 1
        assert not here.office.running


def test_a_finger_that_can_not_be_read_gives_way_to_the_next_one_of_its_hand(tmp_path: Path) -> None:
    def pick(_kind: str, _number: int, asked: str) -> tuple[str, str, float]:
        return "p-siti", asked, 0.05 if asked == "right-index" else 0.9

    with world(tmp_path) as here:
        assert called(here, pick=pick) == "enrolled", here.lines
        enrolment = told(here, Enrolment)
        assert [finger.finger for finger in enrolment.fingers] == ["right-middle", "left-index"]
        assert ("Pakai jari lain:", "tengah kanan") in shown(here)


def test_nobody_is_called_while_others_punch(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.module.place("p-budi", "right-index")
        here.call(order())
        turns(here, 100)
        assert not here.office.running
        here.module.lift()
        here.until_running()


# -- the end of an order that is not done


def test_silence_ends_it_and_the_door_opens_again(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        here.call(order())
        here.until_running()
        here.office._desk._moved_at -= 1000
        here.turn()
        turns(here, 5)
        failure = told(here)
        assert (failure.reason, failure.request, failure.slots) == ("timeout", "e-1", ())
        assert not here.office.running


def test_no_officers_screen_is_missed(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        here.call(order())
        here.until_running()
        here.office._desk._officer_at -= 1000
        turns(here, 10)
        assert here.office.running
        assert here.types() == [BEGUN]


def test_a_colleagues_finger_is_refused_and_the_display_says_what_to_do(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert called(here, pick=lambda *_: ("p-budi", "right-index", 0.9)) == "refused"
        failure = told(here)
        assert (failure.reason, failure.other, failure.request) == ("belongs-to-another", "p-budi", "e-1")
        assert shown(here)[-3:] == [
            ("Ditolak: jari", "milik orang lain"),
            ("Periksa KTP,", "coba jari lain,"),
            ("lapor BKPSDM", ""),
        ]
        turns(here)
        assert here.types().count(BEGUN) == 1


def test_an_order_that_central_takes_back_is_ended(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        here.call(order())
        here.until_running()

        def pick(kind: str, _number: int, asked: str) -> tuple[str, str, float]:
            if kind == "Uji":
                here.call()
                here.office._calls._look_at = 0.0
            return "p-siti", asked, 0.9

        assert here.go_on(pick) == "refused"
        failure = told(here)
        assert (failure.reason, failure.request, failure.slots) == ("cancelled", "e-1", (0,))
        assert set(here.flash()) == {7}


def test_an_order_that_came_too_late_is_told_as_expired_once(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.anchored()
        here.call(order(expires=NOW - timedelta(minutes=1)))
        turns(here)
        assert here.types() == [FAILED]
        assert (told(here).reason, told(here).request) == ("expired", "e-1")
        assert ("Permintaan", "kedaluwarsa") in shown(here)
        here.crash()
        turns(here)
        assert here.types() == [FAILED]


def test_a_doubtful_clock_begins_what_came_just_now_and_leaves_what_lay_there(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        assert not here.logbook.moment().trusted
        here.call(order("e-old", expires=NOW - timedelta(days=1)))
        here.crash()
        here.settle()
        here.bare()
        turns(here, 100)
        assert here.types() == NOBODY
        assert here.orders is not None
        here.call(*here.orders.orders, order("e-new", expires=NOW - timedelta(days=1)))
        here.until_running()
        assert here.office._desk.request == "e-new"


def test_while_an_officer_enrols_somebody_here_the_order_is_busy_and_both_have_their_end(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as here:
        here.begin()

        def pick(kind: str, number: int, asked: str) -> tuple[str, str, float]:
            if kind == "Uji" and here.orders is None:
                here.call(order("e-2", "p-budi"))
                here.office._calls._look_at = 0.0
            return "p-siti", asked, 0.9

        assert here.go_on(pick) == "enrolled"
        assert here.types() == [INTENT, FAILED, INTENT, ENROL]
        failure = FailedEnrolment.parse(here.events()[1].content)
        assert (failure.reason, failure.request, failure.person) == ("busy", "e-2", "p-budi")
        assert told(here, Enrolment).request is None
        assert not here.office._desk.unfinished


def test_the_order_that_is_turned_away_does_not_hide_what_a_cut_left_behind(tmp_path: Path) -> None:
    """A failure of another order must not close the books over an intent that is still open."""
    with world(tmp_path) as here:
        here.begin()

        def pick(kind: str, number: int, asked: str) -> tuple[str, str, float]:
            if kind == "Uji":
                here.call(order("e-2"))
                here.office._calls._look_at = 0.0
            return "p-siti", asked, 0.9

        here.go_on(pick, until=lambda _deed: FAILED in here.types())
        assert set(here.flash()) == {0, 7}
        here.crash()
        here.settle()
        assert set(here.flash()) == {7}
        assert (told(here).reason, told(here).request, told(here).slots) == ("interrupted", None, (0,))


def test_somebody_who_is_not_on_the_roster_is_turned_down_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.call(order(person="p-new"))
        turns(here)
        assert here.types() == NOBODY
        monkeypatch.setattr(calling, "PATIENCE", timedelta(0))
        turns(here, 2)
        assert (told(here).reason, told(here).person) == ("not-in-roster", "p-new")
        assert ("Siti Aminah", "tak ada di alat") in shown(here)


def test_a_sensor_that_does_not_work_is_the_reason_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.sensor.state = "sensor-silent"
        monkeypatch.setattr(calling, "PATIENCE", timedelta(seconds=-1))
        here.call(order())
        here.office._calls._look_at = 0.0
        here.office.heed_orders()
        assert told(here).reason == "sensor"
        assert ("Gangguan sensor", "Tak bisa daftar") in shown(here)


# -- cuts


def test_a_cut_before_the_first_store_ends_the_order_as_interrupted_even_without_a_sensor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        here.call(order())
        here.until_running()
        here.go_on(as_asked("p-siti"), until=lambda _deed: BEGUN in here.types())
        here.crash()
        monkeypatch.setattr(here.sensor, "ready", lambda: False)
        for _ in range(200):
            here.office._desk._recover_at = 0.0
            here.office.before_look()
            if FAILED in here.types():
                break
        assert here.types() == [BEGUN, FAILED]
        assert (told(here).reason, told(here).request) == ("interrupted", "e-1")
        assert ("Pendaftaran", "terputus") in shown(here)


def test_a_cut_at_the_very_end_takes_back_and_names_the_order(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.settle()
        here.bare()
        here.call(order())
        here.until_running()
        assert (
            here.go_on(as_asked("p-siti"), until=lambda deed: isinstance(deed, WriteEnrolment)) == "stopped"
        )
        here.crash()
        here.settle()
        turns(here)
        assert here.types() == [BEGUN, INTENT, INTENT, FAILED]
        assert (told(here).reason, told(here).request, told(here).slots) == ("interrupted", "e-1", (0, 1))
        assert set(here.flash()) == {7}
        assert not here.office.running


def test_the_ledger_that_is_read_anew_from_the_journal_knows_the_orders(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        called(here)
        (tmp_path / "enrolments.json").unlink()
        here.crash()
        here.settle()
        here.bare()
        turns(here, 100)
        assert here.types().count(BEGUN) == 1
