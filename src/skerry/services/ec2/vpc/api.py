"""VPCs, for sibling slices and for account creation."""

from datetime import datetime
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.context import Context
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.region import Region
from skerry.kernel.wake import wake
from skerry.services.ec2.dhcp_options.api import default_options
from skerry.services.ec2.internet_gateway.api import create_gateway
from skerry.services.ec2.network_acl.api import create_default_acl
from skerry.services.ec2.route_table.api import add_route, create_main_table, main_table
from skerry.services.ec2.security_group.api import create_default_group
from skerry.services.ec2.subnet.api import create_default_subnet
from skerry.services.ec2.vpc.errors import CidrMalformed, VpcNotFound
from skerry.services.ec2.vpc.model import Vpc

DEFAULT_CIDR = IPv4Network("172.31.0.0/16")
DEFAULT_SUBNET_PREFIX = 20


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
