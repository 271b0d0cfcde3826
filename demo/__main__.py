"""`./dev demo`: central, three offices and sixty people on this machine."""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from central.database import Database
from demo import count, day, plan
from demo.processes import DemoError
from demo.town import FINGER
from demo.wiring import Town

_DAY = date(2026, 11, 23)
"""A Monday without a holiday."""
_SETTLE_S = 180


def folder() -> Path:
    """Where the demo lives. Short, because the path of a Unix socket may be 107 bytes long at most."""
    return Path(tempfile.gettempdir()) / f"hadir-demo-{os.getuid()}"


def main(arguments: list[str] | None = None) -> int:
    """Run the demo until Ctrl-C, or one accelerated day with `--once`."""
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play one working day, count, and stop")
    parser.add_argument("--report", type=Path, help="write the counts of --once here, as JSON")
    parser.add_argument("--folder", type=Path, default=None, help="where everything is kept")
    parser.add_argument("--speed", type=float, default=10, help="how much faster the demo's clock runs")
    options = parser.parse_args(arguments)
    town = Town(options.folder or folder())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return once(town, options.report) if options.once else live(town, options.speed)
    except DemoError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping ...")
        return 0
    finally:
        town.close()


def once(town: Town, report_file: Path | None) -> int:
    """Play the planned day and say whether it held what was promised."""
    _tell(f"Preparing central, {len(town.residents)} people and three doors ...")
    town.prepare(day.at(_DAY, 4, 50))
    town.open()
    _tell(f"Playing {_DAY:%A, %d %B %Y} ...")
    tries = day.play(town, plan.taps_of(town.residents), _DAY)
    wanted = plan.outcomes(town.residents)
    _tell("Waiting until the tower's node has handed everything in ...")
    report = _settled(lambda: _count(town, tries, wanted))
    text = json.dumps(report.content(), indent=1, ensure_ascii=False)
    if report_file is not None:
        report_file.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if report.good else 1


def live(town: Town, speed: float) -> int:
    """Keep the town running; people come by themselves, and anybody can tap by hand."""
    _tell("Starting central, three doors and sixty people ...")
    town.prepare(day.at(_DAY, 6, 50))
    town.open()
    town.clock.set_rate(speed)
    print(
        f"\n  Papan langsung (live board):  {town.sign_in_link()}"
        "\n  The link signs you in once. The certificate is the demo's own: let your browser go on."
        f"\n  The clock of the demo runs {speed:g} times as fast; it is Monday morning."
        f'\n\n  Tap a finger yourself:        ./dev tap "{town.residents[0].name}"'
        "\n  Stop:                         Ctrl-C\n"
    )
    tower = next(door for door in town.doors.values() if door.office.tower)
    chance = random.Random(1)
    coming = [person for person in town.residents if person.number % 10]
    chance.shuffle(coming)
    turn = 0
    while True:
        if turn in (20, 50):
            (tower.cut if turn == 20 else tower.heal)()
            _tell(f"The tower's link to {tower.office.code} is {'cut' if turn == 20 else 'back'}.")
        if turn < len(coming):
            person = coming[turn]
            door = town.doors[person.office.code]
            door.finger("tap", person=person.key, finger=FINGER, quality=0.9, hold_ms=20_000)
        turn += 1
        time.sleep(chance.uniform(1.5, 4))


def _count(town: Town, tries: list[day.Try], wanted: dict[str, plan.Outcome]) -> count.Report:
    database = Database(f"sqlite:///{town.data_dir / 'central.db'}")
    try:
        punches, days = count.stored_punches(database), count.stored_days(database, _DAY)
    finally:
        database.close()
    return count.count(tries, punches, days, wanted, town.residents)


def _settled(measure: Callable[[], count.Report]) -> count.Report:
    """Count until it is good, or until waiting longer would change nothing."""
    end = time.monotonic() + _SETTLE_S
    while True:
        report = measure()
        if report.good or time.monotonic() > end:
            return report
        time.sleep(1)


def _tell(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
