"""The officer's screen and what it may ask: every refusal says why, in Indonesian."""

from pathlib import Path
from typing import Any

import pytest

from attendance.enrolment import FINGERS
from attendance.errors import EvidenceError, MalformedError
from edge import __main__, enrolment_screen, enrolment_wording
from edge.enrolment_requests import EnrolmentRefusedError
from edge.enrolment_screen import ENROLLED, NO_ANSWER, REFUSED, guide
from edge.enrolment_wording import finger_from, finger_name
from edge.faults import PunchSocketError
from edge.wording import WIDTH, Page
from tests.support.enrolment_world import World, world

BOTH = ["telunjuk-kanan", "telunjuk-kiri"]
START = {"person": "p-siti", "fingers": ["right-index", "left-index"], "legal_basis": "SK", "notice": "v1"}


class Terminal:
    """An officer who types these lines, each when the screen waits for one; None is nothing yet."""

    def __init__(self, *typed: str | None) -> None:
        self.typed = list(typed)
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def line(self, wait_s: float | None) -> str | None:
        if not self.typed:
            raise EOFError
        return self.typed.pop(0)


class Punch:
    """A punch process that answers from a list and keeps what it was asked."""

    def __init__(self, *replies: dict[str, Any]) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return {"ok": True, **self.replies.pop(0)}


def found(*names: str) -> dict[str, Any]:
    return {"persons": [{"person": f"id-{name}", "name": name, "enrolled": False} for name in names]}


def view(state: str, *lines: str, **more: Any) -> dict[str, Any]:
    kind = "done" if state == "enrolled" else "step"
    return {"state": state, "lines": [{"kind": kind, "text": line} for line in lines]} | {
        "face": False,
        "fingers": [],
        **more,
    }


def test_it_asks_for_what_is_missing_and_shows_each_line_once() -> None:
    punch = Punch(
        found("Siti", "Sita"),
        view("running", "satu", "dua"),
        view("running", fingers=["right-thumb"]),
        view("running"),
        view("running", "foto", face=True),
        view("running"),
        view("enrolled", "Selesai."),
    )
    terminal = Terminal("si", "2", "SK 7", "v3", None, "jempol kiri", "jempol kanan", None, "", None)
    punch.replies.insert(3, view("running", fingers=["right-thumb"]))
    assert guide(punch, terminal, "", BOTH, "", "") == ENROLLED
    start = punch.asked[1]
    assert start["person"] == "id-Sita"
    assert (start["fingers"], start["legal_basis"], start["notice"]) == (
        ["right-index", "left-index"],
        "SK 7",
        "v3",
    )
    steps = [request for request in punch.asked if request["what"] == "step"]
    assert [step.get("finger") for step in steps] == ["right-thumb", None]
    assert [terminal.said.count(f"   {word}") for word in ("satu", "dua", "foto")] == [1, 1, 1]
    assert any("Tulis salah satu: jempol kanan" in line for line in terminal.said)
    assert terminal.said[-1] == " * Selesai."


def test_ctrl_c_and_a_closed_terminal_cancel_it() -> None:
    punch = Punch(found("Siti"), view("running"), view("running"), view("refused", "Dibatalkan."))
    terminal = Terminal()
    assert guide(punch, terminal, "Siti", BOTH, "SK", "v1") == REFUSED
    assert [request["what"] for request in punch.asked] == ["find", "start", "cancel", "status"]
    assert "Dibatalkan." in terminal.said[-1]


@pytest.mark.parametrize(
    ("who", "typed", "fingers", "replies", "said"),
    [
        ("zz", (), BOTH, (found(),), "cocok dengan 'zz'"),
        ("s", ("9",), BOTH, (found("Siti", "Sita"),), "bukan nomor urut"),
        ("s", ("x",), BOTH, (found("Siti", "Sita"),), "bukan nomor urut"),
        ("s", (), ["jari kaki", "jempol-kiri"], (), "bukan nama jari"),
        ("s", ("",), BOTH, (found("Siti"),), "Dasar hukum"),
    ],
)
def test_what_it_is_told_wrongly_is_said(
    who: str, typed: tuple[str, ...], fingers: list[str], replies: tuple[dict[str, Any], ...], said: str
) -> None:
    terminal = Terminal(*typed)
    assert guide(Punch(*replies), terminal, who, fingers, "", "") == REFUSED
    assert said in terminal.said[-1]


