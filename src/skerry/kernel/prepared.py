"""Statements of hot paths: built, narrowed to the account and compiled once, then run many times.

An ORM query costs some 130 µs to build, narrow and map, most of it the same each time; one of these 10.
What it gives are plain rows, not entities.
"""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Generic, TypeVarTuple, cast

from sqlalchemy import (
    CompoundSelect,
    FromClause,
    Insert,
    Row,
    Select,
    SelectBase,
    TableClause,
    bindparam,
    insert,
    inspect,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.sql.selectable import AliasedReturnsRows

from skerry.kernel.compiled import Compiled, driver_of
from skerry.kernel.db import EVERY_ACCOUNT, Base, account_of

Columns = TypeVarTuple("Columns")

_ACCOUNT = "account_id_of_session"


class Prepared(Generic[*Columns]):
    """A select with ``bindparam``s. Like any query, it sees what the session's account owns.

    ``every_account``: it is meant to look across accounts; only such a one may be a union.
    """

    def __init__(
        self, statement: Select[*Columns] | CompoundSelect[*Columns], *, every_account: bool = False
    ) -> None:
        self._whole = statement
        self._every_account = every_account

    def rows(self, session: Session, **parameters: object) -> Sequence[Row[*Columns]]:
        """All rows, what the session has not flushed yet included."""
        if session.new or session.dirty or session.deleted:
            session.flush()
        account_id = None if self._every_account else account_of(session)
        if account_id is not None:
            parameters[_ACCOUNT] = account_id
        driver = driver_of(session)
        if driver is not None:
            compiled = self._compiled_whole if account_id is None else self._compiled_narrowed
            return compiled.rows(driver, parameters)
        statement = self._whole if account_id is None else self._narrowed
        return session.connection().execute(statement, parameters).all()

    def entities(self, session: Session, **parameters: object) -> Sequence[Any]:
        """As ``rows``, of a select of one model: its objects, in the session. However many."""
        account_id = None if self._every_account else account_of(session)
        statement = self._whole
        if account_id is not None:
            parameters[_ACCOUNT] = account_id
            statement = self._narrowed
        return session.scalars(statement, parameters, execution_options=EVERY_ACCOUNT).all()

    def copies(self, session: Session, **parameters: object) -> Sequence[Any]:
        """As ``entities``, for reading only: the objects are in no session. A third of the time."""
        model, names = self._model
        return [
            model(**dict(zip(names, row, strict=True))) for row in self.rows(session, **parameters)
        ]

    def first(self, session: Session, **parameters: object) -> Row[*Columns] | None:
        """The first row, if there is one."""
        found = self.rows(session, **parameters)
        return found[0] if found else None

    @cached_property
    def _model(self) -> tuple[type[Base], Sequence[str]]:
        """The one model that is selected, and the names of its columns in the statement's order."""
        statement = self._whole
        if isinstance(statement, CompoundSelect):
            raise TypeError("a prepared union selects no entities")
        described = cast("Mapping[str, Any]", statement.column_descriptions[0])
        return described["entity"], tuple(statement.selected_columns.keys())

    @cached_property
    def _compiled_whole(self) -> Compiled:
        return Compiled(self._whole, sqlite.dialect())

    @cached_property
    def _compiled_narrowed(self) -> Compiled:
        return Compiled(self._narrowed, sqlite.dialect())

    @cached_property
    def _narrowed(self) -> Select[*Columns]:
        statement = self._whole
        if isinstance(statement, CompoundSelect):
            raise TypeError("a prepared union cannot be narrowed")
        for table in _tables_of(statement):
            if "account_id" in table.c:
                statement = statement.where(table.c.account_id == bindparam(_ACCOUNT))
        return statement


def insert_new(session: Session, rows: Sequence[Base]) -> None:
    """Insert new rows of one table in one statement, without putting them into the session.

    Sets columns that have a default and were left out, as a flush would.
    """
    if not rows:
        return
    statement, compiled, defaults = _insert_into(type(rows[0]))
    values = [{key: _value(row, key, default) for key, default in defaults.items()} for row in rows]
    driver = driver_of(session)
    if driver is None:
        session.connection().execute(statement, values)
    else:
        compiled.insert(driver, values)


def _value(row: Base, key: str, default: object) -> object:
    found: object = getattr(row, key)
    if found is None and default is not None:
        found = default
        setattr(row, key, found)
    return found


@cache
def _insert_into(model: type[Base]) -> tuple[Insert, Compiled, Mapping[str, object]]:
    """The statement, and each column with its default, None where it has none."""
    defaults = {each.name: _default_of(each) for each in inspect(model).columns}
    statement = insert(model)
    return statement, Compiled(statement, sqlite.dialect(), list(defaults)), defaults


def _default_of(column: KeyedColumnElement[Any]) -> object:
    default: object = getattr(column, "default", None)
    if not isinstance(default, ScalarElementColumnDefault):
        return None
    return cast("object", default.arg)  # of a type that SQLAlchemy does not tell


def _tables_of(statement: Select[*tuple[Any, ...]]) -> list[FromClause]:
    """Raises TypeError for what cannot be narrowed by a condition on each table."""
    found: dict[str, FromClause] = {}
    for element in visitors.iterate(statement):
        nested = isinstance(element, SelectBase | AliasedReturnsRows)
        if nested and element is not statement:
            raise TypeError("a prepared statement has no subqueries or aliases: none is narrowed")
        if isinstance(element, TableClause):
            found[element.name] = element
    return list(found.values())
