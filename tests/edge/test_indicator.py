"""Displays: what the person sees, on a real 16x2 library over a bus that is watched."""

import io
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import gpiozero
import pytest
import RPLCD.i2c
from gpiozero.pins.mock import MockFactory

from edge import config
from edge.displays import ConsoleDisplay, LinesDisplay, NoDisplay
from edge.indicator import Beeper, Indicator, LcdDisplay, open_display
from edge.wording import Message, Outcome, Page

HELLO = Message((Page("Siti Aminah", "Masuk 07:28  OK"), Page("Jam belum pas", "x")), Outcome.STORED, "Halo.")


def display_config(text: str = 'kind = "lcd"') -> config.DisplayConfig:
    return config.parse(f'[node]\nstate_dir = "/s"\n[display]\n{text}\n').display


class Bus:
    """An I2C bus with a PCF8574 and an HD44780 behind it: latches a nibble when E falls, keeps the text."""

    broken = False

    def __init__(self, _port: int) -> None:
        if self.broken:
            raise FileNotFoundError(2, "No such file or directory", "/dev/i2c-1")
        self.cells = {row: [" "] * 16 for row in (0, 1)}
        self._enabled, self._nibbles, self._place = False, list[int](), 0
        type(self).latest = self

    def write_byte(self, _address: int, data: int) -> None:
        if self.broken:
            raise OSError(121, "Remote I/O error")
        if self._enabled and not data & 4:
            self._nibbles.append(data)
        self._enabled = bool(data & 4)
        if len(self._nibbles) == 2:
            high, low = self._nibbles
            self._nibbles = []
            self._take(high & 0xF0 | low >> 4, is_text=bool(high & 1))

    def _take(self, byte: int, *, is_text: bool) -> None:
        if is_text and self._place % 0x40 < 16:
            self.cells[self._place // 0x40][self._place % 0x40] = chr(byte)
        if is_text:
            self._place += 1
        elif byte & 0x80:
            self._place = byte & 0x7F

    def close(self) -> None:
        pass

    def shown(self) -> tuple[str, str]:
        return "".join(self.cells[0]).rstrip(), "".join(self.cells[1]).rstrip()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> type[Bus]:
    fresh = type("FreshBus", (Bus,), {})
    monkeypatch.setattr(RPLCD.i2c, "SMBus", fresh)
    return fresh


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


def test_a_16x2_display_shows_both_lines_and_wipes_what_stood_there(bus: Any) -> None:
    lcd = LcdDisplay(display_config())
    lcd.page(Page("Siti Aminah", "Masuk 07:28  OK"))
    assert bus.latest.shown() == ("Siti Aminah", "Masuk 07:28  OK")
    lcd.page(Page("Ya", ""))
    assert bus.latest.shown() == ("Ya", "")
    lcd.close()


def test_a_display_that_is_unplugged_never_stops_attendance_and_comes_back(
    bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lcd = LcdDisplay(display_config())
    bus.broken = True
    lcd.page(Page("a", "b"))
    lcd.page(Page("c", "d"))
    lcd.close()
    bus.broken = False
    lcd.page(Page("e", "f"))
    assert bus.latest.shown() == ("", "")
    monkeypatch.setattr("edge.indicator.time.monotonic", lambda: 1e9)
    lcd.page(Page("g", "h"))
    assert bus.latest.shown() == ("g", "h")


def test_a_display_that_was_never_there_is_no_reason_to_stop(bus: Any) -> None:
    bus.broken = True
    LcdDisplay(display_config()).page(Page("a", "b"))


def test_a_good_punch_beeps_once(pins: MockFactory) -> None:
    beeper = Beeper(18)
    pin = pins.pin(18)
    pin.clear_states()
    beeper.beep(Outcome.STORED)
    beeper._buzzer._blink_thread.join(10)
    assert [state.state for state in pin.states] == [False, True, False]
    beeper.beep(Outcome.READY)
    assert len(pin.states) == 3
    beeper.close()


def test_a_machine_without_pins_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pin: int) -> None:
        raise gpiozero.BadPinFactory("no pins here")

    monkeypatch.setattr(gpiozero, "Buzzer", refuse)
    beeper = Beeper(18)
    beeper.beep(Outcome.STORED)
    beeper.close()
    Beeper(None).beep(Outcome.STORED)


def test_the_console_tells_all_pages_the_number_and_the_voice() -> None:
    out = io.StringIO()
    ConsoleDisplay(out).begin(HELLO, 42)
    assert out.getvalue() == (
        "[Siti Aminah     |Masuk 07:28  OK ]  [Jam belum pas   |x               ]  #42  Halo.\n"
    )


def test_lines_are_json_for_programs() -> None:
    out = io.StringIO()
    LinesDisplay(out).begin(HELLO, 42)
    assert json.loads(out.getvalue()) == {
        "screen": [["Siti Aminah", "Masuk 07:28  OK"], ["Jam belum pas", "x"]],
        "outcome": "stored",
        "seq": 42,
        "voice": "Halo.",
    }


@pytest.mark.parametrize(
    ("kind", "class_"), [("console", ConsoleDisplay), ("lines", LinesDisplay), ("none", NoDisplay)]
)
def test_the_configuration_chooses_the_display(kind: str, class_: type) -> None:
    assert type(open_display(display_config(f'kind = "{kind}"'))) is class_


class Recorder:
    """A display that keeps what it was told, and lets a test wait for a page."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.changed = threading.Condition()

    def begin(self, message: Message, seq: int | None) -> None:
        self._add((message.outcome, seq))

    def page(self, page: Page) -> None:
        self._add(page.first)

    def close(self) -> None:
        self._add("dark")

    def _add(self, entry: object) -> None:
        with self.changed:
            self.told.append(entry)
            self.changed.notify_all()

    def wait_for(self, entry: object) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: entry in self.told, timeout=10)


def test_pages_follow_each_other_and_then_the_idle_page_stands() -> None:
    recorder = Recorder()
    indicator = Indicator(recorder, Beeper(None), timedelta(milliseconds=1))
    indicator.idle(Page("Tempelkan jari", ""))
    recorder.wait_for("Tempelkan jari")
    recorder.told.clear()
    indicator.show(HELLO, 42)
    recorder.wait_for("Tempelkan jari")
    indicator.close()
    assert recorder.told == [
        (Outcome.STORED, 42),
        "Siti Aminah",
        "Jam belum pas",
        "Tempelkan jari",
        "dark",
    ]


def test_the_next_person_does_not_wait_for_the_pages_of_the_one_before() -> None:
    recorder = Recorder()
    indicator = Indicator(recorder, Beeper(None), timedelta(minutes=1))
    indicator.show(HELLO, 1)
    recorder.wait_for("Siti Aminah")
    indicator.show(Message((Page("Budi", "x"),), Outcome.STORED), 2)
    recorder.wait_for("Budi")
    indicator.close()
    assert "Jam belum pas" not in recorder.told


def test_a_page_that_stands_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.indicator._IDLE_S", 0.001)
    recorder = Recorder()
    indicator = Indicator(recorder, Beeper(None), timedelta(milliseconds=1))
    for name in ("first", "second"):
        indicator.idle(Page(name, ""))
        recorder.wait_for(name)
        time.sleep(0.03)
    indicator.close()
    assert recorder.told == ["first", "second", "dark"]
