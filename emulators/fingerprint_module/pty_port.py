"""A pseudo-terminal that looks like the serial port the module hangs on."""

import contextlib
import fcntl
import os
import struct
import termios
import tty
from collections import deque
from pathlib import Path

_TCGETS2 = 0x802C542A
_TERMIOS2 = struct.Struct("=IIIIB19sII")
_BACKLOG_BYTES = 4_000_000
_READ_BYTES = 4096


class PtyPort:
    """The master side, with a link to the slave for the host to open.

    The slave is kept open here too: otherwise the master gets EIO whenever no host has it open.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.device = os.ttyname(self._slave)
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        temporary = link.with_name(f"{link.name}.{os.getpid()}.part")
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        temporary.symlink_to(self.device)
        temporary.replace(link)

    def host_line(self) -> tuple[int, bool]:
        """(bits a second, whether there is one stop bit) as the host set it; a pty has no parity to see."""
        raw = fcntl.ioctl(self.master, _TCGETS2, bytes(_TERMIOS2.size))
        _, _, cflag, _, _, _, _, speed = _TERMIOS2.unpack(raw)
        return speed, not cflag & termios.CSTOPB

    def read(self) -> bytes:
        """What the host wrote, empty if nothing."""
        try:
            return os.read(self.master, _READ_BYTES)
        except BlockingIOError:
            return b""

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait because the host's buffer is full."""
        return bool(self._backlog)

    def write(self, data: bytes) -> None:
        """Send to the host; what does not fit waits, and beyond 4 MB is lost as on a wire nobody reads."""
        if self._backlog_bytes + len(data) <= _BACKLOG_BYTES:
            self._backlog.append(data)
            self._backlog_bytes += len(data)
        self.flush()

    def flush(self) -> None:
        """Write as much as the host's buffer takes."""
        backlog = self._backlog
        while backlog:
            try:
                sent = os.write(self.master, backlog[0])
            except BlockingIOError:
                return
            self._backlog_bytes -= sent
            if sent < len(backlog[0]):
                backlog[0] = backlog[0][sent:]
            else:
                backlog.popleft()

    def close(self) -> None:
        """Pull the plug: both ends close and the link goes away if it is still ours."""
        with contextlib.suppress(OSError):
            if self.link.readlink() == Path(self.device):
                self.link.unlink()
        os.close(self._slave)
        os.close(self.master)
