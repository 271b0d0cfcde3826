"""The real stack over the emulated module on a pty, in fast time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edge.faults import SensorError
from edge.sensor import FingerprintSensor, Held, Identification, NoFinger, SensorSettings
from edge.sensor_faults import SensorFault
from edge.sensor_pace import Pace
from emulators.fingerprint_module.pty_module import PtyModule, open_module, unpaced

SPEED = 10.0
FINGER = "right-index"
PACE = Pace(scale=1 / SPEED)


@dataclass
class Door:
    module: PtyModule
    settings: SensorSettings
    sensor: FingerprintSensor

    def another(self, **changes: object) -> FingerprintSensor:
        """A further sensor object with other settings; the caller closes it."""
        return FingerprintSensor(replace(self.settings, **changes), PACE)  # type: ignore[arg-type]

    def press(self, slot: int) -> Identification:
        self.module.place(f"person-{slot}", FINGER)
        return patient(self.sensor)

    def release(self) -> None:
        """Lift, and poll until the sensor has noticed."""
        self.module.lift()
        bare = 0
        while bare < 2:
            answer = patient(self.sensor)
            assert isinstance(answer, NoFinger | Held)
            bare += isinstance(answer, NoFinger)
            PACE.sleep(PACE.s(0.11))


def patient(sensor: FingerprintSensor) -> Identification:
    """Read once, and again if the machine was too busy to answer in fast time. Any other error is one."""
    for _ in range(5):
        try:
            return sensor.read_finger()
        except SensorError as error:
            if error.kind not in (SensorFault.NO_ANSWER, SensorFault.LINK_DOWN, SensorFault.SILENT):
                raise
            PACE.sleep(PACE.s(1.0))
    return sensor.read_finger()


@contextmanager
def door(folder: Path, profile: str = "r503_200", people: int = 8, seed: int = 1) -> Iterator[Door]:
    path = folder / "ttySENSOR"
    with open_module(profile, path, tempo=unpaced(seed), speed=SPEED) as module:
        for slot in range(people):
            module.enrol(slot, f"person-{slot}", FINGER)
        settings = SensorSettings(str(path), 57600, 0, 0xFFFFFFFF, 50, 80)
        sensor = FingerprintSensor(settings, PACE)
        try:
            yield Door(module, settings, sensor)
        finally:
            sensor.close()
