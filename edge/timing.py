"""Decides how far the wall clock can be believed, from readings and anchors alone. Touches no clock.

An anchor ties a true time (from a receipt that central signed over our own nonce) to the clocks of one boot.
From it, the true time at any later reading of the same boot follows by CLOCK_MONOTONIC_RAW, which nobody can
set or bend. The wall clock is believed while it agrees with that. docs/time.md tells the whole of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attendance.errors import EvidenceError, MalformedError
from attendance.moment import ClockState, Moment, is_time_ms

SET_TOLERANCE_MS = 1000
WALL_TOLERANCE_MS = 2000
CRYSTAL_PPM = 100
SLEW_PPM = 500
SLEW_WINDOW_MS = 600_000
ANCHOR_KEPT_MS = 3_600_000
MAX_ANCHOR_ERROR_MS = 300_000
_QUIET_AFTER_SET_MS = 60_000


@dataclass(frozen=True, slots=True)
class Reading:
    """All clocks at one instant; milliseconds, wall since 1970 UTC, the others since the boot named."""

    wall_ms: int
    boot: str
    bt_ms: int
    raw_ms: int


class AnchorRefusedError(EvidenceError):
    """An anchor that can't be used on this boot, or is too vague to be of use."""

    code = "anchor-refused"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A true time with its error, tied to the clocks of one boot. `seq` is its event, or 0."""

    utc_ms: int
    error_ms: int
    source: str
    boot: str
    bt_ms: int
    raw_ms: int
    seq: int = 0

    @classmethod
    def parse(cls, fields: Mapping[str, Any], seq: int = 0) -> "Anchor":
        """From a request of the sync process, or from the body of a clock event.

        Raises:
            MalformedError: a field is missing or of another kind.
        """
        numbers = [fields.get(key) for key in ("utc_ms", "error_ms", "bt_ms", "raw_ms")]
        source, boot = fields.get("source"), fields.get("boot")
        if not all(type(number) is int and 0 <= number < 2**53 for number in numbers):
            raise MalformedError("an anchor lacks a clock in whole milliseconds")
        if not is_time_ms(numbers[0]):
            raise MalformedError("an anchor names a time beyond every calendar")
        if not isinstance(source, str) or not isinstance(boot, str) or not source or len(source) > 32:
            raise MalformedError("an anchor lacks its source or its boot")
        utc_ms, error_ms, bt_ms, raw_ms = (int(str(number)) for number in numbers)
        return cls(utc_ms, error_ms, source, boot, bt_ms, raw_ms, seq)

    def true_ms(self, raw_ms: int) -> int:
        """The true time at that reading of CLOCK_MONOTONIC_RAW, in milliseconds since 1970 UTC."""
        return self.utc_ms + raw_ms - self.raw_ms

    def error_at_ms(self, raw_ms: int) -> int:
        """How wrong `true_ms` can be by then: crystals of this class stay within CRYSTAL_PPM."""
        return self.error_ms + abs(raw_ms - self.raw_ms) * CRYSTAL_PPM // 1_000_000


class Timekeeper:
    """What is believed about the clocks of this node. Feed it readings; it touches nothing."""

    def __init__(
        self,
        reading: Reading,
        *,
        rtc: bool,
        written: Sequence[tuple[Moment, bool]] = (),
    ) -> None:
        """Begin.

        Args:
            reading: the clocks now.
            rtc: whether a battery keeps the wall clock going.
            written: moments of the last events in the journal, oldest first, each with `wall_agreed` of it.
        """
        self._rtc = rtc
        self._anchor: Anchor | None = None
        self._agreed_last = bool(written) and written[-1][1]
        self._floor_ms = max((moment.wall_ms for moment, agreed in written if agreed), default=0)
        # Within a boot the watch goes on at the last event: who sets the clock may stop this process first.
        last = written[-1][0] if written else None
        self._seen = reading
        if last is not None and last.boot == reading.boot:
            self._seen = Reading(last.wall_ms, last.boot, last.bt_ms, last.raw_ms)
        self._set_without_anchor = abs(self._moved_ms(reading)) > SET_TOLERANCE_MS
        self._slew_from = reading
        self._quiet_until_raw_ms = 0

    def moment(self, reading: Reading) -> Moment:
        """The reading with the trust in it, as it goes into an event's header."""
        anchor = self._here(reading)
        return Moment(
            reading.wall_ms,
            reading.boot,
            reading.bt_ms,
            reading.raw_ms,
            anchor.seq if anchor else None,
            self._state(reading),
        )

    def best_ms(self, reading: Reading) -> int:
        """The likeliest true time, for rules and display: the anchor's where the wall contradicts it."""
        anchor = self._here(reading)
        if anchor is None or self._agrees(anchor, reading):
            return reading.wall_ms
        return anchor.true_ms(reading.raw_ms)

    def wrote(self, moment: Moment) -> None:
        """An event with this moment is in the journal: a clock that shows less from now on was set back."""
        if moment.trusted:
            self._floor_ms = max(self._floor_ms, moment.wall_ms)

    def notice(self, reading: Reading, *, was_set: bool = False) -> list[dict[str, Any]]:
        """Bodies of the clock events that this reading calls for: a set clock, a bent one.

        Args:
            reading: the clocks now; ask often, since a jump is measured from the reading before.
            was_set: the kernel said that somebody set the wall clock.
        """
        found = []
        moved_ms = self._moved_ms(reading)
        jumped = abs(moved_ms) > SET_TOLERANCE_MS
        if jumped or (was_set and reading.raw_ms >= self._quiet_until_raw_ms):
            found.append(
                {
                    "what": "set",
                    "source": "kernel" if was_set else "offset",
                    "utc_ms": reading.wall_ms,
                    "error_ms": abs(moved_ms),
                    "before_ms": reading.wall_ms - moved_ms,
                    "after_ms": reading.wall_ms,
                }
            )
            self._quiet_until_raw_ms = reading.raw_ms + _QUIET_AFTER_SET_MS
        if jumped and self._here(reading) is None:
            self._set_without_anchor = True
        self._seen = reading
        return found + self._slew(reading)

    def weigh(self, claim: Anchor, reading: Reading) -> dict[str, Any] | None:
        """The body of the clock event for a new anchor, or None where the one we hold is as good.

        Without the second answer each contact would write an event, and each event would call for a contact.

        Raises:
            AnchorRefusedError: of another boot, from the future, or too vague.
        """
        if claim.boot != reading.boot:
            raise AnchorRefusedError("the anchor belongs to another boot of this node")
        if claim.raw_ms > reading.raw_ms + SET_TOLERANCE_MS:
            raise AnchorRefusedError("the anchor names a reading that this boot has not reached yet")
        if claim.error_ms > MAX_ANCHOR_ERROR_MS:
            raise AnchorRefusedError(f"an error of {claim.error_ms} ms is too large for an anchor")
        held = self._here(reading)
        off_ms = claim.utc_ms - held.true_ms(claim.raw_ms) if held else 0
        held_error_ms = held.error_at_ms(claim.raw_ms) if held else 0
        agrees = held is not None and abs(off_ms) <= held_error_ms + claim.error_ms + WALL_TOLERANCE_MS
        if held is not None and agrees:
            is_old = claim.raw_ms - held.raw_ms >= ANCHOR_KEPT_MS
            if claim.error_ms * (1 if is_old else 2) >= held_error_ms:
                return None
        body = {
            "what": "anchor",
            "source": claim.source,
            "utc_ms": claim.utc_ms,
            "error_ms": claim.error_ms,
            "boot": claim.boot,
            "bt_ms": claim.bt_ms,
            "raw_ms": claim.raw_ms,
            "wall_off_ms": reading.wall_ms - claim.true_ms(reading.raw_ms),
        }
        return body if held is None or agrees else {**body, "anchor_off_ms": off_ms}

    @property
    def anchor(self) -> Anchor | None:
        """The anchor in force."""
        return self._anchor

    def adopt(self, anchor: Anchor) -> None:
        """Believe this anchor from now on; its event is in the journal as `anchor.seq`."""
        self._anchor = anchor
        self._set_without_anchor = False

    def _moved_ms(self, reading: Reading) -> int:
        """How far the wall clock went on its own since the last reading, against BOOTTIME."""
        return reading.wall_ms - self._seen.wall_ms - (reading.bt_ms - self._seen.bt_ms)

    def _here(self, reading: Reading) -> Anchor | None:
        return self._anchor if self._anchor is not None and self._anchor.boot == reading.boot else None

    def _agrees(self, anchor: Anchor, reading: Reading) -> bool:
        off_ms = abs(reading.wall_ms - anchor.true_ms(reading.raw_ms))
        return off_ms <= anchor.error_at_ms(reading.raw_ms) + WALL_TOLERANCE_MS

    def _state(self, reading: Reading) -> ClockState:
        anchor = self._here(reading)
        if anchor is not None:
            return ClockState.ANCHORED if self._agrees(anchor, reading) else ClockState.DOUBTFUL
        carried = self._rtc and self._agreed_last and not self._set_without_anchor
        not_set_back = reading.wall_ms >= self._floor_ms - WALL_TOLERANCE_MS
        return ClockState.RTC if carried and not_set_back else ClockState.DOUBTFUL

    def _slew(self, reading: Reading) -> list[dict[str, Any]]:
        raw_ms = reading.raw_ms - self._slew_from.raw_ms
        if raw_ms < SLEW_WINDOW_MS:
            return []
        bt_ms = reading.bt_ms - self._slew_from.bt_ms
        self._slew_from = reading
        if abs(bt_ms - raw_ms) * 1_000_000 <= SLEW_PPM * raw_ms:
            return []
        return [
            {
                "what": "slew",
                "source": "offset",
                "utc_ms": reading.wall_ms,
                "error_ms": abs(bt_ms - raw_ms),
                "bt_elapsed_ms": bt_ms,
                "raw_elapsed_ms": raw_ms,
            }
        ]


