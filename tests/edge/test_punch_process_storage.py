"""The loop of the punch process on a disk that fails at the very beginning."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance.seal import node_id, public_hex
from edge import config, keys
from edge.clock import SystemClock
from edge.displays import NoDisplay
from edge.indicator import Beeper, Indicator
from edge.journal_copies import Copies
from edge.journal_faults import StorageFault, storage_error
from edge.logbook import Logbook
from edge.punch_process import PunchProcess
from edge.segments import SegmentReader, StoredEvent


class Turns:
    """Instead of a signal: so many turns of the loop."""

    def __init__(self, most: int) -> None:
        self._left = most

    @property
    def asked(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_a_start_that_could_not_be_written_is_written_as_soon_as_the_disk_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.parse(
        '[camera]\nsource = "none"\n'
        f'[node]\nstate_dir = "{tmp_path}"\n[sensor]\npath = "{tmp_path}/no-sensor"\n'
    )
    key = keys.load_or_create(tmp_path / "event.key")
    logbook = Logbook(tmp_path, key, SystemClock(), epoch=1, rtc=True, watch=None)
    full, write = [storage_error(StorageFault.FULL, "no room")] * 3, Copies.write

    def failing(copies: Copies, stored: StoredEvent) -> None:
        if full:
            raise full.pop()
        write(copies, stored)

    monkeypatch.setattr(Copies, "write", failing)
    monkeypatch.setattr("edge.punch_process._STORAGE_PAUSE_S", 0.0)
    monkeypatch.setattr("edge.punch_process._AGAIN_S", 0.0)
    indicator = Indicator(NoDisplay(), Beeper(None), timedelta(milliseconds=1))
    PunchProcess(settings, key, X25519PrivateKey.generate(), logbook, indicator).run(Turns(8))  # type: ignore[arg-type]
    indicator.close()
    events = [stored.event for stored in SegmentReader(tmp_path / "segments").read(1, 1)]
    assert events[0].node == node_id(public_hex(key))
    assert [event.type for event in events[:2]] == ["start", "clock"]
    assert events[0].content["clock_source"] == "system"
    assert [event.type for event in events].count("start") == 1
