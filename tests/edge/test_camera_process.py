"""The camera process: the frame of the finger's contact, stamped, within its budget, named by its content."""

import io
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from attendance.seal import sha256_hex
from edge import config
from edge.camera import CameraError, Frame
from edge.camera_process import FrameDesk, Grabber
from edge.frame_ring import FrameRing
from edge.local_socket import LocalSocket, may_ask
from edge.photo_store import PhotoStore
from edge.stamping import Stamper, with_text
from emulators.camera import Scene


def plain(colour: int = 0) -> Image.Image:
    return Image.new("RGB", (160, 120), (colour, colour, colour))


def ring(*moments: float) -> FrameRing:
    made = FrameRing(timedelta(seconds=3))
    for number, moment in enumerate(moments):
        made.add(Frame(moment, plain(number)))
    return made


def test_the_ring_gives_the_frame_nearest_to_the_contact() -> None:
    found = ring(10.0, 10.2, 10.4, 11.9).at(10.29, now_s=12.0)
    assert isinstance(found, Frame)
    assert found.captured_monotonic_s == 10.2


@pytest.mark.parametrize(
    ("moments", "at", "now", "reason"),
    [
        ((), 10.0, 10.0, "no-frame"),
        ((10.0,), 10.0, 12.1, "camera-stalled"),
        ((10.0, 12.0), 8.0, 12.0, "no-frame-of-that-moment"),
        ((10.0, 13.5), 10.0, 13.5, "no-frame-of-that-moment"),
    ],
    ids=["none yet", "the newest is old", "never seen", "already forgotten"],
)
def test_an_old_picture_never_stands_for_a_new_moment(
    moments: tuple[float, ...], at: float, now: float, reason: str
) -> None:
    assert ring(*moments).at(at, now) == reason


def test_text_is_drawn_in_and_the_frame_itself_stays_as_it_was() -> None:
    frame = plain(128)
    stamped = with_text(frame, "05-06-2017 07:28:41 WIB")
    changed = ImageChops.difference(frame, stamped).getbbox()
    assert changed is not None
    assert changed[1] > 90
    assert frame.getpixel((2, 118)) == (128, 128, 128)


@pytest.mark.parametrize("max_bytes", [40_000, 12_000, 5_000])
def test_the_budget_is_kept_whatever_the_picture(max_bytes: int) -> None:
    noise = Image.effect_noise((640, 480), 90).convert("RGB")
    stamper = Stamper(max_bytes)
    for picture in (Scene("Dinsos", (640, 480)).picture(3, ""), noise, noise):
        data = stamper.jpeg(picture, "x")
        assert len(data) <= max_bytes
        assert Image.open(io.BytesIO(data)).format == "JPEG"


def test_quality_comes_back_after_a_hard_picture() -> None:
    stamper = Stamper(20_000)
    easy = Scene("Dinsos", (320, 240)).picture(3, "")
    first = stamper.jpeg(easy, "x")
    stamper.jpeg(Image.effect_noise((320, 240), 90).convert("RGB"), "x")
    for _ in range(8):
        last = stamper.jpeg(easy, "x")
    assert last == first


class ScriptedCamera:
    """Gives its frames, then fails."""

    def __init__(self, frames: list[Frame], after: threading.Event) -> None:
        self._frames = frames
        self._after = after

    def frame(self) -> Frame:
        if self._frames:
            return self._frames.pop(0)
        self._after.wait(10)
        raise CameraError("camera-away", "hung up")

    def close(self) -> None:
        pass


@pytest.fixture
def desk(tmp_path: Path) -> FrameDesk:
    now = time.monotonic()
    grabber = Grabber(camera_config(), ring())
    grabber.fault = None
    return FrameDesk(ring(now - 1, now), grabber, Stamper(40_000), PhotoStore(tmp_path / "photos"))


def camera_config() -> config.CameraConfig:
    return config.parse('[node]\nstate_dir = "/s"\n').camera


def test_a_photo_lies_under_its_own_hash(desk: FrameDesk, tmp_path: Path) -> None:
    reply = desk.answer({"do": "frame", "at_monotonic_s": time.monotonic(), "text": "07:28"})
    assert reply["ok"]
    path = tmp_path / "photos" / reply["sha256"][:2] / f"{reply['sha256']}.jpg"
    assert sha256_hex(path.read_bytes()) == reply["sha256"]
    assert path.stat().st_size == reply["bytes"]
    desk.make_durable()
    assert path.exists()


def test_a_photo_that_nobody_waited_for_is_forgotten(desk: FrameDesk, tmp_path: Path) -> None:
    desk.unheard(desk.answer({"do": "frame", "text": "07:28"}))
    assert list((tmp_path / "photos").rglob("*.jpg")) == []


def test_a_photo_that_two_asked_for_stays_when_one_did_not_wait(desk: FrameDesk, tmp_path: Path) -> None:
    first = desk.answer({"do": "frame", "text": "07:28"})
    second = desk.answer({"do": "frame", "text": "07:28"})
    assert first["sha256"] == second["sha256"]
    desk.unheard(second)
    assert len(list((tmp_path / "photos").rglob("*.jpg"))) == 1
    desk.make_durable()
    desk.unheard(desk.answer({"do": "frame", "text": "07:28"}))
    assert len(list((tmp_path / "photos").rglob("*.jpg"))) == 1


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"do": "film"},
        {"do": "frame", "at_monotonic_s": "now"},
        {"do": "frame", "at_monotonic_s": True},
        {"do": "frame", "at_monotonic_s": float("nan")},
        {"do": "frame", "text": 5},
    ],
)
def test_a_request_that_is_none_is_malformed(desk: FrameDesk, request_: dict[str, Any]) -> None:
    assert desk.answer(request_) == {"ok": False, "error": "malformed"}


