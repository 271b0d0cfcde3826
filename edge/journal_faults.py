"""The kinds of storage fault: what each one means, and whether a retry may help.

The person at the door sees the same words for all of them: what can't be written down is not recorded.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from edge.faults import StorageError


class StorageFault(StrEnum):
    """What is wrong with the node's disk or with what lies on it. The value is the stable name in logs."""

    FULL = "disk-full"
    """No room. Nothing is acknowledged; the next append tries again by itself."""
    FAILED = "disk-failed"
    """A read, write or sync failed. After a failed sync nobody knows what the disk holds: open anew first."""
    STOPPED = "journal-stopped"
    """An earlier fault, or an append that was interrupted; refuses until it is opened anew."""
    BUSY = "journal-busy"
    """Another process owns the journal."""
    MISSING = "journal-missing"
    """Neither copy holds an event, and nobody asked for a new journal."""
    LOST = "journal-lost"
    """An event is damaged in both copies although later ones are there."""
    FOREIGN = "journal-foreign"
    """It was written by another node, or for another epoch."""
    CORRUPT = "database-damaged"
    """SQLite finds its file corrupt; mended from the append-only copy when the journal is opened."""
    DAMAGED = "segment-damaged"
    """The append-only copy has a bad place; the punch process mends it when it opens the journal."""


SENTENCES: dict[str, str] = {"not-recorded": "TIDAK TEREKAM. Hubungi admin."}

_RETRY = {StorageFault.FULL, StorageFault.BUSY, StorageFault.DAMAGED}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def storage_error(fault: StorageFault, message: str) -> StorageError:
    """The fault as an exception."""
    return StorageError(fault.value, fault in _RETRY, message, "not-recorded")


@contextmanager
def on_disk(doing: str) -> Iterator[None]:
    """Turn the operating system's refusals within the block into a StorageError.

    Args:
        doing: what is being done, for the log: "writing the segment".
    """
    try:
        yield
    except OSError as error:
        kind = StorageFault.FULL if error.errno in _FULL else StorageFault.FAILED
        raise storage_error(kind, f"{doing}: {error.strerror or error}") from error
