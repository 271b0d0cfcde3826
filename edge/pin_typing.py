"""Decides what keys come to: first a number, then a PIN. Touches nothing."""

from dataclasses import dataclass, field, replace

from attendance.pins import NUMBER_DIGITS, PIN_DIGITS
from edge.keypad_decoding import Key

_MOST_NUMBER = max(NUMBER_DIGITS)


@dataclass(frozen=True, slots=True)
class Typing:
    """What stands typed.

    Attributes:
        asks_pin: the number is finished.
        hint: Enter came before the PIN had its six digits.
    """

    number: str = ""
    pin: str = field(default="", repr=False)
    asks_pin: bool = False
    hint: bool = False

    @property
    def begun(self) -> bool:
        """Whether anything stands there."""
        return self != NOTHING

    @property
    def finished(self) -> bool:
        """Whether the PIN has all its digits."""
        return len(self.pin) == PIN_DIGITS


NOTHING = Typing()


def press(typing: Typing, key: Key) -> Typing:
    """What stands there after this key. A finished PIN is for the caller to take on Enter.

    A digit too many takes the place of the last one: what is too long is seen to be so, or comes out wrong.
    """
    typing = replace(typing, hint=False)
    if key is Key.CLEAR:
        return NOTHING
    if key is Key.ENTER:
        if not typing.asks_pin:
            return replace(typing, asks_pin=bool(typing.number))
        return replace(typing, hint=not typing.finished)
    if key is Key.BACK:
        return _back(typing)
    if typing.asks_pin:
        return replace(typing, pin=typing.pin[: PIN_DIGITS - 1] + key.value)
    return replace(typing, number=typing.number[: _MOST_NUMBER - 1] + key.value)


def _back(typing: Typing) -> Typing:
    if typing.pin:
        return replace(typing, pin=typing.pin[:-1])
    if typing.asks_pin:
        return replace(typing, asks_pin=False)
    return replace(typing, number=typing.number[:-1])
