"""A supervised enrolment over the emulated modules: what gets in, what is refused, and what is left of it."""

from pathlib import Path
from typing import Any

import pytest

from attendance.enrolment import ENROL, FAILED, INTENT, Enrolment, FailedEnrolment
from edge.camera_socket import Photo
from edge.enrolling import least_proof_score
from edge.enrolment_requests import EnrolmentRefusedError
from edge.sensor import Held
from tests.support.enrolment_world import HASH, Pick, World, as_asked, world

PROFILES = ["r503_200", "zfm20", "r307_512", "as608_300", "fpm10a_150"]
LENIENT = ["regmodel_lenient=true"]
UNTOUCHED = {7}


def failure(here: World) -> FailedEnrolment:
    """The last event, which must tell of a failure that has left nothing behind."""
    assert here.types()[-1] == FAILED
    assert set(here.flash()) == UNTOUCHED
    assert here.known_as()["template_count"] == len(UNTOUCHED)
    return FailedEnrolment.parse(here.events()[-1].content)


def first_choice(view: dict[str, Any]) -> dict[str, Any]:
    return {"finger": view["fingers"][0]} if view["fingers"] else {}


def at_touches(honest: Pick, finger: tuple[str, str], *numbers: int) -> Pick:
    """Another finger comes at these touches."""
    return lambda kind, number, asked: (*finger, 0.9) if number in numbers else honest(kind, number, asked)


# -- the good way


