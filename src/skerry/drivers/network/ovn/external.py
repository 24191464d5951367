"""The switch between all VPCs' routers and the uplink: the one thing in the database that no VPC owns."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import hashlib
import time
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from skerry.drivers.network.ovn.names import EXTERNAL
from skerry.drivers.network.ovn.rows import OWNER, Key

FIRST_TRANSIT = 16
"""Addresses of the transit network before this one are kept for the host."""


def ensure_external(tables: Any, txn: Any, host: str) -> Any:
    """The switch, made if it is not there; it may be gone when somebody wiped the database.

    ``host``: MAC and addresses of the host's end of the uplink. Routers are told, they do not learn them: no
    packet waits for the host's answer, and nothing else can answer in its place.
    """
    behind = [host, "unknown"]
    for row in tables["Logical_Switch"].rows.values():
        if row.name == EXTERNAL:
            for port in row.ports:
                if port.type == "localnet" and sorted(port.addresses) != behind:
                    port.addresses = behind
            return row
    wire = txn.insert(tables["Logical_Switch_Port"])
    wire.name, wire.type, wire.addresses = f"{EXTERNAL}-wire", "localnet", behind
    wire.options = {"network_name": EXTERNAL}
    switch = txn.insert(tables["Logical_Switch"])
    switch.name, switch.ports = EXTERNAL, [wire]
    return switch


def external_key(vpc_id: str) -> Key:
    """Key of the port by which a VPC's router enters the switch."""
    return ("Logical_Switch_Port", f"{vpc_id}-{EXTERNAL}-switch")


def place(external: Any, rows: dict[Key, Any], vpc_id: str, *, wanted: bool) -> None:
    """Make the VPC's port on the switch be there, or not be there."""
    port = rows.get(external_key(vpc_id))
    if port is None:
        return
    is_there = any(each.uuid == port.uuid for each in external.ports)
    if wanted and not is_there:
        external.addvalue("ports", port.uuid)
    if is_there and not wanted:
        external.delvalue("ports", port.uuid)


def transit_address(tables: Any, transit: IPv4Network, vpc_id: str) -> IPv4Address:
    """A router's own address on the switch: the one it has, else a free one that its id leads to."""
    taken: set[int] = set()
    for row in tables["Logical_Router_Port"].rows.values():
        if row.name.endswith(f"-{EXTERNAL}"):
            address = IPv4Address(row.networks[0].split("/")[0])
            if row.external_ids.get(OWNER) == vpc_id and address in transit:
                return address
            taken.add(int(address))
    base = int(transit.network_address) + FIRST_TRANSIT
    count = transit.num_addresses - FIRST_TRANSIT - 1
    first = int.from_bytes(hashlib.sha256(vpc_id.encode()).digest()[:4])
    tries = (base + (first + n) % count for n in range(count))
    return IPv4Address(next(address for address in tries if address not in taken))


def next_configuration(tables: Any, txn: Any) -> int:
    """Number this change, so that its arrival at the data plane can be waited for.

    The first number of a new database is the time in milliseconds: hosts that have seen an earlier database
    must not seem to be ahead of this one.
    """
    only = _global(tables) or txn.insert(tables["NB_Global"])
    only.nb_cfg = only.nb_cfg + 1 if only.nb_cfg else time.time_ns() // 1_000_000
    return int(only.nb_cfg)


def this_configuration(tables: Any) -> int:
    """The number of the last change; 0 before any."""
    only = _global(tables)
    return int(only.nb_cfg) if only else 0


def _global(tables: Any) -> Any:
    return next(iter(tables["NB_Global"].rows.values()), None)
