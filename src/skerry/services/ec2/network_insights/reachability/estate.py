"""All VPCs that packets may meet, with the lookups that following a packet needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from skerry.drivers.network.port import (
    IpAddress,
    IpNetwork,
    NatGateway,
    Peering,
    Port,
    Subnet,
    Vpc,
)

METADATA, RESOLVER = IPv4Address("169.254.169.254"), IPv4Address("169.254.169.253")

Holder = Port | NatGateway


@dataclass(frozen=True, slots=True)
class Estate:
    """VPCs by id, and who holds which address. ``edges``: peerings that nothing is followed beyond."""

    vpcs: Mapping[str, Vpc]
    subnets: Mapping[str, Subnet]
    holders: Mapping[tuple[str, IpAddress], Holder]  # by VPC and private address
    owners: Mapping[str, str]  # port id → VPC id
    public: Mapping[IpAddress, tuple[str, IpAddress]]  # → VPC, private address
    public_of: Mapping[tuple[str, IpAddress], IpAddress]  # VPC, private address → public address
    edges: frozenset[str] = frozenset()

    @classmethod
    def of(cls, vpcs: Iterable[Vpc], edges: Iterable[str] = ()) -> "Estate":
        """Index these VPCs."""
        known = {vpc.vpc_id: vpc for vpc in vpcs}
        pairs = [(vpc.vpc_id, *pair) for vpc in known.values() for pair in _pairs(vpc)]
        return cls(
            vpcs=known,
            subnets={each.subnet_id: each for vpc in known.values() for each in vpc.subnets},
            holders={
                (vpc.vpc_id, address): holder
                for vpc in known.values()
                for address, holder in _holders(vpc)
            },
            owners={port.port_id: vpc.vpc_id for vpc in known.values() for port in vpc.ports},
            public={public: (vpc_id, private) for vpc_id, public, private in pairs},
            public_of={(vpc_id, private): public for vpc_id, public, private in pairs},
            edges=frozenset(edges),
        )

    def port(self, port_id: str) -> tuple[Vpc, Port]:
        """A port and its VPC. Raises KeyError."""
        vpc = self.vpcs[self.owners[port_id]]
        return vpc, next(port for port in vpc.ports if port.port_id == port_id)

    def nat(self, vpc: Vpc, nat_id: str) -> NatGateway | None:
        """The VPC's NAT gateway of that id."""
        return next((nat for nat in vpc.nat_gateways if nat.nat_id == nat_id), None)

    def peers(self, vpc: Vpc) -> list[tuple[Peering, Vpc]]:
        """The VPC's open peerings with the VPCs behind them: those that both sides hold."""
        return [
            (each, self.vpcs[each.vpc_id])
            for each in vpc.peerings
            if each.vpc_id in self.vpcs
            and any(
                back.peering_id == each.peering_id and back.vpc_id == vpc.vpc_id
                for back in self.vpcs[each.vpc_id].peerings
            )
        ]


def blocks(vpc: Vpc) -> tuple[IpNetwork, ...]:
    """All address blocks of a VPC."""
    return (*vpc.cidrs, *vpc.ipv6_cidrs)


def holds(subnet: Subnet, address: IpAddress) -> bool:
    """Whether the address is of this subnet."""
    return address in subnet.cidr or (subnet.ipv6 is not None and address in subnet.ipv6)


def is_service(vpc: Vpc, address: IpAddress) -> bool:
    """Whether the VPC itself answers there: metadata and names, which nothing filters.

    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html, "Network ACL basics"
    """
    return address in (METADATA, RESOLVER) or (bool(vpc.cidrs) and address == vpc.cidrs[0][2])


def _pairs(vpc: Vpc) -> list[tuple[IpAddress, IpAddress]]:
    """Public and private addresses; an IPv6 address is both."""
    pairs: list[tuple[IpAddress, IpAddress]] = [(each.public, each.private) for each in vpc.public]
    pairs += [(nat.public, nat.private) for nat in vpc.nat_gateways if nat.public is not None]
    return pairs + [(own, own) for port in vpc.ports for own in port.addresses if own.version == 6]


def _holders(vpc: Vpc) -> list[tuple[IpAddress, Holder]]:
    found: list[tuple[IpAddress, Holder]] = [
        (address, port) for port in vpc.ports for address in port.addresses
    ]
    return found + [(nat.private, nat) for nat in vpc.nat_gateways]
