"""Makes an installation, or brings one up to date. Running it twice does no harm."""

from central import keys, schema, template_keys
from central.authority import make_authority
from central.clock import SystemClock, now
from central.config import CentralConfig
from central.database import Database
from central.private_files import private_folder


def initialise(config: CentralConfig) -> None:
    """Do what is not done yet.

    Raises:
        PrivateFileError: a secret is open to others. StoreError: the database can't be reached or changed.
    """
    private_folder(config.data_dir)
    private_folder(config.photo_dir)
    keys.make_keys(config.data_dir)
    template_keys.make_template_keys(config.data_dir)
    # Certificates meet the clocks of real machines, also where attendance runs on an emulated one.
    make_authority(config.data_dir, config.server_names, now(SystemClock()))
    database = Database(config.database_url)
    try:
        schema.upgrade(database)
    finally:
        database.close()
