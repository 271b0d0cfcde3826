"""The serial port of the sensor: opened for us alone, and every error of the system told in one way.

pyserial, the kernel and `termios` raise three unrelated families when an adapter is pulled (`termios.error`
is not even an `OSError`). Here they all become a `SensorError` of kind port-missing, port-busy or link-down.
"""

import contextlib
import errno
import fcntl
import os
import select
import termios
from collections.abc import Iterator

import serial

from edge.sensor_faults import SensorFault, sensor_error

READ_SLICE_S = 0.02
WRITE_TIMEOUT_S = 1.0
_CHUNK_BYTES = 4096
_BUSY = {errno.EBUSY, errno.EAGAIN, errno.EACCES, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR}


class SensorPort:
    """A serial port held exclusively: by `flock` against the polite, by TIOCEXCL against the rest."""

    def __init__(self, path: str, baud: int, read_slice_s: float = READ_SLICE_S) -> None:
        """Open the port.

        Raises:
            SensorError: port-missing, port-busy or link-down.
        """
        self._read_slice_s = read_slice_s
        try:
            # The timeout is set here once: pyserial reconfigures the whole port each time it is changed.
            self._serial = serial.Serial(
                path, baud, timeout=read_slice_s, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
        except (OSError, ValueError, termios.error) as error:
            raise sensor_error(_kind(error), f"cannot open {path} at {baud} bps: {error}") from error
        try:
            fcntl.ioctl(self._serial.fileno(), termios.TIOCEXCL)
        except OSError as error:
            self.close()
            raise sensor_error(_kind(error), f"cannot hold {path} alone: {error}") from error

    def read(self) -> bytes:
        """What is there, or the first that comes within one read slice; nothing if nothing does.

        pyserial's own `read` waits for a number of bytes. How many come is what is in doubt here.
        """
        with _translated():
            descriptor = self._serial.fileno()
            if not select.select([descriptor], [], [], self._read_slice_s)[0]:
                return b""
            data = os.read(descriptor, _CHUNK_BYTES)
        if not data:
            raise sensor_error(SensorFault.LINK_DOWN, "the port is ready and gives nothing: it was pulled")
        return data

    def waiting(self) -> bytes:
        """Whatever has already come in, without waiting."""
        with _translated():
            count = self._serial.in_waiting
            return bytes(self._serial.read(count)) if count else b""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        with _translated():
            self._serial.write(data)

    def close(self) -> None:
        """Give the port back. Safe after an unplug."""
        # A pty keeps the exclusive mark as long as anyone holds it, a real port until the last close.
        with contextlib.suppress(OSError, ValueError, termios.error):
            fcntl.ioctl(self._serial.fileno(), termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            self._serial.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, termios.error, TypeError, ValueError) as error:
        # TypeError and ValueError: pyserial after its own descriptor has been closed.
        raise sensor_error(SensorFault.LINK_DOWN, f"the port failed: {error!r}") from error


def _kind(error: BaseException) -> SensorFault:
    number = getattr(error, "errno", None)
    if number is None and error.args:
        number = error.args[0]
    if number in _GONE:
        return SensorFault.PORT_MISSING
    return SensorFault.PORT_BUSY if number in _BUSY else SensorFault.LINK_DOWN
