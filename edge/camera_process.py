"""The camera process: keeps the last seconds of frames and writes the one that a punch asks for.

Its own process, so that a camera that stalls never stops attendance. It answers `camera.sock`.
"""

import contextlib
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from edge.camera import Camera, CameraError, Frame, open_camera
from edge.config import CameraConfig, NodeConfig
from edge.frame_ring import FrameRing
from edge.local_socket import LocalSocket
from edge.photo_store import PhotoStore
from edge.stamping import Stamper
from edge.stopping import StopSignal

_log = logging.getLogger(__name__)
KEPT = timedelta(seconds=6)
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_MAX_REQUEST_BYTES = 4096
_MAX_TEXT_CHARS = 120


class Grabber:
    """Fills the ring from the camera and opens it again, with growing pauses, when it fails."""

    def __init__(
        self, config: CameraConfig, ring: FrameRing, opener: Callable[[CameraConfig], Camera] = open_camera
    ) -> None:
        self._config = config
        self._ring = ring
        self._open = opener
        self._stop = threading.Event()
        self.fault: str | None = "camera-starting"

    def run(self) -> None:
        """Until `stop`."""
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                for _ in self._frames():
                    pause_s = _FIRST_PAUSE_S
            except CameraError as error:
                if error.kind != self.fault:
                    _log.warning("%s", error)
                self.fault = error.kind
                self._ring.clear()
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End `run` after the frame that it waits for."""
        self._stop.set()

    def _frames(self) -> Iterator[None]:
        camera = self._open(self._config)
        try:
            while not self._stop.is_set():
                self._ring.add(camera.frame())
                self.fault = None
                yield
        finally:
            camera.close()


class FrameDesk:
    """Answers requests for a frame: picks it, stamps it, writes it."""

    def __init__(self, ring: FrameRing, grabber: Grabber, stamper: Stamper, store: PhotoStore) -> None:
        self._ring = ring
        self._grabber = grabber
        self._stamper = stamper
        self._store = store
        self._lock = threading.Lock()
        self._fresh: Counter[str] = Counter()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply of `camera.sock`; the photo is written, but not yet through a power cut."""
        now = time.monotonic()
        if request.get("do") == "state":
            found = self._ring.at(now, now)
            return {"ok": True} if isinstance(found, Frame) else self._without(found)
        at, text = request.get("at_monotonic_s"), request.get("text", "")
        at = now if at is None else at
        good_time = isinstance(at, int | float) and not isinstance(at, bool) and math.isfinite(at)
        if request.get("do") != "frame" or not good_time or not isinstance(text, str):
            return {"ok": False, "error": "malformed"}
        found = self._ring.at(at, now)
        if not isinstance(found, Frame):
            return self._without(found)
        try:
            with self._lock:
                jpeg = self._stamper.jpeg(found.image, text[:_MAX_TEXT_CHARS])
        except (OSError, ValueError, SyntaxError) as error:  # Pillow's words for a damaged picture
            _log.warning("a frame can't be used: %s", error)
            return {"ok": False, "error": "camera-damaged"}
        try:
            sha256 = self._written(jpeg)
        except OSError as error:
            _log.warning("a photo can't be written: %s", error)
            return {"ok": False, "error": "photo-not-written"}
        return {
            "ok": True,
            "sha256": sha256,
            "bytes": len(jpeg),
            "captured_monotonic_s": found.captured_monotonic_s,
        }

    def _without(self, reason: str) -> dict[str, Any]:
        return {"ok": False, "error": self._grabber.fault or reason}

    def _written(self, jpeg: bytes) -> str:
        with self._lock:
            sha256, is_new = self._store.put(jpeg)
            if is_new or sha256 in self._fresh:
                self._fresh[sha256] += 1
            return sha256

    def unheard(self, reply: dict[str, Any]) -> None:
        """The punch did not wait for this photo: no event names it, unless another one got it too."""
        sha256 = reply.get("sha256")
        with self._lock:
            if isinstance(sha256, str) and self._fresh.pop(sha256, 0) == 1:
                self._store.remove(sha256)

    def make_durable(self) -> None:
        """Bring the photos of the last requests through a power cut."""
        with self._lock:
            names, self._fresh = list(self._fresh), Counter()
        for name in names:
            # A photo that was shed meanwhile, or a full disk: sync tells central by a signed drop.
            with contextlib.suppress(OSError):
                self._store.make_durable(name)


def run(config: NodeConfig) -> int:
    """Serve frames until SIGTERM.

    Returns:
        The exit status.
    """
    stop = StopSignal()
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = FrameRing(KEPT)
    grabber = Grabber(config.camera, ring)
    store = PhotoStore(config.state_dir / "photos")
    desk = FrameDesk(ring, grabber, Stamper(config.camera.photo_max_bytes), store)
    thread = threading.Thread(target=grabber.run, name="grabber", daemon=True)
    thread.start()
    door = LocalSocket(
        config.state_dir / "camera.sock",
        desk.answer,
        max_request_bytes=_MAX_REQUEST_BYTES,
        unheard=desk.unheard,
    )
    while not stop.wait(0.2):
        desk.make_durable()
    door.close()
    grabber.stop()
    desk.make_durable()
    thread.join(timeout=2.0)
    return 0
