"""A journal in a temporary folder, with small files, and ways to hurt it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Link, make_event
from attendance.moment import ClockState, Moment
from edge.journal import Journal
from edge.journal_disk import Disk
from edge.segments import SegmentReader, StoredEvent

KEY = Ed25519PrivateKey.from_private_bytes(b"j" * 32)
NODE = seal.node_id(seal.public_hex(KEY))
MOMENT = Moment(1_788_760_139_000, "boot-1", 5000, 5001, None, ClockState.RTC)


class SmallDisk(Disk):
    """So that segments roll and the log wraps within a test."""

    segment_bytes = 8 * 1024
    wal_bytes = 64 * 1024


def opened(folder: Path, *, create: bool = False, epoch: int = 1, disk: Disk | None = None) -> Journal:
    """The journal of the test."""
    return Journal.open(folder, KEY, create=create, epoch=epoch, disk=disk or SmallDisk())


def punches(journal: Journal, count: int) -> list[str]:
    """Append so many; their leaves."""
    return [journal.append("punch", MOMENT, {"slot": n, "note": "x" * 120}).leaf for n in range(count)]


def filled(folder: Path, count: int) -> list[str]:
    """A closed journal of so many events; their leaves."""
    journal = opened(folder, create=True)
    leaves = punches(journal, count)
    journal.close()
    return leaves


def rows(folder: Path) -> list[str]:
    """Leaves in the database, through the journal."""
    journal = opened(folder)
    try:
        return [event.leaf for event in journal.last_events(journal.link.size)] if journal.link.size else []
    finally:
        journal.close()


def records(folder: Path) -> list[str]:
    """Leaves in the segments, as sync reads them."""
    found = SegmentReader(folder / "segments").read(1, 1, 10**6, 10**9)
    return [stored.event.leaf for stored in found]


def stored_chain(count: int, note: str = "") -> list[StoredEvent]:
    """Signed events that no journal has."""
    link, chain = Link(NODE, 1), []
    for number in range(count):
        event = make_event(link, "punch", MOMENT, {"slot": number, "note": note}, salt=f"{number:032x}")
        chain.append(StoredEvent(event, seal.sign(KEY, seal.EVENT, bytes.fromhex(event.leaf))))
        link = Link(NODE, 1, event.seq, event.leaf)
    return chain


def flip(path: Path, position: int) -> None:
    """One bit of rot."""
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)
