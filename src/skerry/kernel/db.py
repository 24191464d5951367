"""The one database: engine, sessions, and the wall between accounts.

Reads run in a snapshot; writes take the write lock at BEGIN (a read that turns into a write would lose
to SQLITE_BUSY). A session belongs to one account unless it is opened for the whole cloud, and then every
ORM query on an ``Owned`` row is narrowed to that account by the session itself: no handler can forget.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

EVERY_ACCOUNT = {"every_account": True}
"""Execution options of a query that is meant to look across accounts (shared images, IMDS …)."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes; SQLite itself would drop the zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Every table of every service."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Owned:
    """Mixin of every row that belongs to an account."""

    account_id: Mapped[str] = mapped_column(index=True)


class CloudSession(Session):
    """A session that belongs to one account, or to the whole cloud."""


def account_of(session: Session) -> str | None:
    """The account that this session is narrowed to; None: it sees the whole cloud."""
    return session.info.get("account_id")


class Database:
    """Sessions over one SQL database.

    ``woken`` hooks run after a commit that wrote wakes, in the committing thread, with their keys.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_size=16, max_overflow=32)
        if self._engine.dialect.name == "sqlite":
            _use_immediate_transactions(self._engine)
        self._writes = self._engine.execution_options(skerry_write=True)
        self.woken: list[Callable[[set[tuple[str, str]]], None]] = []

    @property
    def engine(self) -> Engine:
        return self._engine

    @contextmanager
    def read(self, account_id: str | None) -> Generator[Session]:
        """A snapshot. ``account_id`` None means the whole cloud (reconcilers, operator)."""
        with CloudSession(self._engine, expire_on_commit=False, autoflush=False) as session:
            session.info["account_id"] = account_id
            yield session

    @contextmanager
    def write(self, account_id: str | None) -> Generator[Session]:
        """A transaction that commits when the block ends well and vanishes when it raises."""
        with CloudSession(self._writes, expire_on_commit=False) as session:
            session.info["account_id"] = account_id
            yield session
            session.commit()
        woken: set[tuple[str, str]] = session.info.get("woken") or set()
        if woken:
            for hook in self.woken:
                hook(woken)

    def close(self) -> None:
        self._engine.dispose()


@event.listens_for(CloudSession, "do_orm_execute")
def _narrow_to_account(state: ORMExecuteState) -> None:
    account_id = account_of(state.session)
    if account_id is None or state.execution_options.get("every_account"):
        return
    # Made once per session: it costs more than many a statement that it narrows.
    narrow = state.session.info.get("narrow")
    if narrow is None:
        narrow = state.session.info["narrow"] = with_loader_criteria(
            Owned, lambda owned: owned.account_id == account_id, include_aliases=True
        )
    state.statement = state.statement.options(narrow)


def _use_immediate_transactions(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # the driver must not begin behind our back
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        write = connection.get_execution_options().get("skerry_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