def test_a_full_disk_is_an_answer_and_no_crash(tmp_path: Path, desk: FrameDesk) -> None:
    (tmp_path / "photos").write_text("a file where the folder should be")
    assert desk.answer({"do": "frame"}) == {"ok": False, "error": "photo-not-written"}


def test_a_damaged_frame_is_an_answer_and_no_crash(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Scene("Dinsos", (160, 120)).picture(1, "").save(whole, "JPEG")
    broken = Image.open(io.BytesIO(whole.getvalue()[:900]))
    frames = FrameRing(timedelta(seconds=3))
    frames.add(Frame(time.monotonic(), broken))
    grabber = Grabber(camera_config(), frames)
    grabber.fault = None
    desk = FrameDesk(frames, grabber, Stamper(40_000), PhotoStore(tmp_path / "photos"))
    assert desk.answer({"do": "frame"}) == {"ok": False, "error": "camera-damaged"}


def test_a_camera_that_is_lost_is_opened_again_and_its_old_frames_are_forgotten() -> None:
    frames, hang_up, opened = FrameRing(timedelta(seconds=3)), threading.Event(), threading.Semaphore(0)
    cameras = [
        ScriptedCamera([Frame(time.monotonic(), plain())], hang_up),
        ScriptedCamera([Frame(time.monotonic(), plain())], threading.Event()),
    ]

    seen_when_opened = []

    def opener(_config: config.CameraConfig) -> ScriptedCamera:
        now = time.monotonic()
        seen_when_opened.append(frames.at(now, now))
        opened.release()
        return cameras.pop(0)

    grabber = Grabber(camera_config(), frames, opener)
    thread = threading.Thread(target=grabber.run, daemon=True)
    thread.start()
    assert opened.acquire(timeout=10)
    hang_up.set()
    assert opened.acquire(timeout=10)
    assert seen_when_opened == ["no-frame", "no-frame"]
    grabber.stop()


def test_a_camera_that_can_not_be_opened_is_the_reason_of_the_answer(tmp_path: Path) -> None:
    asked = threading.Semaphore(0)

    def opener(_config: config.CameraConfig) -> ScriptedCamera:
        asked.release()
        raise CameraError("no-camera", "unplugged")

    frames = FrameRing(timedelta(seconds=3))
    grabber = Grabber(camera_config(), frames, opener)
    thread = threading.Thread(target=grabber.run)
    thread.start()
    assert asked.acquire(timeout=10)
    assert asked.acquire(timeout=10)
    grabber.stop()
    thread.join(10)
    desk = FrameDesk(frames, grabber, Stamper(40_000), PhotoStore(tmp_path / "photos"))
    assert desk.answer({"do": "frame"}) == {"ok": False, "error": "no-camera"}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    missed: list[dict[str, Any]] = []
    served = LocalSocket(
        tmp_path / "x.sock",
        lambda request: {"ok": True, "got": request},
        max_request_bytes=100,
        unheard=missed.append,
    )
    yield tmp_path / "x.sock", missed
    served.close()


def ask(path: Path, line: bytes) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(line)
        reply = connection.makefile().readline()
    answer: dict[str, Any] = json.loads(reply)
    return answer


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"\n", "malformed"),
        (b"[]\n", "malformed"),
        (b"{'a':1}\n", "malformed"),
        (b"\xff\n", "malformed"),
        (b"[" * 99 + b"\n", "malformed"),
        (b'{"do":"' + b"x" * 200 + b'"}\n', "oversize"),
    ],
)
def test_a_bad_request_on_a_local_socket_is_refused(
    door: tuple[Path, list[dict[str, Any]]], line: bytes, error: str
) -> None:
    assert ask(door[0], line) == {"ok": False, "error": error}


def test_a_good_request_is_answered_and_strangers_are_not_let_in(
    door: tuple[Path, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(door[0], b'{"do":"x"}\n') == {"ok": True, "got": {"do": "x"}}
    assert (door[0].stat().st_mode & 0o777) == 0o660
    monkeypatch.setattr("edge.local_socket.may_ask", lambda _uid, _gid: False)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(door[0]))
        assert connection.recv(1) == b""


def test_only_root_this_user_and_this_group_may_ask() -> None:
    me, group = os.geteuid(), os.getegid()
    assert may_ask(0, group + 1)
    assert may_ask(me, group + 1)
    assert may_ask(me + 1, group)
    assert not may_ask(me + 1, group + 1)


def test_asking_for_the_state_takes_no_photo(desk: FrameDesk, tmp_path: Path) -> None:
    assert desk.answer({"do": "state"}) == {"ok": True}
    assert list((tmp_path / "photos").rglob("*.jpg")) == []


def test_the_state_names_why_there_would_be_no_photo(tmp_path: Path) -> None:
    grabber = Grabber(camera_config(), ring())
    grabber.fault = "camera-away"
    desk = FrameDesk(ring(), grabber, Stamper(40_000), PhotoStore(tmp_path / "photos"))
    assert desk.answer({"do": "state"}) == {"ok": False, "error": "camera-away"}