@pytest.mark.parametrize("profile", PROFILES)
def test_two_fingers_are_enrolled_and_punch_at_once(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        assert here.enrol() == "enrolled", here.lines
        assert here.types() == [INTENT, INTENT, ENROL]
        told = Enrolment.parse(here.events()[-1].content)
        assert [finger.slot for finger in told.fingers] == [0, 1]
        assert [finger.finger for finger in told.fingers] == ["right-index", "left-index"]
        assert all(score >= 80 for finger in told.fingers for score in finger.scores)
        assert all(len(finger.scores) == 2 for finger in told.fingers)
        assert (told.witness, told.witness_slot, told.witness_missing) == ("p-budi", 7, None)
        assert (told.legal_basis, told.notice, told.photo_missing) == ("SK 1/2017", "v1", "no-camera")
        assert (told.model, told.roster) == (here.sensor.identity.model, here.roster["serial"])
        assert set(here.flash()) == {0, 1, 7}
        assert here.who_taps("p-siti", "right-index") == "p-siti"
        assert here.who_taps("p-siti", "left-index") == "p-siti"
        assert here.who_taps("p-budi", "right-index") == "p-budi"
        assert here.known_as()["template_count"] == 3
        here.crash()
        assert here.who_taps("p-siti", "left-index") == "p-siti"


def test_no_byte_of_a_template_gets_into_the_state_folder(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        for template in here.flash().values():
            piece = template[:64]
            assert piece.encode() not in written
            assert bytes.fromhex(piece) not in written


def test_what_is_in_the_first_touch_is_searched_before_the_glass_is_looked_at_again(tmp_path: Path) -> None:
    """On an R503 a look at the glass spoils the search, and everybody would seem to be new."""
    with world(tmp_path, "r503_200") as here:
        assert here.enrol(pick=lambda *_: ("p-budi", "right-index", 0.9)) == "refused"
        told = failure(here)
        assert (told.reason, told.other, told.other_slot, told.slots) == (
            "belongs-to-another",
            "p-budi",
            7,
            (),
        )
        assert here.types() == [FAILED]
        assert "Drs. H. Budi" in here.lines[-1]
        assert here.who_taps("p-budi", "right-index") == "p-budi"


def test_the_finger_that_was_refused_is_not_booked_while_it_still_lies_there(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.begin()
        here.go_on(lambda *_: ("p-budi", "right-index", 0.9))
        here.module.place("p-budi", "right-index")
        here.sensor.expect_lift()
        assert isinstance(here.look(), Held)


def test_an_id_left_over_in_a_not_found_answer_is_nobody(tmp_path: Path) -> None:
    with world(tmp_path, "r503_200", quirks=["not_found_id=7"]) as here:
        assert here.enrol() == "enrolled", here.lines


@pytest.mark.parametrize("profile", ["r503_200", "zfm20"])
def test_a_finger_of_the_same_person_is_replaced(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        assert here.enrol() == "enrolled"
        here.send_roster(s0="p-siti", s1="p-siti")
        assert here.enrol() == "enrolled", here.lines
        told = Enrolment.parse(here.events()[-1].content)
        assert [(finger.slot, finger.replaced) for finger in told.fingers] == [(2, (0,)), (3, (1,))]
        assert set(here.flash()) == {2, 3, 7}
        assert here.who_taps("p-siti", "right-index") == "p-siti"


# -- cheats


@pytest.mark.parametrize(
    ("profile", "quirks", "cheat"),
    [
        ("pid4750_lenient", ["baud_multiple=6"], 2),
        ("pid4750_lenient", ["baud_multiple=6"], 3),
        ("r503_200", LENIENT, 2),
        ("r503_200", LENIENT, 3),
        ("zfm20", LENIENT, 2),
        ("r307_512", LENIENT, 2),
    ],
)
def test_two_fingers_never_become_one_template(
    tmp_path: Path, profile: str, quirks: list[str], cheat: int
) -> None:
    """The module itself says that they combine; an accomplice's finger comes at each touch of that number."""
    with world(tmp_path, profile, quirks=quirks) as here:

        def pick(_kind: str, _number: int, asked: str) -> tuple[str, str, float]:
            helped = f"(sentuhan {cheat} dari" in here.lines[-1]
            return ("accomplice", "right-index", 0.9) if helped else ("p-siti", asked, 0.9)

        assert here.enrol(pick=pick, answer=first_choice) == "refused", here.lines
        assert any("tidak sama dengan sentuhan pertama" in line for line in here.lines)
        failure(here)
        assert here.who_taps("accomplice", "right-index") is None


def test_one_touch_by_another_finger_starts_the_finger_anew(tmp_path: Path) -> None:
    with world(tmp_path, "zfm20", quirks=LENIENT) as here:
        pick = at_touches(as_asked("p-siti"), ("accomplice", "right-index"), 2)
        assert here.enrol(pick=pick) == "enrolled"
        told = Enrolment.parse(here.events()[-1].content)
        assert told.fingers[0].poor == 1
        assert here.who_taps("accomplice", "right-index") is None
        assert here.who_taps("p-siti", "right-index") == "p-siti"


@pytest.mark.parametrize("profile", ["r503_200", "zfm20"])
def test_the_same_finger_does_not_pass_for_two(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        state = here.enrol(pick=lambda *_: ("p-siti", "right-index", 0.9), answer=first_choice)
        assert state == "refused"
        assert failure(here).reason == "no-usable-finger"
        assert any("jari yang tadi" in line for line in here.lines)


def test_a_finger_that_was_replaced_in_this_dialogue_does_not_pass_for_the_second(tmp_path: Path) -> None:
    with world(tmp_path, "fpm10a_150") as here:
        assert here.enrol() == "enrolled"
        here.send_roster(s0="p-siti", s1="p-siti")
        before = here.flash()
        state = here.enrol(pick=lambda *_: ("p-siti", "right-index", 0.9), answer=first_choice)
        assert state == "refused"
        assert here.flash() == before


@pytest.mark.parametrize("profile", ["r503_200", "zfm20"])
def test_a_finger_that_the_sensor_takes_for_a_colleagues_is_held_back(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        here.module.twin("p-budi", "right-index", "p-siti", "left-index", 0.7)
        assert here.enrol() == "refused"
        told = failure(here)
        assert (told.reason, told.other, told.slots) == ("belongs-to-another", "p-budi", (0,))


def test_a_template_that_nobody_owns_is_not_taken_over(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.module.enrol(50, "p-siti", "right-index")
        assert here.enrol() == "refused"
        assert here.types() == [FAILED]
        told = FailedEnrolment.parse(here.events()[-1].content)
        assert (told.reason, told.other_slot) == ("belongs-to-nobody", 50)


def test_nobody_supervises_themselves(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        here.begin()
        here.witness = ("p-siti", "right-index")
        for _ in range(300):
            here.office.turn()
            lines = [line["text"] for line in here.ask("status")["lines"]]
            if "Pengawas: tempelkan" in lines[-1]:
                here.module.place(*here.witness)
            if any("orang lain" in line for line in lines):
                break
        else:
            pytest.fail("it took the person as their own witness")
        here.ask("cancel")
        assert here.go_on(as_asked("p-siti")) == "refused"


def test_only_where_nobody_else_is_enrolled_there_is_no_witness(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.module.erase(7)
        assert here.enrol() == "enrolled"
        told = Enrolment.parse(here.events()[-1].content)
        assert (told.witness, told.witness_slot, told.witness_missing) == (None, None, "nobody-else-enrolled")
        here.witness = ("p-siti", "left-index")
        assert here.enrol("p-budi") == "enrolled"
        assert Enrolment.parse(here.events()[-1].content).witness == "p-siti"


# -- what goes wrong


def test_a_finger_that_cannot_be_read_gives_way_to_another_of_that_hand(tmp_path: Path) -> None:
    with world(tmp_path) as here:

        def pick(_kind: str, _number: int, asked: str) -> tuple[str, str, float]:
            return "p-siti", asked, 0.1 if asked == "right-index" else 0.9

        assert here.enrol(pick=pick, answer=lambda view: {"finger": "right-middle"}) == "enrolled"
        assert sum("Letakkan di tengah" in line for line in here.lines) == 7
        told = Enrolment.parse(here.events()[-1].content)
        assert [finger.finger for finger in told.fingers] == ["right-middle", "left-index"]


def test_a_template_that_the_living_finger_does_not_prove_is_erased(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.office._requests._minimum_score = 400
        assert here.enrol(answer=first_choice) == "refused"
        assert sum("belum cukup kuat" in line for line in here.lines) == 9
        failure(here)


@pytest.mark.parametrize(("minimum", "least"), [(0, 80), (50, 80), (54, 81), (55, 83), (100, 150)])
def test_a_proof_needs_half_as_much_again_as_a_punch(minimum: int, least: int) -> None:
    assert least_proof_score(minimum) == least


def test_a_full_sensor_is_told_and_nothing_is_stored(tmp_path: Path) -> None:
    with world(tmp_path, "zfm20", quirks=["capacity=10"]) as here:
        for slot in (0, 1, 2, 3, 4, 6):
            here.module.enrol(slot, f"stranger-{slot}", "thumb")
        # Slot 5 is taken by the host's table only, and 8 and 9 are never used: a search could not name them.
        here.send_roster(s5="p-budi")
        assert here.enrol() == "refused"
        told = FailedEnrolment.parse(here.events()[-1].content)
        assert (here.types(), told.reason) == ([FAILED], "full")
        assert "sensor penuh" in here.lines[-1]


def test_a_slot_that_the_roster_gives_to_somebody_is_not_free_although_it_is_empty(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.send_roster(s0="p-budi", s2="p-budi")
        assert here.enrol() == "enrolled"
        told = Enrolment.parse(here.events()[-1].content)
        assert [finger.slot for finger in told.fingers] == [1, 3]


def test_a_slot_that_was_erased_does_not_give_its_old_person_to_the_new_one(tmp_path: Path) -> None:
    with world(tmp_path, people=1) as here:
        assert here.enrol() == "enrolled"
        with here.sensor.changing({0, 1}) as templates:
            for slot in (0, 1):
                templates.delete(slot)
        # The host's table still says p-siti: these slots wait until it does not.
        assert here.enrol("p0") == "enrolled"
        assert [f.slot for f in Enrolment.parse(here.events()[-1].content).fingers] == [2, 3]
        here.send_roster(s0="p-siti", s1="p-siti")
        here.look()
        for slot in ("0", "1"):
            del here.roster["slots"][slot]
        here.send_roster(s2="p0", s3="p0")
        assert here.enrol("p0", fingers=("right-thumb", "left-thumb")) == "enrolled"
        assert [f.slot for f in Enrolment.parse(here.events()[-1].content).fingers] == [0, 1]
        assert here.who_taps("p0", "right-thumb") == "p0"
        assert here.who_taps("p-siti", "right-index") is None


@pytest.mark.parametrize("profile", ["r503_200", "zfm20"])
def test_a_flash_that_fails_stores_nobody(tmp_path: Path, profile: str) -> None:
    with world(tmp_path, profile) as here:
        here.settle()
        here.module.fault("flash_failure", {"opcode": "Store", "nth": 2})
        assert here.enrol() == "refused"
        assert failure(here).reason == "flash-error"
        assert "Sidik jari tidak tersimpan" in here.lines[-1]
        here.module.clear_faults()
        assert here.enrol() == "enrolled", here.lines


def test_an_unplugged_sensor_ends_it_and_the_node_cleans_up_when_it_is_back(tmp_path: Path) -> None:
    with world(tmp_path) as here:

        def pick(kind: str, number: int, asked: str) -> tuple[str, str, float]:
            if kind == "Uji":
                here.module.unplug()
            return "p-siti", asked, 0.9

        assert here.enrol(pick=pick) == "open"
        assert here.types() == [INTENT]
        assert set(here.flash()) == {0, 7}
        with pytest.raises(EnrolmentRefusedError, match="membersihkan"):
            here.ask(
                "start", person="p-siti", fingers=["right-index", "left-index"], legal_basis="x", notice="1"
            )
        here.module.replug()
        here.settle()
        assert failure(here).reason == "interrupted"
        assert here.enrol() == "enrolled", here.lines


@pytest.mark.parametrize(
    ("how", "reason"), [("cancel", "cancelled"), ("officer", "officer-away"), ("silence", "timeout")]
)
def test_it_can_be_ended_and_does_not_wait_for_ever(tmp_path: Path, how: str, reason: str) -> None:
    with world(tmp_path) as here:
        desk = here.office._desk

        def pick(kind: str, number: int, asked: str) -> tuple[str, str, float]:
            if kind == "Uji":
                if how == "cancel":
                    here.ask("cancel")
                elif how == "silence":
                    desk._moved_at -= 1000
                else:
                    desk._officer_at -= 1000
                    here.office.turn()
            return "p-siti", asked, 0.9

        assert here.enrol(pick=pick) == "refused"
        assert failure(here).reason == reason
        assert {page.first for page in here.screen.pages} & {"Dibatalkan", "Dihentikan", "Terlalu lama"}


# -- the face


def test_the_picture_of_the_face_is_named_by_the_event(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.camera.photos = [Photo(None, "camera-late"), Photo(HASH, None)]
        here.crash()
        assert here.enrol() == "enrolled"
        event = here.events()[-1]
        assert (event.photo, event.content["photo_missing"]) == (HASH, None)
        assert sum(line.startswith("Foto wajah") for line in here.lines) == 2


def test_a_camera_that_fails_is_a_reason_and_no_end(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.camera.photos = [Photo(None, "camera-away")]
        here.crash()
        assert here.enrol() == "enrolled"
        event = here.events()[-1]
        assert (event.photo, event.content["photo_missing"]) == (None, "camera-away")


def test_who_offers_a_colleagues_finger_is_photographed(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.camera.photos = [Photo(HASH, None)]
        here.crash()
        assert here.enrol(pick=lambda *_: ("p-budi", "right-index", 0.9)) == "refused"
        assert here.events()[-1].photo == HASH
