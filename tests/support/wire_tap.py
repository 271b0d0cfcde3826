"""Somebody on the wire between the nodes and central, who writes down every byte that passes."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def tapped(to_port: int, file: Path) -> Iterator[int]:
    """Pass connections on to a port of the loopback; the port to connect to instead."""
    with socket.create_server(("127.0.0.1", 0)) as listener, file.open("ab") as written:
        lock = threading.Lock()

        def pour(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65_536):
                    with lock:
                        written.write(data)
                        written.flush()
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    far = socket.create_connection(("127.0.0.1", to_port))
                    ends.extend((near, far))
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=pour, args=pair, daemon=True).start()

        ends: list[socket.socket] = []
        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        for end in ends:
            end.close()
