"""What every part of a running central works with: its settings, its books, its clock and its keys."""

from dataclasses import dataclass

from attendance.errors import HadirError
from central.clock import Clock, clock_for
from central.config import CentralConfig
from central.database import Database
from central.keys import Keys, load_keys
from central.schema import require_current
from central.template_keys import TemplateKeys, load_template_keys


@dataclass(frozen=True, slots=True)
class Office:
    """Handed to the pages as `app.extensions["hadir"]`."""

    config: CentralConfig
    database: Database
    clock: Clock
    keys: Keys
    template_keys: TemplateKeys


def open_office(config: CentralConfig) -> Office:
    """Open an installation that `init` has made.

    Raises:
        PrivateFileError, MissingKekError: a key is missing or open to others. SchemaError: another shape of
        the database. StoreError: the database can't be reached.
    """
    keys, template_keys = load_keys(config.data_dir), load_template_keys(config.data_dir)
    database = Database(config.database_url)
    try:
        require_current(database)
    except HadirError:
        database.close()
        raise
    return Office(config, database, clock_for(config.clock_file), keys, template_keys)
