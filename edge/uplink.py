"""The one door to central: HTTPS to a pinned authority, signed requests, bounded answers.

Only this module knows requests. Nothing is believed because it arrived: what an answer means is decided in
`edge.syncing`, from signatures that central made.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from requests.adapters import HTTPAdapter

from attendance import exchange, template_parcel
from attendance.errors import EvidenceError
from attendance.moment import from_ms, is_time_ms
from edge.answer import Answer
from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Patience
from edge.photo_store import NamedPhoto
from edge.tls import certificate_fault, clock_is_impossible, pinned_context

MAX_ANSWER_BYTES = 65_536
MAX_DOCUMENTS_BYTES = 4 * exchange.MAX_DOCUMENT_BYTES
MAX_TEMPLATE_BYTES = 2 * template_parcel.MAX_SEALED_BYTES  # refusals have to fit too
_NONCE_KEPT_S = (
    300  # central takes one for 600 s; an upload that is refused for its age is a waste of the link
)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name requests are signed."""

    node: str
    transport_key: Ed25519PrivateKey


class Uplink:
    """A conversation with central over one kept connection. Not for two threads at once.

    Every method raises `LinkError` when no answer can be had; an answer with any status is a value.
    """

    def __init__(
        self,
        url: str,
        ca_file: Path | None,
        identity: Identity | None = None,
        *,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: of central; plain http only to this machine itself.
            ca_file: the only authority that may vouch for central.
            identity: None before the node is claimed.
            wall_ms: the node's wall clock, to know when it can't be right.

        Raises:
            LinkError: the settings can't be used.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise link_error(LinkFault.SETTING, f"{url!r} is not the address of a server")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise link_error(
                LinkFault.SETTING, f"{url} is not encrypted: use https, http is for loopback only"
            )
        if parts.scheme == "https" and ca_file is None:
            raise link_error(LinkFault.SETTING, f"{url} needs a ca_file: the authority that vouches for it")
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._identity = identity
        self._wall_ms = wall_ms
        self._nonce: str | None = None
        self._nonce_since = 0.0
        self._server_time = from_ms(0)
        self._session: requests.Session | None = None
        self._session_ignores_time = False

    def ask_head(self, epoch: int, nonce: str, patience: Patience) -> Answer:
        """Ask for a signed checkpoint that echoes `nonce`."""
        query = {"epoch": epoch, "nonce": nonce}
        return self._signed("GET", f"{self._node_path}/head", query, patience=patience)

    def send_events(
        self, epoch: int, start: int, count: int, nonce: str, packed: bytes, patience: Patience
    ) -> Answer:
        """Hand in a gzipped batch; a signed checkpoint comes back once it is durable at central."""
        query = {"epoch": epoch, "start": start, "count": count, "nonce": nonce}
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
        return self._signed("POST", f"{self._node_path}/events", query, packed, headers, patience=patience)

    def fetch_documents(self, policy: int, roster: int, orders: int, patience: Patience) -> Answer:
        """Ask for signed documents newer than the serials held (0 for none)."""
        query = {"policy": policy, "roster": roster, "orders": orders}
        path = f"{self._node_path}/documents"
        return self._signed("GET", path, query, patience=patience, limit=MAX_DOCUMENTS_BYTES)

    def fetch_template(self, order: str, patience: Patience) -> Answer:
        """Ask for the template that an order needs, sealed for this node."""
        path = f"{self._node_path}/templates/{order}"
        return self._signed("GET", path, {}, patience=patience, limit=MAX_TEMPLATE_BYTES)

    def hand_in_template(self, order: str, sealed: bytes, patience: Patience) -> Answer:
        """Hand in the template that an order asks for, sealed for central."""
        headers = {"Content-Type": "application/octet-stream"}
        path = f"{self._node_path}/templates/{order}"
        return self._signed("PUT", path, {}, sealed, headers, patience=patience)

    def photo_offset(self, photo: NamedPhoto, patience: Patience) -> Answer:
        """Ask how much of a photo central holds."""
        path = f"{self._node_path}/photos/{photo.sha256}"
        return self._signed("HEAD", path, {"epoch": photo.epoch, "event": photo.seq}, patience=patience)

    def send_photo_piece(
        self, photo: NamedPhoto, offset: int, length: int, piece: bytes, patience: Patience
    ) -> Answer:
        """Hand in the bytes of a photo from `offset` on; `length` is that of the whole photo."""
        headers = {
            "Upload-Offset": str(offset),
            "Upload-Length": str(length),
            "Content-Type": "application/octet-stream",
        }
        path = f"{self._node_path}/photos/{photo.sha256}"
        return self._signed(
            "PATCH", path, {"epoch": photo.epoch, "event": photo.seq}, piece, headers, patience=patience
        )

    def report_status(self, fields: Mapping[str, Any], patience: Patience) -> Answer:
        """Tell what is still to come; for display only."""
        body = json.dumps(fields, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        return self._signed("POST", f"{self._node_path}/status", {}, body, headers, patience=patience)

    def claim(self, fields: Mapping[str, Any], patience: Patience) -> Answer:
        """Hand in a claim; the only request that is not signed: central does not know the key yet."""
        body = json.dumps(fields, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        return self._exchange(
            self._request("POST", "/v1/claim", {}, body, headers), patience, MAX_ANSWER_BYTES
        )

    def close(self) -> None:
        """Give the connection back; the next request opens a new one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    @property
    def _node_path(self) -> str:
        assert self._identity is not None, "an unclaimed node has nothing to send"
        return f"/v1/nodes/{self._identity.node}"

    def _signed(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        patience: Patience,
        limit: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Sign with the latest nonce and send; a stale nonce is replaced once."""
        if self._nonce is None or time.monotonic() - self._nonce_since > _NONCE_KEPT_S:
            self._fetch_nonce(patience)
        for last in (False, True):
            request = self._request(method, path, query, body, headers or {})
            self._sign(request, body)
            answer = self._exchange(request, patience, limit)
            # An answer to HEAD has no body to name the reason in.
            stale = answer.status == 401 and answer.error in ("nonce-stale", "")
            if not stale or last:
                break
            self._fetch_nonce(patience)
        return answer

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> requests.PreparedRequest:
        url = self._url + path + ("?" + urlencode(query) if query else "")
        shown = {"User-Agent": "hadir-node", "Accept-Encoding": "gzip", **headers}
        return requests.Request(method, url, headers=shown, data=body).prepare()

    def _sign(self, request: requests.PreparedRequest, body: bytes | None) -> None:
        """RFC 9421. `created` is the server's own time: what this node's clock says may be decades off."""
        assert self._identity is not None
        node, key = self._identity.node, self._identity.transport_key
        signer = HTTPMessageSigner(
            signature_algorithm=algorithms.ED25519,
            key_resolver=MappingKeyResolver(public_keys={}, private_keys={node: key}),
        )
        signer.sign(
            request,
            key_id=node,
            created=self._server_time,
            nonce=self._nonce,
            label="hadir",
            covered_component_ids=("@method", "@path", "@query"),
            body=body,
        )

    def _fetch_nonce(self, patience: Patience) -> None:
        self._nonce = None
        request = self._request("GET", "/v1/nonce", {}, None, {})
        answer = self._exchange(request, patience, MAX_ANSWER_BYTES)
        nonce, time_ms = answer.fields.get("nonce"), answer.fields.get("time_ms")
        if answer.overloaded:
            raise answer.fault()
        if answer.status != 200 or not _is_nonce(nonce) or not is_time_ms(time_ms):
            raise link_error(LinkFault.STRANGER, f"no nonce, or no time, in the answer {answer}")
        self._server_time = from_ms(time_ms)
        self._keep_nonce(nonce)

    def _keep_nonce(self, nonce: str) -> None:
        self._nonce, self._nonce_since = nonce, time.monotonic()

    def _exchange(self, request: requests.PreparedRequest, patience: Patience, limit: int) -> Answer:
        """Send one request and read one answer, whole and bounded."""
        timeouts = (patience.connect.total_seconds(), patience.answer.total_seconds())
        session = self._opened()
        try:
            response = session.send(request, timeout=timeouts, stream=True, allow_redirects=False)
            with response:
                deadline = time.monotonic() + timeouts[1]
                body = b"".join(_bounded(response, limit, deadline))
        except LinkError:
            self.close()
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            self.close()
            raise _translated(error, self._wall_ms()) from error
        if 300 <= response.status_code < 400:
            self.close()
            raise link_error(LinkFault.STRANGER, "a redirect: something between here and central answers")
        headers = {name.lower(): value for name, value in response.headers.items()}
        if _is_nonce(headers.get("hadir-nonce")):
            self._keep_nonce(headers["hadir-nonce"])
        try:
            plain = (
                exchange.inflate(body, limit) if headers.get("content-encoding") == "gzip" and body else body
            )
        except EvidenceError as error:
            raise link_error(LinkFault.STRANGER, f"the answer does not unpack: {error}") from error
        return Answer(response.status_code, plain, headers)

    def _opened(self) -> requests.Session:
        """The kept session, made anew when the clock became plausible or stopped being so."""
        ignore_time = clock_is_impossible(self._wall_ms())
        if self._session is None or self._session_ignores_time != ignore_time:
            self.close()
            self._session = _session(self._ca_file, ignore_time)
            self._session_ignores_time = ignore_time
        return self._session


class _PinnedAdapter(HTTPAdapter):
    """TLS by our own context: one authority, TLS 1.2 or newer, no public authorities beside it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Hand the context to urllib3."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def _session(ca_file: Path | None, ignore_time: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no authority and no password from the environment
    if ca_file is None:
        return session
    context = pinned_context(ca_file, ignore_time=ignore_time)
    # Named here too: left at True, requests would add every public authority to the context.
    session.verify = str(ca_file)
    session.mount("https://", _PinnedAdapter(context))
    return session


def _bounded(response: requests.Response, limit: int, deadline: float) -> Iterator[bytes]:
    """The raw bytes of the body, given up beyond `limit` or after `deadline` (monotonic seconds)."""
    received = 0
    while chunk := response.raw.read1(65_536, decode_content=False):
        received += len(chunk)
        if received > limit:
            raise link_error(LinkFault.TOO_LARGE, f"an answer of more than {limit} bytes")
        if time.monotonic() > deadline:
            raise link_error(LinkFault.TIMED_OUT, "the answer drips in too slowly")
        yield chunk


def _is_nonce(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 1 <= len(value) <= 256 and value.isascii() and value.isprintable()


def _translated(error: Exception, wall_ms: int) -> LinkError:
    """The one place where exceptions of requests, urllib3, ssl and the socket become ours."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return certificate_fault(cause, wall_ms)
    text = str(causes[-1])
    # First, since urllib3 counts a refused connection among the timeouts too.
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return link_error(LinkFault.UNREACHABLE, text)
    timeouts = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
    if any(isinstance(cause, timeouts) for cause in causes):
        return link_error(LinkFault.TIMED_OUT, f"no answer in time: {text}")
    if isinstance(error, requests.exceptions.InvalidURL) or not isinstance(
        error, requests.RequestException | urllib3.exceptions.HTTPError | OSError
    ):
        return link_error(LinkFault.STRANGER, f"an answer that is not HTTP: {text}")
    return link_error(LinkFault.CUT, f"the connection broke: {text}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything that it wraps, by whatever way the libraries wrap it."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        waiting += [item for item in inner if isinstance(item, BaseException)]