def wall_agreed(moment: Moment, body: Mapping[str, Any]) -> bool:
    """Whether the wall clock was right when an event was written.

    An anchor's own event is written before the anchor is believed; what it measured says the same.

    Args:
        moment: the event's.
        body: the event's; only that of a clock event says more than the moment does.
    """
    off_ms, error_ms = body.get("wall_off_ms"), body.get("error_ms")
    if body.get("what") == "anchor" and type(off_ms) is int and type(error_ms) is int:
        return abs(off_ms) <= error_ms + WALL_TOLERANCE_MS
    return moment.trusted


def boot_body(reading: Reading, source: str) -> dict[str, Any]:
    """The body of the clock event of a new boot: from here on BOOTTIME and RAW count anew."""
    return {
        "what": "boot",
        "source": source,
        "utc_ms": reading.wall_ms,
        "error_ms": 0,
        "boot": reading.boot,
        "bt_ms": reading.bt_ms,
        "raw_ms": reading.raw_ms,
    }


def between(before: Reading, after: Reading, share: float) -> Reading:
    """The clocks at a moment between two readings, `share` of the way; `after` where the clock was set.

    A finger is read some seconds before its punch can be written, and the punch happened at the contact.
    """
    wall_ms, bt_ms = after.wall_ms - before.wall_ms, after.bt_ms - before.bt_ms
    if before.boot != after.boot or abs(wall_ms - bt_ms) > SET_TOLERANCE_MS:
        return after
    share = min(max(share, 0.0), 1.0)
    return Reading(
        before.wall_ms + int(wall_ms * share),
        before.boot,
        before.bt_ms + int(bt_ms * share),
        before.raw_ms + int((after.raw_ms - before.raw_ms) * share),
    )
