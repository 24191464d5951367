"""VPCs, for sibling slices and for account creation."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.region import Region
from skerry.kernel.wake import wake
from skerry.services.ec2.dhcp_options.api import default_options
from skerry.services.ec2.internet_gateway.api import create_gateway
from skerry.services.ec2.network_acl.api import create_default_acl
from skerry.services.ec2.network_acl.api import open_to_ipv6 as open_acl_to_ipv6
from skerry.services.ec2.route_table.api import add_route, create_main_table, main_table
from skerry.services.ec2.security_group.api import create_default_group
from skerry.services.ec2.security_group.api import open_to_ipv6 as open_groups_to_ipv6
from skerry.services.ec2.subnet.api import create_default_subnet
from skerry.services.ec2.vpc.errors import (
    CidrMalformed,
    NoIpv6Block,
    VpcNotFound,
    VpcRangeInvalid,
)
from skerry.services.ec2.vpc.model import Vpc, VpcBlock

DEFAULT_CIDR = IPv4Network("172.31.0.0/16")
DEFAULT_SUBNET_PREFIX = 20
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 28
_NO_HOSTS = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
_IPV6_PREFIX = 56
_BELOW_PREFIX = 128 - _IPV6_PREFIX


def create_vpc(
    session: Session, account_id: str, region: Region, cidr: IPv4Network, now: datetime
) -> Vpc:
    """A VPC with what every VPC has: main route table, default ACL, default group. It wakes itself."""
    vpc = Vpc(
        id=new_id("vpc"),
        account_id=account_id,
        cidr=str(cidr),
        is_default=False,
        tenancy="default",
        dns_support=True,
        dns_hostnames=False,
        dhcp_options_id=default_options(session, account_id, region, now).id,
        created_at=now,
    )
    session.add(vpc)
    session.flush()
    create_main_table(session, vpc, now)
    create_default_acl(session, vpc, now)
    create_default_group(session, vpc, now)
    wake(session, vpc)
    return vpc


def create_default_vpc(session: Session, account_id: str, region: Region, now: datetime) -> Vpc:
    """172.31.0.0/16 with an internet gateway and a public /20 in every zone.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
    """
    vpc = create_vpc(session, account_id, region, DEFAULT_CIDR, now)
    vpc.is_default = True
    vpc.dns_hostnames = True
    gateway = create_gateway(session, account_id, now, vpc.id)
    add_route(session, main_table(session, vpc.id), "0.0.0.0/0", gateway.id)
    ranges = DEFAULT_CIDR.subnets(new_prefix=DEFAULT_SUBNET_PREFIX)
    for zone, cidr in zip(region.zones, ranges, strict=False):
        create_default_subnet(session, vpc, cidr, zone, now)
    session.flush()
    return vpc


def find_vpc(ctx: Context, vpc_id: str) -> Vpc:
    """Raises VpcNotFound, also for a VPC that is being removed."""
    return known_rows(ctx.db, Vpc, [vpc_id], VpcNotFound, Vpc.wanted)[0]


def default_vpc(ctx: Context) -> Vpc | None:
    """The account's default VPC."""
    return ctx.db.scalar(select(Vpc).where(Vpc.is_default, Vpc.wanted))


def blocks_of(session: Session, vpc_ids: Iterable[str]) -> Mapping[str, list[VpcBlock]]:
    """VPC id → its further blocks in the order of their ids, of both families."""
    query = select(VpcBlock).where(VpcBlock.vpc_id.in_(list(vpc_ids))).order_by(VpcBlock.id)
    found: defaultdict[str, list[VpcBlock]] = defaultdict(list)
    for block in session.scalars(query):
        found[block.vpc_id].append(block)
    return found


def networks_of(session: Session, vpc: Vpc) -> list[IPv4Network | IPv6Network]:
    """All blocks of the VPC, the primary one first."""
    return [vpc.network, *(block.network for block in blocks_of(session, [vpc.id])[vpc.id])]


def ipv4_networks(session: Session, vpc: Vpc) -> list[IPv4Network]:
    """The VPC's IPv4 blocks, the primary one first."""
    return [each for each in networks_of(session, vpc) if isinstance(each, IPv4Network)]


def ipv6_networks(session: Session, vpc: Vpc) -> list[IPv6Network]:
    """The VPC's IPv6 blocks."""
    return [each for each in networks_of(session, vpc) if isinstance(each, IPv6Network)]


def add_ipv6_block(session: Session, vpc: Vpc, region: Region) -> VpcBlock:
    """A /56 of the region's pool that no VPC has. Raises NoIpv6Block."""
    taken = select(VpcBlock.cidr).execution_options(**EVERY_ACCOUNT)
    known = set(session.scalars(taken))
    count = 1 << (_IPV6_PREFIX - region.ipv6_pool.prefixlen)
    # Random, so that a block just freed is not soon another VPC's.
    for number in random.sample(range(count), min(count, len(known) + 8)):
        network = IPv6Network((int(region.ipv6_pool[0]) + (number << _BELOW_PREFIX), _IPV6_PREFIX))
        if str(network) not in known:
            if not ipv6_networks(session, vpc):
                open_acl_to_ipv6(session, vpc.id)
                open_groups_to_ipv6(session, vpc.id)
            return add_block(session, vpc, str(network))
    raise NoIpv6Block


def add_block(session: Session, vpc: Vpc, cidr: str) -> VpcBlock:
    """One more block of the VPC. Wakes it."""
    block = VpcBlock(
        id=new_id("vpc-cidr-assoc"), account_id=vpc.account_id, vpc_id=vpc.id, cidr=cidr
    )
    session.add(block)
    session.flush()
    wake(session, vpc)
    return block


def check_range(cidr: IPv4Network, text: str) -> None:
    """Raises VpcRangeInvalid for what is no block of a VPC, by its size or because no host has it.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    """
    is_sized = _LARGEST_PREFIX <= cidr.prefixlen <= _SMALLEST_PREFIX
    if not is_sized or any(cidr.overlaps(each) for each in _NO_HOSTS):
        raise VpcRangeInvalid(cidr=text)


def parse_ipv6_cidr(text: str, name: str) -> IPv6Network:
    """As ``parse_cidr``, of an IPv6 block."""
    try:
        if "/" not in text:
            raise CidrMalformed(cidr=text, name=name)
        return IPv6Network(text, strict=False)
    except (AddressValueError, NetmaskValueError) as bad:
        raise CidrMalformed(cidr=text, name=name) from bad


def parse_cidr(text: str, name: str) -> IPv4Network:
    """The block ``text`` names, host bits cleared as AWS does. Raises CidrMalformed."""
    try:
        if "/" not in text:
            raise CidrMalformed(cidr=text, name=name)
        return IPv4Network(text, strict=False)
    except (AddressValueError, NetmaskValueError) as bad:
        raise CidrMalformed(cidr=text, name=name) from bad
