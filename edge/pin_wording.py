"""The words of the keypad at the door: pages of two lines of 16 characters, and sentences for the voice.

Neither the PIN nor whether a number exists can be told from them: an unknown number is a wrong PIN.
"""

from datetime import datetime

from edge.pin_guarding import TRIES
from edge.pin_typing import Typing
from edge.wording import Message, Outcome, Page, short_name

_ADMIN = "Hub. admin OPD"


def typed(typing: Typing) -> Message:
    """What stands typed so far, and what comes next."""
    if not typing.asks_pin:
        return _prompt(Page(_number(typing.number), "lalu ENTER"))
    if typing.hint:
        return _prompt(Page(_number(typing.number), "PIN: 6 angka"))
    return _prompt(Page(_number(typing.number), f"PIN: {'*' * len(typing.pin)}"))


def taken_back() -> Message:
    """Nothing stands typed any more."""
    return _prompt(Page("PIN dibatalkan", "Tempelkan jari"))


def checking(number: str) -> Message:
    """The PIN is being checked; it takes a moment."""
    return _prompt(Page(_number(number), "Diperiksa..."))


def no_pins() -> Message:
    """Nobody has a PIN at this node, or they can't be opened."""
    return Message((Page("PIN tak tersedia", _ADMIN),), Outcome.REFUSED, "PIN tidak tersedia di sini.")


def wrong(attempt: int) -> Message:
    """A wrong PIN, or a number that nobody has."""
    page = Page("PIN salah", f"Coba lagi ({min(attempt, TRIES)}/{TRIES})")
    return Message((page,), Outcome.REFUSED, "Nomor atau PIN salah, silakan coba lagi.")


def paused(until: datetime) -> Message:
    """Too many wrong tries; fingers go on as ever."""
    page = Page("PIN ditahan", f"sampai {until:%H:%M}")
    return Message((page, Page("Terlalu banyak", "PIN yang salah")), Outcome.REFUSED, "PIN ditahan sebentar.")


def call_witness(name: str) -> Message:
    """The PIN is right: now somebody else has to stand by."""
    pages = (Page(short_name(name), "PIN benar"), waiting())
    return Message(pages, Outcome.READY, "PIN benar. Pengawas, silakan tempelkan jari.")


def waiting() -> Page:
    """While nobody has put a finger on."""
    return Page("Pengawas:", "tempelkan jari")


def only_witness(name: str) -> tuple[Page, ...]:
    """Behind the confirmation: the finger that vouched has not been booked for its owner."""
    return Page(short_name(name), "hanya saksi"), Page("Absen sendiri:", "tempel lagi")


def nobody_came(name: str) -> Message:
    """Twenty seconds without a witness: nothing is booked, and it can be done again."""
    pages = (Page("Belum tercatat", "Panggil pengawas"), Page(short_name(name), "ulangi PIN"))
    return Message(pages, Outcome.REFUSED, "Belum tercatat. Panggil pengawas, lalu ulangi.")


def _number(number: str) -> str:
    return f"PIN: nomor {number}" if len(number) < 6 else f"PIN nomor {number}"


def _prompt(page: Page) -> Message:
    return Message((page,), Outcome.READY)
