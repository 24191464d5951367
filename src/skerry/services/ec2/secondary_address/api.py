"""Further addresses of interfaces: which there are, giving and taking them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.prepared import Prepared, insert_new
from skerry.services.ec2.address.api import disassociate_private, move_association
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.secondary_address.errors import (
    AddressLimitReached,
    AddressNamedTwice,
    Ipv6LimitReached,
    NotAssigned,
    NotReassignable,
    PrimaryStays,
)
from skerry.services.ec2.secondary_address.model import SecondaryAddress
from skerry.services.ec2.subnet.api import allocate_ipv6, allocate_private_ip, allocate_private_ips
from skerry.services.ec2.subnet.model import Subnet

_MAX_LISTED = 500  # a longer list of ids is slower than reading all rows of the account

MOST_ADDRESSES = 50
"""On an interface that no instance has: as many as the largest instance types may have."""
_PREFIXES = ("Ipv4PrefixCount", "Ipv4Prefixes", "Ipv6PrefixCount", "Ipv6Prefixes")

_EVERY = select(SecondaryAddress).order_by(SecondaryAddress.position)
_ALL = Prepared(_EVERY)
_OF = Prepared(
    _EVERY.where(
        SecondaryAddress.network_interface_id.in_(bindparam("interface_ids", expanding=True))
    )
)


def secondary_of(
    session: Session, interface_ids: Sequence[str]
) -> Mapping[str, list[SecondaryAddress]]:
    """Interface id → its further addresses in the order of assignment, of both families."""
    found: defaultdict[str, list[SecondaryAddress]] = defaultdict(list)
    rows: Sequence[SecondaryAddress]
    if len(interface_ids) <= _MAX_LISTED:
        rows = _OF.entities(session, interface_ids=interface_ids)
    else:
        rows = _ALL.entities(session)
    for row in rows:
        found[row.network_interface_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """The addresses that a request asks for; None and 0: as many as are free, or none."""

    primary: str | None
    private: Sequence[str]
    private_count: int
    ipv6: Sequence[str]
    ipv6_count: int | None  # None: as the subnet says
    primary_ipv6: bool


NO_MORE_ADDRESSES = Wanted(None, (), 0, (), None, primary_ipv6=False)
"""What a request asks for that says nothing of addresses."""


def read_addresses(asked: Mapping[str, Any]) -> Wanted:
    """Of a request that describes a new interface. Raises InvalidParameterCombination, UnsupportedOperation."""
    for name in _PREFIXES:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported: prefixes are not delegated.")
    primary, private = _read_private(asked)
    count: int = asked.get("SecondaryPrivateIpAddressCount") or 0
    if count and private:
        raise InvalidParameterCombination(
            why="The parameter secondaryPrivateIpAddressCount cannot be used with more than one "
            "private IP address"
        )
    ipv6 = [_named(each, "Ipv6Address") for each in asked.get("Ipv6Addresses") or ()]
    ipv6_count: int | None = asked.get("Ipv6AddressCount")
    if ipv6 and ipv6_count:
        raise InvalidParameterCombination(
            why="The parameter ipv6AddressCount cannot be used with the parameter ipv6Addresses"
        )
    check_count(count)
    check_count(ipv6_count or 0)
    is_primary = bool(asked.get("EnablePrimaryIpv6") or asked.get("PrimaryIpv6"))
    return Wanted(primary, private, count, ipv6, ipv6_count, is_primary)


def _read_private(asked: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The primary private address, if it is named, and the others that are."""
    single: str | None = asked.get("PrivateIpAddress")
    listed: Sequence[Mapping[str, Any]] = asked.get("PrivateIpAddresses") or ()
    primary = [_named(each, "PrivateIpAddress") for each in listed if each.get("Primary")]
    others = [_named(each, "PrivateIpAddress") for each in listed if not each.get("Primary")]
    if single:
        primary.append(single)
    if not primary and len(others) == 1:
        return others[0], []
    if len(primary) > 1:
        raise InvalidParameterCombination(
            why="Only one primary private IP address can be specified"
        )
    return (primary[0] if primary else None), others


def _named(listed: Mapping[str, Any], member: str) -> str:
    if not listed.get(member):
        raise MissingParameter(name=member[0].lower() + member[1:])
    return str(listed[member])


def give_addresses(
    ctx: Context, interface: NetworkInterface, subnet: Subnet, wanted: Wanted, limit: int
) -> None:
    """All that ``wanted`` names but the primary one, to an interface that was just made.

    Raises AddressLimitReached beyond ``limit`` addresses of a family, and what allocation does.
    """
    count = len(wanted.private) or wanted.private_count
    if count >= limit:
        raise AddressLimitReached
    if count:
        assign_private(ctx, interface, subnet, wanted.private, count)
    ipv6_count = wanted.ipv6_count if wanted.ipv6_count is not None else int(subnet.assign_ipv6)
    if max(len(wanted.ipv6), ipv6_count) > limit:
        raise Ipv6LimitReached
    if wanted.ipv6 or ipv6_count:
        assign_ipv6(ctx, interface, subnet, wanted.ipv6, ipv6_count)
    elif wanted.primary_ipv6:
        raise InvalidParameterCombination(
            why="A primary IPv6 address needs an IPv6 address: specify ipv6Addresses or ipv6AddressCount"
        )


def check_count(count: int) -> None:
    """Raises InvalidParameterValue for a number of addresses that cannot be."""
    if count < 0:
        raise InvalidParameterValue(value=count, name="count", why="It must not be negative.")


