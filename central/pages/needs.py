"""What the plan of templates needs people for, not planned anew for every view of a page."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Connection

from central.placement_needs import Needs, read_needs

_LASTS_MS = 10_000
_NAME = "hadir-placement-needs"


@dataclass(frozen=True, slots=True)
class _Read:
    needs: Needs
    at_ms: int


def current_needs(app: Flask, connection: Connection, now_ms: int) -> Needs:
    """At most ten seconds old: for thousands of people planning takes longer than the rest of the page."""
    known = app.extensions.get(_NAME)
    if not isinstance(known, _Read) or not 0 <= now_ms - known.at_ms < _LASTS_MS:
        known = app.extensions[_NAME] = _Read(read_needs(connection, now_ms), now_ms)
    return known.needs
