"""Module time and what is planned in it."""

import heapq
from collections.abc import Callable

_ALWAYS = -1


class Agenda:
    """Events on one heap; those that belong to a powered module are forgotten when its RAM is lost."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.epoch = 0
        self._heap: list[tuple[float, int, int, Callable[[], None]]] = []
        self._order = 0

    def schedule(self, at_ms: float, act: Callable[[], None], *, always: bool = False) -> None:
        """Plan something; it outlives a loss of RAM only if `always`."""
        self._order += 1
        heapq.heappush(self._heap, (at_ms, self._order, _ALWAYS if always else self.epoch, act))

    def forget(self) -> None:
        """RAM is lost: what was planned so far will not happen."""
        self.epoch += 1

    def next_due_ms(self) -> float | None:
        """When something happens next, None if nothing is planned."""
        return self._heap[0][0] if self._heap else None

    def run(self, until_ms: float) -> None:
        """Do everything due up to this time, in order; time never goes back."""
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            at_ms, _, epoch, act = heapq.heappop(heap)
            if epoch in (_ALWAYS, self.epoch):
                self.now_ms = max(self.now_ms, at_ms)
                act()
        self.now_ms = max(self.now_ms, until_ms)
