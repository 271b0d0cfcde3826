"""The way from another process of this node to the punch process: JSON lines over `punch.sock`.

The punch process alone writes events, so what sync has to say goes here: anchors, documents, drops, alarms.
"""

import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from edge.faults import PunchSocketError

_MAX_REPLY_BYTES = 1_048_576


class PunchSocket:
    """One request, one reply, one connection; the punch process may be away at any time."""

    def __init__(self, path: Path, wait: timedelta = timedelta(seconds=10)) -> None:
        """Nothing is opened yet.

        Args:
            path: of `punch.sock`.
            wait: for the connection and for each part of the reply; a durable event may take its time.
        """
        self._path = path
        self._wait = wait

    def request(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and return the reply, also where it says no.

        Raises:
            PunchSocketError: the punch process is away, or answers in another language.
        """
        line = json.dumps(fields, separators=(",", ":")).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._wait.total_seconds())
                connection.connect(str(self._path))
                connection.sendall(line)
                reply = _line(connection)
        except OSError as error:
            raise PunchSocketError(f"the punch process does not answer on {self._path}: {error}") from error
        try:
            value = json.loads(reply)
        except (ValueError, RecursionError) as error:
            raise PunchSocketError("the punch process answered something that is not JSON") from error
        if not isinstance(value, dict):
            raise PunchSocketError("the punch process answered something that is no object")
        return value


def _line(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        part = connection.recv(65_536)
        if not part or len(received) > _MAX_REPLY_BYTES:
            raise ConnectionError("the reply was cut short or does not end")
        received += part
    return received
