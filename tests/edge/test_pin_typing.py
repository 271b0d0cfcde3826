"""What keys come to: a number, Enter, a PIN."""

from random import Random

import pytest

from edge.keypad_decoding import Key
from edge.pin_typing import NOTHING, Typing, press
from edge.pin_wording import typed


def keys(text: str) -> list[Key]:
    """Digits, E for Enter, b for Backspace, c for Clear."""
    return [{"E": Key.ENTER, "b": Key.BACK, "c": Key.CLEAR}.get(char) or Key(char) for char in text]


def after(text: str) -> Typing:
    typing = NOTHING
    for key in keys(text):
        typing = press(typing, key)
    return typing


@pytest.mark.parametrize(
    ("text", "number", "pin", "asks"),
    [
        ("", "", "", False),
        ("E", "", "", False),
        ("1234", "1234", "", False),
        ("12b34", "134", "", False),
        ("1234E", "1234", "", True),
        ("1234E123456", "1234", "123456", True),
        ("1234E12b", "1234", "1", True),
        ("1234E1bb5", "12345", "", False),
        ("1234E12c", "", "", False),
        ("12345678", "123458", "", False),
        ("bbb", "", "", False),
    ],
)
def test_what_stands_typed(text: str, number: str, pin: str, asks: bool) -> None:
    typing = after(text)
    assert (typing.number, typing.pin, typing.asks_pin) == (number, pin, asks)


def test_a_pin_with_a_digit_too_many_is_not_the_right_one_by_its_beginning() -> None:
    assert after("1234E4801739").pin != "480173"


def test_enter_before_six_digits_says_how_many_there_are_and_keeps_them() -> None:
    assert after("1234E123E").hint
    assert after("1234E123E").pin == "123"
    assert not after("1234E123E4").hint


def test_the_display_shows_the_number_and_never_a_digit_of_the_pin() -> None:
    source = Random(7)
    for _ in range(500):
        typing = NOTHING
        for _ in range(source.randrange(30)):
            typing = press(typing, source.choice(list(Key)))
            page = typed(typing).pages[0]
            assert page.first.endswith(typing.number)
            if typing.asks_pin and not typing.hint:
                assert page.second == "PIN: " + "*" * len(typing.pin)
            assert typing.pin not in repr(typing).replace(typing.number, "") or not typing.pin
