"""A number pad as the kernel shows it: every layout, every place of a digit, and whatever else comes in."""

import errno
import fcntl
import os
import random
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edge import keypad as keypad_module
from edge.keypad import AWAY, BUSY, DAMAGED, OK, Keypad
from edge.keypad_decoding import NATIVE_BYTES, Key, KeyDecoder, NotAKeypadError
from emulators import keypad as emulated
from emulators.keypad import EV_KEY, EV_SYN, SYN_DROPPED, Pad, event, fifo_pad, press, pty_pad

DIGITS = [Key(digit) for digit in "0123456789"]


class Clock:
    """Seconds that only the test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def typed(device: Keypad, most: int) -> list[Key]:
    """What is pressed; the bytes of a pty are on their way for a moment."""
    keys: list[Key] = []
    until = time.monotonic() + 10
    while len(keys) < most and time.monotonic() < until:
        keys += device.keys()
        time.sleep(0.002)
    return keys


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("codes", [emulated.KEYPAD, emulated.WITHOUT_NUMLOCK, emulated.ROW])
def test_every_digit_is_read_wherever_it_stands_and_whatever_numlock_says(
    bits: int, codes: dict[str, int]
) -> None:
    decoder = KeyDecoder(24 if bits == 64 else 16)
    data = b"".join(press(codes[name], bits=bits) for name in ("0123456789"))
    data += b"".join(press(codes[name], bits=bits) for name in ("ENTER", "BACKSPACE", "ESC"))
    assert decoder.feed(data) == [*DIGITS, Key.ENTER, Key.BACK, Key.CLEAR]


def test_the_layout_of_this_process_is_that_of_its_long() -> None:
    assert 2 * struct.calcsize("l") + 8 == NATIVE_BYTES


def test_bytes_may_come_in_pieces_of_any_size() -> None:
    data = b"".join(press(emulated.KEYPAD[digit]) for digit in "7341")
    decoder = KeyDecoder(24)
    found = [key for at in range(0, len(data), 7) for key in decoder.feed(data[at : at + 7])]
    assert found == [Key.D7, Key.D3, Key.D4, Key.D1]


def test_a_key_that_is_held_down_is_one_and_letting_go_is_none() -> None:
    assert KeyDecoder(24).feed(press(emulated.KEYPAD["5"], repeats=40)) == [Key.D5]


def test_keys_that_are_no_digits_say_nothing() -> None:
    known = {*emulated.KEYPAD.values(), *emulated.WITHOUT_NUMLOCK.values(), *emulated.ROW.values()}
    others = [code for code in range(0x300) if code not in known]
    assert KeyDecoder(24).feed(b"".join(press(code) for code in others)) == []


def test_where_the_kernel_lost_keys_what_was_typed_is_taken_back() -> None:
    lost = press(emulated.KEYPAD["1"]) + event(EV_SYN, SYN_DROPPED, 0)
    assert KeyDecoder(24).feed(lost) == [Key.D1, Key.CLEAR]


@pytest.mark.parametrize(
    "data",
    [
        event(0x20, 0, 0),
        event(EV_KEY, 0x300, 1),
        event(EV_KEY, 79, 3),
        event(EV_KEY, 79, -1),
        struct.pack("<QQHHi", 1, 1_000_000, EV_KEY, 79, 1),
        press(79)[5:],
        b"\xff" * 24,
    ],
)
def test_what_is_no_input_event_is_refused(data: bytes) -> None:
    with pytest.raises(NotAKeypadError):
        KeyDecoder(24).feed(data)


@pytest.mark.parametrize("event_bytes", [16, 24])
def test_random_bytes_are_refused_or_ignored_and_never_more_keys_than_events(event_bytes: int) -> None:
    source = random.Random(3)
    for _ in range(300):
        data = source.randbytes(source.randrange(200))
        try:
            keys = KeyDecoder(event_bytes).feed(data)
        except NotAKeypadError:
            continue
        assert len(keys) <= len(data) // event_bytes


# --- the device


@pytest.mark.parametrize("kind", [fifo_pad, pty_pad])
def test_an_unplugged_pad_is_found_again_and_half_a_number_is_taken_back(
    tmp_path: Path, clock: Clock, kind: Callable[[Path], AbstractContextManager[Pad]]
) -> None:
    path = tmp_path / "pad"
    device = Keypad(path, event_bytes=24, clock=clock)
    assert (device.keys(), device.state) == ([], AWAY)
    for round_ in range(2):
        with kind(path) as pad:
            clock.now_s += 60
            assert (device.keys(), device.state) == ([], OK)
            pad.type("12", "ENTER")
            assert typed(device, 3) == [Key.D1, Key.D2, Key.ENTER]
            assert device.keys() == []
        assert (typed(device, 1), device.state) == ([Key.CLEAR], AWAY), round_
        assert device.keys() == []
    device.close()


def test_a_pad_that_is_away_is_not_looked_for_at_every_turn(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    real = os.open

    def counted(path: object, flags: int, *more: int) -> int:
        tried.append(path)
        return real(path, flags, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", counted)
    device = Keypad(tmp_path / "pad", clock=clock)
    for _ in range(100):
        assert device.keys() == []
        clock.now_s += 0.05
    assert 2 <= len(tried) <= 4


def test_garbage_on_the_device_ends_in_a_new_start_and_not_in_keys(tmp_path: Path, clock: Clock) -> None:
    with fifo_pad(tmp_path / "pad") as pad:
        device = Keypad(tmp_path / "pad", event_bytes=24, clock=clock)
        device.keys()
        pad.type("1")
        pad.raw(b"\xa5" * 100)
        assert (device.keys(), device.state) == ([Key.CLEAR], DAMAGED)
        pad.raw(b"\xa5" * 31)  # still coming in, and no multiple of an event
        clock.now_s += 60
        device.keys()
        pad.type("7")
        assert (device.keys(), device.state) == ([Key.D7], OK)
        device.close()


def test_a_flood_is_read_in_bites_so_that_no_finger_waits_for_it(tmp_path: Path, clock: Clock) -> None:
    with fifo_pad(tmp_path / "pad") as pad:
        device = Keypad(tmp_path / "pad", event_bytes=24, clock=clock)
        device.keys()
        pad.type("1" * 300)
        assert 0 < len(device.keys()) <= 64
        device.close()


@pytest.fixture
def grabbing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A FIFO that the node takes for a real input device, and what it asked of the kernel."""
    asked: list[int] = []

    def ioctl(_fd: int, request: int, argument: int) -> int:
        asked.append(request)
        if len(asked) == 1:
            raise OSError(errno.EBUSY, "busy")
        assert argument == 1
        return 0

    monkeypatch.setattr(keypad_module, "_is_input_device", lambda _fd: True)
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    with fifo_pad(tmp_path / "pad"):
        yield asked


def test_a_real_device_is_grabbed_and_one_that_somebody_else_holds_is_not_read(
    tmp_path: Path, clock: Clock, grabbing: list[int]
) -> None:
    device = Keypad(tmp_path / "pad", clock=clock)
    assert (device.keys(), device.state) == ([], BUSY)
    clock.now_s += 60
    assert (device.keys(), device.state) == ([], OK)
    assert grabbing == [0x40044590] * 2
    device.close()


def test_only_an_input_device_of_the_kernel_is_grabbed(tmp_path: Path) -> None:
    with pty_pad(tmp_path / "pty"), open("/dev/null", "rb") as null:  # noqa: PTH123 - a descriptor is wanted
        fd = os.open(tmp_path / "pty", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        assert not keypad_module._is_input_device(fd)
        assert not keypad_module._is_input_device(null.fileno())
        os.close(fd)
