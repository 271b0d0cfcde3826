"""Decides what it means that a module is not as it was. Touches nothing.

The order of the questions matters: whether it is another module comes before what stands in its library,
since what stands in the library of another module says nothing.
"""

from dataclasses import dataclass

from attendance.templates import ModuleState
from edge.module_memory import ModuleMemory
from edge.module_seal import ModuleSeal
from edge.sensor_identity import SensorIdentity


@dataclass(frozen=True, slots=True)
class Finding:
    """Why booking has to stop.

    Attributes:
        state: an alarming one.
        detail: an English sentence.
    """

    state: ModuleState
    detail: str


def judge_marks(memory: ModuleMemory, met: SensorIdentity, seal: ModuleSeal) -> Finding | None:
    """Whether what answers is the module that is remembered, in its last state; None if so.

    Args:
        memory: what is remembered.
        met: what answers; its address was chosen by us and says nothing.
        seal: of this node.
    """
    known = memory.identity
    for name in ("model", "capacity", "serial"):
        if getattr(known, name) != getattr(met, name):
            detail = f"{name} {getattr(known, name)} -> {getattr(met, name)}"
            return Finding(ModuleState.SWAPPED, detail)
    if met.notepad == known.notepad:
        return None
    if met.notepad is None or known.notepad is None:
        return Finding(ModuleState.SWAPPED, "one of the two has no notepad")
    counter = seal.counter_in(bytes.fromhex(met.notepad), met.serial)
    if counter is None:
        return Finding(ModuleState.SWAPPED, "the seal in the notepad is not the one of this node")
    if counter < memory.counter:
        return Finding(ModuleState.ROLLED_BACK, f"seal {counter} where {memory.counter} was written")
    if counter > memory.counter:
        return Finding(ModuleState.ROLLED_BACK, f"seal {counter}, newer than {memory.counter} in the books")
    # The page that was about to be written: the process was cut off before it could note that it was.
    return None if not memory.sealed else Finding(ModuleState.SWAPPED, "an unknown page in the notepad")


def judge_library(memory: ModuleMemory, slots: frozenset[int], unsure: frozenset[int]) -> Finding | None:
    """Whether the slots in use are those that are remembered; None if so.

    Args:
        memory: what is remembered.
        slots: in use.
        unsure: slots that may have been written or erased since, by us.
    """
    came = slots - memory.slots - unsure
    went = memory.slots - slots - unsure
    if came:
        return Finding(ModuleState.ENRICHED, f"slots that came: {_few(came)}; that went: {_few(went)}")
    if went:
        return Finding(ModuleState.EMPTIED, f"slots that went: {_few(went)}")
    return None


def judge_template(memory: ModuleMemory, slot: int, sha256: str | None) -> Finding | None:
    """Whether a slot holds the template that was stored in it; None if so, or if that was never read."""
    known = memory.hashes.get(slot)
    if sha256 is None:
        return Finding(ModuleState.EMPTIED, f"slot {slot} is in use and holds no template")
    if known is None or known == sha256:
        return None
    return Finding(ModuleState.EXCHANGED, f"slot {slot} holds {sha256[:12]} where {known[:12]} was stored")


def _few(slots: frozenset[int]) -> str:
    """Enough of them for a technician."""
    shown = ", ".join(str(slot) for slot in sorted(slots)[:10])
    return f"{shown or 'none'}{f' and {len(slots) - 10} more' if len(slots) > 10 else ''}"
