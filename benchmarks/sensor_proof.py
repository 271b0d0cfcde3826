"""Proof that a bad wire never books the wrong person: many punches with mixed faults over the real stack.

`python -m benchmarks.sensor_proof --punches 100000 --seed 1 [--fault-rate 0.05]`; `./dev prove sensor` runs
it. The module is the emulator on a pty, the stack is `edge.sensor` with pyserial and the Adafruit library.
The emulator runs faster than real time and the deadlines of the link are shortened by the same factor.

A punch is a finger on the glass until the sensor gives a definite answer or a fault. What is counted:

* right: an enrolled finger answered with its slot, a stranger answered as unrecognised;
* wrong: another person's slot, or a match without a finger on the glass;
* missed: an enrolled finger answered as unrecognised, or not at all;
* errors: a `SensorError` or a request to press again, loud and clean, after which the next person is served.
  Two flipped bits can turn ReadSysPara into "empty the library"; then the sensor stops by itself and the
  library is filled again.

The last line is JSON. The exit status is 0 if the gates hold.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from edge.faults import SensorError
from edge.sensor import FingerprintSensor, Held, Match, NoFinger, PoorImage, SensorSettings, Unrecognised
from edge.sensor_faults import SensorFault
from edge.sensor_pace import Pace
from emulators.fingerprint_module.pty_module import PtyModule, open_module, unpaced

PEOPLE = 40
STRANGER_SHARE = 0.15
FAULTY_SPEED = 15.0
CALM_SPEED = 10.0
"""Without faults no deadline is ever waited for, so that a slow machine may be given more time for free."""
MAX_READINGS = 40
MIN_RIGHT_SHARE = 0.85
MAX_MISSED_SHARE = 0.001
_FINGER = "right-index"
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Task:
    """One worker's share."""

    punches: int
    seed: int
    fault_rate: float
    kinds: tuple[str, ...]


class Door:
    """One emulated module, one sensor, and the people in front of it."""

    def __init__(self, module: PtyModule, path: Path, task: Task, speed: float) -> None:
        self._module = module
        self._random = random.Random(f"proof|{task.seed}")
        self._rate = task.fault_rate
        self._kinds = list(task.kinds)
        self._seed = task.seed
        self._speed = speed
        self.outcomes: Counter[str] = Counter()
        self._enrol()
        self.templates = self._templates()
        settings = SensorSettings(str(path), 57600, 0, 0xFFFFFFFF, 50, 80)
        self.sensor = FingerprintSensor(settings, Pace(scale=1 / speed))
        self._connect()
        self._begin_faults()

    def _begin_faults(self) -> None:
        if self._rate:
            # Another seed each time: the same faults again after each restoration would prove nothing new.
            self._seed += 1_000_003
            self._module.mixed_faults(self._rate, self._seed, kinds=self._kinds)

    def _enrol(self) -> None:
        for person in range(PEOPLE):
            self._module.enrol(_slot(person), f"person-{person}", _FINGER)

    def _templates(self) -> dict[str, str]:
        slots: dict[str, str] = self._module.snapshot()["slots"]
        return slots

    def punch(self) -> None:
        """One person comes, is served, and goes."""
        person = self._random.randrange(PEOPLE)
        stranger = self._random.random() < STRANGER_SHARE
        name = f"stranger-{self._random.random()}" if stranger else f"person-{person}"
        self._module.place(name, _FINGER)
        self.outcomes[self._serve(None if stranger else _slot(person))] += 1
        self._module.lift()
        self._wait_until_bare()

    def _serve(self, slot: int | None) -> str:
        poor = False
        for _ in range(MAX_READINGS):
            try:
                answer = self.sensor.read_finger()
            except SensorError as error:
                return self._recover(error)
            if isinstance(answer, Match):
                return "right" if answer.slot == slot else "wrong"
            if isinstance(answer, Unrecognised):
                return "right" if slot is None else "missed"
            poor |= isinstance(answer, PoorImage)
        return "errors" if poor else "missed"

    def _wait_until_bare(self) -> None:
        """Polls between two people. Whatever is answered now, no finger is there."""
        bare = 0
        while bare < 2:
            try:
                answer = self.sensor.read_finger()
            except SensorError as error:
                self._recover(error)
                continue
            if isinstance(answer, Match):
                self.outcomes["ghosts"] += 1
            bare = bare + 1 if isinstance(answer, NoFinger) else 0 if isinstance(answer, Held) else bare
            if bare < 2:
                time.sleep(0.11 / self._speed)

    def _recover(self, error: SensorError) -> str:
        """What the caller of a real door would do: go on, or call the technician."""
        self.outcomes[f"fault {error.kind}"] += 1
        if not error.retry:
            self._restore()
        elif error.kind == SensorFault.LINK_DOWN:
            time.sleep(0.2 / self._speed)
        return "errors"

    def _restore(self) -> None:
        """The technician comes: a damaged command has emptied or locked the module, and that was noticed."""
        self._module.clear_faults()
        self._module.fault("password_set", args={"password": "00000000"})
        self._module.erase_all()
        self._enrol()
        self._connect()
        self._begin_faults()

    def _connect(self) -> None:
        """Without faults. Tried again: a busy machine that stands still for a moment is no finding."""
        for _ in range(_TRIES):
            try:
                self.sensor.connect()
            except SensorError as error:
                self.outcomes[f"connecting {error.kind}"] += 1
            else:
                return
        raise RuntimeError(f"the sensor can't be connected, {dict(self.outcomes)}")

    def library_intact(self) -> bool:
        """True if no template was written over, erased or moved without having been noticed."""
        return self._templates() == self.templates


