"""The camera at the door, behind one small interface: the Pi's own, an emulated one over a socket, or none.

Only this module knows picamera2, and only when a Pi's camera is asked for: elsewhere it is not installed.
"""

import io
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image, UnidentifiedImageError

from edge.config import CameraConfig
from edge.faults import Fault

FRAME_TIMEOUT_S = 5.0
_MAX_HEADER_BYTES = 1024
_MAX_JPEG_BYTES = 2_000_000
_OLDEST_SANE_S = 5.0


class CameraError(Fault):
    """The camera gives no pictures. Attendance goes on without them; the event says why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, retry=True, message=message, sentence_id="camera-fault")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, and when its light was caught (CLOCK_MONOTONIC, seconds)."""

    captured_monotonic_s: float
    image: Image.Image


class Camera(Protocol):
    """What the camera process needs of a camera."""

    def frame(self) -> Frame:
        """The next picture; waits for it, at most FRAME_TIMEOUT_S.

        Raises:
            CameraError: none came, or the camera is gone.
        """
        ...

    def close(self) -> None:
        """Give the camera back. Safe after a fault."""
        ...


def open_camera(config: CameraConfig) -> Camera:
    """The camera of the configuration.

    Raises:
        CameraError: there is none, or it can't be opened.
    """
    if config.source == "picamera":
        return PiCamera(config)
    if config.socket is not None:
        return SocketCamera(config.socket, config.frames_per_s)
    raise CameraError("no-camera", "the configuration names no camera")


class PiCamera:
    """A camera module of the Pi through picamera2.

    Frames come from the running video configuration: no mode switch, which is slow and leaks (cctv.md).
    """

    def __init__(self, config: CameraConfig) -> None:
        """Start the camera.

        Raises:
            CameraError: picamera2 is not installed, or libcamera finds no camera.
        """
        try:
            from picamera2 import Picamera2  # noqa: PLC0415 - exists on a Pi only
        except ImportError as error:
            raise CameraError("no-camera", f"picamera2 can't be imported: {error}") from error
        try:
            self._camera = Picamera2()
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": (config.width_px, config.height_px), "format": "RGB888"},
                    controls={"FrameRate": config.frames_per_s},
                    buffer_count=4,
                )
            )
            self._camera.start()
        # libcamera raises RuntimeError, picamera2 IndexError where no camera is plugged in.
        except (RuntimeError, IndexError, OSError) as error:
            raise CameraError("no-camera", f"the camera does not start: {error!r}") from error

    def frame(self) -> Frame:
        """As Camera. The time limit is what notices an encoder or sensor that stalls without an error."""
        try:
            request = self._camera.capture_request(wait=FRAME_TIMEOUT_S)
        except (TimeoutError, RuntimeError, OSError) as error:
            raise CameraError("camera-stalled", f"no frame within {FRAME_TIMEOUT_S} s: {error!r}") from error
        try:
            image = request.make_image("main").convert("RGB")
            stamp_ns = request.get_metadata().get("SensorTimestamp", 0)
        except (RuntimeError, OSError, ValueError) as error:
            raise CameraError("camera-damaged", f"a frame can't be read: {error!r}") from error
        finally:
            request.release()
        now = time.monotonic()
        captured = stamp_ns / 1e9
        return Frame(captured if 0 <= now - captured <= _OLDEST_SANE_S else now, image)

    def close(self) -> None:
        """As Camera."""
        self._camera.close()


class SocketCamera:
    """An emulated camera: JPEG frames over a Unix socket (`emulators/camera.py` tells the protocol)."""

    def __init__(self, path: Path, frames_per_s: int) -> None:
        """Connect and ask for frames.

        Raises:
            CameraError: nobody listens there.
        """
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(FRAME_TIMEOUT_S)
        try:
            self._connection.connect(str(path))
            self._connection.sendall(json.dumps({"do": "stream", "fps": frames_per_s}).encode() + b"\n")
        except OSError as error:
            self._connection.close()
            raise CameraError("no-camera", f"no camera listens on {path}: {error}") from error
        self._stream = self._connection.makefile("rb")

    def frame(self) -> Frame:
        """As Camera."""
        try:
            line = self._stream.readline(_MAX_HEADER_BYTES)
            if not line:
                raise CameraError("camera-away", "the camera hung up")
            header = json.loads(line)
            size, captured_ns = int(header["bytes"]), int(header["captured_monotonic_ns"])
            if not 0 < size <= _MAX_JPEG_BYTES:
                raise CameraError("camera-damaged", f"the camera announces a frame of {size} bytes")
            jpeg = self._stream.read(size)
            if len(jpeg) < size:
                raise CameraError("camera-away", "the camera hung up within a frame")
            # Only the frames that are asked for are decoded: `open` reads no more than the header.
            return Frame(captured_ns / 1e9, Image.open(io.BytesIO(jpeg)))
        except TimeoutError as error:
            raise CameraError("camera-stalled", f"no frame within {FRAME_TIMEOUT_S} s") from error
        except (OSError, ValueError, KeyError, TypeError, UnidentifiedImageError) as error:
            raise CameraError("camera-damaged", f"the camera sent no frame: {error!r}") from error

    def close(self) -> None:
        """As Camera."""
        self._stream.close()
        self._connection.close()
