"""The rules, the roster and the orders that central signed, as files of the node: verified on arrival and at
every start.

A document that does not verify, belongs to another node or is older than the one in force changes nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from attendance.errors import EvidenceError, ForeignError, HadirError, MalformedError
from attendance.exchange import Document, open_document
from attendance.orders import Orders
from attendance.people import Roster
from attendance.policy import Policy
from edge.durable_file import write_durably
from edge.punching import Standing

_log = logging.getLogger(__name__)
POLICY = "policy"
ROSTER = "roster"
ORDERS = "orders"
KINDS = (POLICY, ROSTER, ORDERS)


class NotEnrolledError(EvidenceError):
    """No server is known yet whose signature could be checked."""

    code = "not-enrolled"


class OldDocumentError(EvidenceError):
    """The node already works with a newer one; going back is not asked for by sending an old document."""

    code = "old-document"


class DocumentShelf:
    """What is in force, and the files that it was read from."""

    def __init__(
        self, folder: Path, node: str, lay_over: Callable[[Roster], Roster] = lambda roster: roster
    ) -> None:
        """Hold nothing yet; `load` reads what is there.

        Args:
            folder: the state folder, with policy.doc, roster.doc and orders.doc.
            node: this node's id; a roster or orders of another one are refused.
            lay_over: adds to a roster what this node knows and central does not yet.
        """
        self._folder = folder
        self._node = node
        self._lay_over = lay_over
        self._held: dict[str, Document] = {}
        self.standing = Standing()

    def load(self, document_key: str | None) -> dict[str, str]:
        """Read and verify what lies on the disk.

        Args:
            document_key: central's public key in hex, or None before the claim.

        Returns:
            By kind, the code of what is wrong with a file. The node works on without it.
        """
        problems: dict[str, str] = {}
        for kind in KINDS:
            try:
                data = (self._folder / f"{kind}.doc").read_bytes()
                self._put_in_force(self._opened(kind, data, document_key))
            except FileNotFoundError:
                continue
            except (OSError, HadirError) as error:
                problems[kind] = getattr(error, "code", "unreadable")
                _log.warning("%s.doc is not used: %s", kind, error)
        return problems

    def accept(self, kind: str, data: bytes, document_key: str | None) -> Document | None:
        """Take a document that has just come; durable and in force on return.

        Returns:
            The document, or None where exactly this one is in force already.

        Raises:
            EvidenceError: it is not what it should be; the code says why.
            PolicyError: the rules in it are impossible.
            PersonError: the people in it are impossible, or people are named that can't be.
            OSError: it can't be written.
        """
        if kind not in KINDS:
            raise MalformedError(f"{kind!r} is no kind of document")
        document = self._opened(kind, data, document_key)
        held = self._held.get(kind)
        if held is not None and document.sha256 == held.sha256:
            return None
        if held is not None and document.serial <= held.serial:
            raise OldDocumentError(f"{kind} {held.serial} is in force, {document.serial} is not newer")
        parsed = self._parsed(document)
        write_durably(self._folder / f"{kind}.doc", data)
        self._held[kind], self.standing = document, parsed
        return document

    def refresh(self) -> None:
        """What is laid over the roster has changed."""
        if ROSTER in self._held:
            self.standing = self._parsed(self._held[ROSTER])

    @property
    def roster_as_sent(self) -> Roster | None:
        """The roster without what is laid over it."""
        return Roster.parse(self._held[ROSTER].content) if ROSTER in self._held else None

    def serial(self, kind: str) -> int:
        """The number of the document in force, 0 where there is none."""
        return self._held[kind].serial if kind in self._held else 0

    def _opened(self, kind: str, data: bytes, document_key: str | None) -> Document:
        if document_key is None:
            raise NotEnrolledError("the node has not been claimed, so no document can be verified")
        return open_document(data, document_key, kind)

    def _put_in_force(self, document: Document) -> None:
        self.standing = self._parsed(document)
        self._held[document.kind] = document

    def _parsed(self, document: Document) -> Standing:
        if document.content.get("serial") != document.serial:
            raise MalformedError(f"the {document.kind} names another serial than its envelope")
        if document.kind == POLICY:
            return replace(self.standing, policy=Policy.parse(document.content))
        if document.kind == ORDERS:
            orders = Orders.parse(document.content)
            self._require_own(document.kind, orders.node)
            return replace(self.standing, orders=orders)
        roster = Roster.parse(document.content)
        self._require_own(document.kind, roster.node)
        return replace(self.standing, roster=self._lay_over(roster))

    def _require_own(self, kind: str, node: str) -> None:
        if node != self._node:
            raise ForeignError(f"the {kind} belongs to node {node}")
