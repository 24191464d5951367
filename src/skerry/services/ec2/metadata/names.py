"""Names that the VPC's resolver knows itself: private and public names of interfaces, and addresses.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.kernel.region import Region
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import private_dns_name
from skerry.services.ec2.vpc.model import Vpc

_REVERSE = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa")


@dataclass(frozen=True, slots=True)
class Known:
    """``kind`` is "A" or "PTR"; ``value`` None: the name is ours, and there is nothing by it."""

    kind: str
    value: str | None


def resolves(session: Session, vpc_id: str) -> bool:
    """Whether the VPC has a resolver at all (``enableDnsSupport``)."""
    return bool(session.scalar(select(Vpc.dns_support).where(Vpc.id == vpc_id)))


def known_name(session: Session, region: Region, vpc_id: str, name: str) -> Known | None:
    """What a name (lower case, no final dot) is in this VPC; None: ask the world."""
    private = _address_in(name, "ip-", region.private_domain)
    if private is not None:
        return Known("A", private if _has_private(session, vpc_id, private) else None)
    public = _address_in(name, "ec2-", region.public_domain)
    if public is not None and IPv4Address(public) in region.public_pool:
        return Known("A", _private_of(session, vpc_id, public) or public)
    reverse = _REVERSE.fullmatch(name)
    if reverse is not None:
        address = ".".join(reversed(reverse.groups()))
        return _pointer(session, region, vpc_id, address)
    if name.endswith(f".{region.private_domain}"):
        return Known("A", None)
    return None


def _address_in(name: str, prefix: str, domain: str) -> str | None:
    if not (name.startswith(prefix) and name.endswith(f".{domain}")):
        return None
    address = name[len(prefix) : -len(domain) - 1].replace("-", ".")
    try:
        return str(IPv4Address(address))
    except ValueError:
        return None


def _has_private(session: Session, vpc_id: str, address: str) -> bool:
    query = select(NetworkInterface.id).where(
        NetworkInterface.vpc_id == vpc_id, NetworkInterface.private_ip == address
    )
    return session.scalar(query) is not None


def _private_of(session: Session, vpc_id: str, public: str) -> str | None:
    """The private address behind a public one, when it is of this VPC."""
    automatic = select(NetworkInterface.private_ip).where(
        NetworkInterface.vpc_id == vpc_id, NetworkInterface.public_ip == public
    )
    elastic = (
        select(NetworkInterface.private_ip)
        .join(Address, Address.network_interface_id == NetworkInterface.id)
        .where(NetworkInterface.vpc_id == vpc_id, Address.public_ip == public)
    )
    return session.scalar(automatic) or session.scalar(elastic)


def _pointer(session: Session, region: Region, vpc_id: str, address: str) -> Known | None:
    cidr = session.scalar(select(Vpc.cidr).where(Vpc.id == vpc_id))
    try:
        is_ours = cidr is not None and IPv4Address(address) in IPv4Network(cidr)
    except ValueError:
        return None
    if not is_ours:
        return None
    has = _has_private(session, vpc_id, address)
    return Known("PTR", private_dns_name(region, address) if has else None)
