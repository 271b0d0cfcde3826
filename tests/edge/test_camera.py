"""The doors to a camera: each way of failing has a name, and attendance goes on."""

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from edge import camera, config
from edge.camera import CameraError, PiCamera, SocketCamera, open_camera
from emulators.camera import CameraEmulator, CameraServer, Scene


def camera_config(source: str) -> config.CameraConfig:
    return config.parse(f'[node]\nstate_dir = "/s"\n[camera]\nsource = "{source}"\n').camera


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[Path]:
    server = CameraServer(tmp_path / "cam.sock", CameraEmulator(Scene("Dinsos", (160, 120))))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield tmp_path / "cam.sock"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Any]:
    """A camera that sends what it is told and hangs up."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "cam.sock"))
    listener.listen()
    threads = []

    def start(script: bytes) -> Path:
        def serve() -> None:
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(script)
            connection.close()

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return tmp_path / "cam.sock"

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def test_an_emulated_camera_gives_frames_of_now(emulated: Path) -> None:
    before = time.monotonic()
    door = open_camera(camera_config(f"socket:{emulated}"))
    frames = [door.frame() for _ in range(2)]
    door.close()
    assert before <= frames[0].captured_monotonic_s < frames[1].captured_monotonic_s <= time.monotonic()
    assert frames[1].image.size == (160, 120)


def test_no_camera_is_said_and_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(CameraError) as none:
        open_camera(camera_config("none"))
    with pytest.raises(CameraError) as away:
        open_camera(camera_config(f"socket:{tmp_path / 'nobody.sock'}"))
    assert (none.value.kind, away.value.kind) == ("no-camera", "no-camera")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (b"", "camera-away"),
        (b'{"captured_monotonic_ns":1,"bytes":100}\n' + b"x" * 50, "camera-away"),
        (b'{"captured_monotonic_ns":1,"bytes":0}\n', "camera-damaged"),
        (b'{"captured_monotonic_ns":1,"bytes":99999999}\n', "camera-damaged"),
        (b'{"bytes":5}\nxxxxx', "camera-damaged"),
        (b"[1]\n", "camera-damaged"),
        (b"\xff\xfe\n", "camera-damaged"),
        (b'{"captured_monotonic_ns":1,"bytes":5}\nxxxxx', "camera-damaged"),
    ],
)
def test_a_camera_that_talks_nonsense_is_a_fault_with_a_name(scripted: Any, script: bytes, kind: str) -> None:
    door = SocketCamera(scripted(script), 5)
    with pytest.raises(CameraError) as caught:
        door.frame()
    door.close()
    assert caught.value.kind == kind


def test_a_frozen_camera_is_noticed(emulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "FRAME_TIMEOUT_S", 0.2)
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(emulated))
        control.sendall(b'{"do":"freeze"}\n')
        assert json.loads(control.recv(100))["ok"]
    door = SocketCamera(emulated, 5)
    with pytest.raises(CameraError) as caught:
        door.frame()
    door.close()
    assert caught.value.kind == "camera-stalled"


class Picamera2:
    """What PiCamera uses of picamera2 0.3.38, with its behaviour: a number as `wait` is a time limit."""

    found = True
    stalled = False
    stamp_ns = 0
    released = 0

    def __init__(self) -> None:
        if not self.found:
            raise IndexError("list index out of range")

    def create_video_configuration(self, **settings: Any) -> dict[str, Any]:
        assert settings["main"] == {"size": (640, 480), "format": "RGB888"}
        return settings

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["controls"] == {"FrameRate": 5}

    def start(self) -> None:
        pass

    def capture_request(self, wait: float) -> "Picamera2":
        assert wait == camera.FRAME_TIMEOUT_S
        if self.stalled:
            raise TimeoutError
        return self

    def make_image(self, name: str) -> Image.Image:
        assert name == "main"
        return Image.new("RGB", (640, 480), (9, 8, 7))

    def get_metadata(self) -> dict[str, int]:
        return {"SensorTimestamp": type(self).stamp_ns}

    def release(self) -> None:
        type(self).released += 1

    def close(self) -> None:
        pass


@pytest.fixture
def on_a_pi(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module = ModuleType("picamera2")
    fresh = type("Fresh", (Picamera2,), {})
    module.Picamera2 = fresh  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return fresh


def test_a_pi_camera_gives_the_time_of_the_light_and_gives_each_request_back(
    on_a_pi: type[Picamera2],
) -> None:
    on_a_pi.stamp_ns = time.monotonic_ns() - 300_000_000
    door = open_camera(camera_config("picamera"))
    frame = door.frame()
    door.close()
    assert frame.captured_monotonic_s == on_a_pi.stamp_ns / 1e9
    assert frame.image.getpixel((0, 0)) == (9, 8, 7)
    assert on_a_pi.released == 1


def test_a_pi_camera_with_an_impossible_stamp_counts_as_now(on_a_pi: type[Picamera2]) -> None:
    before = time.monotonic()
    assert PiCamera(camera_config("picamera")).frame().captured_monotonic_s >= before


def test_a_pi_camera_that_stalls_or_is_not_plugged_in_is_a_fault(on_a_pi: type[Picamera2]) -> None:
    on_a_pi.stalled = True
    with pytest.raises(CameraError, match="camera-stalled"):
        PiCamera(camera_config("picamera")).frame()
    on_a_pi.found = False
    with pytest.raises(CameraError, match="no-camera"):
        open_camera(camera_config("picamera"))


def test_a_machine_without_picamera2_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="picamera2 can't be imported"):
        open_camera(camera_config("picamera"))
