"""The schema that migrations make is the one that the models describe, up and down."""

from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

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


def test_rows_of_the_first_release_live_through_every_migration(database: Database):
    """A migration that copies a table drops the old one, and with it whatever refers to its rows."""
    migrate(database, "0001")
    first = {
        "vpc": ("vpc-1",),
        "subnet": ("subnet-1",),
        "security_group": ("sg-1",),
        "network_interface": ("eni-1",),
        "network_interface_group": ("eni-1", "sg-1"),
        "tag": ("eni-1", "Name"),
        "route_table": ("rtb-1",),
        "route": ("rtb-1", "0.0.0.0/0"),
    }
    links = {"vpc_id": "vpc-1", "subnet_id": "subnet-1", "account_id": "123456789012"}
    with database.engine.begin() as connection:
        for table, keys in first.items():
            columns = inspect(connection).get_columns(table)
            primary = inspect(connection).get_pk_constraint(table)["constrained_columns"]
            row = {
                column["name"]: links.get(column["name"], _anything(column["type"].python_type))
                for column in columns
            } | dict(zip(primary, keys, strict=True))
            names, values = ", ".join(f'"{n}"' for n in row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"insert into {table} ({names}) values ({values})"), row)
    for revision in (newest_revision(), "0001", newest_revision()):
        migrate(database, revision)
        with database.engine.connect() as connection:
            for table in first:
                count = connection.execute(text(f"select count(*) from {table}")).scalar()
                assert count == 1, f"{table} at {revision}"


def _anything(kind: type) -> object:
    return "2026-01-01 00:00:00" if kind is datetime else 1 if kind in (int, bool) else "x"
