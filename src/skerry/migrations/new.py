"""Writes the next migration from the difference between the models and the newest schema.

Run as ``python -m skerry.migrations.new "what changes"``; read and correct what it wrote.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from skerry.database import MIGRATIONS, alembic_config, migrate, newest_revision
from skerry.kernel.db import Database


def write(message: str) -> None:
    number = f"{len(list((MIGRATIONS / 'versions').glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        if number != "0001":
            migrate(database, newest_revision())
        settings = alembic_config()
        settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        with database.engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.revision(settings, message=message, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    write(sys.argv[1])