def test_a_refusal_of_the_node_is_shown_in_its_words() -> None:
    terminal = Terminal()

    def no(_request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": False, "error": "enrolment-refused", "text": "Sensor sedang tidak bekerja."}

    assert guide(no, terminal, "s", BOTH, "SK", "v1") == REFUSED
    assert terminal.said == [" X Sensor sedang tidak bekerja."]


def test_a_punch_process_that_is_away_is_told() -> None:
    terminal = Terminal()

    def away(_request: dict[str, Any]) -> dict[str, Any]:
        raise PunchSocketError("away")

    assert guide(away, terminal, "s", BOTH, "SK", "v1") == NO_ANSWER
    assert "tidak menjawab" in terminal.said[-1]


def test_the_command_hands_its_words_to_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hadir.toml").write_text(f'[node]\nstate_dir = "{tmp_path}"\n')
    told: list[Any] = []
    monkeypatch.setattr(enrolment_screen, "run", lambda _config, *words: told.append(words) or 5)
    words = [
        "enrol",
        "Siti",
        "--legal-basis",
        "SK",
        "--notice",
        "v1",
        "--config",
        str(tmp_path / "hadir.toml"),
    ]
    assert __main__.main(words) == 5
    assert told == [("Siti", ["telunjuk-kanan", "telunjuk-kiri"], "SK", "v1")]


# -- what may be asked of the punch process


@pytest.fixture
def here(tmp_path: Path) -> Any:
    with world(tmp_path) as made:
        made.settle()
        yield made


@pytest.mark.parametrize(
    "request_",
    [
        {"what": "fly"},
        {"what": "find"},
        {"what": "find", "who": "  "},
        {"what": "find", "who": 7},
        {"what": "start", **START, "fingers": "right-index"},
        {"what": "start", **START, "fingers": [1, 2]},
        {"what": "start", **START, "legal_basis": ""},
        {"what": "start", **START, "notice": "x" * 201},
        {"what": "status", "after": -1},
        {"what": "status", "after": "0"},
        {"what": "status", "after": True},
    ],
)
def test_what_is_no_request_is_refused(here: World, request_: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        here.office.handle(request_)
    assert not here.office.running


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"person": "p-unknown"}, "tidak ada di daftar"),
        ({"fingers": ["right-index", "right-thumb"]}, "tangan yang berbeda"),
        ({"fingers": ["right-index"]}, "dua jari"),
        ({"fingers": ["right-index", "left-toe"]}, "dua jari"),
    ],
)
def test_what_can_not_be_enrolled_is_refused_in_words(here: World, change: dict[str, Any], why: str) -> None:
    with pytest.raises(EnrolmentRefusedError, match=why):
        here.office.handle({"what": "start", **START, **change})


def test_one_at_a_time_and_no_answer_without_a_question(here: World) -> None:
    with pytest.raises(EnrolmentRefusedError, match="tidak sedang menunggu"):
        here.ask("step", finger="right-thumb")
    assert here.ask("cancel")["state"] == "idle"
    here.ask("start", **START)
    with pytest.raises(EnrolmentRefusedError, match="sedang berjalan"):
        here.ask("start", **START)
    here.ask("cancel")


def test_without_a_sensor_or_a_roster_nothing_begins(here: World) -> None:
    here.sensor.state = "sensor-silent"
    with pytest.raises(EnrolmentRefusedError, match="Sensor"):
        here.ask("start", **START)
    (here.folder / "roster.doc").unlink()
    here.shelf.standing = type(here.shelf.standing)()
    with pytest.raises(EvidenceError, match="daftar pegawai"):
        here.ask("find", who="siti")


def test_people_are_found_by_number_or_by_words_of_the_name(here: World) -> None:
    def names(who: str) -> list[str]:
        return [one["person"] for one in here.ask("find", who=who)["persons"]]

    assert names("p-siti") == ["p-siti"]
    assert names(" p-  siti ") == ["p-siti"]
    assert names("SANTOSO budi") == ["p-budi"]
    assert names("i") == ["p-budi", "p-siti"]
    assert names("nobody") == []
    assert here.ask("find", who="p-budi")["persons"][0]["enrolled"] is True


def test_every_finger_has_a_name_that_fits_the_display_and_is_understood() -> None:
    for finger in FINGERS:
        assert len(finger_name(finger)) <= WIDTH
        assert finger_from(finger_name(finger).replace(" ", "-")) == finger
        assert finger_from(finger) == finger
    assert finger_from("jari kaki") is None


def test_every_line_fits_the_display() -> None:
    words = enrolment_wording
    lines = [
        make()
        for make in (
            words.witness_wanted,
            words.witness_unknown,
            words.witness_is_the_person,
            words.no_witness,
            words.lift,
            words.same_finger_again,
            words.other_finger,
            words.not_combined,
            words.not_proven,
            words.replaces,
            words.face_wanted,
            words.full,
            words.no_usable_finger,
            words.cancelled,
            words.timed_out,
            words.officer_away,
            words.not_recorded,
            words.left_open,
        )
    ]
    name = "Drs. H. Budi Santoso Wijayakusuma, M.Si"
    lines += [
        words.begun(name),
        words.witness_seen(name),
        words.enrolled(name),
        words.belongs_to_another(name),
    ]
    lines += [words.touch(finger, 3, 3) for finger in FINGERS]
    lines += [words.touch_to_prove(finger, 2, 2) for finger in FINGERS]
    lines += [words.finger_done(finger) for finger in FINGERS] + [words.finger_too_hard("left-little")]
    lines += [words.poor(reason, 7) for reason in ("messy", "too-dry", "few-points", "unclear")]
    lines += [
        words.belongs_to_nobody(65_535),
        words.face_failed("camera-away"),
        words.sensor_failed("Rusak."),
        words.withdrawn(),
        words.interrupted(),
        words.face_soon(5),
        words.not_begun_expired(),
        words.not_begun_busy(),
        words.not_begun_sensor(),
        words.not_begun_stranger(name),
        words.not_begun_fingers(),
    ]
    lines += [words.use_instead(finger, "right-little") for finger in FINGERS]
    for line in lines:
        assert Page(line.first, line.second)
        assert all(Page(*page) for page in line.more)
        assert line.text.rstrip().endswith((".", ")")), line.text
