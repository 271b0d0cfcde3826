"""What central sent back: bounded in size, and not yet believed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error

_WORD = re.compile(r"[a-z0-9_-]{1,64}")
_LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """Status, body and headers (names in lower case) of one answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def error(self) -> str:
        """Central's word for a refusal, or nothing; it goes into signed alarms, so only a word counts."""
        word = self.fields.get("error")
        return word if isinstance(word, str) and _WORD.fullmatch(word) else ""

    @property
    def retry_after(self) -> timedelta | None:
        """How long central asks to be left alone; more than a day is not believed."""
        text = self.headers.get("retry-after", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 12):
            return None
        return min(timedelta(seconds=int(text)), _LONGEST_PAUSE)

    def whole_header(self, name: str) -> int | None:
        """A header that holds a whole number, or None."""
        text = self.headers.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None

    def __str__(self) -> str:
        """For a log line."""
        return f"{self.status} {self.error}".strip()

    @property
    def overloaded(self) -> bool:
        """Whether central, or a proxy before it, can't serve now."""
        return self.status == 429 or self.status >= 500

    def fault(self) -> LinkError:
        """The fault that a status other than the wanted one stands for."""
        if self.overloaded:
            fault = link_error(LinkFault.BUSY, f"central answers {self}")
            fault.retry_after = self.retry_after
            return fault
        if self.status >= 400 and self.error:
            return link_error(LinkFault.REFUSED, f"central answers {self}")
        return link_error(LinkFault.STRANGER, f"not an answer of central: {self}")
