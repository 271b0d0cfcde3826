"""The real punch process with an emulated sensor and camera: what the screen said is in the journal."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Event, Link, follow
from attendance.exchange import sign_document
from attendance.punch import Listening, Punch
from edge import keys
from edge.punch_socket import PunchSocket
from edge.server_record import ServerRecord
from emulators.fingerprint_module.client import Remote
from tests.support.door_people import policy_content, roster_content, wib
from tests.support.node_process import WAIT_S, NodeProcess, wait_until

CENTRAL = Ed25519PrivateKey.generate()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    made = NodeProcess(tmp_path, wib("2017-06-05 07:28:00"), camera=False)
    yield made
    made.end()


@pytest.fixture
def sensor(node: NodeProcess) -> Remote:
    remote = node.begin()
    remote.enrol(1, "siti", "r1")
    remote.enrol(2, "siti", "l1")
    remote.enrol(7, "budi", "r1")
    return remote


def claim(node: NodeProcess) -> None:
    """What a claim leaves behind, with central's key."""
    node.claimed_by(seal.public_hex(CENTRAL))


def send(node: NodeProcess, kind: str, serial: int, key: Ed25519PrivateKey = CENTRAL) -> dict[str, Any]:
    content = policy_content(serial)
    if kind == "roster":
        content = roster_content(serial, node.ask({"do": "status"})["node"])
    data = sign_document(key, kind, serial, content).decode()
    return PunchSocket(node.state / "punch.sock").request({"do": "document", "kind": kind, "data": data})


def ready(node: NodeProcess) -> None:
    """A node with its time, rules and people."""
    node.start("punch")
    claim(node)
    assert node.anchor()["ok"]
    assert send(node, "policy", 3)["ok"]
    assert send(node, "roster", 5)["ok"]


def tap(node: NodeProcess, sensor: Remote, person: str, outcome: str = "stored") -> dict[str, Any]:
    node.forget_screen()
    sensor.place(person, "r1")
    message = node.screen(outcome)
    sensor.lift()
    # The glass must be seen bare twice, a tenth of a second apart, or the next touch is still the same one.
    for _ in range(2):
        polls = sensor.counters()["commands"]
        wait_until(lambda polls=polls: sensor.counters()["commands"] >= polls + 2)
        time.sleep(0.12)
    return message


def chain_of(node: NodeProcess) -> list[Event]:
    """All events, after the chain and the last signature have been checked as central does."""
    events = node.events()
    follow(Link(events[0].node, 1), events)
    return events


