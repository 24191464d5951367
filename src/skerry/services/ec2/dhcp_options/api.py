"""DHCP option sets: the default one, for making VPCs, and what a VPC hands out, for its network."""

from datetime import datetime
from ipaddress import IPv4Address, ip_address

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.kernel.ids import new_id
from skerry.kernel.region import Region
from skerry.services.ec2.dhcp_options.model import DhcpOptions

AMAZON_DNS = "AmazonProvidedDNS"
NO_OPTIONS = "default"
"""What a VPC without an option set has for its id."""

_LINK_LOCAL_RESOLVER = IPv4Address("169.254.169.253")


def default_options(
    session: Session, account_id: str, region: Region, now: datetime
) -> DhcpOptions:
    """The account's set that says what EC2's default one does; made if there is none (any more)."""
    configuration = {
        "domain-name": [region.private_domain],
        "domain-name-servers": [AMAZON_DNS],
    }
    query = select(DhcpOptions).where(DhcpOptions.account_id == account_id)
    for found in session.scalars(query.order_by(DhcpOptions.created_at, DhcpOptions.id)):
        if found.configuration == configuration:
            return found
    made = DhcpOptions(
        id=new_id("dopt"), account_id=account_id, configuration=configuration, created_at=now
    )
    session.add(made)
    session.flush()
    return made


def lease_of(
    session: Session, options_id: str, resolver: IPv4Address, *, dns_support: bool
) -> port.Dhcp:
    """What the network of a VPC with this set tells its guests. ``resolver``: the VPC's own.

    It is left out where it does not answer. Without a set guests are told of its link-local address
    only: https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
    """
    if options_id == NO_OPTIONS:
        return port.Dhcp(resolvers=(_LINK_LOCAL_RESOLVER,) if dns_support else ())
    query = select(DhcpOptions.configuration).where(DhcpOptions.id == options_id)
    told: dict[str, list[str]] = session.scalars(query).one()
    resolvers = (
        resolver if each == AMAZON_DNS else ip_address(each)
        for each in told.get("domain-name-servers", ())
        if each != AMAZON_DNS or dns_support
    )
    node_type = next(iter(told.get("netbios-node-type", ())), None)
    return port.Dhcp(
        domain=next(iter(told.get("domain-name", ())), ""),
        resolvers=tuple(resolvers),
        time_servers=tuple(map(ip_address, told.get("ntp-servers", ()))),
        netbios_servers=tuple(map(IPv4Address, told.get("netbios-name-servers", ()))),
        netbios_node_type=None if node_type is None else int(node_type),
    )
