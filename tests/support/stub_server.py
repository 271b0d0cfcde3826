"""A server that answers exactly the bytes that a test tells it to, over TCP or TLS."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Request], bytes | Iterable[bytes] | None]
"""What to send for a request, in one or more parts; None closes the connection without a word."""


@dataclass
class StubServer:
    script: Script
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait(self, seconds: float) -> bool:
        """Sleep within a script; true when the test is over."""
        return self._over.wait(seconds)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection:
            try:
                if self.context is None:
                    self._talk(connection)
                else:
                    with self.context.wrap_socket(connection, server_side=True) as wrapped:
                        self._talk(wrapped)
            except OSError:
                return

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        while (request := self._read(connection)) is not None:
            self.requests.append(request)
            answer = self.script(request)
            if answer is None:
                return
            for part in [answer] if isinstance(answer, bytes) else answer:
                connection.sendall(part)

    def _read(self, connection: socket.socket) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data or len(data) < self._whole(data):
            if self._over.is_set():
                return None
            try:
                part = connection.recv(65_536)
            except TimeoutError:
                continue
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Request(method, target, headers, body)

    @staticmethod
    def _whole(data: bytes) -> int:
        head, _, _ = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        return len(head) + 4 + length


def answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Authority:
    """A private authority for tests; `serving` makes a certificate under it."""

    folder: Path
    name: str = "test authority"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = self._builder(self._subject, self._key, (1970, 2070))
        ca = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        identity = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        certificate = ca.add_extension(identity, critical=False).sign(self._key, hashes.SHA256())
        self.file = self.folder / f"{self.name}.crt"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def serving(self, address: str = "127.0.0.1", years: tuple[int, int] = (1970, 2070)) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "central")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = self._builder(subject, key, years).add_extension(names, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        file = self.folder / f"server-{address}-{years}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, years: tuple[int, int]
    ) -> x509.CertificateBuilder:
        begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in years)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
