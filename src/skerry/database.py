"""Opens the cloud's database at the newest schema.

Alembic is loaded only when there is something to migrate: it would double the time of a start.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, inspect, make_url, text

from skerry import services
from skerry.kernel import tags as _tags  # imported for its table, as are the next two
from skerry.kernel import wake as _wake
from skerry.kernel.db import Base, Database
from skerry.wire import idempotency as _idempotency

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

TABLES_OUTSIDE_SERVICES = (_tags, _wake, _idempotency)
MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str) -> Database:
    """The database at ``url``, created and migrated as needed."""
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    if current_revision(database) != newest_revision():
        migrate(database, newest_revision())
    return database


def newest_revision() -> str:
    """Versions are files named ``0001_what.py``; the revision is the number."""
    return max(each.stem.split("_")[0] for each in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current_revision(database: Database) -> str | None:
    """What the database is at; None when it is empty."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("select version_num from alembic_version")).scalar()


def migrate(database: Database, revision: str) -> None:
    """Bring the schema to ``revision``, up or down ("base" is empty), in one transaction."""
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    current = current_revision(database)
    settings = alembic_config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        down = revision == "base" or (current is not None and revision < current)
        (command.downgrade if down else command.upgrade)(settings, revision)


def alembic_config() -> "AlembicConfig":
    """Alembic's settings, without an ini file."""
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("path_separator", "os")
    return settings


def all_tables() -> MetaData:
    """Every table there is; imports every slice's model."""
    for module in pkgutil.walk_packages(services.__path__, services.__name__ + "."):
        if module.name.endswith(".model"):
            importlib.import_module(module.name)
    return Base.metadata