def test_a_day_at_the_door(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    first = tap(node, sensor, "siti")
    assert first["screen"] == [["Siti Aminah", "Masuk 07:28  OK"]]
    again = tap(node, sensor, "siti")
    assert again["screen"][0] == ["Sudah absen", "Masuk 07:28 lalu"]
    refused = tap(node, sensor, "stranger", "refused")
    assert refused["screen"] == [["Jari tak dikenal", "Coba lagi (1/3)"]]
    node.pass_time(120)
    late = tap(node, sensor, "budi")
    assert late["screen"][0][0] == "Budi Santoso W"
    assert late["screen"][0][1].startswith("Terlambat 2")
    node.pass_time(7 * 60)
    assert tap(node, sensor, "siti")["screen"][0][1].startswith("Pulang 16:")
    assert node.stop("punch") == 0

    events = chain_of(node)
    assert [e.type for e in events[:2]] == ["start", "clock"]
    assert events[0].content["clock_source"] == "emulated"
    punches = [Punch.parse(e.content) for e in events if e.type == "punch"]
    assert [(p.person, p.kind, p.photo_missing) for p in punches] == [
        ("p-siti", "in", "no-camera"),
        ("p-siti", "in", "no-camera"),
        ("p-budi", "late", "no-camera"),
        ("p-siti", "out", "no-camera"),
    ]
    assert [e.content["reason"] for e in events if e.type == "unmatched"] == ["unknown-finger"]
    assert {e.content["document"] for e in events if e.type == "policy"} == {"policy", "roster"}
    seqs = [message["seq"] for message in (first, again, late)]
    assert [events[seq - 1].type for seq in seqs] == ["punch"] * 3
    spans = [Listening.parse(e.content) for e in events if e.type == "listening"]
    assert spans[-1].until - spans[0].since > timedelta(hours=8)
    assert all(e.moment.state.value == "anchored" for e in events if e.type == "punch")


def test_a_killed_process_loses_nothing_that_the_screen_said(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    confirmed = []
    for round_ in range(2):
        confirmed.append(tap(node, sensor, "siti")["seq"])
        sensor.place("budi", "r1")
        confirmed.append(node.screen()["seq"])
        node.kill("punch")
        sensor.lift()
        node.start("punch")
        assert node.ask({"do": "status"})["clock"] == "anchored", round_
    node.stop("punch")
    events = chain_of(node)
    assert len(set(confirmed)) == 4
    by_seq = {e.seq: e for e in events}
    assert [by_seq[seq].content["person"] for seq in confirmed] == ["p-siti", "p-budi"] * 2
    assert events[0].content["journal"] == "created"
    assert sum(e.type == "punch" for e in events) == 4


def test_an_unclaimed_node_records_from_minute_0_and_is_told_the_rules_later(
    node: NodeProcess, sensor: Remote
) -> None:
    node.start("punch")
    assert send(node, "policy", 3)["error"] == "not-enrolled"
    screen = tap(node, sensor, "siti")["screen"]
    assert screen == [["Tersimpan", "Tercatat 07:28"], ["Jam belum pas", "Hub. admin OPD"]]
    claim(node)
    assert send(node, "policy", 3)["ok"]
    assert send(node, "roster", 5)["ok"]
    assert node.anchor()["ok"]
    assert tap(node, sensor, "siti")["screen"][0] == ["Siti Aminah", "Masuk 07:28  OK"]
    node.stop("punch")
    punches = [e for e in chain_of(node) if e.type == "punch"]
    assert [e.content["person"] for e in punches] == [None, "p-siti"]
    assert [e.moment.trusted for e in punches] == [False, True]
    assert punches[0].epoch == 1
    assert punches[0].node == node_name(node)


def node_name(node: NodeProcess) -> str:
    return seal.node_id(seal.public_hex(keys.load(node.state / "event.key")))


def test_a_document_with_a_bad_signature_is_refused_and_changes_nothing(
    node: NodeProcess, sensor: Remote
) -> None:
    ready(node)
    reply = send(node, "policy", 9, Ed25519PrivateKey.generate())
    assert (reply["ok"], reply["error"]) == (False, "bad-signature")
    assert send(node, "policy", 2)["error"] == "old-document"
    assert node.ask({"do": "status"})["policy"] == 3
    node.stop("punch")
    file = node.state / "roster.doc"
    file.write_bytes(file.read_bytes().replace(b"p-budi", b"p-bodi"))
    node.start("punch")
    status = node.ask({"do": "status"})
    assert (status["policy"], status["roster"]) == (3, 0)
    node.stop("punch")
    starts = [e for e in chain_of(node) if e.type == "start"]
    assert starts[-1].content["documents_refused"] == {"roster": "bad-signature"}


def test_a_clock_in_1970_after_a_power_cut_stores_and_says_so(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    node.kill("punch")
    node.clock.reboot(wall=datetime(1970, 1, 1, tzinfo=UTC))
    node.start("punch")
    screen = tap(node, sensor, "siti")["screen"]
    assert screen[-1] == ["Jam belum pas", "Hub. admin OPD"]
    assert node.anchor()["ok"]
    node.stop("punch")
    events = chain_of(node)
    last = [e for e in events if e.type == "punch"][-1]
    assert (last.moment.utc.year, last.moment.state.value) == (1970, "doubtful")
    assert [e.content["what"] for e in events if e.type == "clock"] == ["boot", "anchor", "boot", "anchor"]


def test_a_set_clock_is_an_event_and_ends_the_listening(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    wait_until(lambda: node.ask({"do": "status"})["listening_since_ms"])
    node.clock.set(wib("2017-06-05 06:00:00"))
    wait_until(lambda: node.ask({"do": "status"})["clock"] == "doubtful")
    assert tap(node, sensor, "siti")["screen"][-1] == ["Jam belum pas", "Hub. admin OPD"]
    assert node.ask({"do": "status"})["listening_since_ms"] is None
    node.clock.set(wib("2017-06-05 07:29:00"))
    node.stop("punch")
    events = chain_of(node)
    assert "set" in [e.content["what"] for e in events if e.type == "clock"]
    spans = [Listening.parse(e.content) for e in events if e.type == "listening"]
    assert all(span.since.hour == 0 and span.until.hour == 0 for span in spans)


def test_a_claim_that_begins_another_epoch_ends_the_old_one(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    assert sensor.counters()["commands"]
    record = ServerRecord.load(node.state / "server.json")
    replace(record, epoch=2).save(node.state / "server.json")
    assert node.ended("punch") == 0
    node.start("punch")
    assert node.ask({"do": "status"})["epoch"] == 2


def test_an_unplugged_sensor_is_shown_and_comes_back(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    wait_until(lambda: node.ask({"do": "status"})["listening_since_ms"])
    node.pass_time(1)
    sensor.unplug()
    assert node.screen("fault")["screen"] == [["Alat gangguan", "Hub. admin OPD"]]
    assert node.ask({"do": "status"})["sensor"] != "ok"
    sensor.replug()
    wait_until(lambda: node.ask({"do": "status"})["sensor"] == "ok")
    assert tap(node, sensor, "siti")["screen"][0][0] == "Siti Aminah"
    node.stop("punch")
    events = chain_of(node)
    told = [e.content["what"] for e in events if e.type == "health"]
    assert [what for what in told if what.startswith("sensor")] == ["sensor-ok", "sensor-fault", "sensor-ok"]
    assert len([e for e in events if e.type == "listening"]) == 2


def test_on_a_full_disk_nothing_is_confirmed_and_afterwards_everything_goes_on(
    node: NodeProcess, sensor: Remote
) -> None:
    ready(node)
    before = tap(node, sensor, "siti")["seq"]
    node.pass_time(5)
    wait_until(lambda: node.ask({"do": "status"})["listening_since_ms"])
    node.limit_file_size("punch", 1)
    for _ in range(2):
        failed = tap(node, sensor, "budi", "not-recorded")
        assert failed["screen"] == [["TIDAK TEREKAM", "Hub. admin OPD"]]
        assert failed["seq"] is None
    assert node.ask({"do": "event", "type": "drop", "content": {}})["ok"] is False
    status = node.ask({"do": "status"})
    assert status["storage"] != "ok"
    assert status["listening_since_ms"] is None
    node.limit_file_size("punch", -1)
    wait_until(lambda: node.ask({"do": "status"})["storage"] == "ok")
    after = tap(node, sensor, "siti")["seq"]
    assert node.stop("punch") == 0
    confirmed = {e.seq: e.content["person"] for e in chain_of(node) if e.type == "punch"}
    # A punch that was not confirmed may turn up all the same; one that was confirmed must.
    assert {before: "p-siti", after: "p-siti"}.items() <= confirmed.items()
    spans = [Listening.parse(e.content) for e in node.events() if e.type == "listening"]
    assert any(span.until - span.since >= timedelta(minutes=5) for span in spans[:-1])


def test_a_node_on_the_clock_of_its_machine_says_so(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path, wib("2017-06-05 07:28:00"), camera=False, system_clock=True)
    node.begin()
    try:
        node.start("punch")
        assert node.ask({"do": "status"})["clock"] == "doubtful"
        now_ms = time.time_ns() // 1_000_000
        node.stop("punch")
        start = chain_of(node)[0]
        assert start.content["clock_source"] == "system"
        assert start.moment.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert start.moment.wall_ms <= now_ms
    finally:
        node.end()


def test_a_second_punch_process_says_that_it_records_nothing(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    command = [sys.executable, "-m", "edge", "punch", "--config", str(node.folder / "hadir.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        shown = [json.loads(second.stdout.readline())["screen"] for _ in range(2)]
        second.send_signal(signal.SIGTERM)
        assert second.wait(WAIT_S) == 0
    assert shown == [[["Hadir", "Memulai..."]], [["TIDAK TEREKAM", "Hub. admin OPD"]]]
    assert [event.type for event in chain_of(node)].count("start") == 1


@pytest.fixture
def seeing(tmp_path: Path) -> Iterator[tuple[NodeProcess, Remote]]:
    made = NodeProcess(tmp_path, wib("2017-06-05 07:28:00"), camera=True)
    remote = made.begin()
    remote.enrol(1, "siti", "r1")
    yield made, remote
    made.end()


def test_each_punch_has_the_photo_of_its_moment_until_the_camera_dies(
    seeing: tuple[NodeProcess, Remote],
) -> None:
    node, sensor = seeing
    wait_until(lambda: node.ask({"do": "frame"}, "camera.sock")["ok"])
    ready(node)
    assert tap(node, sensor, "siti")["screen"] == [["Siti Aminah", "Masuk 07:28  OK"]]
    node.kill("camera")
    without = tap(node, sensor, "siti")
    assert without["screen"][-1] == ["Kamera gangguan", "Tercatat 07:28"]
    node.start("camera")
    wait_until(lambda: node.ask({"do": "frame"}, "camera.sock")["ok"])
    tap(node, sensor, "siti")
    node.stop("camera")
    node.stop("punch")
    punches = [e for e in chain_of(node) if e.type == "punch"]
    assert [e.content["photo_missing"] for e in punches] == [None, "camera-away", None]
    for event in punches:
        if event.photo is not None:
            photo = node.state / "photos" / event.photo[:2] / f"{event.photo}.jpg"
            assert seal.sha256_hex(photo.read_bytes()) == event.photo
            assert photo.stat().st_size <= 40_000


def test_rot_in_the_second_copy_is_mended_in_the_quiet_hours(node: NodeProcess, sensor: Remote) -> None:
    ready(node)
    tap(node, sensor, "siti")
    segment = next((node.state / "segments").rglob("*.log"))
    data = bytearray(segment.read_bytes())
    data[200] ^= 1
    with segment.open("r+b") as file:
        file.write(data)
    node.pass_time(18 * 60)  # from the morning into the night
    wait_until(lambda: any((node.state / "quarantine").rglob("*.log")))
    node.pass_time(70)
    wait_until(lambda: "recovery" in [event.type for event in node.events()])
    assert "punch" in [event.type for event in chain_of(node)]
