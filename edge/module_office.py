"""What the punch process does about its module besides reading fingers: tell central, look after it, lock it.

Everything here waits for a quiet moment, and does one small thing in it: a finger comes first.
"""

import logging
import time
from dataclasses import replace
from datetime import datetime

from attendance.errors import EvidenceError
from attendance.templates import MODULE, Module
from edge.config import NodeConfig
from edge.documents import DocumentShelf
from edge.faults import SensorError, StorageError
from edge.logbook import Logbook
from edge.module_auditing import AuditPlan
from edge.module_memory import ModuleMemory
from edge.module_secret import Stage, recovery_copy
from edge.sensor_keeper import SensorKeeper
from edge.sensor_make import UNKNOWN_BYTES, SensorMake
from edge.sensor_searching import usable_slots
from edge.technician import TechnicianWord

_log = logging.getLogger(__name__)
_WORD_S = 2.0
_TELL_AGAIN_S = 10.0
_TELL_COUNT_S = 60.0
_MAKE_AGAIN_S = 60.0
_LOCK_AGAIN_S = 600.0
_AFTER_FAULT_S = 60.0


class ModuleOffice:
    """One for the process, in the thread that owns sensor and journal."""

    def __init__(
        self,
        config: NodeConfig,
        sensor: SensorKeeper,
        shelf: DocumentShelf,
        logbook: Logbook,
        template_key: str,
    ) -> None:
        """Touch nothing yet.

        Args:
            config: where a technician leaves word; whether the module gets a password and an address.
            sensor: the module.
            shelf: where the key of central is found.
            logbook: where events go.
            template_key: public half of this node's key for templates, in hex.
        """
        sensor.book.on_doubt = shelf.refresh
        self._word = TechnicianWord(config.state_dir)
        self._sensor = sensor
        self._shelf = shelf
        self._logbook = logbook
        self._template_key = template_key
        self._harden = config.sensor.harden
        self._audits = AuditPlan(time.monotonic())
        self._told: Module | None = None
        self._make_known = False
        self._word_at = self._tell_at = self._count_at = self._make_at = self._lock_at = self._work_at = 0.0

    def turn(self, local: datetime, *, enrolling: bool) -> None:
        """Between two looks at the glass.

        Args:
            local: the time at the office.
            enrolling: somebody is being enrolled: the library is in change, and the sensor is not free.
        """
        now = time.monotonic()
        if now >= self._word_at and not enrolling:
            self._word_at = now + self._sensor.pace.s(_WORD_S)
            self._hear_technician()
        self._tell(now, enrolling=enrolling)
        if enrolling or not self._sensor.quiet or now < self._work_at:
            return
        try:
            self._work(local, now)
        except (SensorError, StorageError, EvidenceError, OSError) as error:
            self._work_at = now + self._sensor.pace.s(_AFTER_FAULT_S)
            _log.warning("the module can't be looked after now: %s", error)

    def _hear_technician(self) -> None:
        try:
            said = self._word.take()
        except OSError as error:
            _log.warning("what the technician has said can't be read: %s", error)
            return
        if said:
            _log.warning("a technician takes the module that is there now as the right one")
            self._sensor.accept()

    # -- what central is told

    def _tell(self, now: float, *, enrolling: bool) -> None:
        """Write the module event where something in it has changed."""
        memory = self._sensor.book.memory
        if memory is None or now < self._tell_at:
            return
        module, told = self._module(memory), self._told
        if module == told or (enrolling and not module.state.alarming):
            return
        only_count = told is not None and replace(module, used=told.used) == told
        if only_count and now < self._count_at:
            return  # one event for a row of templates that come or go
        self._tell_at = now + self._sensor.pace.s(_TELL_AGAIN_S)
        self._count_at = now + self._sensor.pace.s(_TELL_COUNT_S)
        try:
            self._write(module)
        except (StorageError, EvidenceError) as error:
            _log.warning("the module event is not recorded yet: %s", error)
            return
        self._tell_at = 0.0

    def _write(self, module: Module) -> None:
        self._logbook.write(MODULE, module.content())
        self._told = replace(module, recovery=None)

    def _module(self, memory: ModuleMemory) -> Module:
        known = memory.identity
        make = memory.make or SensorMake(known.model, UNKNOWN_BYTES, None, 0)
        return Module(
            known.model,
            make.class_text,
            known.serial,
            known.capacity,
            usable_slots(known.capacity),
            len(memory.slots),
            self._template_key,
            memory.state,
            memory.detail,
        )

    # -- what the module needs

    def _work(self, local: datetime, now: float) -> None:
        book = self._sensor.book
        book.settle()
        memory = book.memory
        assert memory is not None
        if book.page is not None:
            self._sensor.seal_if_owed()
        elif not self._make_known and now >= self._make_at:
            # Once after each start: a technician may have set another security level.
            self._make_at = now + self._sensor.pace.s(_MAKE_AGAIN_S)
            self._make_known = self._sensor.learn_make().template_bytes != UNKNOWN_BYTES
        elif not self._lock(memory, now):
            slot = self._audits.next_slot(memory, book.unsure, local, now)
            if slot is not None:
                self._sensor.audit(slot)

    def _lock(self, memory: ModuleMemory, now: float) -> bool:
        """Give the module its own password and address, where that is due; whether something was done."""
        if not self._harden or now < self._lock_at:
            return False
        lock = self._sensor.lock
        stage = lock.stage
        if stage is Stage.SET or (stage is not Stage.TOLD and not lock.open_to_all):
            return False
        orders = self._shelf.standing.orders
        if stage is not Stage.TOLD and orders is None:
            return False  # whom to seal the recovery copy for is not known yet
        self._lock_at = now + self._sensor.pace.s(_LOCK_AGAIN_S)
        if stage is not Stage.TOLD and orders is not None:
            secret = lock.prepared()
            copy = recovery_copy(secret, memory.identity.serial, orders.node, orders.central_key)
            self._write(replace(self._module(memory), recovery=copy))
            lock.recovery_is_kept()
        self._sensor.give_secret()
        return True
