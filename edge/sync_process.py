"""The sync process, the only one with the network: hands in what the node wrote, brings rules, people, time.

It may be killed at any point: all it knows is in the segments, at central and in the cursor.
"""

import json
import logging
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attendance.chain import Link
from attendance.exchange import MAX_BATCH_EVENTS
from edge import keys
from edge.clock import Clock, EmulatedClock, SystemClock
from edge.config import NodeConfig, SyncConfig
from edge.event_sender import EventSender
from edge.faults import EnrolmentError, Fault, LinkError, PunchSocketError, StorageError
from edge.link_faults import SENTENCES
from edge.pacing import MAX_PIECE_BYTES, Pace
from edge.photo_sender import PhotoSender
from edge.photo_store import PhotoStore
from edge.photo_sweep import PhotoSweep
from edge.punch_socket import PunchSocket
from edge.segments import SegmentReader, epoch_folder, epochs_in, segments_in
from edge.server_record import RecordWatch, ServerRecord
from edge.stopping import StopSignal
from edge.supervision import Supervision
from edge.sync_cursor import CursorFile
from edge.synchroniser import Synchroniser, SyncTimes, ask_to_mend
from edge.uplink import Identity, Uplink

LOG = logging.getLogger(__name__)
TRY_AGAIN, NOT_ENROLLED = 1, 3
"""Exit status where a new start may help, and where the node must be claimed or its settings corrected."""
_LOOK_EVERY_S = 5.0
_CLAIM_LOOK_S = 1.0


def run(config: NodeConfig) -> int:
    """Sync until SIGTERM; returns the exit status. Before the claim there is only waiting for it."""
    stop, supervision = StopSignal(), Supervision()
    while _claimed(config.state_dir / "server.json", stop):
        status = _run_under_record(config, stop, supervision)
        if status:
            return status
    supervision.stopping()
    return 0


def _claimed(record_file: Path, stop: StopSignal) -> bool:
    """Wait for the claim; False when a stop was asked for."""
    if not record_file.exists():
        LOG.info("not claimed yet: waiting for %s", record_file)
    while not record_file.exists():
        if stop.wait(_CLAIM_LOOK_S):
            return False
    return not stop.asked


def _run_under_record(config: NodeConfig, stop: StopSignal, supervision: Supervision) -> int:
    """Sync as long as `server.json` stands as it is; the exit status, 0 where there is no fault."""
    try:
        process = SyncProcess(config)
    except (EnrolmentError, LinkError) as fault:
        LOG.error("%s", fault)  # noqa: TRY400 - a sentence for a technician, not a trace
        return NOT_ENROLLED
    except Fault as fault:
        LOG.error("%s", fault)  # noqa: TRY400
        if isinstance(fault, StorageError):
            ask_to_mend(PunchSocket(config.state_dir / "punch.sock"), fault)
        return TRY_AGAIN
    supervision.ready()
    process.run(stop, supervision)
    return 0


