"""A central to test with: real books in a folder, on either engine, with a clock that the test moves."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from attendance.moment import to_ms
from central import claims
from central.app import app_for
from central.config import CentralConfig
from central.installation import initialise
from central.keys import make_keys
from central.office import Office, open_office
from central.tables import assignment, audit_log, employee, slot, unit
from central.template_keys import make_template_keys

WIB = ZoneInfo("Asia/Jakarta")
MONDAY = datetime(2017, 3, 6, 7, 0, tzinfo=WIB)


@dataclass
class TestClock:
    """Stands still until the test moves it."""

    __test__ = False

    at: datetime = MONDAY

    def now_ms(self) -> int:
        return to_ms(self.at)


@dataclass
class Central:
    """One running central, without a network."""

    office: Office
    app: Flask
    clock: TestClock
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def add_unit(
        self, code: str = "DISKOMINFO", name: str = "Dinas Kominfo", parent: str | None = None
    ) -> str:
        with self.office.database.write() as connection:
            connection.execute(
                insert(unit).values(code=code, name=name, parent=parent, zone="Asia/Jakarta", kind="dinas")
            )
        return code

    def add_person(self, person: str, unit_code: str = "DISKOMINFO", *, slots: tuple[int, ...] = ()) -> str:
        with self.office.database.write() as connection:
            connection.execute(insert(employee).values(id=person, name=f"Orang {person}", employment="pns"))
            since = datetime(2017, 1, 1, tzinfo=WIB).date()
            connection.execute(
                insert(assignment).values(employee=person, unit=unit_code, grp="umum", valid_from=since)
            )
            for number in slots:
                connection.execute(insert(slot).values(unit=unit_code, node="", slot=number, employee=person))
        return person

    def token(self, unit_code: str = "DISKOMINFO") -> str:
        with self.office.database.write() as connection:
            return claims.issue(connection, unit_code, self.clock.now_ms())

    def rows(self, query: Any) -> list[Any]:
        with self.office.database.read() as connection:
            return list(connection.execute(query).all())

    def audit_actions(self) -> list[str]:
        return [row.action for row in self.rows(select(audit_log.c.action).order_by(audit_log.c.id))]


def make_central(folder: Path, database_url: str = "", **settings: Any) -> Central:
    """Open a central. With a database URL the schema must already be there (see `Engine`)."""
    config = CentralConfig(data_dir=folder, database_url=database_url, plain_http=True, **settings)
    if database_url:
        make_keys(folder)
        make_template_keys(folder)
    else:
        initialise(config)
    clock = TestClock()
    office = replace(open_office(config), clock=clock)
    return Central(office, app_for(office), clock)


@dataclass
class Engine:
    """Where a test's books lie. `fresh` gives the URL of a database that has the schema and nothing else."""

    name: str
    fresh: Callable[[Path], str]
    drop: Callable[[str], None]


def sqlite_engine(template: Path) -> Engine:
    """Copies a file that was migrated once."""

    def fresh(folder: Path) -> str:
        target = folder / "central.db"
        shutil.copy(template, target)
        return f"sqlite:///{target}"

    return Engine("sqlite", fresh, lambda _url: None)
