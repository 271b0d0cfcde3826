"""Photos without an event go, in their time; a photo that any event names stays."""

from pathlib import Path

import pytest

from attendance.chain import Event, Link
from edge.journal import Journal
from edge.photo_store import PhotoStore
from edge.photo_sweep import EVERY_S, GRACE_S, PhotoSweep
from edge.segments import SegmentReader
from tests.support.journal_world import MOMENT, flip, opened


class Card:
    """A journal and photos, and the sweep with a time of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = PhotoStore(folder / "photos")
        self.journal: Journal = opened(folder, create=True)
        self.now_s = 0.0
        segments = folder / "segments"
        self.sweep = PhotoSweep(self.store, segments, SegmentReader(segments), lambda: self.now_s)

    def photo(self, text: str) -> str:
        return self.store.put(text.encode())[0]

    def punch(self, photo: str) -> Event:
        return self.journal.append("punch", MOMENT, {}, photo)

    def there(self) -> set[str]:
        return {path.name[:64] for path in (self.folder / "photos").rglob("*") if path.is_file()}

    def pass_time(self, seconds: float) -> None:
        for _ in range(40):
            self.now_s += seconds / 40
            for _ in range(3):
                self.sweep.step()


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path)


CIRCLE_S = 16 * (EVERY_S + GRACE_S)


def test_only_photos_that_no_event_names_are_taken_away(card: Card) -> None:
    named = {card.photo(f"named {n}") for n in range(40)}
    for sha256 in named:
        card.punch(sha256)
    for number in range(40):
        card.photo(f"stray {number}")
    half_made = card.store.path("ab" * 32).with_name("ab" * 32 + ".jpg.new")
    half_made.parent.mkdir(exist_ok=True)
    half_made.write_bytes(b"half")
    for _ in range(40):
        card.pass_time(CIRCLE_S / 20)
    assert card.there() == named


def test_a_photo_whose_event_comes_late_stays(card: Card) -> None:
    card.punch(card.photo("first"))
    late = {card.photo(f"late {number}") for number in range(30)}
    card.pass_time(GRACE_S * 0.9)
    for sha256 in late:
        card.punch(sha256)
    for _ in range(40):
        card.pass_time(CIRCLE_S / 20)
    assert late <= card.there()


def test_photos_of_every_epoch_stay(card: Card) -> None:
    old = card.photo("old")
    card.punch(old)
    card.journal.close()
    card.journal = opened(card.folder, create=True, epoch=2)
    assert card.journal.link == Link(card.journal.link.node, 2)
    new = card.photo("new")
    card.punch(new)
    for _ in range(40):
        card.pass_time(CIRCLE_S / 20)
    assert card.there() == {old, new}


def test_where_an_event_can_not_be_read_nothing_is_taken_away(card: Card) -> None:
    photos = {card.photo(f"photo {number}") for number in range(30)}
    for sha256 in sorted(photos):
        card.punch(sha256)
    flip(next((card.folder / "segments").rglob("000000000001.log")), 900)
    for _ in range(40):
        card.pass_time(CIRCLE_S / 20)
    assert card.there() == photos
