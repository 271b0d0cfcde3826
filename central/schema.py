"""The shape of the database: brings it up to date, and refuses to work on another shape."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from attendance.errors import HadirError
from central.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(HadirError):
    """The database has not the shape that this version works with."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database to `revision`; everything or nothing of each run is kept.

    Raises:
        StoreError: the database failed.
    """
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def current(database: Database) -> str | None:
    """The revision that the database has, or None where it is empty."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str:
    """The revision that this version works with."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def require_current(database: Database) -> None:
    """Refuse an empty, older or newer database, so that no code meets columns it does not know.

    Raises:
        SchemaError: with the command that helps.
    """
    found, wanted = current(database), head()
    if found is None:
        raise SchemaError("Basis data masih kosong: jalankan `hadir-central init` lebih dahulu.")
    if found != wanted:
        raise SchemaError(
            f"Basis data bentuk {found}, sedangkan versi ini memerlukan {wanted}: "
            "jalankan `hadir-central init` dengan versi terbaru."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
