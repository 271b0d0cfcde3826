"""`./dev tap "NAME" [OFFICE]`: put somebody's finger on a sensor of the running demo."""

import argparse
import sys
from pathlib import Path

from demo.__main__ import folder
from demo.door import ask
from demo.processes import DemoError
from demo.town import FINGER, OFFICES, Resident, residents


def find(name: str) -> Resident:
    """The person whose name contains this text.

    Raises:
        DemoError: nobody, or several; the sentence lists some names.
    """
    everybody = residents()
    found = [person for person in everybody if name.casefold() in person.name.casefold()]
    exact = [person for person in found if person.name.casefold() == name.casefold()]
    if len(exact or found) == 1:
        return (exact or found)[0]
    some = ", ".join(person.name for person in (found or everybody)[:6])
    raise DemoError(f"{len(found) or 'No'} people match {name!r}. Some names: {some}")


def main(arguments: list[str] | None = None) -> int:
    """Tap, and say where to look."""
    parser = argparse.ArgumentParser(prog="./dev tap", description=__doc__)
    parser.add_argument("name", help='a name, or "stranger" for a finger that nobody enrolled')
    parser.add_argument("office", nargs="?", choices=[office.code for office in OFFICES])
    parser.add_argument("--folder", type=Path, default=None, help="the same as that of ./dev demo")
    options = parser.parse_args(arguments)
    try:
        person = None if options.name == "stranger" else find(options.name)
        code = options.office or (person.office.code if person else OFFICES[0].code)
        who = person.key if person else "stranger"
        request = {"do": "tap", "person": who, "finger": FINGER, "quality": 0.9, "hold_ms": 20_000}
        ask((options.folder or folder()) / code.lower() / "sensor.sock", request)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError:
        print("No demo is running: start it with ./dev demo", file=sys.stderr)
        return 1
    print(
        f"{person.name if person else 'A stranger'} has put a finger on the sensor of {code}: see the board."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
