"""An emulated camera at an office door: a moving picture over a Unix socket.

    python -m emulators.camera --socket PATH --place NAME [--clock FILE] [--seed N] [--size 640x480]

The scene is a wall with a door and somebody walking past, drawn with Pillow; time and place are drawn in.
It shares no code with the node. The clock file is the one that `emulators/clock.py` writes.

Protocol, one connection for each viewer:

    -> {"do":"stream","fps":5}\\n               frames until the viewer hangs up
    <- {"captured_monotonic_ns":N,"bytes":B}\\n followed by B bytes of JPEG; again for each frame
    -> {"do":"freeze"}\\n or {"do":"thaw"}\\n    as a stalled camera does; <- {"ok":true}\\n

captured_monotonic_ns is CLOCK_MONOTONIC of this machine at the instant the picture shows.
"""

import argparse
import contextlib
import io
import json
import math
import random
import signal
import socketserver
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIB = timedelta(hours=7)
_CROSSING_S = 6.0
_MAX_FPS = 30


class Scene:
    """Draws the door at any instant. The same seed and instant give the same picture."""

    def __init__(self, place: str, size: tuple[int, int], seed: int = 0) -> None:
        self._place = place
        self._size = size
        self._seed = seed
        self._backdrop = self._draw_backdrop()
        self._font = ImageFont.load_default(max(10, size[1] // 24))

    def picture(self, at_s: float, caption: str) -> Image.Image:
        """The scene at `at_s` seconds with a caption; a different person walks by in each crossing."""
        picture = self._backdrop.copy()
        draw = ImageDraw.Draw(picture)
        crossing, phase = divmod(at_s, _CROSSING_S)
        self._draw_person(draw, random.Random(f"{self._seed}/{int(crossing)}"), phase / _CROSSING_S)
        draw.text((8, 6), f"{self._place}  {caption}", fill=(250, 250, 120), font=self._font)
        return picture

    def _draw_backdrop(self) -> Image.Image:
        width, height = self._size
        rng = random.Random(f"{self._seed}/wall")
        picture = Image.new("RGB", self._size, (196, 190, 176))
        draw = ImageDraw.Draw(picture)
        for y in range(height):
            shade = 196 - 46 * y // height
            draw.line((0, y, width, y), fill=(shade, shade - 4, shade - 16))
        draw.rectangle((0, height * 4 // 5, width, height), fill=(112, 98, 84))
        left = width * (50 + rng.randrange(20)) // 100
        draw.rectangle(
            (left, height // 5, left + width // 4, height * 4 // 5), fill=(92, 60, 38), outline=(50, 32, 20)
        )
        draw.ellipse(
            (left + width // 5, height // 2, left + width // 5 + 8, height // 2 + 8), fill=(210, 180, 70)
        )
        for _ in range(width * height // 60):
            x, y, light = rng.randrange(width), rng.randrange(height), rng.randint(-12, 12)
            red, green, blue = picture.getpixel((x, y))  # type: ignore[misc]
            picture.putpixel((x, y), (red + light, green + light, blue + light))
        return picture

    def _draw_person(self, draw: ImageDraw.ImageDraw, rng: random.Random, phase: float) -> None:
        width, height = self._size
        tall = height * rng.uniform(0.52, 0.66)
        shirt = (rng.randrange(40, 220), rng.randrange(40, 220), rng.randrange(40, 220))
        skin = tuple(channel + rng.randrange(-20, 20) for channel in (168, 120, 88))
        hair = (30, 24, 20) if rng.random() < 0.6 else shirt
        x = -0.2 * width + 1.4 * width * phase
        step = math.sin(phase * 40)
        feet = height * 0.93 + 3 * step
        head = tall * 0.16
        hips, shoulders = feet - tall * 0.45, feet - tall * 0.84
        for side in (-1, 1):
            draw.line(
                (x, hips, x + side * step * tall * 0.12, feet), fill=(40, 40, 60), width=int(tall * 0.09)
            )
        draw.rounded_rectangle(
            (x - tall * 0.13, shoulders, x + tall * 0.13, hips + tall * 0.04), tall * 0.06, fill=shirt
        )
        top = shoulders - head * 1.35
        draw.ellipse((x - head * 0.58, top - 3, x + head * 0.58, top + head * 0.8), fill=hair)
        draw.ellipse((x - head * 0.5, top, x + head * 0.5, top + head * 1.25), fill=skin)


class CameraEmulator:
    """The camera: one scene, any number of viewers."""

    def __init__(self, scene: Scene, clock_file: Path | None = None) -> None:
        self._scene = scene
        self._clock_file = clock_file
        self._frozen = threading.Event()

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """Freeze or thaw."""
        if request.get("do") == "freeze":
            self._frozen.set()
        elif request.get("do") == "thaw":
            self._frozen.clear()
        else:
            return {"ok": False, "error": "unknown request"}
        return {"ok": True}

    def frame(self) -> tuple[int, bytes]:
        """A frame of now: CLOCK_MONOTONIC in nanoseconds, JPEG."""
        while self._frozen.is_set():
            time.sleep(0.02)
        now_ns = time.monotonic_ns()
        out = io.BytesIO()
        picture = self._scene.picture(now_ns / 1e9, f"{self._wall() + _WIB:%d-%m-%Y %H:%M:%S} WIB")
        picture.save(out, "JPEG", quality=80)
        return now_ns, out.getvalue()

    def _wall(self) -> datetime:
        if self._clock_file is None:
            return datetime.now(UTC)
        said = json.loads(self._clock_file.read_bytes())
        passed_ms = (time.monotonic_ns() - said["at_monotonic_ns"]) * said["rate"] / 1e6
        return _EPOCH + timedelta(milliseconds=said["wall_ms"] + passed_ms)


class CameraServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The socket of the camera."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path, camera: CameraEmulator) -> None:
        """Listen there; a socket file that is left over is replaced."""
        path.unlink(missing_ok=True)
        self.camera = camera
        super().__init__(str(path), _Viewer)


class _Viewer(socketserver.StreamRequestHandler):
    server: CameraServer

    def handle(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            request = json.loads(self.rfile.readline(4096))
            if request.get("do") != "stream":
                self.wfile.write(json.dumps(self.server.camera.control(request)).encode() + b"\n")
                return
            self._stream(1.0 / min(_MAX_FPS, max(0.1, float(request.get("fps", 5)))))

    def _stream(self, pause_s: float) -> None:
        due = time.monotonic()
        while True:
            captured_ns, jpeg = self.server.camera.frame()
            header = json.dumps({"captured_monotonic_ns": captured_ns, "bytes": len(jpeg)})
            self.wfile.write(header.encode() + b"\n" + jpeg)
            due = max(due + pause_s, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def main(arguments: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(prog="python -m emulators.camera", description="Emulate a camera.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--place", required=True, help="drawn into the picture")
    parser.add_argument("--clock", type=Path, help="an emulated clock; else the real time")
    parser.add_argument("--seed", type=int, default=0, help="which people walk by")
    parser.add_argument("--size", default="640x480", help="pixels, WIDTHxHEIGHT")
    asked = parser.parse_args(arguments)
    width, _, height = asked.size.partition("x")
    if not (width.isdigit() and height.isdigit() and 80 <= int(width) <= 4096 and 60 <= int(height) <= 4096):
        parser.error(f"--size {asked.size}: write it like 640x480")
    scene = Scene(asked.place, (int(width), int(height)), asked.seed)
    server = CameraServer(asked.socket, CameraEmulator(scene, asked.clock))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"the camera of {asked.place} listens on {asked.socket}\n")
    sys.stdout.flush()
    server.serve_forever(0.1)
    server.server_close()
    asked.socket.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
