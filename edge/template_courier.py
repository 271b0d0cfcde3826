"""Carries sealed templates between central and the punch process. It can't open them, and keeps none.

What is to be carried the punch process says, one errand at a time. An errand that central does not want is
told back, so that it is not asked for again.
"""

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from attendance.errors import MalformedError
from attendance.orders import check_order_id
from attendance.template_parcel import MAX_SEALED_BYTES
from edge.answer import Answer
from edge.faults import PunchSocketError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Patience

LOG = logging.getLogger(__name__)
_OF_THE_ORDER = (404, 413, 422)
"""With these central speaks of this order; with others of the node, or of itself."""
_SEALED = "application/octet-stream"
_USELESS = ("malformed", "oversize")


class TemplateDoor(Protocol):
    """What of `edge.uplink.Uplink` is needed here."""

    def fetch_template(self, order: str, patience: Patience) -> Answer: ...  # noqa: D102
    def hand_in_template(self, order: str, sealed: bytes, patience: Patience) -> Answer: ...  # noqa: D102


class Punch(Protocol):
    """The punch process (`edge.punch_socket.PunchSocket`)."""

    def request(self, fields: Mapping[str, Any]) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of one walk.

    Attributes:
        size_bytes: what the link has carried; 0 where there was nothing to do.
        more: whether it is worth asking again soon.
    """

    size_bytes: int
    more: bool


class TemplateCourier:
    """One errand at a time."""

    def __init__(self, door: TemplateDoor, punch: Punch, patience: Callable[[int], Patience]) -> None:
        """Nothing is carried yet; `patience` says how long so many bytes may take."""
        self._door = door
        self._punch = punch
        self._patience = patience

    def walk(self) -> Walk:
        """Ask for an errand and do it.

        Raises:
            PunchSocketError: the punch process is away, or answers in another language.
            LinkError: central is out of reach, or does not want this node now.
        """
        reply = self._punch.request({"do": "errand"})
        errand, more = reply.get("errand"), reply.get("waiting") is True
        if errand is None:  # also from a punch process of an older version, which knows none
            return Walk(0, more)
        order, what, data = _errand(errand)
        if what == "fetch":
            return Walk(self._fetch(order), more)
        return Walk(self._hand_in(order, data), more)

    def _fetch(self, order: str) -> int:
        answer = self._door.fetch_template(order, self._patience(MAX_SEALED_BYTES))
        if answer.status != 200:
            self._refused(order, answer)
            return 0
        if not answer.headers.get("content-type", "").startswith(_SEALED):
            raise link_error(LinkFault.STRANGER, f"what came for {order} is no sealed template")
        data = b64encode(answer.body).decode()
        reply = self._punch.request({"do": "errand-data", "order": order, "data": data})
        if reply.get("error") in _USELESS:
            raise link_error(LinkFault.STRANGER, f"what came for {order} is no sealed template")
        return len(answer.body)

    def _hand_in(self, order: str, sealed: bytes) -> int:
        answer = self._door.hand_in_template(order, sealed, self._patience(len(sealed)))
        if answer.status == 200 and answer.fields.get("held") is not True:
            raise link_error(LinkFault.STRANGER, f"200 for {order}, and nothing that says it is held")
        if answer.status == 200:
            self._done(order, None)
        else:
            self._refused(order, answer)
        return len(sealed)

    def _refused(self, order: str, answer: Answer) -> None:
        if answer.status not in _OF_THE_ORDER or not answer.error:
            raise answer.fault()
        LOG.warning("central ends the errand for %s: %s", order, answer)
        self._done(order, answer.error)

    def _done(self, order: str, code: str | None) -> None:
        reply = self._punch.request({"do": "errand-done", "order": order, "code": code})
        if reply.get("ok") is not True and reply.get("error") != "no-such-order":
            raise PunchSocketError(f"the end of {order} is not taken: {reply.get('error')}")


def _errand(fields: object) -> tuple[str, str, bytes]:
    """Order, kind and sealed template of an errand."""
    if isinstance(fields, dict) and fields.get("what") in ("fetch", "hand-in"):
        try:
            order = check_order_id(fields.get("order"))
            data = b64decode(fields["data"], validate=True) if fields["what"] == "hand-in" else b""
        except (MalformedError, KeyError, TypeError, ValueError) as error:
            raise PunchSocketError(f"the punch process names an errand that is none: {error}") from error
        return order, fields["what"], data
    raise PunchSocketError("the punch process names an errand of no kind")
