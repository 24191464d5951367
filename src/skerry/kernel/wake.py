"""Wakes: rows that say "look at this resource", written in the transaction that gave the reason."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, inspect, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from skerry.kernel.clock import now
from skerry.kernel.db import Base
from skerry.kernel.prepared import insert_new


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


_ONCE_MORE = (
    update(Wake)
    .where(Wake.kind == bindparam("of_kind"), Wake.resource_id == bindparam("of_id"))
    .values(revision=Wake.revision + 1, due_at=bindparam("at"), attempt=0)
)


def wake(session: Session, row: Base) -> None:
    """Have ``row`` reconciled as soon as this transaction commits."""
    identity = inspect(row).mapper.primary_key_from_instance(row)
    wake_id(session, row.__tablename__, str(identity[0]))


def wake_new(session: Session, rows: Iterable[Base]) -> None:
    """As ``wake``, for rows that this transaction makes: nothing can have woken them before."""
    woken: set[tuple[str, str]] = session.info.setdefault("woken", set())
    keys = [
        (row.__tablename__, str(inspect(row).mapper.primary_key_from_instance(row)[0]))
        for row in rows
    ]
    woken.update(keys)
    insert_new(session, [_first(*key) for key in keys])


def wake_id(session: Session, kind: str, resource_id: str) -> None:
    """As ``wake``, for a row that is not at hand. Once in a transaction is enough."""
    woken: set[tuple[str, str]] = session.info.setdefault("woken", set())
    if (kind, resource_id) in woken:
        return
    woken.add((kind, resource_id))
    this = {"of_kind": kind, "of_id": resource_id, "at": now()}
    if session.connection().execute(_ONCE_MORE, this).rowcount == 0:
        insert_new(session, [_first(kind, resource_id)])


def _first(kind: str, resource_id: str) -> Wake:
    return Wake(kind=kind, resource_id=resource_id, revision=1, due_at=now(), attempt=0)
