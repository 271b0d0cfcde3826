"""How far a long command is, told to whoever waits at a terminal and to nobody else."""

from collections.abc import Callable
from typing import TextIO


def rows_done_on(stream: TextIO) -> Callable[[int, int], None] | None:
    """A line that is written over as rows are done; None where nobody looks, as in a log or a pipe."""
    if not stream.isatty():
        return None

    def tell(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        stream.write(f"\r{done} dari {total} baris{end}")
        stream.flush()

    return tell
