"""Each test that asks for `central` runs twice: once on SQLite, once on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central import schema
from central.database import Database
from tests.support.central import Central, Engine, make_central, sqlite_engine
from tests.support.central_node import CentralNode
from tests.support.postgresql import TestServer


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "central.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[TestServer]:
    with TestServer() as server:
        server.create_template()
        database = Database(server.template_url)
        schema.upgrade(database)
        database.close()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "sqlite":
        return sqlite_engine(request.getfixturevalue("sqlite_template"))
    server: TestServer = request.getfixturevalue("postgresql")
    return Engine("postgresql", lambda _folder: server.fresh(), server.give_back)


@pytest.fixture
def database_url(engine: Engine, tmp_path: Path) -> Iterator[str]:
    url = engine.fresh(tmp_path)
    yield url
    engine.drop(url)


@pytest.fixture
def central(database_url: str, tmp_path: Path) -> Iterator[Central]:
    made = make_central(tmp_path / "central", database_url, accept_emulated_clocks=False)
    yield made
    made.office.database.close()


@pytest.fixture
def node(central: Central) -> CentralNode:
    """A claimed node of DISKOMINFO, with three people known there."""
    central.add_unit()
    for number, person in enumerate(("p1", "p2", "p3"), start=1):
        central.add_person(person, slots=(number,))
    made = CentralNode(central)
    assert made.claim().status_code == 200
    return made