def check_address_limit(session: Session, interface: NetworkInterface, limit: int) -> None:
    """Raises AddressLimitReached, Ipv6LimitReached when the interface has more addresses than that."""
    held = secondary_of(session, [interface.id])[interface.id]
    ipv6 = sum(each.ipv6 for each in held)
    if 1 + len(held) - ipv6 > limit:
        raise AddressLimitReached
    if ipv6 > limit:
        raise Ipv6LimitReached


def secondary_in_vpc(
    session: Session, vpc_id: str
) -> Mapping[str, Sequence[IPv4Address | IPv6Address]]:
    """Interface id → its further addresses, IPv6 ones last. The session must be the whole cloud's."""
    query = (
        select(SecondaryAddress.network_interface_id, SecondaryAddress.address)
        .join(NetworkInterface, NetworkInterface.id == SecondaryAddress.network_interface_id)
        .where(NetworkInterface.vpc_id == vpc_id)
        .order_by(SecondaryAddress.ipv6, SecondaryAddress.position)
    )
    found: defaultdict[str, list[IPv4Address | IPv6Address]] = defaultdict(list)
    for interface_id, address in session.execute(query).tuples():
        found[interface_id].append(ip_address(address))
    return found


def assign_private(
    ctx: Context, interface: NetworkInterface, subnet: Subnet, named: Sequence[str], count: int
) -> list[str]:
    """Give the interface these free private addresses, or that many; returns them.

    Raises AddressNamedTwice, and what ``allocate_private_ip`` does.
    """
    check_named_once(named)
    if named:
        addresses = [allocate_private_ip(ctx, subnet, each) for each in named]
    else:
        addresses = allocate_private_ips(ctx, subnet, count)
    add(ctx, interface, addresses, ipv6=False)
    return addresses


def assign_ipv6(
    ctx: Context, interface: NetworkInterface, subnet: Subnet, named: Sequence[str], count: int
) -> list[str]:
    """Give the interface these free IPv6 addresses, or that many; returns them in their shortest form.

    Raises AddressNamedTwice, and what ``allocate_ipv6`` does.
    """
    addresses = [allocate_ipv6(ctx, subnet, each) for each in named or [None] * count]
    check_named_once(addresses)
    add(ctx, interface, addresses, ipv6=True)
    return addresses


def reassign_private(
    ctx: Context, interface: NetworkInterface, subnet: Subnet, named: Sequence[str]
) -> list[str]:
    """As ``assign_private``, also of secondary addresses of other interfaces, which lose them.

    An Elastic IP that leads to such an address goes with it. Raises NotReassignable besides.
    """
    check_named_once(named)
    for each in named:
        held = ctx.db.get(SecondaryAddress, (subnet.id, each))
        if held is None:
            _refuse_primary(ctx, subnet, each)
            add(ctx, interface, [allocate_private_ip(ctx, subnet, each)], ipv6=False)
        elif held.network_interface_id != interface.id:
            move_association(ctx.db, held.network_interface_id, each, interface.id)
            held.network_interface_id = interface.id
            held.position = _next_position(ctx.db, interface.id)
    ctx.db.flush()
    return list(named)


def unassign(
    session: Session, interface: NetworkInterface, addresses: Sequence[str], *, ipv6: bool
) -> None:
    """Take these addresses from the interface; Elastic IPs that lead there are left to their owner.

    Raises NotAssigned, PrimaryStays.
    """
    if interface.private_ip in addresses:
        raise PrimaryStays(address=interface.private_ip, id=interface.id)
    held = [
        each for each in secondary_of(session, [interface.id])[interface.id] if each.ipv6 == ipv6
    ]
    missing = [each for each in addresses if each not in {row.address for row in held}]
    if missing:
        raise NotAssigned(addresses=", ".join(missing), id=interface.id)
    if interface.primary_ipv6 and ipv6 and held[0].address in addresses:
        raise PrimaryStays(address=held[0].address, id=interface.id)
    disassociate_private(session, interface.id, addresses)
    session.execute(
        delete(SecondaryAddress).where(
            SecondaryAddress.network_interface_id == interface.id,
            SecondaryAddress.address.in_(addresses),
        )
    )


def add(ctx: Context, interface: NetworkInterface, addresses: Sequence[str], *, ipv6: bool) -> None:
    """Write that the interface has these free addresses too; it is in the database already."""
    first = _next_position(ctx.db, interface.id)
    insert_new(
        ctx.db,
        [
            SecondaryAddress(
                account_id=interface.account_id,
                subnet_id=interface.subnet_id,
                address=address,
                network_interface_id=interface.id,
                ipv6=ipv6,
                position=first + number,
            )
            for number, address in enumerate(addresses)
        ],
    )


def check_named_once(addresses: Sequence[str]) -> None:
    """Raises AddressNamedTwice."""
    for number, address in enumerate(addresses):
        if address in addresses[:number]:
            raise AddressNamedTwice(address=address)


def _refuse_primary(ctx: Context, subnet: Subnet, address: str) -> None:
    holder = select(NetworkInterface.id).where(
        NetworkInterface.subnet_id == subnet.id, NetworkInterface.private_ip == address
    )
    interface_id = ctx.db.scalar(holder)
    if interface_id is not None:
        raise NotReassignable(address=address, id=interface_id)


def _next_position(session: Session, interface_id: str) -> int:
    last = select(func.max(SecondaryAddress.position)).where(
        SecondaryAddress.network_interface_id == interface_id
    )
    return (session.scalar(last) or 0) + 1
