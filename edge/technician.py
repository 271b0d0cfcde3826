"""What a technician says about the sensor, left in the state folder for the punch process.

A file and not a request: it also counts while the punch process does not run, and whoever reaches the sockets
of the node can't say it.
"""

import os
from pathlib import Path

from edge.durable_file import write_durably

ACCEPTED = "sensor-accepted"


class TechnicianWord:
    """`sensor-accepted`: the module that is there now is the right one."""

    def __init__(self, state_dir: Path) -> None:
        """Touch nothing yet."""
        self._file = state_dir / ACCEPTED

    def leave(self) -> None:
        """Say it. Raises OSError."""
        write_durably(self._file, b"")
        hand_over(self._file)

    def take(self) -> bool:
        """Whether it was said since the last time."""
        try:
            self._file.unlink()
        except FileNotFoundError:
            return False
        return True


def hand_over(file: Path) -> None:
    """Give a file that root has written to the owner of its folder, who has to read it. Raises OSError."""
    if os.geteuid() == 0:
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
