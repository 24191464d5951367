"""The schema that migrations make is the one that the models describe, up and down."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from skerry.database import all_tables, current_revision, migrate, newest_revision, open_database
from skerry.kernel.db import Database


@pytest.fixture
def database(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'skerry.db'}")
    yield database
    database.close()


def test_a_new_database_has_the_newest_schema(database: Database):
    assert current_revision(database) == newest_revision()


def test_migrations_make_exactly_the_tables_of_the_models(database: Database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, all_tables()) == []


def test_every_migration_can_be_undone_and_done_again(database: Database):
    migrate(database, "base")
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(database, newest_revision())
    assert current_revision(database) == newest_revision()
