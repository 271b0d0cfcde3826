"""The book on the module: what is remembered in memory and on the disk, and how a change of it is written."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from attendance.people import Roster
from attendance.templates import ModuleState
from edge.faults import SensorError
from edge.module_judging import Finding, judge_library, judge_marks, judge_template
from edge.module_memory import MemoryFile, ModuleMemory
from edge.module_seal import ModuleSeal
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_identity import SensorIdentity
from edge.sensor_make import SensorMake

_log = logging.getLogger(__name__)
_WRITE_AGAIN_S = 10.0
_KINDS = {
    ModuleState.SWAPPED: SensorFault.SWAPPED,
    ModuleState.EMPTIED: SensorFault.EMPTIED,
    ModuleState.ENRICHED: SensorFault.ENRICHED,
    ModuleState.ROLLED_BACK: SensorFault.ROLLED_BACK,
    ModuleState.EXCHANGED: SensorFault.EXCHANGED,
}


class ModuleBook:
    """One for the process.

    Attributes:
        memory: what is remembered; None before the first acquaintance.
        on_doubt: told when other slots than before are in doubt.
    """

    def __init__(self, file: MemoryFile, seal: ModuleSeal) -> None:
        """Touch nothing yet."""
        self._file = file
        self._seal = seal
        self._read = False
        self._owed = False
        self._write_at = 0.0
        self.memory: ModuleMemory | None = None
        self.on_doubt: Callable[[], None] = lambda: None

    def lay_over(self, roster: Roster) -> Roster:
        """A roster without the slots that hold, as far as is known, not what was stored in them."""
        memory = self._last_memory()
        doubted = memory.doubted if memory else {}
        if not doubted:
            return roster
        kept = {slot: person for slot, person in roster.slots.items() if slot not in doubted}
        return replace(roster, slots=kept)

    def open(self) -> ModuleMemory | None:
        """What is remembered, read from the disk the first time.

        Raises:
            SensorError: identity-unreadable; or the kind of the state that stopped the work.
        """
        if not self._read:
            self.memory = self._file.read()
            self._read = True
        if self.memory is not None and self.memory.state.alarming:
            raise stopped(self.memory)
        return self.memory

    @property
    def durable(self) -> bool:
        """Whether the disk holds what is remembered."""
        return not self._owed

    @property
    def unsure(self) -> frozenset[int]:
        """Slots that may or may not be in use."""
        return self.memory.unsure if self.memory else frozenset()

    @property
    def page(self) -> bytes | None:
        """What is still to be written into the notepad, or None."""
        memory = self.memory
        if memory is None or memory.sealed or memory.identity.notepad is None or not self.durable:
            return None
        return self._seal.page(memory.identity.serial, memory.counter)

    # -- what happens to the module

    def begin(self, met: SensorIdentity, slots: frozenset[int], make: SensorMake | None) -> None:
        """A first acquaintance, or the one that a technician takes as the right one.

        A seal of ours that it carries is never repeated: an older state of it must stay recognisable.
        """
        before = self._last_memory()
        page = bytes.fromhex(met.notepad) if met.notepad else None
        found = self._seal.counter_in(page, met.serial) if page else None
        detail = "" if met.notepad else "the module has no notepad: only its library tells it from another"
        self._read = True
        fresh = ModuleMemory(
            met,
            make,
            detail=detail,
            hashes=dict.fromkeys(slots),
            counter=max(before.counter if before else 0, found or 0),
            # It may be another one, full of fingers of others: each slot has to prove itself. What was in
            # doubt before has proven nothing by being taken twice.
            doubted={slot: before.expected_in(slot) for slot in slots} if before else {},
            cleared=(before.cleared or frozenset()) if before else None,
        )
        self.note(fresh.to_be_sealed())

    def _last_memory(self) -> ModuleMemory | None:
        try:
            return self.memory if self._read else self._file.read()
        except SensorError:
            return None  # unreadable: nothing is booked before a technician came

    def check_marks(self, met: SensorIdentity) -> None:
        """Refuse any other module, and an older state of the same one.

        Raises:
            SensorError: of the kind of the state that this is; from then on the work is stopped.
        """
        self._stop_for(judge_marks(self._known(), met, self._seal))

    def check_library(self, slots: frozenset[int]) -> None:
        """Refuse slots that came or went without us. Raises as `check_marks`."""
        self._stop_for(judge_library(self._known(), slots, self.unsure))

    def check_template(self, slot: int, sha256: str | None) -> None:
        """Refuse a template that was exchanged; remember one that was never read. Raises as `check_marks`."""
        memory = self._known()
        self._stop_for(judge_template(memory, slot, sha256))
        if slot in memory.doubted and memory.doubted[slot] == sha256:
            self.note(replace(memory, doubted={k: v for k, v in memory.doubted.items() if k != slot}))
            memory = self._known()
        if memory.hashes[slot] != sha256:
            # Not worth a write of its own: what is lost in a power cut is read again.
            self.memory = replace(memory, hashes={**memory.hashes, slot: sha256})
            if not self._owed:
                self._owed, self._write_at = True, time.monotonic() + _WRITE_AGAIN_S

    def stop(self, finding: Finding) -> SensorError:
        """The work stops until a technician comes; the error to raise."""
        _log.error("the module is %s: %s", finding.state, finding.detail)
        memory = replace(self._known(), state=finding.state, detail=finding.detail)
        self.note(memory)
        return stopped(memory)

    def met_again(self, met: SensorIdentity, slots: frozenset[int]) -> None:
        """It is the module that is remembered, with a library that differs in unsure slots at most."""
        memory = self._known()
        page = self._seal.page(met.serial, memory.counter).hex()
        again = memory.with_library(met, slots, {})
        if slots != memory.slots:
            again = again.to_be_sealed()
        elif met.notepad == page:
            again = replace(again, sealed=True)
        if again != memory:
            self.note(again)

    def about_to_change(self, slots: frozenset[int]) -> None:
        """These slots are going to be written or erased; durable on return.

        Raises:
            OSError: it can't be written, so nothing may be changed.
        """
        memory = self._known()
        self._write(replace(memory, unsure=memory.unsure | slots))

    def about_to_clear(self, slots: frozenset[int]) -> None:
        """These slots are going to be emptied, being in doubt; durable on return. Raises OSError."""
        memory = self._known()
        cleared = (memory.cleared or frozenset()) | slots
        self._write(replace(memory, unsure=memory.unsure | slots, cleared=cleared))

    def clearing_told(self) -> None:
        """Which slots were emptied after the technician's word stands in the journal."""
        self.note(replace(self._known(), cleared=None))

    def changed(self, met: SensorIdentity, slots: frozenset[int], told: Mapping[int, str]) -> None:
        """The library was changed on purpose; durable on return. Raises OSError."""
        memory = self._known()
        doubted = {slot: value for slot, value in memory.doubted.items() if slot not in memory.unsure}
        memory = replace(memory, doubted=doubted)
        self._write(memory.with_library(met, slots, told).to_be_sealed())

    def settle(self) -> None:
        """A new module whose templates are all known, and which bears the seal, is trusted from now on."""
        memory = self._known()
        if memory.state is ModuleState.NEW and memory.sealed and None not in memory.hashes.values():
            self.note(replace(memory, state=ModuleState.TRUSTED))

    def sealed(self, identity: SensorIdentity) -> None:
        """The notepad holds the last seal."""
        self.note(replace(self._known(), identity=identity, sealed=True))

    def note(self, memory: ModuleMemory) -> None:
        """Remember it, on the disk as soon as there is room: a full card keeps nobody from punching."""
        self._take(memory)
        self._owed, self._write_at = True, 0.0
        self.write_what_is_owed()

    def write_what_is_owed(self, *, at_once: bool = False) -> None:
        """Bring the disk up to date where that is due."""
        if not self._owed or self.memory is None or (not at_once and time.monotonic() < self._write_at):
            return
        try:
            self._write(self.memory)
        except OSError as error:
            _log.warning("what is known of the sensor can't be written yet: %s", error)
            self._write_at = time.monotonic() + _WRITE_AGAIN_S

    def _write(self, memory: ModuleMemory) -> None:
        self._file.write(memory)
        self._owed = False
        self._take(memory)

    def _take(self, memory: ModuleMemory) -> None:
        before, self.memory = self.memory, memory
        if memory.doubted != (before.doubted if before else {}):
            self.on_doubt()

    def _known(self) -> ModuleMemory:
        assert self.memory is not None
        return self.memory

    def _stop_for(self, finding: Finding | None) -> None:
        if finding is not None:
            raise self.stop(finding)


def stopped(memory: ModuleMemory) -> SensorError:
    """What the state of this module stops the work with."""
    return sensor_error(_KINDS[memory.state], memory.detail)
