"""A Unix socket on which other processes of this node ask: one JSON line in, one back, for each connection.

Who asks is checked by the kernel's word (SO_PEERCRED): root, the same user, or a user of the same group.
"""

import contextlib
import json
import logging
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)
_PEER = struct.Struct("3i")
_TIMEOUT_S = 5.0

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class LocalSocket:
    """A listening socket in its own thread; each connection in a thread of its own."""

    def __init__(
        self,
        path: Path,
        answer: Answer,
        *,
        max_request_bytes: int,
        unheard: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Listen.

        Args:
            path: of the socket; one that a killed process left behind is replaced.
            answer: makes a reply of a request. Called from several threads.
            max_request_bytes: longer requests are refused unread.
            unheard: told of a reply that nobody waited for.

        Raises:
            OSError: the socket can't be made there.
        """
        path.unlink(missing_ok=True)
        self._path = path
        self._server = _Server(str(path), answer, max_request_bytes, unheard)
        path.chmod(0o660)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name=path.name, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._path.unlink(missing_ok=True)


def may_ask(uid: int, gid: int) -> bool:
    """Whether a process of this user and group belongs to the node."""
    return uid in (0, os.geteuid()) or gid == os.getegid()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self,
        path: str,
        answer: Answer,
        max_request_bytes: int,
        unheard: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self.answer = answer
        self.max_request_bytes = max_request_bytes
        self.unheard = unheard
        super().__init__(path, _Connection)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - socketserver's shape
        asked = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        _, uid, gid = _PEER.unpack(asked)
        if not may_ask(uid, gid):
            _log.warning("user %d of group %d was not let in on %s", uid, gid, self.server_address)
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's shape
        _log.exception("a request on %s failed", self.server_address)


class _Connection(socketserver.StreamRequestHandler):
    timeout = _TIMEOUT_S
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            line = self.rfile.readline(self.server.max_request_bytes + 1)
            reply = self._reply(line)
            try:
                self.wfile.write(json.dumps(reply, separators=(",", ":")).encode() + b"\n")
            except (TimeoutError, ConnectionError):
                if self.server.unheard is not None:
                    self.server.unheard(reply)

    def _reply(self, line: bytes) -> dict[str, Any]:
        if len(line) > self.server.max_request_bytes:
            return {"ok": False, "error": "oversize"}
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "malformed"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "malformed"}
        return self.server.answer(request)
