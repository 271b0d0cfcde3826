"""What other processes of this node may ask of the punch process, and how its one thread answers.

The socket's threads only queue; the owner of journal and sensor answers between two looks at the glass.
"""

import logging
import queue
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from attendance.errors import EvidenceError, HadirError, MalformedError
from attendance.punch import DROP, HEALTH, POLICY
from edge.documents import KINDS, ORDERS, DocumentShelf
from edge.faults import EnrolmentError, Fault, StorageError
from edge.logbook import Logbook
from edge.server_record import ServerRecord
from edge.timing import Anchor

_log = logging.getLogger(__name__)
MAX_REQUEST_BYTES = 3_000_000
_PATIENCE_S = 30.0
_FROM_OUTSIDE = (DROP, HEALTH)

Reply = dict[str, Any]


class RequestQueue:
    """Requests on their way from the socket's threads to the owner's."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[dict[str, Any], Future[Reply]]] = queue.Queue(maxsize=32)

    def answer(self, request: dict[str, Any]) -> Reply:
        """Wait for the owner's reply; called in a thread of the socket."""
        future: Future[Reply] = Future()
        try:
            self._waiting.put_nowait((request, future))
            return future.result(_PATIENCE_S)
        except (queue.Full, TimeoutError):
            return {"ok": False, "error": "busy"}

    def serve(self, handle: Callable[[dict[str, Any]], Reply], wait_s: float) -> None:
        """Answer what waits; with nothing to do, wait this long for the first one. The owner's thread."""
        until = time.monotonic() + wait_s
        while True:
            try:
                request, future = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            try:
                future.set_result(handle(request))
            except Exception as error:  # our mistake in an answer must not end attendance
                future.set_exception(error)
            until = 0.0


def server_record(server_file: Path) -> ServerRecord | None:
    """Whom the node reports to, or None before the claim."""
    try:
        return ServerRecord.load(server_file)
    except EnrolmentError as error:
        if error.kind != "not-enrolled":
            _log.warning("%s", error)
        return None


class Answers:
    """The replies to requests, by the word in `do`."""

    def __init__(
        self,
        logbook: Logbook,
        shelf: DocumentShelf,
        server_file: Path,
        facts: Callable[[], Mapping[str, Any]],
        further: Mapping[str, Callable[[dict[str, Any]], Reply]] | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            logbook: where events go.
            shelf: where documents go.
            server_file: `server.json`, which may appear while the process runs.
            facts: what a status reply tells of the process itself.
            further: what else can be asked, by the word in `do`.
        """
        self._logbook = logbook
        self._shelf = shelf
        self._server_file = server_file
        self._facts = facts
        self._further = dict(further or {})

    def handle(self, request: dict[str, Any]) -> Reply:
        """The reply; what can't be done is a reply too."""
        deeds: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "anchor": self._anchor,
            "document": self._document,
            "event": self._event,
            "mend": self._mend,
            "status": self._status,
            **self._further,
        }
        deed = deeds.get(str(request.get("do")))
        if deed is None:
            return _no("unknown-request", f"{request.get('do')!r} is nothing that can be asked here")
        try:
            return {"ok": True, **deed(request)}
        except EvidenceError as error:
            return _no(error.code, str(error))
        except HadirError as error:
            return _no("refused", str(error))
        except Fault as error:
            return _no(error.kind, error.message)
        except OSError as error:
            _log.warning("a request can't be fulfilled: %s", error)
            return _no("disk", str(error))

    def _anchor(self, request: dict[str, Any]) -> Reply:
        return {"seq": self._logbook.anchor(Anchor.parse(request))}

    def _document(self, request: dict[str, Any]) -> Reply:
        kind, data = request.get("kind"), request.get("data")
        if kind not in KINDS or not isinstance(data, str):
            raise MalformedError("a document has a kind and its text as data")
        record = server_record(self._server_file)
        text = data.encode(errors="surrogatepass")  # what is no text is refused as no document
        document = self._shelf.accept(kind, text, record.document_key if record else None)
        if document is None:
            return {"serial": self._shelf.serial(kind)}
        if kind == ORDERS:
            # No event for each: a wave of searches makes a new document every half minute, none of them is a
            # rule by which anybody is judged, and the end of every order is an event of its own.
            return {"serial": document.serial}
        content = {"document": kind, "serial": document.serial, "sha256": document.sha256}
        try:
            event = self._logbook.write(POLICY, content)
        except StorageError as error:
            # It is in force and on the disk; that no event tells of it is a fault of the storage, said there.
            _log.warning("%s %d is in force without an event: %s", kind, document.serial, error)
            return {"serial": document.serial}
        return {"serial": document.serial, "seq": event.seq}

    def _event(self, request: dict[str, Any]) -> Reply:
        type_, content = request.get("type"), request.get("content")
        if type_ not in _FROM_OUTSIDE or not isinstance(content, dict):
            raise MalformedError(f"only {' and '.join(_FROM_OUTSIDE)} events with their content are taken")
        return {"seq": self._logbook.write(type_, content).seq}

    def _mend(self, request: dict[str, Any]) -> Reply:
        seq = request.get("seq")
        if type(seq) is not int or seq < 1:
            raise MalformedError("what to mend is said by the number of an event")
        return {"was_whole": self._logbook.mend(seq)}

    def _status(self, _request: dict[str, Any]) -> Reply:
        link = self._logbook.link
        moment = self._logbook.moment()
        return {
            "node": link.node,
            "epoch": link.epoch,
            "size": link.size,
            "head": link.head,
            "clock": moment.state.value,
            **{kind: self._shelf.serial(kind) for kind in KINDS},
            **self._facts(),
        }


def _no(code: str, text: str) -> Reply:
    return {"ok": False, "error": code, "text": text}
