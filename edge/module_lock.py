"""The lock of the module: with which password and address it opens, and how it gets its own.

A module leaves the factory with password 0 and an address that everybody knows. The node gives it a random
pair; see `edge.module_secret` for the order that keeps a cut from locking it out.
"""

import logging

from edge.faults import SensorError
from edge.module_secret import FACTORY_PASSWORD, Lock, LockFile, Secret, Stage, random_secret
from edge.sensor import FingerprintSensor
from edge.sensor_probe import FACTORY_ADDRESS

_log = logging.getLogger(__name__)


class ModuleLock:
    """One for the process."""

    def __init__(self, file: LockFile, start: Secret, sensor: FingerprintSensor) -> None:
        """Touch nothing yet.

        Args:
            file: where the secret is kept.
            start: password and address of hadir.toml.
            sensor: the module.
        """
        self._file = file
        self._start = start
        self._sensor = sensor
        self._way = start
        self._lock: Lock | None = None

    @property
    def open_to_all(self) -> bool:
        """Whether the module still has the password that it left the factory with."""
        return self._way.password == FACTORY_PASSWORD

    @property
    def at_factory_address(self) -> bool:
        """Whether it is called by the address that every module has at first."""
        return self._way.address == FACTORY_ADDRESS

    def choose(self, *, any_way: bool) -> int:
        """Speak with the module in the way that opens it; the address by which it is called.

        Args:
            any_way: it may be another module, still with the settings of hadir.toml.

        Raises:
            SensorError: secret-unreadable, port-missing, port-busy, link-down.
        """
        # Read each time: a technician may have put the recovery copy there.
        self._lock = lock = self._file.read()
        ways = (self._start,) if lock is None else lock.ways_in(self._start)
        if any_way and self._start not in ways:
            ways += (self._start,)
        self._way = ways[-1]
        if len(ways) > 1:
            found = self._sensor.way_in([(way.password, way.address) for way in ways])
            self._way = ways[0] if found is None else Secret(*found)
        self._sensor.speak_as(self._way.password, self._way.address)
        return self._way.address

    def opened(self, *, accepted: bool) -> None:
        """The module that has to be there has opened."""
        lock = self._lock
        if lock is None or lock.stage is Stage.PREPARED:
            return
        try:
            if self._way == lock.secret and lock.stage is Stage.TOLD:
                self._write(Lock(lock.secret, Stage.SET))
            elif accepted and self._way == self._start:
                self._file.forget()  # that was the secret of another module; central has its recovery copy
                self._lock = None
        except OSError as error:
            # Then both are tried again at the next start, that is all.
            _log.warning("how far the module's password has got is not noted: %s", error)

    def prepared(self) -> Secret:
        """The secret that this module is going to get; durable on return.

        Raises:
            OSError: it can't be written.
        """
        if self._lock is None:
            self._write(Lock(random_secret(), Stage.PREPARED))
        assert self._lock is not None
        return self._lock.secret

    def recovery_is_kept(self) -> None:
        """The recovery copy of the secret is in the journal: from now on the module may be told.

        Raises:
            OSError: it can't be written.
        """
        self._write(Lock(self.prepared(), Stage.TOLD))

    @property
    def stage(self) -> Stage | None:
        """How far the module has got; None where it opens with the settings of hadir.toml."""
        return self._lock.stage if self._lock else None

    def tell_module(self) -> None:
        """Give the module its secret. Connect anew afterwards, whatever comes of it.

        Raises:
            SensorError: how far it has come shows when it is connected.
        """
        secret = self.prepared()
        try:
            self._sensor.lock(secret.password, secret.address)
        except SensorError as error:
            _log.warning("the module's password is not set yet: %s", error)
            raise

    def _write(self, lock: Lock) -> None:
        self._file.write(lock)
        self._lock = lock
