"""Asks the camera process for the frame of a moment. The answer may stay away; no person waits for it."""

import json
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from attendance.seal import is_hash

_MAX_REPLY_BYTES = 4096
_MAX_REASON_CHARS = 32
_DAMAGED = "camera-damaged"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo by its hash, or the reason why there is none; exactly one of them."""

    sha256: str | None
    missing: str | None


class PendingPhoto:
    """A question to the camera that is on its way."""

    def __init__(self, connection: socket.socket | None, deadline_s: float, missing: str = "") -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self._missing = missing

    def result(self) -> Photo:
        """The answer, or what became of it by the deadline. Never raises, never waits longer."""
        reply = self.reply()
        sha256 = reply.get("sha256")
        if reply.get("ok") is True:
            return Photo(sha256, None) if is_hash(sha256) else Photo(None, _DAMAGED)
        return Photo(None, _reason(reply))

    def reply(self) -> dict[str, Any]:
        """The same as the object that the camera process sent, or one of our own that says what happened."""
        if self._connection is None:
            return {"ok": False, "error": self._missing}
        with self._connection as connection:
            try:
                reply = json.loads(_line(connection, self._deadline_s))
            except (TimeoutError, BlockingIOError):
                return {"ok": False, "error": "camera-late"}
            except OSError:
                return {"ok": False, "error": "camera-away"}
            except (ValueError, RecursionError):
                return {}
        return reply if isinstance(reply, dict) else {}


class CameraSocket:
    """The way to the camera process, or no camera at all."""

    def __init__(self, path: Path | None, wait: timedelta) -> None:
        """Nothing is opened yet.

        Args:
            path: of `camera.sock`, or None where the node has no camera.
            wait: from the question to the latest moment of `result`.
        """
        self._path = path
        self._wait_s = wait.total_seconds()

    @property
    def present(self) -> bool:
        """Whether the node should have a camera."""
        return self._path is not None

    def ask(self, at_monotonic_s: float, text: str) -> PendingPhoto:
        """Ask for the frame of a moment and come back at once.

        Args:
            at_monotonic_s: on CLOCK_MONOTONIC.
            text: what is drawn into the picture.
        """
        return self._send({"do": "frame", "at_monotonic_s": at_monotonic_s, "text": text})

    def state(self) -> str:
        """ "ok" where a fresh frame is at hand, else the reason why there would be no photo now."""
        reply = self._send({"do": "state"}).reply()
        return "ok" if reply.get("ok") is True else _reason(reply)

    def _send(self, request: dict[str, Any]) -> PendingPhoto:
        deadline_s = time.monotonic() + self._wait_s
        if self._path is None:
            return PendingPhoto(None, deadline_s, "no-camera")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._wait_s)
        try:
            connection.connect(str(self._path))
            connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            connection.close()
            return PendingPhoto(None, deadline_s, "camera-away")
        return PendingPhoto(connection, deadline_s)


def _line(connection: socket.socket, deadline_s: float) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        # Past the deadline an answer that is already there is still taken; nothing is waited for.
        connection.settimeout(max(0.0, deadline_s - time.monotonic()))
        part = connection.recv(_MAX_REPLY_BYTES)
        if not part or len(received) > _MAX_REPLY_BYTES:
            raise ConnectionError
        received += part
    return received


def _reason(reply: dict[str, Any]) -> str:
    error = reply.get("error")
    return error[:_MAX_REASON_CHARS] if isinstance(error, str) and error else _DAMAGED
