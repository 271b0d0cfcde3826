"""When a fault strikes: the book of scripted faults. What it does is told where it is done."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.fingerprint_module.codes import op_of
from emulators.fingerprint_module.damage import DAMAGES

FLAWS = frozenset(
    {
        "ghost_image", "lift_mid_capture", "messy", "flash_failure", "sensor_abnormal", "led_unsupported",
        "refuse_transfer",
    }
)  # fmt: skip
"""Something does not work while the instruction runs."""
SENDING = frozenset(
    {"extra_ack", "silence", "stall", "late", "dribble", "noise", "stale_id", "answer_code", "endless_upchar"}
)
"""Something is wrong with the answer as a whole."""
INTERRUPTIONS = frozenset({"reboot", "hang"})
STATE_CHANGES = frozenset(
    {
        "baud_changed", "password_set", "address_changed", "library_full", "library_emptied", "slot_lost",
        "slots_exchanged", "swapped", "unplug", "idle_noise", "power_off", "brown_out",
    }
)  # fmt: skip
"""Something changed behind the host's back: at once, at a time, or just before a matching command."""
KINDS = FLAWS | SENDING | INTERRUPTIONS | STATE_CHANGES | DAMAGES.keys()
INBOUND_KINDS = DAMAGES.keys() | {"silence"}
_WHEN_KEYS = frozenset({"opcode", "nth", "every", "probability", "from_ms", "until_ms", "times"})


class FaultError(ValueError):
    """A fault that cannot be installed; the sentence says why."""


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of a fault; all of them must hold.

    Attributes:
        opcodes: instructions it concerns, empty for all.
        nth: only the nth such exchange (1 is the first); then once.
        every: each nth exchange.
        probability: 0..1, drawn from the fault's own seed.
        from_ms: module time before which it sleeps.
        until_ms: module time after which it is over.
        times: how often it strikes at most; None is no limit.
    """

    opcodes: frozenset[int] = frozenset()
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    from_ms: float | None = None
    until_ms: float | None = None
    times: int | None = 1

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "When":
        """Read the JSON form.

        Raises:
            FaultError: an unknown condition, or a value that makes no sense.
        """
        unknown = values.keys() - _WHEN_KEYS
        if unknown:
            raise FaultError(f"unknown condition {', '.join(sorted(unknown))}")
        ops = values.get("opcode", ())
        try:
            opcodes = frozenset(op_of(word) for word in (ops if isinstance(ops, list | tuple) else (ops,)))
        except (TypeError, ValueError) as error:
            raise FaultError(str(error)) from error
        repeated = "every" in values or "probability" in values or "until_ms" in values
        for key, lowest in (("nth", 1), ("every", 1), ("times", 1), ("probability", 0)):
            value = values.get(key)
            if value is not None and (not isinstance(value, int | float) or value < lowest):
                raise FaultError(f"{key} must be at least {lowest}, not {value!r}")
        return cls(
            opcodes,
            values.get("nth"),
            values.get("every"),
            values.get("probability"),
            values.get("from_ms"),
            values.get("until_ms"),
            values.get("times", None if repeated else 1),
        )

    @property
    def at_once(self) -> bool:
        """Whether there is nothing to wait for."""
        return self == When()


@dataclass(slots=True)
class Fault:
    """One installed fault and how often it struck."""

    number: int
    kind: str
    when: When
    inbound: bool
    args: Mapping[str, Any]
    random: random.Random
    seen: int = 0
    struck: int = 0

    def strikes(self, opcode: int, now_ms: float) -> bool:
        """Whether it strikes this exchange; counts it."""
        when = self.when
        if when.opcodes and opcode not in when.opcodes:
            return False
        if when.from_ms is not None and now_ms < when.from_ms:
            return False
        if when.until_ms is not None and now_ms > when.until_ms:
            return False
        self.seen += 1
        if when.times is not None and self.struck >= when.times:
            return False
        if when.nth is not None and self.seen != when.nth:
            return False
        if when.every is not None and self.seen % when.every:
            return False
        if when.probability is not None and self.random.random() >= when.probability:
            return False
        self.struck += 1
        return True


@dataclass(slots=True)
class FaultBook:
    """All faults that wait for their moment."""

    outbound: list[Fault] = field(default_factory=list)
    inbound: list[Fault] = field(default_factory=list)
    _numbers: int = 0

    def install(
        self,
        kind: str,
        when: When,
        *,
        inbound: bool = False,
        args: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> Fault:
        """Add a fault.

        Raises:
            FaultError: no such kind, or one that makes no sense on the way in.
        """
        if kind not in KINDS:
            raise FaultError(f"no fault is called {kind!r}; there are {', '.join(sorted(KINDS))}")
        if inbound and kind not in INBOUND_KINDS:
            raise FaultError(f"{kind} cannot happen on the way in")
        self._numbers += 1
        fault = Fault(self._numbers, kind, when, inbound, args or {}, random.Random(f"fault|{kind}|{seed}"))
        (self.inbound if inbound else self.outbound).append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self.outbound.clear()
        self.inbound.clear()

    def striking(self, opcode: int, now_ms: float, *, inbound: bool = False) -> list[Fault]:
        """The faults that strike this exchange, in the order they were installed."""
        book = self.inbound if inbound else self.outbound
        return [fault for fault in book if fault.strikes(opcode, now_ms)] if book else []
