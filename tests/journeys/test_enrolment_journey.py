"""A new employee at a node without a network: the officer's terminal, the supervisor, two fingers, a face."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Event, Link, follow
from attendance.enrolment import ENROL, FINGERS, Enrolment
from attendance.exchange import sign_document
from attendance.seal import node_id
from edge.enrolment_wording import finger_name
from edge.keys import load
from edge.punch_socket import PunchSocket
from emulators.fingerprint_module.client import Remote
from tests.support.door_people import policy_content, roster_content, wib
from tests.support.node_process import WAIT_S, NodeProcess, wait_until

CENTRAL = Ed25519PrivateKey.generate()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[NodeProcess, Remote]]:
    made = NodeProcess(tmp_path, wib("2017-06-05 07:28:00"), camera=True)
    remote = made.begin()
    remote.enrol(7, "budi", "right-index")
    yield made, remote
    made.end()


def ready(node: NodeProcess) -> None:
    """A node with its rules and people; of Siti no finger is known."""
    node.start("punch")
    name = node_id(seal.public_hex(load(node.state / "event.key")))
    node.claimed_by(seal.public_hex(CENTRAL))
    assert node.anchor()["ok"]
    roster = {**roster_content(5, name), "slots": {"7": "p-budi"}}
    for kind, serial, content in (("policy", 3, policy_content(3)), ("roster", 5, roster)):
        data = sign_document(CENTRAL, kind, serial, content).decode()
        request = {"do": "document", "kind": kind, "data": data}
        assert PunchSocket(node.state / "punch.sock").request(request)["ok"]
    wait_until(lambda: node.ask({"do": "frame"}, "camera.sock")["ok"])
    wait_until(lambda: node.ask({"do": "status"})["sensor"] == "ok")


class Officer:
    """`hadir-edge enrol` as a process, with people around it who do what it says."""

    def __init__(self, node: NodeProcess, sensor: Remote, person: str) -> None:
        self._sensor, self._person = sensor, person
        self.said: list[str] = []
        command = [sys.executable, "-m", "edge", "enrol", "siti", "--legal-basis", "SK 800/12"]
        command += ["--notice", "v1", "--config", str(node.folder / "hadir.toml")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._watchdog = threading.Timer(4 * WAIT_S, self.process.kill)

    def work(self) -> int:
        """Until the command ends; its exit status."""
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        self._watchdog.start()
        for line in self.process.stdout:
            text = line.strip()
            self.said.append(text)
            if text.startswith("Pengawas: tempelkan"):
                self._sensor.place("budi", "right-index")
            elif text.startswith("Angkat"):
                self._sensor.lift()
            elif text.startswith(("Tempelkan", "Uji")):
                finger = next(one for one in FINGERS if finger_name(one) in text)
                self._sensor.place(self._person, finger)
            elif text.startswith("Foto wajah"):
                self.process.stdin.write("\n")
        status = self.process.wait(WAIT_S)
        self._watchdog.cancel()
        self.process.stdin.close()
        self.process.stdout.close()
        return status


def tapped(node: NodeProcess, sensor: Remote, person: str, finger: str) -> list[list[str]]:
    """What the display says to this finger."""
    sensor.lift()
    for _ in range(2):
        polls = sensor.counters()["commands"]
        wait_until(lambda polls=polls: sensor.counters()["commands"] >= polls + 2)
        time.sleep(0.12)
    node.forget_screen()
    sensor.place(person, finger)
    screen: list[list[str]] = node.screen("stored")["screen"]
    sensor.lift()
    return screen


def chain_of(node: NodeProcess) -> list[Event]:
    events = node.events()
    follow(Link(events[0].node, 1), events)
    return events


def test_a_new_employee_is_enrolled_and_punches_at_once(node: tuple[NodeProcess, Remote]) -> None:
    at_door, sensor = node
    ready(at_door)
    officer = Officer(at_door, sensor, "siti")
    assert officer.work() == 0, officer.said
    assert any(line == "Pengawas: Drs. H. Budi Santoso Wijayakusuma, M.Si." for line in officer.said)
    assert officer.said[-1] == "* Selesai. Siti Aminah sudah dapat absen di alat ini."
    assert tapped(at_door, sensor, "siti", "left-index") == [["Siti Aminah", "Masuk 07:28  OK"]]
    at_door.kill("punch")
    at_door.start("punch")
    assert tapped(at_door, sensor, "siti", "right-index")[0] == ["Sudah absen", "Masuk 07:28 lalu"]
    at_door.stop("camera")
    assert at_door.stop("punch") == 0
    events = chain_of(at_door)
    written = [event for event in events if event.type == ENROL]
    assert len(written) == 1
    enrolment = Enrolment.parse(written[0].content)
    assert (enrolment.person, enrolment.witness, enrolment.witness_slot) == ("p-siti", "p-budi", 7)
    assert [finger.finger for finger in enrolment.fingers] == ["right-index", "left-index"]
    photo = written[0].photo
    assert photo is not None
    picture = at_door.state / "photos" / photo[:2] / f"{photo}.jpg"
    assert seal.sha256_hex(picture.read_bytes()) == photo
    punches = [event.content for event in events if event.type == "punch"]
    assert [(punch["person"], punch["slot"]) for punch in punches] == [("p-siti", 1), ("p-siti", 0)]


def test_a_colleagues_finger_is_refused_and_the_door_opens_again(node: tuple[NodeProcess, Remote]) -> None:
    at_door, sensor = node
    ready(at_door)
    officer = Officer(at_door, sensor, "budi")
    assert officer.work() == 1, officer.said
    assert "DITOLAK: jari ini sudah terdaftar atas nama Drs. H. Budi" in officer.said[-1]
    assert tapped(at_door, sensor, "budi", "right-index")[0][0] == "Budi Santoso W"
    at_door.stop("punch")
    failed = [event for event in chain_of(at_door) if event.type == "enrol-failed"]
    assert [event.content["reason"] for event in failed] == ["belongs-to-another"]
    assert failed[0].photo is not None
