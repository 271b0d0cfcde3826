"""Decides when an order that failed is tried again, and when it has failed for good. Touches nothing."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from attendance.orders import Do, Order
from edge.errand_choosing import FETCHED, Refusal
from edge.faults import SensorError
from edge.sensor_faults import SensorFault

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0
_AT_ONCE: Mapping[str, str] = {
    SensorFault.TEMPLATE_SIZE: "bad-template",
    SensorFault.SLOT_RANGE: "slot-out-of-range",
}
_AFTER_THREE: Mapping[str, str] = {SensorFault.FLASH: "not-stored"}
_AFTER_FIVE: Mapping[str, str] = {SensorFault.NOT_STORED: "not-stored", SensorFault.REFUSED: "impossible"}
_MOST_FAULTS = 12
"""Of whatever kind, an hour and a half after the first: some template that this module garbles each time must
not keep its place among the few that are fetched. One that is to be handed in keeps none, and is asked for
as long as it lies here."""


class Patience:
    """How often each order failed, and until when it rests."""

    def __init__(self) -> None:
        """Nothing has failed."""
        self._faults: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def allows(self, order_id: str, now_s: float) -> bool:
        """Whether the order may be tried; `now_s` is monotonic."""
        return self._not_before.get(order_id, now_s) <= now_s

    def forget(self, listed: AbstractSet[str]) -> None:
        """Keep only what is known of these orders."""
        self._faults = {id_: count for id_, count in self._faults.items() if id_ in listed}
        self._not_before = {id_: until for id_, until in self._not_before.items() if id_ in listed}

    def failed(self, order: Order, error: SensorError, now_s: float, second_s: float) -> Refusal | None:
        """Note a failure.

        Args:
            order: which; an order to erase is never given up.
            error: what went wrong.
            now_s: monotonic.
            second_s: how long a second of the sensor takes.

        Returns:
            why it has failed for good, or None where it is tried again.
        """
        count = self._faults[order.id] = self._faults.get(order.id, 0) + 1
        pause_s = min(FIRST_PAUSE_S * (1 << min(count - 1, 20)), LONGEST_PAUSE_S)
        self._not_before[order.id] = now_s + pause_s * second_s
        if order.do is Do.PURGE:
            return None
        for least, reasons in ((1, _AT_ONCE), (3, _AFTER_THREE), (5, _AFTER_FIVE)):
            if count >= least and error.kind in reasons:
                return Refusal(reasons[error.kind], error.message)
        if count >= _MOST_FAULTS and order.do in FETCHED:
            return Refusal("impossible", error.message)
        return None
