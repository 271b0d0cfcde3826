"""Decides which slot of the module is looked at next. Touches nothing.

Nobody may know which one: a template that was exchanged behind the node's back is found within a day for
certain, and sooner by chance.
"""

import secrets
from datetime import date, datetime

from edge.module_memory import ModuleMemory

NIGHT_HOURS = range(1, 4)  # local time
AUDIT_S = 180.0


class AuditPlan:
    """What has been looked at, and what is due."""

    def __init__(self, now_s: float) -> None:
        """Nothing has been looked at yet; `now_s` is monotonic."""
        self._night: date | None = None
        self._left: list[int] = []
        self._due_s = now_s + AUDIT_S

    def next_slot(
        self, memory: ModuleMemory, unsure: frozenset[int], local: datetime, now_s: float
    ) -> int | None:
        """The slot to look at in this quiet moment, or None.

        First what was never read, in the night every one, else one of them now and then.
        """
        sure = memory.slots - unsure
        unread = [slot for slot in sorted(sure) if memory.hashes[slot] is None]
        if unread:
            return unread[0]
        if local.hour in NIGHT_HOURS and self._night != local.date():
            self._night, self._left = local.date(), sorted(sure, reverse=True)
        while self._left:
            slot = self._left.pop()
            if slot in sure:
                return slot
        if now_s < self._due_s or not sure:
            return None
        self._due_s = now_s + AUDIT_S
        return secrets.choice(sorted(sure))
