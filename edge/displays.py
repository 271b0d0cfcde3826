"""Displays made of text: for people at a console, and as JSON lines for programs."""

import json
import sys
from typing import Protocol, TextIO

from edge.wording import Message, Page


class Display(Protocol):
    """Something that shows messages. It must never fail: a broken display does not stop attendance."""

    def begin(self, message: Message, seq: int | None) -> None:
        """A new message begins; `seq` is the event that it confirms, or None."""
        ...

    def page(self, page: Page) -> None:
        """Show this page now."""
        ...

    def close(self) -> None:
        """Go dark."""
        ...


class ConsoleDisplay:
    """One line for each message: its pages, and what the voice says."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def begin(self, message: Message, seq: int | None) -> None:
        """As Display."""
        pages = "  ".join(f"[{page.first:<16}|{page.second:<16}]" for page in message.pages)
        number = f"  #{seq}" if seq else ""
        voice = f"  {message.voice}" if message.voice else ""
        print(f"{pages}{number}{voice}", file=self._out, flush=True)

    def page(self, page: Page) -> None:
        """As Display: the pages were told when the message began, and a console needs no clock."""

    def close(self) -> None:
        """As Display."""


class LinesDisplay:
    """A JSON object on a line for each message: {"screen", "outcome", "seq", "voice"}."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def begin(self, message: Message, seq: int | None) -> None:
        """As Display."""
        fields = {
            "screen": [[page.first, page.second] for page in message.pages],
            "outcome": message.outcome.value,
            "seq": seq,
            "voice": message.voice,
        }
        print(json.dumps(fields), file=self._out, flush=True)

    def page(self, page: Page) -> None:
        """As Display: the pages were told when the message began."""

    def close(self) -> None:
        """As Display."""


class NoDisplay:
    """A node without a display; the ring of the sensor still tells."""

    def begin(self, message: Message, seq: int | None) -> None:
        """As Display."""

    def page(self, page: Page) -> None:
        """As Display."""

    def close(self) -> None:
        """As Display."""
