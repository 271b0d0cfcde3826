"""Writes are durable or undone, on both engines; the schema is the one that the code knows."""

import importlib
import multiprocessing
import sqlite3
import threading
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.event import listen

from central import schema
from central.database import Database, StoreError
from central.day_reading import punches_by_person
from central.file_lock import FileLock
from central.migrations import versions
from central.schema import SchemaError
from central.tables import metadata, opened_day, throttle, unit
from tests.support.postgresql import TestServer


@pytest.fixture
def database(database_url: str) -> "Database":
    made = Database(database_url)
    yield made  # type: ignore[misc]
    made.close()


def add(database: Database, subject: str) -> None:
    with database.write() as connection:
        connection.execute(
            insert(throttle).values(subject=subject, failures=1, last_ms=1, blocked_until_ms=1)
        )


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(throttle)) or 0


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    def write() -> None:
        with database.write() as connection:
            row = insert(throttle).values(subject="a", failures=1, last_ms=1, blocked_until_ms=1)
            connection.execute(row)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert count(database) == 0


def test_what_is_written_while_reading_is_thrown_away(database: Database) -> None:
    with database.read() as connection:
        connection.execute(insert(throttle).values(subject="a", failures=1, last_ms=1, blocked_until_ms=1))
    assert count(database) == 0


def test_errors_of_the_engine_become_one_of_ours(database: Database) -> None:
    with pytest.raises(StoreError), database.read() as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    add(database, "twice")
    with pytest.raises(StoreError):
        add(database, "twice")
    with pytest.raises(StoreError), database.write() as connection:
        connection.execute(unit.insert().values(code="A", name="A", zone="UTC", parent="NONE"))


def test_an_error_names_no_values(database: Database) -> None:
    add(database, "somebody-secret")
    with pytest.raises(StoreError) as caught, database.write() as connection:
        connection.execute(
            insert(throttle).values(subject="somebody-secret", failures=7, last_ms=1, blocked_until_ms=1)
        )
    if database.is_sqlite:  # PostgreSQL names the key itself; the values of a batch it does not
        assert "somebody-secret" not in str(caught.value)
    assert "hidden" in str(caught.value)


def test_writers_in_many_threads_wait_for_each_other(database: Database) -> None:
    def write(worker: int) -> None:
        for number in range(10):
            add(database, f"{worker}-{number}")

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 60


def _write_many(url: str, worker: int) -> None:
    database = Database(url)
    for number in range(10):
        add(database, f"{worker}-{number}")
    database.close()


def test_writers_in_many_processes_wait_for_each_other(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(database.url, worker)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert count(database) == 30


def test_an_empty_database_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(SchemaError, match="init"):
        schema.require_current(database)
    database.close()


def test_an_older_or_newer_database_is_refused(database: Database) -> None:
    schema.require_current(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="9999"):
        schema.require_current(database)


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.read() as connection, warnings.catch_warnings():
        # Indexes on expressions can't be compared; the next test looks for ours by name.
        warnings.filterwarnings("ignore", message=".*expression-based index.*")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_punches_of_a_day_are_found_by_its_index(database: Database) -> None:
    """And not by the whole table: a fold asks for every day that changed."""
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT event.person"):
            verb = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            plans.append(str(connection.exec_driver_sql(f"{verb} {statement}", parameters).all()))

    with database.read() as connection:
        if not database.is_sqlite:  # in an empty table it would think reading all as good
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        listen(connection, "before_cursor_execute", explain)
        assert punches_by_person(connection, date(2017, 3, 6), ["p1", "p2"]) == {}
    assert len(plans) == 1
    assert "ix_event_punches" in plans[0]


def test_every_migration_has_its_tester() -> None:
    folder = Path(versions.__file__).parent
    steps = {path.stem for path in folder.glob("r*.py")}
    testers = {
        path.stem.removeprefix("test_") for path in (Path(__file__).parent / "migrations").glob("*.py")
    }
    assert steps == testers
    for step in steps:
        importlib.import_module(f"central.migrations.versions.{step}")


def test_a_file_of_sqlite_is_in_wal_and_waits_for_the_disk(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    schema.upgrade(database)
    with database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "page_size", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "page_size": 8192, "foreign_keys": 1}
    database.close()


def test_the_log_of_sqlite_is_folded_in_before_it_grows_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.database._CHECKPOINT_AT_BYTES", 100_000)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    schema.upgrade(database)
    for number in range(60):
        add(database, f"{number}" + "x" * 100)
    assert (tmp_path / "x.db-wal").stat().st_size < 150_000
    database.close()
    assert sqlite3.connect(tmp_path / "x.db").execute("SELECT count(*) FROM throttle").fetchone() == (60,)


def test_a_write_of_ours_keeps_every_other_writer_out_from_its_start(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    schema.upgrade(database)
    stranger = sqlite3.connect(tmp_path / "x.db", timeout=0, isolation_level=None)
    with database.write() as connection:
        assert connection.scalar(select(func.count()).select_from(throttle)) == 0
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            stranger.execute("INSERT INTO throttle VALUES ('x', 1, 1, 1)")
    stranger.close()
    database.close()


def test_a_write_waits_for_the_lock_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    schema.upgrade(database)
    other = FileLock(tmp_path / "x.db.lock")
    done = threading.Event()

    def write() -> None:
        add(database, "a")
        done.set()

    with other.held():
        thread = threading.Thread(target=write)
        thread.start()
        assert not done.wait(0.2)
        assert count(database) == 0
    thread.join()
    assert count(database) == 1
    other.close()
    database.close()


def test_a_postgresql_that_does_not_wait_for_its_disk_is_told_to(
    postgresql: TestServer, request: pytest.FixtureRequest
) -> None:
    url = postgresql.fresh()
    request.addfinalizer(lambda: postgresql.give_back(url))
    slack = Database(f"{url}&options=-csynchronous_commit%3Doff")
    with slack.read() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    slack.close()


def test_the_tables_have_a_key_each(database: Database) -> None:
    with database.read() as connection:
        inspector = inspect(connection)
        for table in metadata.tables:
            assert inspector.get_pk_constraint(table)["constrained_columns"], table
    assert opened_day.name == "opened_day"
