"""Decides what the bytes of a Linux input device mean as keys of a number pad. Touches nothing.

`struct input_event` of linux/input.h: a time of two longs, type, code, value. Codes name places of a keyboard
and not what is printed there, so NumLock does not matter; pads that themselves send the other meaning of a
key while their NumLock is off (Home for 7) are understood as well.
"""

import struct
from enum import StrEnum

NATIVE_BYTES = struct.calcsize("@LLHHi")
"""24 where a long has 64 bits, 16 where it has 32: the kernel speaks to each process in its own."""
_LAYOUTS = {24: struct.Struct("=QQHHi"), 16: struct.Struct("=LLHHi")}
_EV_SYN, _EV_KEY, _EV_MAX = 0x00, 0x01, 0x1F
_SYN_DROPPED = 3
_KEY_MAX = 0x2FF
_PRESSED, _HELD = 1, 2
_USEC_PER_S = 1_000_000


class Key(StrEnum):
    """What a person pressed; a digit is its own value."""

    D0, D1, D2, D3, D4 = "0", "1", "2", "3", "4"
    D5, D6, D7, D8, D9 = "5", "6", "7", "8", "9"
    ENTER = "enter"
    BACK = "back"
    """Takes the last digit back."""
    CLEAR = "clear"
    """Takes everything back. Also what is told where the kernel lost keys: half a number is none."""


_ROW = dict(zip(range(2, 12), "1234567890", strict=True))  # above the letters
_PAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
# Without NumLock: Home, Up, PageUp, Left, Clear, Right, End, Down, PageDown, Insert.
_PAD_OFF = {
    102: "7",
    103: "8",
    104: "9",
    105: "4",
    355: "5",
    106: "6",
    107: "1",
    108: "2",
    109: "3",
    110: "0",
}
_KEYS = {code: Key(digit) for code, digit in (_ROW | _PAD | _PAD_OFF).items()} | {
    28: Key.ENTER,
    96: Key.ENTER,
    14: Key.BACK,
    1: Key.CLEAR,  # Esc
    83: Key.CLEAR,  # the dot of the pad,
    111: Key.CLEAR,  # which is Delete without NumLock
}


class NotAKeypadError(Exception):
    """What comes in has not the form of input events: another kind of device, or damage."""


class KeyDecoder:
    """Bytes in pieces of any size; keys out."""

    def __init__(self, event_bytes: int = NATIVE_BYTES) -> None:
        """Nothing has come yet; `event_bytes` is 24 or 16."""
        self._layout = _LAYOUTS[event_bytes]
        self._rest = b""

    def feed(self, data: bytes) -> list[Key]:
        """The keys that were pressed down in these bytes. Keys that are held down do not repeat.

        Raises:
            NotAKeypadError: no input event looks like this. Begin with a new decoder.
        """
        data = self._rest + data
        whole = len(data) - len(data) % self._layout.size
        self._rest = data[whole:]
        keys = []
        for _, usec, type_, code, value in self._layout.iter_unpack(data[:whole]):
            if usec >= _USEC_PER_S or type_ > _EV_MAX or (type_ == _EV_KEY and not _is_key(code, value)):
                raise NotAKeypadError(f"{type_}, {code}, {value} after {usec} us is no input event")
            if (type_, code) == (_EV_SYN, _SYN_DROPPED):
                keys.append(Key.CLEAR)
            elif type_ == _EV_KEY and value == _PRESSED and code in _KEYS:
                keys.append(_KEYS[code])
        return keys


def _is_key(code: int, value: int) -> bool:
    return code <= _KEY_MAX and 0 <= value <= _HELD
