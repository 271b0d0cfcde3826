"""The connection to one module: opened, reopened by its path, and made sure of.

After an unplug the next use reopens the port, with growing pauses; after a restart of the module or a gap in
its answers it is asked who it is. The one known before is trusted; any other stops the work until a person
says that it is meant.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import get_ident

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import PORT_FAULTS, SensorFault, sensor_error
from edge.sensor_identity import SensorIdentity, differences, index_sha256, read_identity, read_serial
from edge.sensor_notepad import read_page, write_page
from edge.sensor_pace import Pace
from edge.sensor_probe import Found, Wire, probe
from edge.sensor_receiver import Tally

AUDIT_S = 3600.0
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 5.0
_DROPPING = PORT_FAULTS | {SensorFault.SILENT, SensorFault.SWAPPED}


class Connection:
    """One module at one path, for one thread.

    Attributes:
        tally: Counters since the start.
    """

    def __init__(self, wire: Wire, pace: Pace, on_open: Callable[[], None]) -> None:
        """Touch nothing yet.

        Args:
            wire: Where and how.
            pace: Deadlines.
            on_open: Told each time the port has been opened: the module's buffers may hold anything then.
        """
        self.tally = Tally()
        self._wire = wire
        self._pace = pace
        self._on_open = on_open
        self._owner: int | None = None
        self._found: Found | None = None
        # More than one only while it is not sure whether a write of ours has happened.
        self._known: tuple[SensorIdentity, ...] = ()
        self._swapped: SensorError | None = None
        self._backoff_s = _FIRST_BACKOFF_S
        self._reopen_at = float("-inf")
        self._audit_at = float("inf")

    @property
    def found(self) -> Found | None:
        """The module, if the port is open."""
        return self._found

    def speak_as(self, wire: Wire) -> None:
        """Close the port; from the next `connect` on, the module is reached like this."""
        self.close()
        self._wire = wire

    def connect(self, expected: SensorIdentity | None, like: SensorIdentity | None = None) -> SensorIdentity:
        """Open the port and take what answers as the module to work with, unless another one is expected.

        Args:
            expected: any other one is refused.
            like: where this one has a serial number or a notepad, silence about it is a fault.

        Raises:
            SensorError: a kind for each cause.
        """
        if self._owner is None:
            self._owner = get_ident()
        self.check_thread()
        self.close()
        self._swapped = None
        try:
            self._open(first=True, known=expected or like)
            identity = self.read_identity()
            if expected is not None:
                self._refuse_other((expected,), identity)
        except SensorError:
            self._close_link()
            raise
        self.take(identity)
        return identity

    def check_thread(self) -> None:
        """Refuse every thread but the one that connected.

        Raises:
            SensorError: wrong-thread.
        """
        if self._owner is not None and self._owner != get_ident():
            raise sensor_error(SensorFault.WRONG_THREAD, "the sensor belongs to the thread that connected it")

    @contextmanager
    def module(self) -> Iterator[Found]:
        """The connected module. The port is closed if it fails meanwhile; the next use reopens it."""
        try:
            yield self._up()
        except SensorError as error:
            if error.kind in _DROPPING:
                self.drop()
            raise

    def drop(self) -> None:
        """Close the port. The next use reopens it at once, later ones with growing pauses."""
        if self._found is not None:
            self._close_link()
            self._reopen_at = float("-inf")

    def close(self) -> None:
        """Close the port for good, and forget the module."""
        self._close_link()
        self._known = ()

    def _up(self) -> Found:
        self.check_thread()
        if self._swapped is not None:
            raise self._swapped
        if not self._known:
            raise sensor_error(SensorFault.CLOSED, "the sensor has not been connected")
        if self._found is None:
            self._reopen()
        assert self._found is not None
        if self._found.commands.link.interrupted:
            self.recheck()
        return self._found

    def _open(self, *, first: bool, known: SensorIdentity | None) -> None:
        self._found = probe(self._wire, self._pace, self.tally, first=first, known=known)
        self._on_open()

    def _reopen(self) -> None:
        if self._pace.clock() < self._reopen_at:
            raise sensor_error(SensorFault.LINK_DOWN, "the port is down; it is not yet time to try again")
        self.tally.reopen += 1
        try:
            self._open(first=False, known=self._known[0])
            identity = self.read_identity()
            self._refuse_other(self._known, identity)
            self.take(identity)
        except SensorError:
            self._reopen_at = self._pace.clock() + self._pace.s(self._backoff_s)
            self._backoff_s = min(2 * self._backoff_s, _LONGEST_BACKOFF_S)
            self._close_link()
            raise
        self._backoff_s = _FIRST_BACKOFF_S

    def _close_link(self) -> None:
        if self._found is not None:
            self._found.commands.link.close()
            self._found = None

    # -- who it is

    def read_identity(self) -> SensorIdentity:
        """Who the connected module is now."""
        assert self._found is not None
        found = self._found
        return read_identity(found.commands, found.profile.name, found.serial, found.notepad)

    def read_afresh(self) -> SensorIdentity:
        """Who it is now, with serial number and notepad read again where it is known to have them."""
        assert self._found is not None
        known, link = self._known[0], self._found.commands.link
        if known.serial is not None:
            self._found = replace(self._found, serial=read_serial(link))
        if known.notepad is not None:
            likely = {one.notepad for one in self._known if one.notepad is not None}
            self._found = replace(self._found, notepad=read_page(link, likely))
        return self.read_identity()

    def seal(self, page: bytes) -> SensorIdentity:
        """Write the notepad of a module that has one. Until it is seen written, both pages may be there.

        Raises:
            SensorError: flash-error, not-stored, or no sound answer.
        """
        assert self._found is not None
        known = self._known[0]
        self._known = (known, replace(known, notepad=page.hex()))
        write_page(self._found.commands, page)
        self._found = replace(self._found, notepad=page.hex())
        self.take(self._known[1])
        return self._known[0]

    def take(self, identity: SensorIdentity) -> None:
        """This is the module to work with."""
        assert self._found is not None
        self._known = (identity,)
        self._found.commands.link.trust()
        self._audit_at = self._pace.clock() + self._pace.s(AUDIT_S)

    def expect(self, libraries: frozenset[frozenset[int]]) -> None:
        """A template is about to be written or erased, or was: any of these sets may be in use now."""
        known = self._known[0]
        self._known = tuple(
            replace(known, template_count=len(slots), index_sha256=index_sha256(slots)) for slots in libraries
        )

    def recheck(self) -> None:
        """Make sure of the module with as few exchanges as possible.

        Raises:
            SensorError: sensor-swapped, or no sound answer.
        """
        assert self._found is not None
        known, commands = self._known[0], self._found.commands
        commands.link.doubt()
        same = self._same_marks(known, commands)
        if len(self._known) > 1 or not same or commands.count() != known.template_count:
            self._audit()
        commands.link.trust()

    def _same_marks(self, known: SensorIdentity, commands: SensorCommands) -> bool:
        """Whether serial number and notepad are those of the module that is known, where it has them."""
        if known.serial is not None and read_serial(commands.link) != known.serial:
            return False
        return known.notepad is None or read_page(commands.link, (known.notepad,)) == known.notepad

    def audit_if_due(self) -> None:
        """Once an hour, compare everything that is known of the module.

        Raises:
            SensorError: sensor-swapped, or no sound answer.
        """
        if self._pace.clock() >= self._audit_at:
            self._audit()

    def _audit(self) -> None:
        identity = self.read_afresh()
        self._refuse_other(self._known, identity)
        self.take(identity)

    def _refuse_other(self, known: tuple[SensorIdentity, ...], met: SensorIdentity) -> None:
        if met in known:
            return
        unlike = "; ".join(differences(known[0], met))
        self.tally.swap += 1
        self._swapped = sensor_error(SensorFault.SWAPPED, f"not the module that was here before: {unlike}")
        raise self._swapped
