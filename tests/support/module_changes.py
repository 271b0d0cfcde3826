"""What may happen to the module of an `ErrandWorld` behind the node's back, and the technician's word."""

from edge.module_memory import ModuleMemory
from emulators.fingerprint_module import behind_the_back
from tests.support.errand_world import FINGER, ErrandWorld


def swap_module(here: ErrandWorld, serial: str = "OTHER9", **fingers: str) -> None:
    """Another module takes the place of the old one; `s7="p-budi"` says whose finger is in its slot 7."""
    behind_the_back.swap(here.module.bench.module, {"serial": serial})
    for name, person in fingers.items():
        here.module.enrol(int(name[1:]), person, FINGER)


def accept(here: ErrandWorld) -> None:
    """The technician says that the module that is there now is the right one."""
    here.sensor.accept()
    here.settle()


def memory_of(here: ErrandWorld) -> ModuleMemory:
    memory = here.sensor.book.memory
    assert memory is not None
    return memory


def read_all(here: ErrandWorld) -> None:
    """Every slot is looked at once, as `edge.module_auditing` does it in quiet moments."""
    for slot in sorted(memory_of(here).slots):
        here.sensor.audit(slot)


def clear(here: ErrandWorld) -> None:
    """Every slot is looked at, and what follows from it is done and told."""
    read_all(here)
    here.until(lambda: memory_of(here).cleared is None)
