"""Subnets and their private addresses, for sibling slices."""

import random
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address

from sqlalchemy import bindparam, func, select, union_all
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.prepared import Prepared
from skerry.services.ec2.network_acl.api import default_acl_id
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.secondary_address.model import SecondaryAddress
from skerry.services.ec2.subnet.errors import (
    AddressInUse,
    AddressInvalid,
    AddressOutOfRange,
    AddressReserved,
    NoDefaultSubnet,
    NoDefaultSubnetInZone,
    NoIpv6Block,
    SubnetFull,
    SubnetNotFound,
)
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.errors import NoDefaultVpc
from skerry.services.ec2.vpc.model import Vpc

RESERVED_FIRST = 4  # network, router, DNS, future use (VPC user guide, "Subnet CIDR blocks")
RESERVED = RESERVED_FIRST + 1  # and the broadcast address
_IPV6_RESERVED_FIRST = 4
_IPV6_POSITIONS = (1 << 64) - _IPV6_RESERVED_FIRST - 1
_GUESSES = 3
_MAX_LISTED = 500  # a longer list of addresses is slower than reading all of the subnet

DEFAULT_VPC = Prepared(select(Vpc.id).where(Vpc.is_default, Vpc.wanted))
_DEFAULT_SUBNETS = Prepared(
    select(Subnet)
    .join(Vpc, Vpc.id == Subnet.vpc_id)
    .where(Vpc.is_default, Vpc.wanted, Subnet.default_for_az)
    .order_by(Subnet.zone)
)
_USED_IPS = Prepared(
    select(NetworkInterface.subnet_id, func.count().label("used")).group_by(
        NetworkInterface.subnet_id
    )
)
_USED_SECONDARY_IPS = Prepared(
    select(SecondaryAddress.subnet_id, func.count().label("used"))
    .where(~SecondaryAddress.ipv6)
    .group_by(SecondaryAddress.subnet_id)
)
_TAKEN_AMONG = Prepared(
    union_all(
        select(NetworkInterface.private_ip).where(
            NetworkInterface.subnet_id == bindparam("subnet_id"),
            NetworkInterface.private_ip.in_(bindparam("among", expanding=True)),
        ),
        select(SecondaryAddress.address).where(
            SecondaryAddress.subnet_id == bindparam("subnet_id"),
            SecondaryAddress.address.in_(bindparam("among", expanding=True)),
        ),
    ),
    every_account=True,
)


def create_subnet(
    session: Session, vpc: Vpc, cidr: IPv4Network, zone: str, now: datetime
) -> Subnet:
    """A subnet under the VPC's default ACL."""
    subnet = Subnet(
        id=new_id("subnet"),
        account_id=vpc.account_id,
        vpc_id=vpc.id,
        cidr=str(cidr),
        zone=zone,
        default_for_az=False,
        map_public_ip=False,
        network_acl_id=default_acl_id(session, vpc.id),
        network_acl_association_id=new_id("aclassoc"),
        created_at=now,
    )
    session.add(subnet)
    session.flush()
    return subnet


def create_default_subnet(
    session: Session, vpc: Vpc, cidr: IPv4Network, zone: str, now: datetime
) -> Subnet:
    """As ``create_subnet``, the one that launches without a subnet go to; with public addresses."""
    subnet = create_subnet(session, vpc, cidr, zone, now)
    subnet.default_for_az = True
    subnet.map_public_ip = True
    session.flush()
    return subnet


def find_subnet(ctx: Context, subnet_id: str) -> Subnet:
    """Raises SubnetNotFound."""
    return known_rows(ctx.db, Subnet, [subnet_id], SubnetNotFound)[0]


def default_subnet(ctx: Context, zone: str | None) -> Subnet:
    """The default VPC's subnet of this zone, or of the first zone that has addresses left. To read.

    Raises NoDefaultVpc, NoDefaultSubnet, NoDefaultSubnetInZone.
    """
    subnets: Sequence[Subnet] = _DEFAULT_SUBNETS.copies(ctx.db)
    if not subnets:
        vpc = DEFAULT_VPC.first(ctx.db)
        raise NoDefaultSubnet(vpc_id=vpc.id) if vpc else NoDefaultVpc
    if zone is not None:
        subnets = [subnet for subnet in subnets if subnet.zone == zone]
        if not subnets:
            raise NoDefaultSubnetInZone(zone=zone)
    free = free_ips(ctx, subnets)
    return next((subnet for subnet in subnets if free[subnet.id] > 0), subnets[0])