def _slot(person: int) -> int:
    return person * 3 % 199


def work(task: Task) -> Counter[str]:
    """One worker: its own module, its own sensor."""
    speed = FAULTY_SPEED if task.fault_rate else CALM_SPEED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ttySENSOR"
        with open_module("r503_200", path, tempo=unpaced(task.seed), speed=speed) as module:
            door = Door(module, path, task, speed)
            for _ in range(task.punches):
                door.punch()
            door.outcomes["library damaged"] = not door.library_intact()
            door.outcomes.update({f"link {name}": n for name, n in door.sensor.counters().items()})
            door.sensor.close()
            return door.outcomes


def prove(
    punches: int, seed: int, fault_rate: float, workers: int, kinds: tuple[str, ...] = ()
) -> dict[str, float]:
    """Run all punches and give the figures of the last line."""
    began = time.monotonic()
    shares = [punches // workers + (i < punches % workers) for i in range(workers)]
    tasks = [Task(share, seed * 1000 + i, fault_rate, kinds) for i, share in enumerate(shares)]
    outcomes: Counter[str] = Counter()
    if workers == 1:
        outcomes = work(tasks[0])
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            for counted in pool.map(work, tasks):
                outcomes.update(counted)
    for name in sorted(outcomes):
        print(f"{name}: {outcomes[name]}")
    return {
        "punches": punches,
        "right": outcomes["right"],
        "wrong": outcomes["wrong"] + outcomes["ghosts"] + outcomes["library damaged"],
        "missed": outcomes["missed"],
        "errors": outcomes["errors"],
        "seconds": round(time.monotonic() - began, 1),
    }


def gates_hold(figures: Mapping[str, float], fault_rate: float) -> bool:
    """Nobody wrong ever; without faults everybody right; with faults few are missed and most are served."""
    if figures["wrong"]:
        return False
    if not fault_rate:
        return figures["right"] == figures["punches"]
    served = figures["right"] >= MIN_RIGHT_SHARE * figures["punches"]
    return served and figures["missed"] <= MAX_MISSED_SHARE * figures["punches"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, prove, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sensor_proof", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--punches", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-rate", type=float, default=0.05)
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1))
    parser.add_argument(
        "--kinds", nargs="*", default=(), help="only these faults, for instance flip_pair; all by default"
    )
    options = parser.parse_args(arguments)
    workers = max(1, options.workers)
    figures = prove(options.punches, options.seed, options.fault_rate, workers, tuple(options.kinds))
    print(json.dumps(figures))
    return 0 if gates_hold(figures, options.fault_rate) else 1


if __name__ == "__main__":
    sys.exit(main())
