"""Carries photos to central after the events that name them: by hash, resumable by offset, oldest first.

A photo that was named and is not there any more, or is not what was named, gets a signed `drop` event and is
passed over: the event said what it said, and central knows why nothing comes.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from attendance.exchange import MAX_BATCH_BYTES, MAX_PHOTO_BYTES
from attendance.seal import sha256_hex
from edge.answer import Answer
from edge.event_sender import Events, EventSender
from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import MAX_PIECE_BYTES, Pace, Patience
from edge.photo_store import NamedPhoto, PhotoStore
from edge.sync_cursor import CursorFile

_LOOK_AHEAD = 200  # events read at once in search of photos
_SAVE_EVERY = 16  # photos between two writes of the cursor: a lost place costs a question for each
_MOST_RESTARTS = 3


class PhotoDoor(Protocol):
    """What of `edge.uplink.Uplink` is needed here."""

    def photo_offset(self, photo: NamedPhoto, patience: Patience) -> Answer: ...  # noqa: D102
    def send_photo_piece(  # noqa: D102
        self, photo: NamedPhoto, offset: int, length: int, piece: bytes, patience: Patience
    ) -> Answer: ...


@dataclass(slots=True)
class _Upload:
    """A photo on its way; `offset` is None until central said how much it holds."""

    photo: NamedPhoto
    data: bytes
    offset: int | None = None
    restarts: int = 0


class PhotoSender:
    """Sends one piece at a time, so that a new event never waits for more than a piece.

    Attributes:
        waiting: whether a photo of an acknowledged event may still be to be sent.
    """

    def __init__(
        self,
        store: PhotoStore,
        epoch: int,
        events: Events,
        agreement: EventSender,
        cursor: CursorFile,
        door: PhotoDoor,
        *,
        pace: Pace,
        drop: Callable[[int, str, str], None],
        most_bytes: int = MAX_PIECE_BYTES,
        monotonic: Callable[[], float],
    ) -> None:
        """Take up after the photos that the cursor counts as done.

        Args:
            store: where the photos lie.
            epoch: of the chain.
            events: the node's own events.
            agreement: tells which events central holds; photos of others would be refused.
            cursor: shared with the agreement.
            door: to central.
            pace: what to assume of the link at first.
            drop: writes a signed `drop` event for (seq, sha256, reason); raises a Fault where it can't.
            most_bytes: in one piece.
            monotonic: seconds, for measuring the link.
        """
        self._store = store
        self._epoch = epoch
        self._events = events
        self._agreement = agreement
        self._cursor = cursor
        self._door = door
        self._drop = drop
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._named: deque[NamedPhoto] = deque()
        self._seen = cursor.now.photos_done
        self._rollbacks = agreement.rollbacks
        self._unsaved = 0
        self._upload: _Upload | None = None
        self._refused: dict[str, int] = {}
        self.pace = pace
        self.waiting = True

    def send(self) -> int:
        """Take one step: find the next photo, ask how much of it is there, or send a piece.

        Returns:
            How many bytes of photos went up.

        Raises:
            LinkError: it did not arrive. Fault: the punch process is away and a drop could not be written.
        """
        if self._rollbacks != self._agreement.rollbacks:
            self._rewind()
        upload = self._upload or self._next()
        if upload is None:
            self.waiting = False
            self._save()
            return 0
        self._upload = upload
        if upload.offset is None:
            answer = self._door.photo_offset(upload.photo, self.pace.patience(1_024))
            if answer.status == 404:
                # An answer to HEAD can't say why; the answer to the first piece will.
                upload.offset = 0
            else:
                self._take_in(upload, answer)
            return 0
        return self._send_piece(upload, upload.offset)

    @property
    def known_backlog(self) -> int:
        """At least so many photos are still to be sent: those of the events that were looked at so far.

        Counting all would mean to read every event that central has no photo of, just to show a number.
        """
        return len(self._named) + (self._upload is not None)

    def _send_piece(self, upload: _Upload, offset: int) -> int:
        piece = upload.data[offset : offset + min(self._most_bytes, self.pace.next_piece_bytes())]
        began, length = self._monotonic(), len(upload.data)
        upload.offset = None  # until the answer is in hand, nobody knows
        try:
            patience = self.pace.patience(len(piece))
            answer = self._door.send_photo_piece(upload.photo, offset, length, piece, patience)
        except LinkError as fault:
            if fault.kind in (LinkFault.TIMED_OUT, LinkFault.CUT):
                self.pace = self.pace.piece_failed(len(piece))
            raise
        if answer.status == 200:
            self.pace = self.pace.piece_held(len(piece), timedelta(seconds=self._monotonic() - began))
        self._take_in(upload, answer)
        return len(piece)

    def _take_in(self, upload: _Upload, answer: Answer) -> None:
        """Believe how much central holds; a photo that it does not want never blocks the ones behind it."""
        held, length = answer.whole_header("upload-offset"), len(upload.data)
        if answer.status == 200 and held is not None and held <= length:
            upload.offset = held
            if held == length:
                self._upload = None
                self._unsaved += 1
                if self._unsaved >= _SAVE_EVERY:
                    self._save()
        elif answer.status in (409, 422) and held is not None and upload.restarts < _MOST_RESTARTS:
            # Central names its own place; after a wrong hash that is the beginning.
            upload.restarts, upload.offset = upload.restarts + 1, held if held < length else None
        elif answer.error == "photo-not-named" or answer.status in (409, 413, 422) or (held or 0) > length:
            self._give_up(upload, answer)
        else:
            raise answer.fault()

    def _give_up(self, upload: _Upload, answer: Answer) -> None:
        """Central refuses it: ask once more what it holds (it may have been restored), then pass on."""
        seq, sha256 = upload.photo.seq, upload.photo.sha256
        times = self._refused[sha256] = self._refused.get(sha256, 0) + 1
        self._upload = None
        if times == 1:
            self._named.appendleft(upload.photo)
            self._agreement.sure = False
            raise link_error(LinkFault.REFUSED, f"central refuses the photo of event {seq}: {answer}")
        details = {"event": seq, "photo": sha256, "status": answer.status}
        self._cursor.alarm(f"photo@{sha256}", "photo-refused", details)

    def _next(self) -> _Upload | None:
        """The next named photo that is there and whole; every other one becomes a drop on the way."""
        while self._named or self._look_ahead():
            photo = self._named[0]
            data = self._read(photo.sha256)
            if isinstance(data, bytes):
                self._named.popleft()
                return _Upload(photo, data)
            self._drop(photo.seq, photo.sha256, data)
            self._named.popleft()
            self._save()
        return None

    def _read(self, sha256: str) -> bytes | str:
        """The photo, or the reason why it can't be sent."""
        path = self._store.path(sha256)
        try:
            if path.stat().st_size > MAX_PHOTO_BYTES:
                return "oversize"
            data = path.read_bytes()
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "unreadable"
        return data if sha256_hex(data) == sha256 else "damaged"

    def _look_ahead(self) -> bool:
        """Read on among the acknowledged events until one names a photo."""
        while (most := min(_LOOK_AHEAD, self._agreement.agreed.size - self._seen)) > 0:
            stored = self._events.read(self._epoch, self._seen + 1, most, MAX_BATCH_BYTES)
            if not stored:
                return False
            self._seen = stored[-1].event.seq
            for item in stored:
                if item.event.photo is not None:
                    self._named.append(NamedPhoto(self._epoch, item.event.seq, item.event.photo))
            if self._named:
                return True
        return False

    def _rewind(self) -> None:
        """Central was restored: what it lost is to be offered again."""
        self._named.clear()
        self._upload = None
        self._seen = self._cursor.now.photos_done
        self._rollbacks = self._agreement.rollbacks

    def _save(self) -> None:
        """Write down how far photos are done: up to just before the first one that is not."""
        open_seqs = [photo.seq for photo in (*self._named, *([self._upload.photo] if self._upload else []))]
        done = min(open_seqs) - 1 if open_seqs else self._seen
        if done > self._cursor.now.photos_done:
            self._cursor.keep(replace(self._cursor.now, photos_done=done))
        self._unsaved = 0
