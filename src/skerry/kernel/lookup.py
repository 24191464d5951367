"""Rows by the ids that a client names."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from skerry.kernel.db import Base
from skerry.kernel.errors import AwsError
from skerry.kernel.ids import is_id

Row = TypeVar("Row", bound=Base)


def known_rows(
    session: Session,
    model: type[Row],
    ids: Sequence[str] | None,
    unknown: type[AwsError],
    *where: InstrumentedAttribute[bool],
) -> list[Row]:
    """The account's rows of these ids, in that order; all its rows when there are no ids.

    Raises ``unknown`` (field ``id``) for the first id that is not there.
    """
    if not ids:
        return list(session.scalars(select(model).where(*where)))
    column = inspect(model).primary_key[0]
    wanted = list(dict.fromkeys(ids))
    query = select(column, model).where(column.in_(wanted), *where)
    found = dict(session.execute(query).tuples().all())
    for each in wanted:
        if each not in found:
            raise unknown(id=each)
    return [found[each] for each in wanted]


def check_ids(ids: Iterable[str] | None, prefix: str, malformed: type[AwsError]) -> None:
    """Raise ``malformed`` (fields ``id``, ``prefix``) for the first that has not an id's form."""
    for each in ids or ():
        if not is_id(prefix, each):
            raise malformed(id=each, prefix=prefix)
