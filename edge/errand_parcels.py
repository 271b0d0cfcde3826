"""Sealed templates on their way through the node, in memory only: fetched ones, and one to be handed in.

What the sync process may ask here is in `handle`; it never sees a template in clear.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any

from attendance.errors import EvidenceError, MalformedError, OversizeError
from attendance.orders import Order, check_order_id
from attendance.template_parcel import MAX_SEALED_BYTES
from edge.errand_choosing import to_fetch

_MAX_CODE_CHARS = 64


class NotWantedError(EvidenceError):
    """No such order is waiting for that here."""

    code = "no-such-order"


class Parcels:
    """One for the process.

    Attributes:
        fetched: sealed templates by order.
        outgoing: the order of a template that is to be handed in, and the template, sealed.
    """

    def __init__(
        self, errands: Callable[[], Sequence[Order]], ended: Callable[[Order, str | None], None]
    ) -> None:
        """Hold nothing.

        Args:
            errands: what is open, not refused and not put off.
            ended: told that central holds what an order asked for, or with which word it refuses the order.
        """
        self._errands = errands
        self._ended = ended
        self.fetched: dict[str, bytes] = {}
        self.outgoing: tuple[Order, bytes] | None = None

    def requests(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """What can be asked, by the word in `do`."""
        return {"errand": self._errand, "errand-data": self._data, "errand-done": self._done}

    def forget(self, unwanted: Callable[[Order | None], bool]) -> None:
        """Drop what belongs to orders of which this is true; None stands for an order that is not open."""
        errands = {order.id: order for order in self._errands()}
        self.fetched = {id_: data for id_, data in self.fetched.items() if not unwanted(errands.get(id_))}
        if self.outgoing is not None and unwanted(errands.get(self.outgoing[0].id)):
            self.outgoing = None

    def _errand(self, _request: dict[str, Any]) -> dict[str, Any]:
        """What the courier is to do next; `waiting` says whether it is worth asking again soon."""
        if self.outgoing is not None:
            order, sealed = self.outgoing
            data = b64encode(sealed).decode()
            return {"errand": {"order": order.id, "what": "hand-in", "data": data}, "waiting": True}
        errands = self._errands()
        order_or_none = to_fetch(errands, self.fetched.keys())
        if order_or_none is None:
            return {"errand": None, "waiting": bool(errands)}
        return {"errand": {"order": order_or_none.id, "what": "fetch"}, "waiting": True}

    def _data(self, request: dict[str, Any]) -> dict[str, Any]:
        order = self._open(request)
        text = request.get("data")
        if not isinstance(text, str):
            raise MalformedError("a sealed template comes in base64")
        try:
            sealed = b64decode(text, validate=True)
        except ValueError as error:
            raise MalformedError("a sealed template comes in base64") from error
        if not 0 < len(sealed) <= MAX_SEALED_BYTES:
            raise OversizeError(f"a sealed template has 1 to {MAX_SEALED_BYTES} bytes")
        if order.id not in self.fetched and to_fetch([order], self.fetched.keys()) is None:
            raise NotWantedError(f"no template is to be fetched for {order.id} now")
        self.fetched[order.id] = sealed
        return {}

    def _done(self, request: dict[str, Any]) -> dict[str, Any]:
        code = request.get("code")
        if code is not None and not (isinstance(code, str) and 0 < len(code) <= _MAX_CODE_CHARS):
            raise MalformedError("the end of an errand is null or central's word")
        id_ = check_order_id(request.get("order"))
        if self.outgoing is not None and self.outgoing[0].id == id_:
            order = self.outgoing[0]
            self.outgoing = None
        elif code is None:
            raise NotWantedError(f"nothing was to be handed in for {id_}")
        else:
            order = self._open(request)
        self._ended(order, code)
        return {}

    def _open(self, request: dict[str, Any]) -> Order:
        id_ = check_order_id(request.get("order"))
        order = next((one for one in self._errands() if one.id == id_), None)
        if order is None:
            raise NotWantedError(f"{id_} is not open here")
        return order
