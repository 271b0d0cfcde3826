"""What a page works with, found from the request."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app

from central.clock import now
from central.office import Office


def office() -> Office:
    """The office that this app was made over."""
    found = current_app.extensions["hadir"]
    assert isinstance(found, Office)
    return found


def zone() -> ZoneInfo:
    """The regency's time zone."""
    return ZoneInfo(office().config.zone)


def here_and_now() -> datetime:
    """Central's clock in the regency's zone."""
    return now(office().clock).astimezone(zone())


def today() -> date:
    """The day of the regency."""
    return here_and_now().date()
