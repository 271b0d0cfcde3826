"""Erases what a module holds that a technician took as the right one and that did not prove to be ours.

Only after the technician's word, and only slots that were read and differ from what was stored in them, or
that nobody of us ever filled. Central hears which slots are empty then, also those that the module came
without: it sends what belongs there, or has people enrolled anew.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from attendance.templates import CLEARED, Cleared
from edge.errand_choosing import DISPUTED
from edge.module_memory import ModuleMemory
from edge.sensor_keeper import SensorKeeper
from edge.template_work import LIMIT_S

_log = logging.getLogger(__name__)
_MOST_TOLD = 60
"""Slots in one event: its body may have 8 KiB, and a person's id 64 characters."""


class SlotClearing:
    """One for the process, in the thread that owns sensor and journal."""

    def __init__(self, sensor: SensorKeeper, tell: Callable[[str, dict[str, Any]], None]) -> None:
        """Touch nothing yet.

        Args:
            sensor: the module.
            tell: writes an event.
        """
        self._sensor = sensor
        self._tell = tell

    @property
    def due(self) -> bool:
        """Whether something is to be erased or told, and every slot has had its chance to prove itself."""
        memory = self._sensor.book.memory
        if memory is None or memory.cleared is None or memory.state.alarming:
            return False
        return all(memory.hashes[slot] is not None for slot in memory.slots - memory.unsure)

    def step(self, holders: Mapping[int, str]) -> None:
        """Erase one slot, or tell what is empty once none is in doubt any more.

        Args:
            holders: whose each slot is by the node's books.

        Raises:
            SensorError: no sound answer. OSError: it can't be noted. StorageError: it can't be told.
        """
        memory = self._sensor.book.memory
        assert memory is not None
        if memory.doubted:
            self._erase(min(memory.doubted))
        else:
            self._tell_empty(memory, holders)

    def _erase(self, slot: int) -> None:
        self._sensor.book.about_to_clear(frozenset({slot}))
        with self._sensor.changing({slot}) as shelf, shelf.bounded(LIMIT_S):
            if slot in shelf.slots():
                shelf.delete(slot)
        _log.warning("slot %d did not prove to hold what was stored in it, and is empty now", slot)

    def _tell_empty(self, memory: ModuleMemory, holders: Mapping[int, str]) -> None:
        shelf = self._sensor.templates()
        with shelf.bounded(LIMIT_S):
            in_use = shelf.slots()
        empty = sorted(((memory.cleared or frozenset()) | holders.keys()) - in_use)
        for start in range(0, len(empty), _MOST_TOLD):
            part = empty[start : start + _MOST_TOLD]
            whose = {slot: None if holders.get(slot) == DISPUTED else holders.get(slot) for slot in part}
            self._tell(CLEARED, Cleared(whose).content())
        self._sensor.book.clearing_told()
