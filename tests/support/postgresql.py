"""A real PostgreSQL for tests, from Debian's binaries: on a socket in its own folder, not the network."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

from central import schema
from central.tables import metadata

_START_TIMEOUT_S = 60
_USER = "hadir"
_TEMPLATE = "hadir_template"


class PostgresqlMissingError(Exception):
    """The tests need Debian's PostgreSQL; there is no skipping it."""


class TestServer:
    """One server for one test process. PostgreSQL refuses root, so as root it runs as `nobody`."""

    __test__ = False

    def __init__(self) -> None:
        self._bin = _binaries()
        # Not below pytest's own folder, which only its owner may enter; and short, as socket paths must be.
        self._folder = Path(tempfile.mkdtemp(prefix="hadir-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._idle: list[str] = []

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "nobody", "nogroup")
        data = self._folder / "data"
        log = self._folder / "log"
        initdb = [self._bin / "initdb", "--pgdata", data, "--username", _USER, "--auth=trust", "--no-sync"]
        subprocess.run(
            [*_as_ordinary_user(), *initdb, "--encoding=UTF8", "--locale=C"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        # Nothing of a test outlives the machine; what is tested is central's own waiting for the commit.
        settings = ["fsync=off", "listen_addresses=", f"unix_socket_directories={self._folder}"]
        settings += ["max_connections=200", "shared_buffers=32MB", "autovacuum=off", "jit=off"]
        options = [part for setting in settings for part in ("-c", setting)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*_as_ordinary_user(), self._bin / "postgres", "-D", data, *options],
                stdout=output,
                stderr=output,
                cwd="/",
            )
        self._wait(log)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(2)  # SIGINT: PostgreSQL's fast shutdown
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def template_url(self) -> str:
        """The database that all others are copies of; nobody may be connected while they are made."""
        return self._url(_TEMPLATE)

    def create_template(self) -> None:
        """Make it, empty."""
        self._run(f"CREATE DATABASE {_TEMPLATE}")

    def fresh(self) -> str:
        """The URL of a database with the schema and nothing in it."""
        if self._idle:
            url = self._idle.pop()
            self._empty(url)
            return url
        self._made += 1
        name = f"test_{self._made}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self._url(name)

    def give_back(self, url: str) -> None:
        """Let another test have a database; emptying one is many times faster than making one."""
        self._idle.append(url)

    def _empty(self, url: str) -> None:
        name = url.rpartition("/")[2].partition("?")[0]
        # Whoever forgot a connection there must not hold the next test up.
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        statements = "; ".join(f"DELETE FROM {table}" for table in metadata.tables)
        with psycopg.connect(self._conninfo(name)) as connection:
            # Without triggers: the order of the tables does not matter, and the audit log gives way.
            connection.execute("SET session_replication_role = replica")
            connection.execute(statements.encode())
            connection.execute("UPDATE alembic_version SET version_num = %s", [schema.head()])

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _conninfo(self, database: str) -> str:
        return f"host={self._folder} user={_USER} dbname={database}"

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://{_USER}@/{database}?host={quote(str(self._folder), safe='')}"

    def _wait(self, log: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self._conninfo("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    text = log.read_text(errors="replace")
                    raise PostgresqlMissingError(f"PostgreSQL did not start: {text[-2000:]}") from error
                time.sleep(0.05)
            else:
                return


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise PostgresqlMissingError("central's tests need PostgreSQL: sudo apt-get install postgresql")
    return found[-1].parent


def _as_ordinary_user() -> list[str]:
    # The server dies with the test process, whatever kills that.
    command = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        command += ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return command
