"""Real processes over HTTPS: claim, a bad link, cuts, both sides killed, a restored backup: nothing lost."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support.sync_journey import Desk, Journey, wait_until


def jpeg(number: int) -> bytes:
    return b"\xff\xd8" + f"picture {number} ".encode() * 900 + b"\xff\xd9"


@pytest.fixture
def journey(tmp_path: Path):
    with Journey(tmp_path, "--rate-bps", "3000000", "--delay-ms", "8", "--loss", "0.01") as journey:
        yield journey


def test_every_event_reaches_central_exactly_once_through_cuts_and_kills(journey: Journey) -> None:
    token = journey.central.token
    first, second = journey.claim(token), journey.claim(token)
    assert "KODE" in first.stdout, first.stderr
    assert first.stdout == second.stdout
    journey.desk = desk = Desk(journey.state)
    desk.write(150)
    desk.write(6, photo=jpeg)
    journey.sync.start()

    wait_until(lambda: len(journey.central.stored()) >= 40, "the first events arrive")
    journey.tell_link(do="cut", how="reset")
    desk.write(60)
    wait_until(lambda: journey.status().get("state") not in (None, "ok"), "sync notices the cut")
    journey.sync.kill()
    journey.tell_link(do="heal")
    journey.sync.start()
    wait_until(lambda: len(journey.central.stored()) >= 100, "it goes on after the cut")
    journey.central.child.kill()
    desk.write(30, photo=lambda number: jpeg(100 + number))
    journey.central.start()
    journey.tell_link(do="set", rate_bps=400_000, loss=0.05)
    desk.write(10)
    gone = next(event.photo for event in desk.events()[-20:] if event.photo)
    (journey.state / "photos" / gone[:2] / f"{gone}.jpg").unlink(missing_ok=True)
    journey.sync.kill()
    journey.sync.start()
    journey.tell_link(do="set", rate_bps=20_000_000, loss=0)

    wait_until(journey.at_peace, "both sides hold the same")
    events = desk.events()
    assert journey.status()["state"] == "ok"
    assert {"anchor"} <= {event.content["what"] for event in events if event.type == "clock"}
    assert [event.content["document"] for event in events if event.type == "policy"] == ["policy", "roster"]
    assert (journey.state / "policy.doc").exists()


def test_a_restored_backup_gets_everything_again_and_an_alarm(journey: Journey, tmp_path: Path) -> None:
    journey.claim(journey.central.token)
    journey.desk = desk = Desk(journey.state)
    desk.write(30)
    journey.sync.start()
    wait_until(journey.at_peace, "the first events arrive")
    backup = tmp_path / "backup.db"
    books = sqlite3.connect(journey.central.data_dir / "central.db")
    with sqlite3.connect(backup) as copy:
        books.backup(copy)
    copy.close()
    books.close()
    desk.write(20, photo=jpeg)
    wait_until(journey.at_peace, "more events arrive")

    journey.central.child.kill()
    for name in ("central.db", "central.db-wal", "central.db-shm"):
        (journey.central.data_dir / name).unlink(missing_ok=True)
    shutil.copy(backup, journey.central.data_dir / "central.db")
    journey.central.start()
    desk.write(1)
    wait_until(journey.at_peace, "everything is there again")
    alarms = [event.content.get("alarm") for event in desk.events() if event.type == "health"]
    assert [alarm["kind"] for alarm in alarms if alarm] == ["central-rolled-back"]
