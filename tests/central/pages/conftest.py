"""A small regency: two SKPD, a part of one, four people, two nodes, and an account for each role."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from central import accounts
from central.accounts import Role
from tests.support.board_world import NOW, BoardWorld

DINKES_NODE, KOMINFO_NODE = "dinkesaaaaaaaaaa", "kominfoaaaaaaaaa"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 at its real price would be most of the time of these tests."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    decoy = cheap.hash("nobody's password")
    monkeypatch.setattr(accounts, "_hasher", lambda: cheap)
    monkeypatch.setattr(accounts, "_decoy", lambda: decoy)


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> BoardWorld:
    """Alice works at Dinkes, Pia at its Puskesmas, Bob and Charlie at Kominfo. Made once and copied."""
    made = BoardWorld(tmp_path_factory.mktemp("prototype"))
    made.unit("KAB", "Kabupaten", kind="kabupaten")
    made.unit("DINKES", "Dinas Kesehatan", parent="KAB")
    made.unit("PKM", "Puskesmas Satu", parent="DINKES", kind="puskesmas")
    made.unit("KOMINFO", "Dinas Kominfo", parent="KAB")
    made.people(
        [
            ("alice", "Alice Anggraini", "DINKES", "198001012005012001"),
            ("pia", "Pia Permata", "PKM", None),
            ("bob", "Bob Budiman", "KOMINFO", None),
            ("charlie", "Charlie Cahyono", "KOMINFO", None),
        ]
    )
    made.node(DINKES_NODE, "DINKES")
    made.node(KOMINFO_NODE, "KOMINFO")
    made.picture = made.photo(DINKES_NODE, 1)
    made.arrive(DINKES_NODE, "alice", "DINKES", NOW - timedelta(minutes=50), photo=made.picture)
    made.arrive(KOMINFO_NODE, "bob", "KOMINFO", NOW - timedelta(minutes=20), late=22)
    made.accounts = {
        Role.LEADER: made.account("leader", Role.LEADER),
        Role.HR_ADMIN: made.account("hradmin", Role.HR_ADMIN),
        Role.UNIT_HEAD: made.account("head", Role.UNIT_HEAD, unit="DINKES"),
        Role.UNIT_ADMIN: made.account("admin", Role.UNIT_ADMIN, unit="DINKES"),
        Role.TECHNICIAN: made.account("technician", Role.TECHNICIAN),
        Role.AUDITOR: made.account("auditor", Role.AUDITOR),
        Role.EMPLOYEE: made.account("alice", Role.EMPLOYEE, employee="alice"),
    }
    made.close()
    return made


@pytest.fixture
def world(prototype: BoardWorld, tmp_path: Path) -> Iterator[BoardWorld]:
    """The small regency, to be changed at will."""
    made = BoardWorld(tmp_path, like=prototype)
    yield made
    made.close()


@pytest.fixture
def app(world: BoardWorld) -> Flask:
    return world.app()


@pytest.fixture
def client_of(world: BoardWorld, app: Flask) -> Callable[[Role], FlaskClient]:
    """Signs a role's account in by a one-time link and gives its browser."""

    def sign_in(role: Role) -> FlaskClient:
        client = app.test_client()
        assert client.get(world.link(world.accounts[role])).status_code == 302
        return client

    return sign_in
