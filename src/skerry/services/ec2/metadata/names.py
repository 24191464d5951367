"""Names that the VPC's resolver knows itself: private and public names of interfaces, and addresses.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from skerry.kernel.prepared import Prepared
from skerry.kernel.region import Region
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import private_dns_name, public_dns_name
from skerry.services.ec2.secondary_address.model import SecondaryAddress
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_endpoint.api import addresses_by_name
from skerry.services.ec2.vpc_peering.api import resolving_peers

_DNS_SUPPORT = Prepared(select(Vpc.dns_support).where(Vpc.id == bindparam("vpc_id")))
_INTERFACE_AT = Prepared(  # by way of the VPC's few subnets, where an address has an index
    select(NetworkInterface.id).where(
        NetworkInterface.private_ip == bindparam("address"),
        NetworkInterface.subnet_id.in_(
            select(Subnet.id).where(Subnet.vpc_id == bindparam("vpc_id"))
        ),
    )
)
_SECONDARY_AT = Prepared(
    select(SecondaryAddress.network_interface_id).where(
        SecondaryAddress.address == bindparam("address"),
        SecondaryAddress.subnet_id.in_(
            select(Subnet.id).where(Subnet.vpc_id == bindparam("vpc_id"))
        ),
    )
)
_REVERSE = ".in-addr.arpa"
_OCTET = re.compile(r"[0-9]{1,3}")
_LOCAL_V6 = tuple(f".{each}.f.ip6.arpa" for each in ("c", "d", "8.e", "9.e", "a.e", "b.e"))


@dataclass(frozen=True, slots=True)
class Known:
    """``kind`` is "A" or "PTR"; ``value`` None: the name is ours, and there is nothing by it."""

    kind: str
    value: str | None
    others: tuple[str, ...] = ()  # besides the first


def resolves(session: Session, vpc_id: str) -> bool:
    """Whether the VPC has a resolver at all (``enableDnsSupport``)."""
    found = _DNS_SUPPORT.first(session, vpc_id=vpc_id)
    return found is not None and found.dns_support


def known_name(session: Session, region: Region, vpc_id: str, name: str) -> Known | None:
    """What a name (lower case, no final dot) is in this VPC; None: ask the world."""
    private = _address_in(name, "ip-", region.private_domain)
    if private is not None:
        return Known("A", private if _has_private(session, vpc_id, private) else None)
    public = _address_in(name, "ec2-", region.public_domain)
    if public is not None and IPv4Address(public) in region.public_pool:
        return Known("A", _private_behind(session, vpc_id, public) or public)
    if name.endswith(_REVERSE):
        return _pointer(session, region, vpc_id, name.removesuffix(_REVERSE).split("."))
    if name.endswith(_LOCAL_V6):
        return Known("PTR", None)
    if name.endswith(f".{region.private_domain}"):
        return Known("A", None)
    addresses = addresses_by_name(session, region, vpc_id, name)
    if addresses is None:
        return None
    return Known("A", addresses[0], addresses[1:]) if addresses else Known("A", None)


def _private_behind(session: Session, vpc_id: str, public: str) -> str | None:
    """The private address behind a public one of this VPC, or of a peer that has its names resolved so."""
    found = (
        _private_of(session, each, public) for each in (vpc_id, *resolving_peers(session, vpc_id))
    )
    return next((each for each in found if each is not None), None)


def _address_in(name: str, prefix: str, domain: str) -> str | None:
    if not (name.startswith(prefix) and name.endswith(f".{domain}")):
        return None
    address = name[len(prefix) : -len(domain) - 1].replace("-", ".")
    try:
        return str(IPv4Address(address))
    except ValueError:
        return None


def _has_private(session: Session, vpc_id: str, address: str) -> bool:
    asked = {"vpc_id": vpc_id, "address": address}
    found = (each.first(session, **asked) for each in (_INTERFACE_AT, _SECONDARY_AT))
    return any(row is not None for row in found)


def _private_of(session: Session, vpc_id: str, public: str) -> str | None:
    """The private address behind a public one, when it is of this VPC."""
    automatic = select(NetworkInterface.private_ip).where(
        NetworkInterface.vpc_id == vpc_id, NetworkInterface.public_ip == public
    )
    elastic = (
        select(Address.private_ip)
        .join(NetworkInterface, Address.network_interface_id == NetworkInterface.id)
        .where(NetworkInterface.vpc_id == vpc_id, Address.public_ip == public)
    )
    return session.scalar(automatic) or session.scalar(elastic)


def _pointer(session: Session, region: Region, vpc_id: str, labels: list[str]) -> Known | None:
    """Private networks that are not the VPC's are nobody's, and so are zones within them: the host's
    resolvers would tell of the host's own network (RFC 6303).
    """
    octets = labels[-4:][::-1]
    if not all(_OCTET.fullmatch(each) for each in octets):
        return None
    try:
        asked = IPv4Network((".".join(octets + ["0"] * (4 - len(octets))), 8 * len(octets)))
    except ValueError:
        return None
    address = str(asked.network_address)
    if len(labels) == 4 and asked.subnet_of(region.public_pool):
        return Known("PTR", _called(session, address) or public_dns_name(region, address))
    if len(labels) == 4 and _has_private(session, vpc_id, address):
        return Known("PTR", private_dns_name(region, address))
    return Known("PTR", None) if asked.is_private or _is_inside(session, vpc_id, asked) else None


def _called(session: Session, public: str) -> str | None:
    """What the owner of an Elastic IP has it called."""
    name = session.scalar(select(Address.domain_name).where(Address.public_ip == public))
    return None if name is None else name.removesuffix(".")


def _is_inside(session: Session, vpc_id: str, asked: IPv4Network) -> bool:
    """A VPC may be made of public addresses too."""
    cidr = session.scalar(select(Vpc.cidr).where(Vpc.id == vpc_id))
    return cidr is not None and asked.subnet_of(IPv4Network(cidr))
