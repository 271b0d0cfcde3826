"""What nodes tell of templates and of the module that holds them: bodies of signed events.

A template never stands in any of them, only its SHA-256, which says whether two are the same
and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from attendance import seal, sealing
from attendance.body_reading import MAX_TEXT_CHARS, optional_text, rows, slot, slots, text, whole
from attendance.errors import MalformedError

MODULE = "module"
INSTALLED = "template-installed"
SEARCHED = "template-searched"
PURGED = "purged"
ORDER_FAILED = "order-failed"
CLEARED = "slots-cleared"
TYPES = (MODULE, INSTALLED, SEARCHED, PURGED, ORDER_FAILED, CLEARED)

_MAX_RECOVERY_CHARS = 1000


class ModuleState(StrEnum):
    """Whether the module at the door is the one whose slots stand for people."""

    TRUSTED = "trusted"
    NEW = "new"
    """Met for the first time, or taken as the right one by a technician."""
    SWAPPED = "swapped"
    """Another serial number, another notepad seal, another password."""
    EMPTIED = "emptied"
    """Templates are missing."""
    ENRICHED = "enriched"
    """There are templates that nobody of us stored."""
    ROLLED_BACK = "rolled-back"
    """An older state of the same module came back."""
    EXCHANGED = "exchanged"
    """A slot holds another template than was stored in it."""

    @property
    def alarming(self) -> bool:
        """Whether booking stops and central is alarmed."""
        return self not in SERVING


SERVING = (ModuleState.TRUSTED, ModuleState.NEW)
"""States in which the slots of the module stand for people."""


@dataclass(frozen=True, slots=True)
class Module:
    """The module as the node knows it; written at each start and whenever something of it changes.

    Attributes:
        model: name of its profile.
        model_class: `model/template bytes/firmware/level`: templates travel inside one class only.
        serial: its number in hex, or None where it has none.
        capacity: slots. usable: of them, those that may hold templates. used: slots in use.
        template_key: X25519 in hex; what central sends to this node is sealed for it.
        state: whether it is trusted.
        detail: an English sentence; never of a template.
        recovery: password and address, sealed for central (base64), or None where nothing new is to be kept.
    """

    model: str
    model_class: str
    serial: str | None
    capacity: int
    usable: int
    used: int
    template_key: str
    state: ModuleState
    detail: str = ""
    recovery: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "model": self.model,
            "class": self.model_class,
            "serial": self.serial,
            "capacity": self.capacity,
            "usable": self.usable,
            "used": self.used,
            "template_key": self.template_key,
            "state": self.state.value,
            "detail": self.detail[:MAX_TEXT_CHARS],
            "recovery": self.recovery,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Module":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        state = body.get("state")
        if state not in list(ModuleState):
            raise MalformedError(f"a module is in no known state: {str(state)[:40]!r}")
        return cls(
            text(body, "model"),
            text(body, "class"),
            optional_text(body, "serial"),
            whole(body, "capacity"),
            whole(body, "usable"),
            whole(body, "used"),
            sealing.check_public_hex(body.get("template_key")),
            ModuleState(state),
            optional_text(body, "detail") or "",
            optional_text(body, "recovery", _MAX_RECOVERY_CHARS),
        )


@dataclass(frozen=True, slots=True)
class Installed:
    """A template of another node is in this slot, read back and equal; no finger has proven it yet."""

    order: str
    person: str
    finger: str
    slot: int
    template: str
    sha256: str

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "order": self.order,
            "person": self.person,
            "finger": self.finger,
            "slot": self.slot,
            "template": self.template,
            "sha256": self.sha256,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Installed":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        sha256 = body.get("sha256")
        if not seal.is_hash(sha256):
            raise MalformedError("an installed template has no hash")
        return cls(
            text(body, "order"),
            text(body, "person"),
            optional_text(body, "finger") or "",
            slot(body),
            text(body, "template"),
            sha256,
        )


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A finger in this library that the module takes for the one that was looked for.

    Attributes:
        slot: where.
        person: whose slot it is by the node's books, or None.
        score: not comparable between models.
    """

    slot: int
    person: str | None
    score: int


@dataclass(frozen=True, slots=True)
class Searched:
    """A template was looked for in this library and forgotten again.

    Attributes:
        order, template, person: what and whose.
        library: templates that were compared.
        hits: slots of other people that match; those of the person's own are none.
    """

    order: str
    template: str
    person: str
    library: int
    hits: tuple[SearchHit, ...]

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "order": self.order,
            "template": self.template,
            "person": self.person,
            "library": self.library,
            "hits": [{"slot": hit.slot, "person": hit.person, "score": hit.score} for hit in self.hits],
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Searched":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        hits = tuple(
            SearchHit(slot(row), optional_text(row, "person"), whole(row, "score"))
            for row in rows(body, "hits")
        )
        return cls(
            text(body, "order"),
            text(body, "template"),
            text(body, "person"),
            whole(body, "library"),
            hits,
        )


@dataclass(frozen=True, slots=True)
class Purged:
    """These slots are empty: seen so in the module, and nothing of them is kept elsewhere in the node."""

    order: str
    person: str
    slots: tuple[int, ...]

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {"order": self.order, "person": self.person, "slots": list(self.slots)}

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Purged":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(text(body, "order"), text(body, "person"), slots(body, "slots"))


@dataclass(frozen=True, slots=True)
class Cleared:
    """These slots are empty, seen so, after a technician took the module as the right one.

    What they held was not proven to be what this node had stored there, and was erased; or the module came
    without it.

    Attributes:
        slots: whose each was by the node's books; None where they named nobody, or two.
    """

    slots: Mapping[int, str | None]

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {"slots": [{"slot": slot, "person": person} for slot, person in sorted(self.slots.items())]}

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Cleared":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls({slot(row): optional_text(row, "person") for row in rows(body, "slots")})


@dataclass(frozen=True, slots=True)
class OrderFailed:
    """The node will not do this order as it stands; a transient trouble is no reason to say so.

    Attributes:
        reason: "other-class", "slot-in-use", "slot-out-of-range", "slot-empty", "not-yours" (the slot holds
            somebody else's finger by the node's books), "bad-seal", "bad-template", "not-stored",
            "expired", "impossible".
        detail: an English sentence; never of a template.
    """

    order: str
    person: str
    reason: str
    detail: str = ""

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "order": self.order,
            "person": self.person,
            "reason": self.reason,
            "detail": self.detail[:MAX_TEXT_CHARS],
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "OrderFailed":
        """Read it.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(
            text(body, "order"),
            text(body, "person"),
            text(body, "reason"),
            optional_text(body, "detail") or "",
        )
