"""E2: how close a full identification comes to the time its bytes need on the wire.

Three emulated R503 in real time, each a process of its own, without work times, so that only the wire
remains:

* ours: `edge.sensor` at the negotiated 115200 bps: image, features, search and the confirming search, every
  sum checked both ways;
* floor: the same 115 bytes at the same speed, written and read on the bare pty without a library, a check or
  a look at the answer. It is measured, not computed, so that it holds the emulator's own share; the computed
  wire time is given beside it;
* peer: the Adafruit library as shipped at its default 57600 bps: `get_image`, `image_2_tz`, `finger_search`
  with its hidden ReadSysPara, no sum checked and no confirmation.

Medians over rounds, the three taken in turn. Another person each time, as at a door: the same slot twice in a
row makes `edge.sensor` take a second capture.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import tty
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import serial
from adafruit_fingerprint import OK, Adafruit_Fingerprint

from edge.sensor import FingerprintSensor, Match, NoFinger, SensorSettings
from edge.sensor_frames import COMMAND, encode
from edge.sensor_searching import narrow_range, wide_range
from emulators.fingerprint_module.client import ModuleProcess, Remote

NEGOTIATED_BPS = 115_200
DEFAULT_BPS = 57_600
FACTORY_ADDRESS = 0xFFFFFFFF
PEOPLE = 8
ROUNDS = 9
PUNCHES_A_ROUND = 8
CAPACITY = 200
MAX_RATIO = 1.15
_ANSWER_BYTES = (12, 12, 16, 16)
_BITS_A_BYTE = 10
_FINGER = "right-index"


def _settings(path: Path, baud: int) -> SensorSettings:
    return SensorSettings(str(path), baud, 0, FACTORY_ADDRESS, 50, 80)


class _Bench:
    """One emulator process with some people enrolled."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"tty-{name}"
        self._process = ModuleProcess(
            self.path, folder / f"{name}.sock", "--realtime", "--work-scale", "0", "--profile", "r503_200"
        )
        self.remote: Remote

    def __enter__(self) -> Self:
        self.remote = self._process.__enter__()
        for person in range(PEOPLE):
            self.remote.do({"do": "enrol", "slot": person, "person": f"person-{person}", "finger": _FINGER})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def place(self, person: int) -> None:
        self.remote.do({"do": "place", "person": f"person-{person}", "finger": _FINGER})

    def lift(self) -> None:
        self.remote.do({"do": "lift"})


def _negotiate(path: Path) -> None:
    sensor = FingerprintSensor(_settings(path, DEFAULT_BPS))
    sensor.connect()
    sensor.align_baud(NEGOTIATED_BPS)


class _Ours:
    def __init__(self, bench: _Bench) -> None:
        self._bench = bench
        _negotiate(bench.path)
        self._sensor = FingerprintSensor(_settings(bench.path, NEGOTIATED_BPS))
        self._sensor.connect()
        self.punch(PEOPLE - 1)

    def punch(self, person: int) -> float:
        self._bench.place(person)
        began = time.perf_counter()
        answer = self._sensor.read_finger()
        took = time.perf_counter() - began
        assert isinstance(answer, Match)
        assert answer.slot == person
        self._bench.lift()
        for _ in range(2):
            assert isinstance(self._sensor.read_finger(), NoFinger)
            time.sleep(0.11)
        self._sensor.read_finger()
        return took

    def close(self) -> None:
        self._sensor.close()


class _Floor:
    def __init__(self, bench: _Bench) -> None:
        self._bench = bench
        _negotiate(bench.path)
        with serial.Serial(str(bench.path), NEGOTIATED_BPS) as port:
            self._fd = os.dup(port.fileno())
        tty.setraw(self._fd)
        os.set_blocking(self._fd, True)

    def punch(self, person: int) -> float:
        search = b"\x04\x01" + b"".join(n.to_bytes(2, "big") for n in wide_range(CAPACITY))
        confirm = b"\x04\x01" + b"".join(n.to_bytes(2, "big") for n in narrow_range(person))
        commands = [encode(FACTORY_ADDRESS, COMMAND, c) for c in (b"\x01", b"\x02\x01", search, confirm)]
        self._bench.place(person)
        began = time.perf_counter()
        for command, size in zip(commands, _ANSWER_BYTES, strict=True):
            os.write(self._fd, command)
            got = b""
            while len(got) < size:
                got += os.read(self._fd, size - len(got))
        took = time.perf_counter() - began
        assert got[9] == 0
        assert int.from_bytes(got[10:12], "big") == person
        self._bench.lift()
        return took

    def close(self) -> None:
        os.close(self._fd)


class _Peer:
    def __init__(self, bench: _Bench) -> None:
        self._bench = bench
        self._port = serial.Serial(str(bench.path), DEFAULT_BPS, timeout=1)
        self._library = Adafruit_Fingerprint(self._port)

    def punch(self, person: int) -> float:
        self._bench.place(person)
        library = self._library
        began = time.perf_counter()
        codes = library.get_image(), library.image_2_tz(1), library.finger_search()
        took = time.perf_counter() - began
        assert codes == (OK, OK, OK)
        assert library.finger_id == person
        self._bench.lift()
        return took

    def close(self) -> None:
        self._port.close()


def _round_ms(*punches: Callable[[int], float]) -> list[float]:
    """One round: the parties take turns punch by punch, so a busy moment of the machine meets them all."""
    taken = [[punch(n % PEOPLE) for punch in punches] for n in range(PUNCHES_A_ROUND)]
    return [1000 * statistics.median(column) for column in zip(*taken, strict=True)]


def wire_ms() -> float:
    """The four exchanges of an identification at the negotiated speed, computed: 59 bytes out and 56 back."""
    sent = sum(len(encode(0, COMMAND, bytes(size))) for size in (1, 2, 6, 6))
    return 1000 * _BITS_A_BYTE * (sent + sum(_ANSWER_BYTES)) / NEGOTIATED_BPS


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Medians over rounds: "ratio" ours to the floor, "peer_ratio" peer to ours, and the times in ms."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench_ours, bench_floor, bench_peer = (
            stack.enter_context(_Bench(folder, name)) for name in ("ours", "floor", "peer")
        )
        ours, floor, peer = _Ours(bench_ours), _Floor(bench_floor), _Peer(bench_peer)
        for party in (ours, floor, peer):
            stack.callback(party.close)
        taken = [_round_ms(floor.punch, ours.punch, peer.punch) for _ in range(rounds)]
    floor_ms, ours_ms, peer_ms = (statistics.median(column) for column in zip(*taken, strict=True))
    return {
        "ratio": statistics.median(mine / least for least, mine, _ in taken),
        "floor": floor_ms,
        "peer": peer_ms,
        "floor_ms": floor_ms,
        "wire_ms": wire_ms(),
        "ours_ms": ours_ms,
        "peer_ms": peer_ms,
        "peer_ratio": statistics.median(theirs / mine for _, mine, theirs in taken),
    }


def main() -> int:
    """Measure and print; 0 if the gate holds."""
    figures = measure()
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))
    return 0 if figures["ratio"] <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
