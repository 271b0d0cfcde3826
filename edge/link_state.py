"""What sync says of the link, for the person at the door; where it says nothing, nothing is shown."""

import json
from pathlib import Path


def waiting_while_offline(status_file: Path, size: int) -> int:
    """How many events central has not got while the link is down; 0 while it is up or unknown.

    Args:
        status_file: `sync-status.json`.
        size: how many events the journal holds.
    """
    try:
        said = json.loads(status_file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return 0
    if not isinstance(said, dict) or said.get("state") in (None, "ok"):
        return 0
    held = said.get("held")
    return max(0, size - held) if type(held) is int else 0
