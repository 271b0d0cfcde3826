"""The process that `journal_proof` kills: opens the journal, appends without end, says each event's leaf.

Usage: python -m benchmarks.journal_writer FOLDER
"""

import sys
from pathlib import Path

from benchmarks.journal_trials import KEY, MOMENT, SmallDisk
from edge.journal import Journal


def main(folder: Path) -> None:
    """Append until killed. A line is written only after the journal said that the event is recorded."""
    print("opening", flush=True)
    journal = Journal.open(folder, KEY, create=not (folder / "journal.db").exists(), disk=SmallDisk())
    number = 0
    while True:
        before = journal.link.size
        journal.append("punch", MOMENT, {"person": f"p{number}", "note": "x" * (number * 37 % 900)})
        for event in journal.last_events(journal.link.size - before):
            print(event.seq, event.leaf, flush=True)
        journal.tidy()
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
