"""Wakes: rows that say "look at this resource", written in the transaction that gave the reason."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import Insert, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from skerry.kernel.clock import now
from skerry.kernel.compiled import Compiled, driver_of
from skerry.kernel.db import Base, CloudSession


class Wake(Base):
    """One pending look at one resource.

    ``revision`` grows with each wake, so that a pass which began before the last one does not erase it.
    """

    __tablename__ = "wake"

    kind: Mapped[str] = mapped_column(primary_key=True)  # table name of the resource
    resource_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempt: Mapped[int]


def wake(session: Session, row: Base) -> None:
    """Have ``row`` reconciled as soon as this transaction commits."""
    identity = inspect(row).mapper.primary_key_from_instance(row)
    wake_id(session, row.__tablename__, str(identity[0]))


def wake_all(session: Session, rows: Iterable[Base]) -> None:
    """As ``wake``, for each of these."""
    for row in rows:
        wake(session, row)


def wake_id(session: Session, kind: str, resource_id: str) -> None:
    """As ``wake``, for a row that is not at hand. All of a transaction are written as it commits."""
    for purpose in ("unwritten wakes", "woken"):
        session.info.setdefault(purpose, set()).add((kind, resource_id))


@event.listens_for(CloudSession, "before_commit")
def _write(session: Session) -> None:
    keys = cast("set[tuple[str, str]]", session.info.pop("unwritten wakes", set()))
    if not keys:
        return
    session.flush()
    at = now()
    wakes = [
        {"kind": kind, "resource_id": resource_id, "revision": 1, "due_at": at, "attempt": 0}
        for kind, resource_id in sorted(keys)
    ]
    driver = driver_of(session)
    if driver is None:
        session.connection().execute(_first_or_once_more(postgresql.insert(Wake)), wakes)
    else:
        _compiled().insert(driver, wakes)


@cache
def _compiled() -> Compiled:
    statement = _first_or_once_more(sqlite.insert(Wake))
    return Compiled(statement, sqlite.dialect(), list(Wake.__table__.columns.keys()))


def _first_or_once_more(given: sqlite.Insert | postgresql.Insert) -> Insert:
    return given.on_conflict_do_update(
        index_elements=[Wake.kind, Wake.resource_id],
        set_={"revision": Wake.revision + 1, "due_at": given.excluded.due_at, "attempt": 0},
    )
