"""Seeded mixed faults at a probability: the weather of a bad cable, for runs of many thousand punches."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from emulators.fingerprint_module.damage import DAMAGES
from emulators.fingerprint_module.faults import Fault, FaultError, When

WEIGHTS: Mapping[str, int] = {
    "flip_bits": 12,
    "flip_pair": 6,
    "drop_byte": 6,
    "insert_byte": 6,
    "duplicate_byte": 4,
    "truncate": 4,
    "duplicate_frame": 4,
    "extra_ack": 4,
    "wrong_pid": 2,
    "wrong_len": 2,
    "wrong_address": 2,
    "stale_id": 4,
    "silence": 3,
    "stall": 3,
    "late": 4,
    "dribble": 2,
    "noise": 4,
    "reboot": 1,
}
_INBOUND_SHARE = 0.15
_AT_ONCE = When()


class MixedFaults:
    """Draws at most one fault for each exchange, and now and then one for a command on its way in."""

    def __init__(
        self,
        rate: float,
        seed: int,
        kinds: Sequence[str] = (),
        *,
        stall_ms: tuple[float, float] = (50.0, 800.0),
        dribble_ms: float = 2.0,
    ) -> None:
        if not 0.0 <= rate <= 1.0:
            raise FaultError(f"rate must lie between 0 and 1, not {rate}")
        unknown = set(kinds) - WEIGHTS.keys()
        if unknown:
            raise FaultError(f"{', '.join(sorted(unknown))} cannot be mixed")
        self.rate = rate
        self._random = random.Random(f"mixed|{seed}")
        self._kinds = list(kinds or WEIGHTS)
        self._weights = [WEIGHTS[kind] for kind in self._kinds]
        self._inbound = [kind for kind in self._kinds if kind in DAMAGES]
        self._stall_ms = stall_ms
        self._dribble_ms = dribble_ms

    def outbound(self) -> Fault | None:
        """A fault for the answer of this exchange, or none."""
        rng = self._random
        share = 1.0 - _INBOUND_SHARE if self._inbound else 1.0
        if rng.random() >= self.rate * share:
            return None
        kind = rng.choices(self._kinds, self._weights)[0]
        return Fault(0, kind, _AT_ONCE, False, self._arguments(kind), rng)

    def inbound(self) -> Fault | None:
        """A fault for a command on its way in, or none."""
        rng = self._random
        if not self._inbound or rng.random() >= self.rate * _INBOUND_SHARE:
            return None
        kind = rng.choice(self._inbound)
        return Fault(0, kind, _AT_ONCE, True, self._arguments(kind), rng)

    def _arguments(self, kind: str) -> dict[str, Any]:
        rng = self._random
        if kind == "flip_bits":
            return {"bits": rng.randint(1, 3)}
        if kind == "stall":
            return {"ms": rng.uniform(*self._stall_ms)}
        if kind == "dribble":
            return {"ms": self._dribble_ms}
        if kind == "noise":
            noise = bytes(
                rng.choice((0x00, 0x55, 0xFF, rng.randrange(256))) for _ in range(rng.randint(1, 4))
            )
            return {"hex": noise.hex(), "where": rng.choice(("before", "after"))}
        if kind == "extra_ack":
            return {"code": rng.choice((0, 1, 1, 1)), "where": rng.choice(("before", "after"))}
        if kind == "stale_id":
            return {"id": rng.randrange(1, 200), "score": rng.choice((0, 90))}
        if kind == "reboot":
            return {"at": rng.choice(("before_ack", "after_ack"))}
        if kind in ("wrong_pid", "wrong_len"):
            return {"fix_sum": rng.random() < 0.5}
        return {}
