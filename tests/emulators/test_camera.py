"""The emulated camera: plausible pictures that move, over its socket."""

import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from emulators.camera import CameraEmulator, CameraServer, Scene, main
from emulators.clock import EmulatedTime


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    server = CameraServer(tmp_path / "cam.sock", CameraEmulator(Scene("Dinsos", (160, 120))))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield tmp_path / "cam.sock"
    server.shutdown()
    server.server_close()
    thread.join()


def ask(path: Path, request: dict[str, object]) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(path))
    connection.sendall(json.dumps(request).encode() + b"\n")
    return connection


def test_somebody_walks_through_the_picture_and_another_one_comes_after() -> None:
    scene = Scene("Dinsos", (320, 240), seed=1)
    empty, walking, other = (scene.picture(at, "") for at in (0.0, 3.0, 9.0))
    assert ImageChops.difference(empty, walking).getbbox() is not None
    assert ImageChops.difference(walking, other).getbbox() is not None
    colours = walking.resize((32, 24)).getcolors()
    assert colours is not None
    assert len(colours) > 50


def test_the_same_instant_gives_the_same_picture() -> None:
    first, again = (Scene("Dinsos", (160, 120), seed=4).picture(2.5, "x") for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_time_and_place_are_drawn_in() -> None:
    scene = Scene("Dinsos", (320, 240))
    changed = ImageChops.difference(scene.picture(1, "07:00"), scene.picture(1, "08:00")).getbbox()
    assert changed is not None
    assert changed[3] < 40


def test_frames_come_with_the_instant_that_they_show(served: Path) -> None:
    before = time.monotonic_ns()
    with ask(served, {"do": "stream", "fps": 30}) as connection, connection.makefile("rb") as stream:
        stamps = []
        for _ in range(3):
            header = json.loads(stream.readline())
            assert Image.open(io.BytesIO(stream.read(header["bytes"]))).size == (160, 120)
            stamps.append(header["captured_monotonic_ns"])
    assert before <= stamps[0] < stamps[1] < stamps[2] <= time.monotonic_ns()


def test_a_frozen_camera_gives_nothing_until_it_is_thawed(served: Path) -> None:
    for deed in ("freeze", "thaw"):
        with ask(served, {"do": deed}) as connection:
            assert json.loads(connection.makefile().readline()) == {"ok": True}
        if deed == "freeze":
            viewer = ask(served, {"do": "stream", "fps": 30})
            viewer.settimeout(0.2)
            with pytest.raises(TimeoutError):
                viewer.recv(1)
    viewer.settimeout(10)
    assert viewer.recv(1) == b"{"
    viewer.close()


def test_an_unknown_request_is_answered_with_no(served: Path) -> None:
    with ask(served, {"do": "zoom"}) as connection:
        assert json.loads(connection.makefile().readline())["ok"] is False


def test_the_caption_follows_an_emulated_clock(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    EmulatedTime(file).start(datetime(2017, 6, 5, 0, 0, tzinfo=UTC), rate=0)
    seen: list[str] = []
    scene = Scene("Dinsos", (160, 120))
    draw = scene.picture
    scene.picture = lambda at_s, caption: (seen.append(caption), draw(at_s, caption))[1]  # type: ignore[method-assign]
    CameraEmulator(scene, file).frame()
    assert seen == ["05-06-2017 07:00:00 WIB"]


def test_it_runs_as_a_program_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulators.camera", "--socket", str(tmp_path / "c.sock"), "--place", "X"]
    with subprocess.Popen([*command, "--size", "160x120"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "listens on" in process.stdout.readline()
        with ask(tmp_path / "c.sock", {"do": "stream"}) as connection:
            assert connection.recv(1) == b"{"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not (tmp_path / "c.sock").exists()


def test_an_odd_size_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--socket", "x", "--place", "X", "--size", "big"])
    assert "640x480" in capsys.readouterr().err
