"""Makes the database hold exactly the wanted rows of one VPC, touching only what differs.

Runs inside the replica's thread, in one transaction. Rows are recognised by the ids that they carry.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from typing import Any
from uuid import UUID

from skerry.drivers.network.ovn.rows import ID, OWNER, Column, Key, Row, Rows

ROOTS = ("Logical_Router", "Logical_Switch", "Port_Group", "DHCP_Options", "Meter")
"""Tables whose rows live until deleted; rows of the others vanish when nothing refers to them."""

LINKS: dict[str, tuple[str, ...]] = {
    "Logical_Router": ("ports", "static_routes", "policies", "nat"),
    "Logical_Switch": ("ports", "acls"),
    "Port_Group": ("ports", "acls"),
    "Logical_Router_Port": ("gateway_chassis",),
    "Meter": ("bands",),
    "Logical_Switch_Port": ("dhcpv4_options", "dhcpv6_options"),
}
"""Columns that refer to other rows, per table."""

TABLES = (
    *ROOTS,
    *("Logical_Router_Port", "Logical_Switch_Port", "Logical_Router_Static_Route"),
    *("Logical_Router_Policy", "ACL", "NAT", "Gateway_Chassis", "Meter_Band"),
)


class Index:
    """Whose each row is; what a row carries never changes, so it is read once per row."""

    def __init__(self) -> None:
        self._known: dict[str, dict[UUID, tuple[str, str] | None]] = {t: {} for t in TABLES}

    def of_vpc(self, tables: Any, vpc_id: str) -> dict[Key, Any]:
        """Every row of the VPC by its key."""
        found: dict[Key, Any] = {}
        for table in TABLES:
            rows, known = tables[table].rows, self._known[table]
            if len(known) > 2 * len(rows) + 100:
                known.clear()
            for uuid in list(rows):
                if uuid not in known:
                    ids = rows[uuid].external_ids
                    known[uuid] = (ids[OWNER], ids[ID]) if OWNER in ids and ID in ids else None
                owner = known[uuid]
                if owner is not None and owner[0] == vpc_id:
                    found[table, owner[1]] = rows[uuid]
        return found

    def owners(self, tables: Any) -> set[str]:
        """Ids of all VPCs that own a router or switch."""
        return {
            row.external_ids[OWNER]
            for table in ("Logical_Router", "Logical_Switch")
            for row in tables[table].rows.values()
            if OWNER in row.external_ids
        }


def make_so(
    tables: Any, txn: Any, vpc_id: str, wanted: Rows, existing: dict[Key, Any]
) -> tuple[int, dict[Key, Any]]:
    """Insert, change and delete rows; returns how many were touched, and all there are or were."""
    fresh = wanted.by_key.keys() - existing.keys()
    stale = existing.keys() - wanted.by_key.keys()
    rows = dict(existing)
    for key in sorted(fresh):
        rows[key] = _insert(tables, txn, vpc_id, wanted.by_key[key])
    changed = 0
    for key, row in wanted.by_key.items():
        if key in fresh:
            _link(rows, row)
        else:
            changed += max(_update(rows[key], row), _relink_all(rows, row))
    for key in stale:
        if key[0] in ROOTS:
            existing[key].delete()
    return len(fresh) + changed + len(stale), rows


def _children(rows: dict[Key, Any], row: Row) -> dict[str, list[Any]]:
    columns = LINKS.get(row.table, ())
    return {column: [rows[key] for key in row.links.get(column, ())] for column in columns}


def _link(rows: dict[Key, Any], row: Row) -> None:
    for column, children in _children(rows, row).items():
        if children:
            setattr(rows[row.key], column, children)


def _relink_all(rows: dict[Key, Any], row: Row) -> int:
    parent, touched = rows[row.key], 0
    for column, children in _children(rows, row).items():
        touched |= _relink(parent, column, children)
    return touched


def _insert(tables: Any, txn: Any, vpc_id: str, row: Row) -> Any:
    made = txn.insert(tables[row.table])
    made.external_ids = {OWNER: vpc_id, ID: row.row_id}
    for column, value in row.columns.items():
        setattr(made, column, value)
    return made


def _update(present: Any, row: Row) -> int:
    changed = 0
    for column, value in row.columns.items():
        if not _same(getattr(present, column), value):
            setattr(present, column, value)
            changed = 1
    return changed


def _same(current: Any, wanted: Column) -> bool:
    """Equality as the database sees it: sets have no order, an optional value is a set of one."""
    if isinstance(current, list):
        items: list[Any] = wanted if isinstance(wanted, list) else [wanted]
        return sorted(current) == sorted(items)
    return current == wanted


def _relink(parent: Any, column: str, children: list[Any]) -> int:
    current = {child.uuid for child in getattr(parent, column)}
    wanted = {child.uuid: child for child in children}
    if current == wanted.keys():
        return 0
    if column.startswith("dhcp"):  # holds one value at most: a second one may not even pass by
        setattr(parent, column, children)
        return 1
    for uuid in wanted.keys() - current:
        parent.addvalue(column, uuid)
    for uuid in current - wanted.keys():
        parent.delvalue(column, uuid)
    return 1
