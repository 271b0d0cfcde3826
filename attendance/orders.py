"""What central wants of one node's sensor, as a signed document: templates out, in, gone or looked for.

The document says what is open now, not what is new. A node does each order when it finds the time, tells the
end of it in a signed event, and the order stays in the next documents until central has that event. So every
order may come twice, and is safe to do twice. No template stands in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from attendance import sealing
from attendance.enrolment import FINGERS
from attendance.errors import MalformedError, PersonError
from attendance.people import EMPLOYEE_ID, check_name

KIND = "orders"
MAX_OPEN = 2000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SLOTS = range(1 << 16)
_MAX_TEXT_CHARS = 200
_KNOWN = ("order", "do", "person", "name", "slots", "finger", "template", "class", "fingers", "legal_basis",
          "notice", "expires_ms", "reason")  # fmt: skip


class Do(StrEnum):
    """The kinds of orders."""

    EXPORT = "export"
    """Read the template of a slot and hand it in, sealed for central."""
    INSTALL = "install"
    """Fetch a template, sealed for this node, and write it into an empty slot."""
    SEARCH = "search"
    """Fetch a template, look whether this library holds such a finger, and forget it."""
    PURGE = "purge"
    """Erase slots, and see them empty."""
    ENROL = "enrol"
    """Begin a supervised enrolment now, while the officer stands at the door."""


@dataclass(frozen=True, slots=True)
class Order:
    """One wish. Fields that its kind has no use for are empty.

    Attributes:
        id: names it in events and addresses; lower-case letters, digits and hyphens.
        do: which kind.
        person: employee id of whom it concerns.
        name: theirs, for the display.
        slots: EXPORT and INSTALL: the one slot. PURGE: all that are to be empty.
        finger: EXPORT, INSTALL, SEARCH: one of `attendance.enrolment.FINGERS`; "" where nobody knows.
        template: INSTALL, SEARCH: central's id of the template.
        model_class: INSTALL, SEARCH: the class that the template belongs to.
        fingers: ENROL: the two fingers, of different hands.
        legal_basis, notice: ENROL: as in `attendance.enrolment.Enrolment`.
        expires_ms: ENROL: it is not begun after this, milliseconds since 1970 UTC.
        reason: PURGE: "left", "moved", "replaced" or "decided".
    """

    id: str
    do: Do
    person: str
    name: str = ""
    slots: tuple[int, ...] = ()
    finger: str = ""
    template: str = ""
    model_class: str = ""
    fingers: tuple[str, ...] = ()
    legal_basis: str = ""
    notice: str = ""
    expires_ms: int = 0
    reason: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def content(self) -> dict[str, Any]:
        """As part of the document; unknown fields that were read come along."""
        return {
            **self.extra,
            "order": self.id,
            "do": self.do.value,
            "person": self.person,
            "name": self.name,
            "slots": list(self.slots),
            "finger": self.finger,
            "template": self.template,
            "class": self.model_class,
            "fingers": list(self.fingers),
            "legal_basis": self.legal_basis,
            "notice": self.notice,
            "expires_ms": self.expires_ms,
            "reason": self.reason,
        }

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> "Order":
        """Read one order of a known kind.

        Raises:
            MalformedError: a field is missing or wrong, or the kind lacks what it needs.
        """
        expires = row.get("expires_ms", 0)
        if type(expires) is not int or not 0 <= expires < 2**53:
            raise MalformedError("an order ends at no possible time")
        order = cls(
            check_order_id(row.get("order")),
            Do(row["do"]),
            _matching(EMPLOYEE_ID, row.get("person"), "no employee id"),
            _text(row, "name"),
            _slots(row),
            _text(row, "finger"),
            _text(row, "template"),
            _text(row, "class"),
            _fingers(row),
            _text(row, "legal_basis"),
            _text(row, "notice"),
            expires,
            _text(row, "reason"),
            {key: value for key, value in row.items() if key not in _KNOWN},
        )
        order.require_whole()
        return order

    def require_whole(self) -> None:
        """Refuse an order that lacks what its kind needs.

        Raises:
            MalformedError: it does.
        """
        one_slot = len(self.slots) == 1
        named = bool(self.template and self.model_class)
        whole = {
            Do.EXPORT: one_slot,
            Do.INSTALL: one_slot and named,
            Do.SEARCH: named,
            Do.PURGE: bool(self.slots),
            Do.ENROL: len(self.fingers) == 2
            and bool(self.legal_basis and self.notice and self.expires_ms and self.name),
        }
        if not whole[self.do]:
            raise MalformedError(f"the order {self.id} lacks what {self.do} needs")
        if self.finger and self.finger not in FINGERS:
            raise MalformedError(f"the order {self.id} names no finger: {self.finger!r}")


@dataclass(frozen=True, slots=True)
class Orders:
    """All that is open for one node.

    Attributes:
        central_key: X25519 in hex; what a node hands in is sealed for it.
        unknown: kinds of a newer version: how many orders are left to it.
    """

    serial: int
    node: str
    central_key: str
    orders: tuple[Order, ...]
    unknown: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def content(self) -> dict[str, Any]:
        """As the content of a signed document."""
        return {
            **self.extra,
            "serial": self.serial,
            "node": self.node,
            "central_key": self.central_key,
            "orders": [order.content() for order in self.orders],
        }

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Orders":
        """Read the content of an orders document.

        Raises:
            MalformedError: a field is wrong, or an order stands there twice.
        """
        serial, node, rows = content.get("serial"), content.get("node"), content.get("orders")
        if type(serial) is not int or serial < 1 or not isinstance(node, str):
            raise MalformedError("orders lack their serial or their node")
        if not isinstance(rows, list) or len(rows) > MAX_OPEN or not all(isinstance(r, dict) for r in rows):
            raise MalformedError(f"orders are a list of at most {MAX_OPEN}")
        known = [Order.parse(row) for row in rows if row.get("do") in list(Do)]
        if len({order.id for order in known}) != len(known):
            raise MalformedError("an order stands there twice")
        key = sealing.check_public_hex(content.get("central_key"))
        extra = {k: v for k, v in content.items() if k not in ("serial", "node", "central_key", "orders")}
        return cls(serial, node, key, tuple(known), len(rows) - len(known), extra)


def check_order_id(text: object) -> str:
    """The name of an order.

    Raises:
        MalformedError: it is none.
    """
    return _matching(_ID, text, "no name of an order")


def export_purpose(node: str, order: Order) -> str:
    """What an exported template is sealed as, by this node for central."""
    return sealing.purpose("export", node, order.person, order.finger, str(order.slots[0]))


def delivery_purpose(node: str, order: Order) -> str:
    """What a template is sealed as that central sends to this node, to install it or to search for it."""
    return sealing.purpose(order.do.value, node, order.person, order.template)


def _matching(pattern: re.Pattern[str], value: object, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise MalformedError(f"{str(value)[:40]!r} is {what}")
    return value


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARS:
        raise MalformedError(f"the field {key} of an order is not text of {_MAX_TEXT_CHARS} characters")
    if key == "name" and value:
        try:
            return check_name(value)
        except PersonError as error:
            raise MalformedError(f"the name in an order is none: {error}") from error
    return value


def _slots(row: Mapping[str, Any]) -> tuple[int, ...]:
    values = row.get("slots", [])
    if not isinstance(values, list) or not all(type(v) is int and v in _SLOTS for v in values):
        raise MalformedError("the slots of an order are no list of slot numbers")
    return tuple(values)


def _fingers(row: Mapping[str, Any]) -> tuple[str, ...]:
    values = row.get("fingers", [])
    if not isinstance(values, list) or not all(value in FINGERS for value in values):
        raise MalformedError("the fingers of an order are no list of fingers")
    return tuple(values)
