"""Wakes: rows that say "look at this resource", written in the transaction that gave the reason."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, inspect, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from skerry.kernel.clock import now
from skerry.kernel.db import Base


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


def wake_new(session: Session, rows: Iterable[Base]) -> None:
    """As ``wake``, for rows that this transaction makes: nothing can have woken them before."""
    woken: set[tuple[str, str]] = session.info.setdefault("woken", set())
    for row in rows:
        key = (row.__tablename__, str(inspect(row).mapper.primary_key_from_instance(row)[0]))
        woken.add(key)
        session.add(Wake(kind=key[0], resource_id=key[1], revision=1, due_at=now(), attempt=0))


def wake_id(session: Session, kind: str, resource_id: str) -> None:
    """As ``wake``, for a row that is not at hand. Once in a transaction is enough."""
    woken: set[tuple[str, str]] = session.info.setdefault("woken", set())
    if (kind, resource_id) in woken:
        return
    woken.add((kind, resource_id))
    touched = cast(
        "CursorResult[Any]",
        session.execute(
            update(Wake)
            .where(Wake.kind == kind, Wake.resource_id == resource_id)
            .values(revision=Wake.revision + 1, due_at=now(), attempt=0)
            .execution_options(synchronize_session=False)
        ),
    )
    if touched.rowcount == 0:
        session.add(Wake(kind=kind, resource_id=resource_id, revision=1, due_at=now(), attempt=0))
        session.flush()
