"""The wiring of the sync process: what it does when the record of the claim changes under it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from edge import config, keys
from edge.server_record import RecordWatch, ServerRecord
from edge.supervision import Supervision
from edge.sync_cursor import CursorFile
from edge.sync_process import SyncProcess
from tests.support.journal_world import filled

CENTRAL = seal.public_hex(Ed25519PrivateKey.from_private_bytes(b"c" * 32))


class Stop:
    """Instead of a signal: does a deed at the first rest, and gives up after some more."""

    def __init__(self, deed: Callable[[], None]) -> None:
        self.rests = 0
        self._deed = deed

    @property
    def asked(self) -> bool:
        return self.rests > 20

    def wait(self, _seconds: float) -> bool:
        self.rests += 1
        if self.rests == 1:
            self._deed()
        return self.asked


@pytest.fixture
def record(tmp_path: Path) -> ServerRecord:
    """A claimed node whose central can't be reached."""
    event_key = keys.load_or_create(tmp_path / "event.key")
    keys.load_or_create(tmp_path / "transport.key")
    node = seal.node_id(seal.public_hex(event_key))
    url = "http://127.0.0.1:9"
    made = ServerRecord(node, 1, "D", "Dinas", "Asia/Jakarta", url, None, CENTRAL, CENTRAL, "123456")
    made.save(tmp_path / "server.json")
    return made


def process(state: Path) -> SyncProcess:
    return SyncProcess(config.parse(f'[node]\nstate_dir = "{state}"\n[sensor]\npath = "/dev/null"\n'))


def alarms(state: Path) -> list[object]:
    return [alarm["alarm"] for alarm in CursorFile(state / "sync-cursor.json").now.alarms]


def test_a_replaced_record_ends_the_run_so_that_the_next_one_reads_it(
    tmp_path: Path, record: ServerRecord
) -> None:
    stop = Stop(lambda: replace(record, unit="E").save(tmp_path / "server.json"))
    process(tmp_path).run(stop, Supervision({}))  # type: ignore[arg-type]
    assert stop.rests < 3


def test_a_record_that_stands_or_is_taken_away_ends_nothing(tmp_path: Path, record: ServerRecord) -> None:
    stop = Stop((tmp_path / "server.json").unlink)
    process(tmp_path).run(stop, Supervision({}))  # type: ignore[arg-type]
    assert stop.asked
    watch = RecordWatch(tmp_path / "server.json")
    record.save(tmp_path / "server.json")
    assert watch.replaced()


def test_events_of_an_older_epoch_are_told_and_never_stay_in_silence(
    tmp_path: Path, record: ServerRecord
) -> None:
    filled(tmp_path, 3)
    process(tmp_path)
    assert alarms(tmp_path) == []
    replace(record, epoch=2).save(tmp_path / "server.json")
    for _ in range(2):
        process(tmp_path)
    assert alarms(tmp_path) == [{"kind": "older-epoch-left", "epoch": 1}]
