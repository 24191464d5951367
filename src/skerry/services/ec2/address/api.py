"""The public pool, shared by all accounts: Elastic IPs and auto-assigned addresses come from it."""

import random
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.errors import InvalidParameterCombination
from skerry.kernel.lookup import known_rows
from skerry.kernel.prepared import Prepared
from skerry.kernel.region import Region
from skerry.services.ec2.address.errors import AddressNotOurs, AllocationNotFound, PoolEmpty
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.network_interface.model import NetworkInterface

MAX_ADDRESSES = 50
"""Per account. AWS starts at 5 and raises on request; a cloud of one's own needs no request."""
_GUESSES = 3
_MAX_LISTED = 250  # a longer list of addresses is slower than reading all that are taken

_IN_USE_AMONG = Prepared(
    union_all(
        select(Address.public_ip).where(Address.public_ip.in_(bindparam("among", expanding=True))),
        select(NetworkInterface.public_ip).where(
            NetworkInterface.public_ip.in_(bindparam("among", expanding=True))
        ),
    ),
    every_account=True,
)


def named_address(ctx: Context, allocation_id: str | None, public_ip: str | None) -> Address | None:
    """The address of this allocation or, without one, of this number; None when neither is given.

    Raises AllocationNotFound, AddressNotOurs, InvalidParameterCombination.
    """
    if allocation_id and public_ip:
        raise InvalidParameterCombination(
            why="You may specify public IP or allocation id, but not both in the same call"
        )
    if allocation_id:
        return known_rows(ctx.db, Address, [allocation_id], AllocationNotFound)[0]
    if not public_ip:
        return None
    address = ctx.db.scalar(select(Address).where(Address.public_ip == public_ip))
    if address is None:
        raise AddressNotOurs(address=public_ip)
    return address


def is_usable(pool: IPv4Network, address: IPv4Address) -> bool:
    """Whether the cloud may hand out ``address``: the first usable one is the host's own."""
    return int(address) - int(pool.network_address) in _positions(pool)


def take_from_pool(session: Session, region: Region) -> str:
    """A public address that nobody has; it is taken once a row has it. Raises PoolEmpty."""
    return take_many_from_pool(session, region, 1)[0]


def take_many_from_pool(session: Session, region: Region, count: int) -> list[str]:
    """As ``take_from_pool``, that many. Raises PoolEmpty."""
    pool = region.public_pool
    positions, base = _positions(pool), int(pool.network_address)
    # Random, so that an address just freed is not soon another's; and without reading all.
    guesses = random.sample(positions, min(2 * count + _GUESSES, len(positions)))
    for candidates in (guesses, positions):
        addresses = [str(IPv4Address(base + position)) for position in candidates]
        taken = addresses_in_use(session, addresses if len(addresses) <= _MAX_LISTED else None)
        free = [address for address in addresses if address not in taken]
        if len(free) >= count:
            return free[:count]
    raise PoolEmpty


def addresses_in_use(session: Session, among: Sequence[str] | None = None) -> set[str]:
    """Which public addresses any account has."""
    if among is not None:
        return {row.public_ip for row in _IN_USE_AMONG.rows(session, among=among)}
    query = union_all(
        select(Address.public_ip),
        select(NetworkInterface.public_ip).where(NetworkInterface.public_ip.is_not(None)),
    )
    return set(session.execute(query, execution_options=EVERY_ACCOUNT).scalars())


def disassociate_interface(session: Session, interface_id: str) -> None:
    """An interface that is deleted leaves its Elastic IPs to their owner."""
    session.execute(
        update(Address)
        .where(Address.network_interface_id == interface_id)
        .values(association_id=None, network_interface_id=None, private_ip=None)
    )


def disassociate_private(session: Session, interface_id: str, private_ips: Sequence[str]) -> None:
    """Private addresses that an interface loses leave their Elastic IPs to their owner."""
    session.execute(
        update(Address)
        .where(Address.network_interface_id == interface_id, Address.private_ip.in_(private_ips))
        .values(association_id=None, network_interface_id=None, private_ip=None)
    )


def move_association(session: Session, from_id: str, private_ip: str, to_id: str) -> None:
    """A private address goes from one interface to another, and its Elastic IP with it."""
    session.execute(
        update(Address)
        .where(Address.network_interface_id == from_id, Address.private_ip == private_ip)
        .values(network_interface_id=to_id)
    )


def _positions(pool: IPv4Network) -> range:
    """All but the network, the host's side of it (its first address), and the broadcast address."""
    return range(2, pool.num_addresses - 1)
