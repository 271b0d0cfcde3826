"""The keypad at the door: a right PIN and somebody else's finger are a punch; everything else is none."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.pins import Pin, PinHash
from attendance.punch import Method, Punch
from edge import pin_desk
from edge.camera_socket import Photo
from edge.journal import Journal
from edge.journal_faults import StorageFault, storage_error
from edge.keypad import Keypad
from edge.pin_book import PinBook
from edge.pin_desk import IDLE_S, WITNESS_S, PinDesk
from edge.pin_guarding import MOST_WRONG, PAUSE
from edge.sensor import Match, PoorImage, Unrecognised
from edge.wording import Outcome
from emulators.keypad import Pad, fifo_pad
from tests.support.door_people import wib
from tests.support.door_scene import HASH, NODE, Scene
from tests.support.pin_people import SITI, SITI_NUMBER, SITI_PIN, sealed_pins

KEY = X25519PrivateKey.generate()
SITIS_FINGER, BUDIS_FINGER = 1, 7


class Bench:
    """A door with a keypad, and a monotonic clock that only the test moves."""

    def __init__(self, scene: Scene, pad: Pad) -> None:
        self.scene, self.pad = scene, pad
        self.now_s = 1000.0
        self.keypad = Keypad(scene.folder / "pad", event_bytes=24, clock=lambda: self.now_s)
        self.book = PinBook(KEY)
        self.desk = PinDesk(
            self.keypad,
            self.book,
            scene.shelf,
            scene.logbook,
            scene.camera,  # type: ignore[arg-type]
            scene.screen,  # type: ignore[arg-type]
            scene.door,
            lambda: self.now_s,
        )
        self.desk.turn()

    def press(self, *words: str) -> None:
        """Press keys, and let the desk take them one after the other."""
        for word in words:
            self.pad.type(word)
            self.desk.turn()

    def type(self, *words: str) -> None:
        """The same, and let a check end."""
        self.press(*words)
        check = self.desk._check
        if check is not None:
            check[1].exception(timeout=30)
            self.desk.turn()

    def pin(self, number: str = SITI_NUMBER, pin: str = SITI_PIN) -> None:
        self.type(number, "ENTER", pin, "ENTER")

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.desk.turn()

    def finger(self, outcome: Any) -> Outcome | None:
        return self.desk.answer(outcome, self.scene.tick())

    def match(self, slot: int) -> Outcome | None:
        return self.finger(Match(slot, 120, self.scene.tick().monotonic_s))

    def lines(self) -> list[tuple[str, str]]:
        return self.scene.screen.lines()

    def written(self, type_: str) -> list[dict[str, Any]]:
        events = self.scene.logbook._journal.last_events(400)
        return [event.content for event in events if event.type == type_]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    scene = Scene(tmp_path)
    scene.anchor()
    scene.documents(pins=sealed_pins(sealing.public_hex(KEY), NODE))
    with fifo_pad(tmp_path / "pad") as pad:
        made = Bench(scene, pad)
        yield made
        made.desk.close()
    scene.logbook.close()


def test_a_right_pin_and_the_finger_of_another_are_booked_with_the_windows_and_words_of_a_finger(
    bench: Bench,
) -> None:
    bench.type(SITI_NUMBER)
    assert bench.lines() == [("PIN: nomor 4711", "lalu ENTER")]
    bench.type("ENTER")
    assert bench.lines() == [("PIN: nomor 4711", "PIN: ")]
    bench.type(SITI_PIN)
    assert bench.lines() == [("PIN: nomor 4711", "PIN: ******")]
    bench.type("ENTER")
    assert bench.lines() == [("Siti Aminah", "PIN benar"), ("Pengawas:", "tempelkan jari")]
    assert bench.written("punch") == []
    bench.scene.at("2017-06-05 07:29:00")
    assert bench.match(BUDIS_FINGER) is Outcome.STORED
    event = bench.scene.last()
    punch = Punch.parse(event.content)
    assert (punch.person, punch.method, punch.witness) == ("p-siti", Method.PIN, "p-budi")
    assert (punch.slot, punch.kind, event.photo) == (None, "in", HASH)
    assert bench.lines() == [
        ("Siti Aminah", "Masuk 07:28  OK"),
        ("Budi Santoso W", "hanya saksi"),
        ("Absen sendiri:", "tempel lagi"),
    ]
    _, seq, size_when_shown = bench.scene.screen.shown[-1]
    assert seq == event.seq == size_when_shown
    assert bench.desk.page is None


def test_the_punch_has_the_time_and_the_picture_of_the_pin_and_not_of_the_witness(bench: Bench) -> None:
    bench.scene.at("2017-06-05 09:00:50")
    bench.pin()
    bench.now_s += 15
    bench.scene.at("2017-06-05 09:01:05")
    bench.match(BUDIS_FINGER)
    event = bench.scene.last()
    assert event.moment.utc == wib("2017-06-05 09:00:50")
    assert (event.content["kind"], event.content["minutes"]) == ("in", 0)
    asked_at, text = bench.scene.camera.asked[0]
    assert (asked_at, text[:19]) == (1000.0, "05-06-2017 09:00:50")


def test_a_punch_by_somebody_else_in_the_meantime_makes_the_time_of_the_pin_no_clock_set_back(
    bench: Bench,
) -> None:
    bench.pin()
    bench.scene.at("2017-06-05 07:28:55")
    bench.scene.match(BUDIS_FINGER)
    bench.match(BUDIS_FINGER)
    assert [event["person"] for event in bench.written("punch")] == ["p-budi", "p-siti"]
    assert bench.scene.last().moment.trusted


def test_the_witness_is_not_booked_and_can_punch_right_after(bench: Bench) -> None:
    bench.pin()
    bench.match(BUDIS_FINGER)
    bench.match(BUDIS_FINGER)
    assert [(p["person"], p.get("method")) for p in bench.written("punch")] == [
        ("p-siti", "pin"),
        ("p-budi", None),
    ]


def test_the_own_finger_vouches_for_nobody_and_is_booked_as_what_it_is(bench: Bench) -> None:
    bench.pin()
    assert bench.match(SITIS_FINGER) is Outcome.STORED
    punch = Punch.parse(bench.scene.last().content)
    assert (punch.person, punch.method, punch.slot) == ("p-siti", Method.FINGER, SITIS_FINGER)
    bench.match(BUDIS_FINGER)
    assert [p.get("method") for p in bench.written("punch")] == [None, None]


def test_a_finger_that_nobody_knows_vouches_for_nobody(bench: Bench) -> None:
    bench.pin()
    assert bench.finger(Unrecognised()) is Outcome.REFUSED
    assert bench.finger(PoorImage("too-wet")) is Outcome.REFUSED
    assert bench.match(99) is Outcome.STORED
    assert [p["person"] for p in bench.written("punch")] == [None]
    assert bench.desk.page is not None
    bench.match(BUDIS_FINGER)
    assert bench.written("punch")[-1]["witness"] == "p-budi"


def test_where_nobody_comes_nothing_is_booked_and_the_try_is_kept_with_its_picture(bench: Bench) -> None:
    bench.pin()
    bench.pass_s(WITNESS_S - 0.1)
    assert bench.desk.page is not None
    bench.pass_s(0.1)
    assert bench.lines()[0] == ("Belum tercatat", "Panggil pengawas")
    assert bench.written("punch") == []
    event = bench.scene.last()
    assert (event.type, event.content["reason"], event.content["person"]) == (
        "unmatched",
        "pin-unwitnessed",
        "p-siti",
    )
    assert event.photo == HASH
    bench.match(BUDIS_FINGER)
    assert bench.written("punch")[-1].get("method") is None


def test_a_wrong_pin_is_refused_counted_and_the_third_pauses_the_number(bench: Bench) -> None:
    for tried in ("1", "2"):
        bench.pin(pin="000000")
        assert bench.lines() == [("PIN salah", f"Coba lagi ({tried}/3)")]
    bench.pin(pin="000000")
    assert bench.lines()[0] == ("PIN ditahan", "sampai 07:43")
    reasons = [(e["reason"], e["person"]) for e in bench.written("unmatched")]
    assert reasons == [("pin-wrong", "p-siti"), ("pin-wrong", "p-siti"), ("pin-paused", "p-siti")]
    bench.pin()
    assert bench.lines()[0] == ("PIN ditahan", "sampai 07:43")
    assert bench.desk.page is None
    bench.pass_s(PAUSE.total_seconds())
    bench.pin()
    assert bench.lines()[0] == ("Siti Aminah", "PIN benar")


def test_a_right_pin_forgets_the_slips_before_it(bench: Bench) -> None:
    for _ in range(2):
        bench.pin(pin="000000")
        bench.pin(pin="000000")
        bench.pin()
        assert bench.lines()[0] == ("Siti Aminah", "PIN benar")
        bench.match(BUDIS_FINGER)


def test_an_unknown_number_is_told_from_a_wrong_pin_by_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[PinHash] = []
    real = PinHash.matches

    def counted(self: PinHash, pin: str) -> bool:
        worked.append(self)
        return real(self, pin)

    monkeypatch.setattr(PinHash, "matches", counted)
    shown = []
    for number in (SITI_NUMBER, "4712"):
        for _ in range(4):
            bench.pin(number, "000000")
        shown.append([[(p.first, p.second) for p in m.pages] for m, _, _ in bench.scene.screen.shown])
        bench.scene.screen.shown.clear()
    assert str(shown[0]).replace(SITI_NUMBER, "4712") == str(shown[1])
    assert len(worked) == 6
    assert len({(used.n, used.r, used.p) for used in worked}) == 1
    assert [e["person"] for e in bench.written("unmatched")] == ["p-siti"] * 3 + [None] * 3
    assert "4712" not in str(bench.written("unmatched")), "it may be somebody's PIN"


def test_trying_many_numbers_pauses_the_keypad_and_no_finger(bench: Bench) -> None:
    for number in range(MOST_WRONG):
        bench.pin(str(2000 + number), "111111")
    bench.pin()
    assert bench.lines()[0] == ("PIN ditahan", "sampai 07:38")
    assert bench.match(BUDIS_FINGER) is Outcome.STORED


def test_an_ordinary_finger_while_somebody_types_is_served_and_the_typing_stays(bench: Bench) -> None:
    bench.type("47")
    assert bench.match(BUDIS_FINGER) is Outcome.STORED
    assert bench.lines()[0] == ("Budi Santoso W", "Masuk 07:28  OK")
    assert bench.written("punch")[-1].get("method") is None
    bench.type("11", "ENTER", SITI_PIN, "ENTER")
    assert bench.lines()[0] == ("Siti Aminah", "PIN benar")


def test_typing_that_stops_is_dropped_after_a_while(bench: Bench) -> None:
    bench.type(SITI_NUMBER, "ENTER", "480")
    bench.pass_s(IDLE_S - 0.1)
    assert bench.desk._typing.pin == "480"
    bench.pass_s(0.1)
    assert bench.desk.page is None
    assert bench.lines() == [("PIN dibatalkan", "Tempelkan jari")], "or the rest would be shown as a number"


def test_a_pad_that_is_pulled_out_takes_half_a_pin_with_it_and_hostile_bytes_do_no_more(
    bench: Bench,
) -> None:
    bench.type(SITI_NUMBER, "ENTER", "480")
    bench.pad.raw(b"\xee" * 24)
    bench.desk.turn()
    assert bench.desk.page is None
    assert bench.desk.facts()["keypad"]["state"] == "damaged"
    bench.pass_s(60)
    bench.pin()
    assert bench.lines()[0] == ("Siti Aminah", "PIN benar")
    bench.pad.raw(bytes(range(256)) * 4)
    bench.desk.turn()
    assert bench.match(BUDIS_FINGER) is Outcome.STORED


def test_keys_pressed_while_somebody_is_enrolled_are_dropped(bench: Bench) -> None:
    bench.type(SITI_NUMBER)
    bench.pad.type("ENTER", SITI_PIN, "ENTER")
    for _ in range(5):
        bench.desk.turn(deaf=True)
    assert bench.desk.page is None
    bench.desk.turn()
    assert bench.desk.page is None


@pytest.mark.parametrize("fault", [StorageFault.FULL, StorageFault.FAILED])
def test_what_could_not_be_written_is_never_confirmed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: StorageFault
) -> None:
    def broken(*_: object) -> None:
        raise storage_error(fault, "no")

    bench.pin()
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", broken)
        assert bench.match(BUDIS_FINGER) is Outcome.NOT_RECORDED
    assert bench.lines() == [("TIDAK TEREKAM", "Hub. admin OPD")]
    bench.pin()
    assert bench.match(BUDIS_FINGER) is Outcome.STORED


def test_a_try_that_can_t_be_written_down_ends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise storage_error(StorageFault.FULL, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", broken)
        bench.pin(pin="000000")
        bench.pin()
        bench.pass_s(WITNESS_S)
    assert bench.written("unmatched") == []
    assert bench.lines()[0] == ("Belum tercatat", "Panggil pengawas")


def test_without_a_picture_the_punch_says_why(bench: Bench) -> None:
    bench.scene.camera.photo = Photo(None, "camera-late")
    bench.pin()
    bench.match(BUDIS_FINGER)
    assert bench.scene.last().content["photo_missing"] == "camera-late"


def test_the_hash_is_worked_on_beside_the_loop(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a check runs, turns come back at once and fingers are served."""
    slow: Future[bool] = Future()
    assert bench.desk._worker is not None
    monkeypatch.setattr(bench.desk._worker, "submit", lambda *_: slow)
    bench.press(SITI_NUMBER, "ENTER", SITI_PIN, "ENTER", "1")
    assert bench.lines() == [("PIN: nomor 4711", "Diperiksa...")]
    assert bench.match(BUDIS_FINGER) is Outcome.STORED
    assert bench.written("punch")[-1].get("method") is None
    slow.set_result(True)
    bench.desk.turn()
    assert bench.lines()[0] == ("Siti Aminah", "PIN benar")


