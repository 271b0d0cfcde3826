"""The Unix socket that JSON lines come in by."""

import contextlib
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

LONGEST_LINE_BYTES = 1_000_000


class ControlSocket:
    """Several clients, each a line in and a line out; served from the module's own loop."""

    def __init__(self, path: Path, answer: Callable[[bytes], bytes]) -> None:
        self.path = path
        self._answer = answer
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(8)
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}

    @property
    def descriptors(self) -> list[int]:
        """What to watch for reading."""
        return [self._listener.fileno(), *self._clients]

    def serve(self, readable: Iterable[int]) -> None:
        """Handle those of the watched descriptors that are readable."""
        for descriptor in readable:
            if descriptor == self._listener.fileno():
                client, _ = self._listener.accept()
                client.settimeout(5.0)
                self._clients[client.fileno()] = client, bytearray()
            elif descriptor in self._clients:
                self._read(descriptor)

    def _read(self, descriptor: int) -> None:
        client, waiting = self._clients[descriptor]
        try:
            data = client.recv(65536)
            waiting += data
            while (end := waiting.find(b"\n")) >= 0:
                line = bytes(waiting[:end])
                del waiting[: end + 1]
                if line.strip():
                    client.sendall(self._answer(line))
        except OSError:
            data = b""
        if not data or len(waiting) > LONGEST_LINE_BYTES:
            del self._clients[descriptor]
            client.close()

    def close(self) -> None:
        """Close everything and remove the socket file."""
        for client, _ in self._clients.values():
            client.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)
