"""Asking for a picture never holds a person up: each way of not answering has a reason."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.camera_socket import CameraSocket, Photo

GOOD = "ab" * 32
DRIP = b"one blank after the other"
WAIT = timedelta(milliseconds=150)
Serve = Callable[[bytes | None], Path]


@pytest.fixture
def served() -> threading.Event:
    """Set when the camera has answered."""
    return threading.Event()


@pytest.fixture
def camera(tmp_path: Path, served: threading.Event) -> Iterator[Serve]:
    """A camera process that answers with these bytes; None lets the question hang until the test ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "camera.sock"))
    listener.listen()
    over = threading.Event()
    threads = []

    def start(answer: bytes | None) -> Path:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                if answer is None:
                    over.wait(30)
                elif answer is DRIP:
                    with contextlib.suppress(ConnectionError):
                        while not over.wait(0.02):
                            connection.sendall(b" ")
                else:
                    connection.sendall(answer)
                    served.set()

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return tmp_path / "camera.sock"

    yield start
    over.set()
    for thread in threads:
        thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("answer", "photo"),
    [
        (f'{{"ok":true,"sha256":"{GOOD}","bytes":9}}\n'.encode(), Photo(GOOD, None)),
        (b'{"ok":false,"error":"camera-stalled"}\n', Photo(None, "camera-stalled")),
        (b'{"ok":false,"error":"' + b"x" * 99 + b'"}\n', Photo(None, "x" * 32)),
        (f'{{"ok":false,"sha256":"{GOOD}"}}\n'.encode(), Photo(None, "camera-damaged")),
        (b'{"ok":true,"sha256":"ABC"}\n', Photo(None, "camera-damaged")),
        (b'{"ok":true}\n', Photo(None, "camera-damaged")),
        (b"[]\n", Photo(None, "camera-damaged")),
        (b"\xff\n", Photo(None, "camera-damaged")),
        (b"", Photo(None, "camera-away")),
        (b'{"ok":true', Photo(None, "camera-away")),
        (b"x" * 9000, Photo(None, "camera-away")),
        (None, Photo(None, "camera-late")),
    ],
    ids=lambda value: "" if isinstance(value, Photo) else str(value)[:24],
)
def test_each_answer_is_a_photo_or_a_reason(camera: Serve, answer: bytes | None, photo: Photo) -> None:
    assert CameraSocket(camera(answer), WAIT).ask(1.0, "x").result() == photo


def test_a_camera_process_that_is_away_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "left-over.sock").touch()
    for name in ("nobody.sock", "left-over.sock"):
        asked = CameraSocket(tmp_path / name, WAIT).ask(1.0, "x")
        assert asked.result() == Photo(None, "camera-away")


def test_a_node_without_a_camera_says_so_and_asks_nobody() -> None:
    camera = CameraSocket(None, WAIT)
    assert not camera.present
    assert camera.ask(1.0, "x").result() == Photo(None, "no-camera")


def test_time_spent_elsewhere_counts_as_waiting(camera: Serve) -> None:
    asked = CameraSocket(camera(None), timedelta(milliseconds=5)).ask(1.0, "x")
    time.sleep(0.01)
    assert asked.result() == Photo(None, "camera-late")


def test_an_answer_that_is_there_already_is_taken_also_after_the_deadline(
    camera: Serve, served: threading.Event
) -> None:
    path = camera(f'{{"ok":true,"sha256":"{GOOD}"}}\n'.encode())
    asked = CameraSocket(path, timedelta(milliseconds=50)).ask(1.0, "x")
    assert served.wait(10)
    time.sleep(0.05)
    assert asked.result() == Photo(GOOD, None)


def test_a_camera_that_drips_its_answer_is_not_waited_for(camera: Serve) -> None:
    assert CameraSocket(camera(DRIP), WAIT).ask(1.0, "x").result() == Photo(None, "camera-late")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"ok":true}\n', "ok"),
        (b'{"ok":false,"error":"camera-stalled"}\n', "camera-stalled"),
        (b"[]\n", "camera-damaged"),
        (None, "camera-late"),
    ],
)
def test_the_state_of_the_camera_is_told_without_taking_a_photo(
    camera: Serve, answer: bytes | None, state: str
) -> None:
    assert CameraSocket(camera(answer), WAIT).state() == state