def free_ips(ctx: Context, subnets: Iterable[Subnet]) -> dict[str, int]:
    """Subnet id → how many private addresses are left."""
    used: Counter[str] = Counter()
    for query in (_USED_IPS, _USED_SECONDARY_IPS):
        used.update({row.subnet_id: row.used for row in query.rows(ctx.db)})
    return {
        subnet.id: subnet.network.num_addresses - RESERVED - used[subnet.id] for subnet in subnets
    }


def allocate_private_ip(ctx: Context, subnet: Subnet, wanted: str | None) -> str:
    """A free address of the subnet, ``wanted`` if that is given.

    Raises SubnetFull, AddressInvalid, AddressOutOfRange, AddressReserved, AddressInUse.
    """
    if wanted is not None:
        return _claim(ctx, subnet, wanted)
    return allocate_private_ips(ctx, subnet, 1)[0]


def allocate_private_ips(ctx: Context, subnet: Subnet, count: int) -> list[str]:
    """That many free addresses of the subnet. Raises SubnetFull."""
    network = subnet.network
    base = int(network.network_address)
    positions = range(RESERVED_FIRST, network.num_addresses - 1)
    # Random, so that an address just freed is not soon another machine's; and without reading all.
    guesses = random.sample(positions, min(2 * count + _GUESSES, len(positions)))
    for candidates in (guesses, positions):
        addresses = [str(IPv4Address(base + position)) for position in candidates]
        taken = _taken(ctx, subnet, addresses if len(addresses) <= _MAX_LISTED else None)
        free = [address for address in addresses if address not in taken]
        if len(free) >= count:
            return free[:count]
    raise SubnetFull(id=subnet.id)


def allocate_ipv6(ctx: Context, subnet: Subnet, wanted: str | None) -> str:
    """A free IPv6 address of the subnet in its shortest form, ``wanted`` if that is given.

    Raises NoIpv6Block, AddressInvalid, AddressOutOfRange, AddressReserved, AddressInUse.
    """
    network = subnet.ipv6_network
    if network is None:
        raise NoIpv6Block(id=subnet.id)
    if wanted is None:
        # So many that a random one is free; EC2's are random as well.
        address = network[secrets.randbelow(_IPV6_POSITIONS) + _IPV6_RESERVED_FIRST]
        return (
            str(address)
            if not _is_ipv6_taken(ctx, subnet, address)
            else allocate_ipv6(ctx, subnet, None)
        )
    try:
        address = IPv6Address(wanted)
    except AddressValueError as bad:
        raise AddressInvalid(address=wanted) from bad
    if address not in network:
        raise AddressOutOfRange(address=wanted)
    if int(address) - int(network[0]) < _IPV6_RESERVED_FIRST or address == network[-1]:
        raise AddressReserved(address=wanted)
    if _is_ipv6_taken(ctx, subnet, address):
        raise AddressInUse(address=wanted)
    return str(address)


def _is_ipv6_taken(ctx: Context, subnet: Subnet, address: IPv6Address) -> bool:
    query = select(SecondaryAddress.address).where(
        SecondaryAddress.subnet_id == subnet.id, SecondaryAddress.address == str(address)
    )
    return ctx.db.scalar(query) is not None


def has_ipv6_addresses(session: Session, subnet_id: str) -> bool:
    """Whether an interface of the subnet has an IPv6 address."""
    query = select(SecondaryAddress.address).where(
        SecondaryAddress.subnet_id == subnet_id, SecondaryAddress.ipv6
    )
    return session.scalar(query.limit(1)) is not None


def _claim(ctx: Context, subnet: Subnet, wanted: str) -> str:
    try:
        address = IPv4Address(wanted)
    except AddressValueError as bad:
        raise AddressInvalid(address=wanted) from bad
    network = subnet.network
    if address not in network:
        raise AddressOutOfRange(address=wanted)
    offset = int(address) - int(network.network_address)
    if offset < RESERVED_FIRST or address == network.broadcast_address:
        raise AddressReserved(address=wanted)
    if _taken(ctx, subnet, [str(address)]):
        raise AddressInUse(address=wanted)
    return str(address)


def _taken(ctx: Context, subnet: Subnet, among: Sequence[str] | None = None) -> set[str]:
    if among is None:
        query = union_all(
            select(NetworkInterface.private_ip).where(NetworkInterface.subnet_id == subnet.id),
            select(SecondaryAddress.address).where(SecondaryAddress.subnet_id == subnet.id),
        )
        return set(ctx.db.execute(query, execution_options=EVERY_ACCOUNT).scalars())
    found = _TAKEN_AMONG.rows(ctx.db, subnet_id=subnet.id, among=among)
    return {row.private_ip for row in found}
