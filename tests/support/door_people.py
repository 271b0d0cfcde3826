"""Rules and people for tests of the node: the Tanggamus preset and a small office."""

import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from attendance.moment import ClockState, Moment, to_ms
from attendance.people import Roster
from attendance.policy import Policy
from attendance.policy_presets import parse_toml_policy
from edge.punching import Standing

WIB = ZoneInfo("Asia/Jakarta")
NODE = "abcdefghijklmnop"


def policy_content(serial: int = 3) -> dict[str, Any]:
    """The 2017 rules with one holiday."""
    text = files("attendance.presets").joinpath("tanggamus-2017.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["id"] == "tanggamus-2017"
    holiday = {"date": "2017-06-01", "name": "Hari Lahir Pancasila", "kind": "public", "decree": "SKB"}
    return {**parse_toml_policy(text), "serial": serial, "holidays": [holiday]}


def roster_content(serial: int = 5, node: str = NODE) -> dict[str, Any]:
    """Two people; slot 1 and 2 are Siti's fingers, slot 7 is Budi's."""
    return {
        "serial": serial,
        "node": node,
        "unit": "DISKOMINFO",
        "unit_name": "Dinas Kominfo",
        "zone": "Asia/Jakarta",
        "persons": [
            {"person": "p-siti", "name": "Siti Aminah", "unit": "DISKOMINFO", "group": "umum"},
            {"person": "p-budi", "name": "Drs. H. Budi Santoso Wijayakusuma, M.Si", "unit": "DISKOMINFO"}
            | {"group": "umum", "salutation": "Bapak"},
        ],
        "slots": {"1": "p-siti", "2": "p-siti", "7": "p-budi"},
    }


def standing() -> Standing:
    """Both in force."""
    return Standing(Policy.parse(policy_content()), Roster.parse(roster_content()))


def wib(text: str) -> datetime:
    """A local time like "2017-06-05 07:28:41"."""
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def moment(when: datetime, state: ClockState = ClockState.ANCHORED) -> Moment:
    """A reading at this time."""
    ms = to_ms(when.astimezone(UTC))
    return Moment(ms, "boot-a", ms - 1_496_000_000_000, ms - 1_496_000_000_000, 7, state)
