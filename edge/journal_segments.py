"""Writes the append-only copy: each append overwrites zeros that are there already, then syncs.

Making and filling a file is slow on a card, so the next one is prepared while nobody waits (`prepare`).
"""

from pathlib import Path

from edge.journal_disk import Disk, OpenFile
from edge.journal_faults import on_disk
from edge.segments import segment_path, segments_in

_CHUNK = bytes(256 * 1024)


class SegmentWriter:
    """The one writer of an epoch's segments."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        """Nothing is written yet.

        Args:
            disk: where to.
            folder: of the epoch.
        """
        self._disk, self._folder, self._size = disk, folder, disk.segment_bytes
        self._file: OpenFile | None = None
        self._end = 0
        self._spare = folder / "spare"
        self._spare_ready = False

    def resume(self, last_offset: int, end: int) -> None:
        """Go on in the newest segment, behind what is whole in it.

        The last record is written once more: if the sync of its append failed or never came, the system may
        believe it to be on the card while it is not. The same goes for the folder and the file's name. What
        lies behind the record (a torn append) becomes zeros, lest it be read as damage later.

        Args:
            last_offset: where the last whole record begins, in bytes.
            end: where it ends.

        Raises:
            StorageError: the disk is full or broken.
        """
        files = segments_in(self._folder)
        if not files:
            return
        with on_disk("taking up the newest segment"):
            data = files[-1][1].read_bytes()
            torn = len(data[end:].rstrip(b"\0"))
            self._file = self._disk.open(files[-1][1])
            self._file.write_at(last_offset, data[last_offset:end] + bytes(torn))
            _fill(self._file, len(data), self._size)
            self._file.sync()
            for folder in (self._folder, self._folder.parent):
                self._disk.sync_folder(folder)
        self._end = end

    def make_room(self, record_bytes: int, seq: int) -> None:
        """See to it that the next record fits; call before anything is promised.

        Steps, and what a crash right after each leaves: (1) a spare file of zeros, synced: a spare; (2) it is
        renamed to its number: the spare or an empty segment; (3) the folder is synced: an empty segment,
        which the next start takes up.

        Args:
            record_bytes: length of the record.
            seq: number of its event.

        Raises:
            StorageError: the disk is full or broken; nothing of the event is kept.
        """
        if self._file is not None and self._end + record_bytes <= self._size:
            return
        self._make_spare()
        with on_disk("starting a segment"):
            path = segment_path(self._folder, seq)
            self._spare_ready = False
            self._disk.replace(self._spare, path)
            self._disk.sync_folder(self._folder)
            self.close()
            self._file, self._end = self._disk.open(path), 0

    def append(self, record: bytes) -> None:
        """Write the record behind the others; durable on return.

        Raises:
            StorageError: nobody knows whether it is durable. `resume` finds out.
        """
        assert self._file is not None, "make_room comes first"
        with on_disk("appending to the segment"):
            self._file.write_at(self._end, record)
            self._file.sync()
        self._end += len(record)

    def prepare(self) -> None:
        """Make the next file ahead of time once the present one is half full.

        Raises:
            StorageError: the disk is full or broken; the present segment still has room.
        """
        if self._file is None or self._end * 2 > self._size:
            self._make_spare()

    def close(self) -> None:
        """Close the file; harmless when there is none."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _make_spare(self) -> None:
        if self._spare_ready:
            return
        with on_disk("preparing a segment"):
            self._disk.make_folder(self._folder)
            file = self._disk.open(self._spare)
            try:
                _fill(file, 0, self._size)
                file.sync()
            finally:
                file.close()
        self._spare_ready = True


def _fill(file: OpenFile, offset: int, size: int) -> None:
    """Zeros from offset up to size: written, not merely reserved, so that later syncs change no metadata."""
    while offset < size:
        step = min(len(_CHUNK), size - offset)
        file.write_at(offset, _CHUNK[:step])
        offset += step
