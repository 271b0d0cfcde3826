"""The last things that happened, in module time."""

from collections import deque
from collections.abc import Callable
from typing import Any

_KEPT = 20_000


class HexLog:
    """Bytes in both directions and events; only the newest are kept."""

    def __init__(self, sink: Callable[[str], None] | None = None) -> None:
        self._entries: deque[tuple[float, str, bytes | str]] = deque(maxlen=_KEPT)
        self._sink = sink

    def add(self, at_ms: float, what: str, value: bytes | str) -> None:
        """Note bytes (`in`, `out`) or an event."""
        self._entries.append((at_ms, what, value))
        if self._sink is not None:
            self._sink(f"{at_ms:12.3f} {what:<5} {_text(value)}\n")

    def last(self, count: int) -> list[dict[str, Any]]:
        """The newest `count` entries, oldest first."""
        if count <= 0:
            return []
        newest = list(self._entries)[-count:]
        return [
            {"at_ms": round(at_ms, 3), "what": what, "value": _text(value)} for at_ms, what, value in newest
        ]


def _text(value: bytes | str) -> str:
    return value.hex(" ") if isinstance(value, bytes) else value