class SyncProcess:
    """The parts, wired from the configuration."""

    def __init__(self, config: NodeConfig) -> None:
        """Read keys, record and cursor; nothing is sent yet.

        Raises:
            EnrolmentError: the node was not claimed. LinkError: the address of central can't be used.
        """
        state = config.state_dir
        self._watch = RecordWatch(state / "server.json")
        record = ServerRecord.load(state / "server.json")
        url, ca_file = record.url, Path(record.ca_file) if record.ca_file else None
        if config.server is not None:
            # The configuration is what people can change when central moves.
            url, ca_file = config.server.url, config.server.ca_file
        identity = Identity(record.node, keys.load(state / "transport.key"))
        self._clock: Clock = EmulatedClock(config.clock.emulated) if config.clock.emulated else SystemClock()
        self._door = Uplink(url, ca_file, identity)
        self._punch = PunchSocket(state / "punch.sock")
        self._segments = state / "segments"
        self._status_file = StatusFile(state / "sync-status.json")
        self._parts(config, record)

    def _parts(self, config: NodeConfig, record: ServerRecord) -> None:
        state, sync = config.state_dir, config.sync
        cursor = CursorFile(state / "sync-cursor.json")
        pace = Pace(
            connect=timedelta(seconds=sync.connect_timeout_s), answer=timedelta(seconds=sync.read_timeout_s)
        )
        self._events = EventSender(
            Link(record.node, record.epoch),
            record.receipt_key,
            SegmentReader(self._segments),
            self._door,
            cursor,
            pace=pace,
            most_events=min(sync.batch_events, MAX_BATCH_EVENTS),
            monotonic=time.monotonic,
        )
        _tell_older_epochs(self._segments, record.epoch, cursor)
        store = PhotoStore(state / "photos")
        photos = PhotoSender(
            store,
            record.epoch,
            SegmentReader(self._segments),
            self._events,
            cursor,
            self._door,
            pace=pace,
            drop=self._drop,
            most_bytes=min(sync.photo_piece_bytes, MAX_PIECE_BYTES),
            monotonic=time.monotonic,
        )
        self._sweep = PhotoSweep(store, self._segments, SegmentReader(self._segments), time.monotonic)
        self._turns = Synchroniser(
            self._events,
            photos,
            cursor,
            self._door,
            self._punch,
            self._clock,
            record.document_key,
            _times(sync),
            software=version("hadir"),
            monotonic=time.monotonic,
            dice=random.SystemRandom(),
        )

    def run(self, stop: StopSignal, supervision: Supervision) -> None:
        """Turn after turn, until `stop` or until `server.json` is another one."""
        growth, looked = ("", 0), time.monotonic()
        while not stop.asked and not self._watch.replaced():
            seen = _growth(self._segments)
            if seen != growth or time.monotonic() - looked > _LOOK_EVERY_S:
                growth, looked = seen, time.monotonic()
                self._turns.noticed()
            rest = self._turns.turn()
            self._status_file.show(self._shown())
            supervision.alive()
            if rest:
                self._sweep.step()
            stop.wait(rest.total_seconds())
        self._door.close()

    def _drop(self, seq: int, sha256: str, reason: str) -> None:
        """Have the punch process write that a photo will not come."""
        content = {"event": seq, "photo": sha256, "reason": reason}
        reply = self._punch.request({"do": "event", "type": "drop", "content": content})
        if reply.get("ok") is not True:
            raise PunchSocketError(f"a drop is not taken: {reply.get('error')}")

    def _shown(self) -> dict[str, Any]:
        fault = self._turns.fault
        return {
            "v": 1,
            "state": "ok" if fault is None else fault.kind,
            "sentence": None if fault is None else SENTENCES.get(fault.sentence_id),
            "detail": None if fault is None else fault.message,
            "held": self._events.agreed.size,
            "backlog": self._turns.backlog,
        }


class StatusFile:
    """`sync-status.json`, for the display and for health events; written when something in it changed."""

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self._path = path
        self._shown: Mapping[str, Any] = {}

    def show(self, fields: Mapping[str, Any]) -> None:
        """Write it if it changed. Not forced to the card: after a power cut it is worth nothing anyway."""
        if fields == self._shown:
            return
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(
                json.dumps({**fields, "since_ms": time.time_ns() // 1_000_000}), encoding="utf-8"
            )
            fresh.replace(self._path)
        except OSError as error:
            LOG.warning("%s can't be written: %s", self._path.name, error.strerror)
            return
        self._shown = dict(fields)


def _tell_older_epochs(segments: Path, epoch: int, cursor: CursorFile) -> None:
    """A new claim under an old key ends an epoch. Central takes no more of it: people must look at the rest.

    A claim refuses to begin anew where a node was in use, so this takes files that somebody moved by hand.
    """
    for older in epochs_in(segments):
        if older < epoch and segments_in(epoch_folder(segments, older)):
            cursor.alarm(f"epoch@{older}", "older-epoch-left", {"epoch": older})


def _times(sync: SyncConfig) -> SyncTimes:
    return SyncTimes(
        timedelta(seconds=sync.interval_s),
        timedelta(seconds=sync.backoff_max_s),
        sync.photo_rate_bytes_per_s,
    )


def _growth(segments: Path) -> tuple[str, int]:
    """Name and time of the newest segment: changes with nearly every event, and costs no reading.

    Nearly: two events within one tick of the kernel's clock may leave the same time. So it is only a hint,
    and the process looks for events every few seconds without one.
    """
    try:
        newest = max(segments.rglob("*.log"), key=str, default=None)
        return (str(newest), newest.stat().st_mtime_ns) if newest is not None else ("", 0)
    except OSError:
        return "", 0
