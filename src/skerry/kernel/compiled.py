"""A statement's text for SQLite's driver, with what turns values into the driver's and back.

SQLAlchemy compiles; running what it compiled through its own layers costs ten times what the driver itself
takes (19 µs and more to 2 µs), and a launch runs twenty statements. Other databases keep to those layers.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Dialect, Insert, Select
from sqlalchemy.orm import Session

Processor = Callable[[Any], Any]


class Compiled:
    """One statement, compiled. Its parameters are those of its ``bindparam``s, or an insert's columns."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert,
                 dialect: Dialect, columns: Sequence[str] | None = None) -> None:  # fmt: skip
        compiled = statement.compile(
            dialect=dialect, column_keys=list(columns) if columns else None
        )
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._lists = {name for name, bind in compiled.binds.items() if bind.expanding}
        self._fixed: dict[str, Any] = {
            name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required
        }
        self._to_driver: dict[str, Processor] = {}
        for name, bind in compiled.binds.items():
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self._to_driver[name] = processor
        self._from_driver: list[Processor | None] = []
        if not isinstance(statement, Insert):
            selected = statement.selected_columns
            self._row = _row_type(selected.keys())
            self._from_driver = [
                each.type.dialect_impl(dialect).result_processor(dialect, None) for each in selected
            ]

    def rows(self, driver: sqlite3.Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Named tuples of what the select finds."""
        sql, values = self.text, list[Any]()
        for name in self._names:
            if name in self._lists:
                given: Sequence[Any] = parameters[name]
                values += given
                marks = ", ".join("?" * len(given)) or "NULL"
                sql = sql.replace(f"__[POSTCOMPILE_{name}]", marks, 1)
            else:
                values.append(self._value(name, parameters))
        found = driver.execute(sql, values).fetchall()
        if any(self._from_driver):
            return [self._row._make(self._row_from(row)) for row in found]
        return [self._row._make(row) for row in found]

    def insert(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """One row for each of these mappings of all columns."""
        values = [[self._value(name, row) for name in self._names] for row in rows]
        driver.executemany(self.text, values)

    def _value(self, name: str, given: Mapping[str, Any]) -> Any:
        value = given[name] if name in given else self._fixed[name]
        processor = self._to_driver.get(name)
        return value if processor is None else processor(value)

    def _row_from(self, row: Sequence[Any]) -> list[Any]:
        return [
            value if processor is None else processor(value)
            for value, processor in zip(row, self._from_driver, strict=True)
        ]


def _row_type(names: Sequence[str]) -> Any:
    # Its fields are known at run time only.
    return namedtuple("Row", names, rename=True)  # pyright: ignore[reportUntypedNamedTuple]


def driver_of(session: Session) -> sqlite3.Connection | None:
    """The driver's connection of the transaction under way, begun if need be; None if not SQLite's."""
    transaction = session.get_transaction()
    known: tuple[object, sqlite3.Connection | None] | None = session.info.get("driver")
    if known is not None and known[0] is transaction:
        return known[1]
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    found = driver if isinstance(driver, sqlite3.Connection) else None
    session.info["driver"] = (session.get_transaction(), found)
    return found
