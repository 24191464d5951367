"""Rows of OVN's northbound database as plain values, keyed so that what exists can be compared with them."""

from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str, str]  # table, our id (external_ids["skerry:id"])
Scalar: TypeAlias = str | int | bool
Column: TypeAlias = "Scalar | list[str] | dict[str, str]"

OWNER = "skerry:vpc"
ID = "skerry:id"


@dataclass(slots=True)
class Row:
    """One wanted row. ``links``: column → keys of rows it refers to."""

    table: str
    row_id: str
    columns: dict[str, Column] = field(default_factory=dict[str, Column])
    links: dict[str, list[Key]] = field(default_factory=dict[str, list[Key]])

    @property
    def key(self) -> Key:
        return (self.table, self.row_id)


class Rows:
    """A set of wanted rows."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Row] = {}

    def add(self, table: str, row_id: str, **columns: Column) -> Row:
        """A new row; ids are unique within a table."""
        row = Row(table, row_id, columns)
        if row.key in self.by_key:
            raise ValueError(f"two rows {row.key}")
        self.by_key[row.key] = row
        return row

    def link(self, parent: Row, column: str, child: Row) -> None:
        """Make ``parent.column`` refer to ``child`` as well."""
        parent.links.setdefault(column, []).append(child.key)