# --- whose PINs


def test_a_new_roster_takes_a_withdrawn_pin_away_at_once(bench: Bench) -> None:
    other = Pin("p-budi", "1000", SITI.hash)
    bench.scene.documents(6, pins=sealed_pins(sealing.public_hex(KEY), NODE, other))
    bench.pin()
    assert bench.lines() == [("PIN salah", "Coba lagi (1/3)")]
    bench.scene.documents(7)
    bench.pin()
    assert bench.lines() == [("PIN tak tersedia", "Hub. admin OPD")]


def test_a_pin_that_is_withdrawn_between_enter_and_the_check_is_wrong(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Future[bool] = Future()
    assert bench.desk._worker is not None
    monkeypatch.setattr(bench.desk._worker, "submit", lambda *_: right)
    bench.press(SITI_NUMBER, "ENTER", SITI_PIN, "ENTER")
    without_siti = [{"person": "p-budi", "name": "Budi", "unit": "DISKOMINFO", "group": "umum"}]
    bench.scene.documents(6, persons=without_siti, slots={"7": "p-budi"})
    right.set_result(True)
    bench.desk.turn()
    assert bench.lines()[0] == ("PIN salah", "Coba lagi (1/3)")


@pytest.mark.parametrize(
    "pins",
    [
        sealed_pins(sealing.public_hex(X25519PrivateKey.generate()), NODE),
        sealed_pins(sealing.public_hex(KEY), "b" * 16),
        "AAAA",
    ],
    ids=["another node's key", "another node's purpose", "no seal"],
)
def test_pins_that_are_not_for_this_node_are_nobodys_and_fingers_go_on(bench: Bench, pins: str) -> None:
    bench.scene.documents(6, pins=pins)
    bench.pin()
    assert bench.lines() == [("PIN tak tersedia", "Hub. admin OPD")]
    assert bench.desk.facts() == {"keypad": {"state": "ok", "people": "unreadable"}}
    assert bench.match(BUDIS_FINGER) is Outcome.STORED


def test_a_pin_of_somebody_who_is_not_on_the_roster_is_nobodys(bench: Bench) -> None:
    stranger = Pin("p-orang-lain", "1000", SITI.hash)
    bench.scene.documents(6, pins=sealed_pins(sealing.public_hex(KEY), NODE, stranger))
    bench.pin("1000", SITI_PIN)
    assert bench.lines() == [("PIN salah", "Coba lagi (1/3)")]
    assert bench.written("unmatched")[-1]["person"] is None


def test_with_another_key_than_central_sealed_for_nobody_has_a_pin(bench: Bench) -> None:
    book = PinBook(X25519PrivateKey.generate())
    book.follow(bench.scene.shelf.standing.roster)
    assert (book.readable, book.find(SITI_NUMBER), len(book)) == (False, None, 0)


def test_without_a_keypad_every_finger_goes_to_the_door(bench: Bench) -> None:
    desk = PinDesk(
        None,
        PinBook(KEY),
        bench.scene.shelf,
        bench.scene.logbook,
        bench.scene.camera,  # type: ignore[arg-type]
        bench.scene.screen,  # type: ignore[arg-type]
        bench.scene.door,
    )
    desk.turn()
    assert desk.answer(Match(1, 120, bench.scene.tick().monotonic_s), bench.scene.tick()) is Outcome.STORED
    assert (desk.page, desk.facts()) == (None, {})
    desk.close()


def test_the_pin_stands_in_nothing_that_is_kept_or_printed(bench: Bench, caplog: Any) -> None:
    caplog.set_level(0)
    bench.pin()
    bench.pin(pin="909090")
    text = caplog.text + repr(bench.desk.__dict__) + str(pin_desk._log) + repr(bench.book.__dict__)
    assert SITI_PIN not in text
    assert SITI.hash.text() not in text
