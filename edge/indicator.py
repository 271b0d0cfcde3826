"""What the person at the door sees and hears: pages in their time, the clock in between, a beep.

In its own thread, because a character display is slow and the next finger does not wait for it. Only this
module knows RPLCD and gpiozero; both are imported when such hardware is configured.
"""

import contextlib
import logging
import queue
import threading
import time
from datetime import timedelta
from typing import Any

from edge.config import DisplayConfig
from edge.displays import ConsoleDisplay, Display, LinesDisplay, NoDisplay
from edge.wording import WIDTH, Message, Outcome, Page

_log = logging.getLogger(__name__)
_REOPEN_S = 10.0
_IDLE_S = 0.2
_BEEPS = {
    Outcome.STORED: (0.08, 0.05, 1),
    Outcome.REFUSED: (0.12, 0.10, 2),
    Outcome.NOT_RECORDED: (0.8, 0.2, 3),
    Outcome.FAULT: (0.8, 0.2, 1),
}


class LcdDisplay:
    """A 16x2 character display behind an I2C expander."""

    def __init__(self, config: DisplayConfig) -> None:
        self._config = config
        self._lcd: Any = None
        self._reopen_at = 0.0
        self._open()

    def begin(self, message: Message, seq: int | None) -> None:
        """As Display: pages come one by one."""

    def page(self, page: Page) -> None:
        """As Display. A display that was unplugged is tried again after a while."""
        if self._lcd is None and time.monotonic() >= self._reopen_at:
            self._open()
        if self._lcd is None:
            return
        try:
            for row, line in enumerate((page.first, page.second)):
                self._lcd.cursor_pos = (row, 0)
                self._lcd.write_string(f"{line:<{WIDTH}}")
        except OSError as error:
            self._lost(error)

    def close(self) -> None:
        """As Display."""
        if self._lcd is not None:
            with contextlib.suppress(OSError):
                self._lcd.close(clear=True)

    def _open(self) -> None:
        from RPLCD.i2c import CharLCD  # noqa: PLC0415 - needed only where such a display is configured

        try:
            self._lcd = CharLCD(
                self._config.i2c_expander,
                self._config.i2c_address,
                port=self._config.i2c_bus,
                cols=WIDTH,
                rows=2,
                auto_linebreaks=False,
            )
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if self._lcd is not None or not self._reopen_at:
            _log.warning("the display does not answer: %s", error)
        self._lcd = None
        self._reopen_at = time.monotonic() + _REOPEN_S


class Beeper:
    """A buzzer on a pin, or silence."""

    def __init__(self, gpio: int | None) -> None:
        self._buzzer: Any = None
        if gpio is None:
            return
        from gpiozero import Buzzer, GPIOZeroError  # noqa: PLC0415 - needed only where there is a buzzer

        try:
            self._buzzer = Buzzer(gpio)
        except (GPIOZeroError, OSError) as error:
            _log.warning("no buzzer on GPIO %d: %s", gpio, error)

    def beep(self, outcome: Outcome) -> None:
        """Tell an outcome by ear; returns at once."""
        if self._buzzer is not None and outcome in _BEEPS:
            on_s, off_s, times = _BEEPS[outcome]
            self._buzzer.beep(on_time=on_s, off_time=off_s, n=times)

    def close(self) -> None:
        """Fall silent."""
        if self._buzzer is not None:
            self._buzzer.close()


def open_display(config: DisplayConfig) -> Display:
    """The display of the configuration."""
    if config.kind == "lcd":
        return LcdDisplay(config)
    if config.kind == "lines":
        return LinesDisplay()
    return ConsoleDisplay() if config.kind == "console" else NoDisplay()


class Indicator:
    """Shows messages one after the other; a new one replaces what is left of the one before."""

    def __init__(self, display: Display, beeper: Beeper, page_time: timedelta) -> None:
        """Start the thread.

        Args:
            display: where pages go.
            beeper: the buzzer.
            page_time: how long each page stays.
        """
        self._display = display
        self._beeper = beeper
        self._page_s = page_time.total_seconds()
        self._messages: queue.Queue[tuple[Message, int | None] | None] = queue.Queue()
        self._idle: Page | None = None
        self._thread = threading.Thread(target=self._run, name="indicator", daemon=True)
        self._thread.start()

    def show(self, message: Message, seq: int | None = None) -> None:
        """Show a message; returns at once. `seq` is the event that it confirms."""
        self._messages.put((message, seq))

    def idle(self, page: Page) -> None:
        """What to show when no message is left; say it again whenever it changes."""
        self._idle = page

    def close(self) -> None:
        """Finish the page that stands and go dark."""
        self._messages.put(None)
        self._thread.join()
        self._display.close()
        self._beeper.close()

    def _run(self) -> None:
        pages: list[Page] = []
        shown: Page | None = None
        while True:
            try:
                entry = self._messages.get(timeout=self._page_s if pages else _IDLE_S)
                if entry is None:
                    return
                message, seq = entry
                self._display.begin(message, seq)
                self._beeper.beep(message.outcome)
                pages = list(message.pages)
            except queue.Empty:
                pages = pages[1:]
            page = pages[0] if pages else self._idle
            if page is not None and page != shown:
                self._display.page(page)
            shown = page
