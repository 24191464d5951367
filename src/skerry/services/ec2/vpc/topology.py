"""The rows of one VPC as the value a network driver applies.

Columns are read, not rows: a thousand interfaces cost milliseconds. Everything is in the order of ids, so
that the same rows always give the same value.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.drivers.network.port import IpNetwork
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.dhcp_options.api import lease_of
from skerry.services.ec2.egress_only_internet_gateway.api import egress_only_gateway_of
from skerry.services.ec2.flow_log.api import logged
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.nat_gateway.api import INTERFACE_TYPE, nat_gateways_of
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.network_interface.model import NetworkInterface, NetworkInterfaceGroup
from skerry.services.ec2.route_table.api import routes_of
from skerry.services.ec2.route_table.model import RouteTableAssociation
from skerry.services.ec2.secondary_address.api import secondary_in_vpc
from skerry.services.ec2.security_group.api import groups_of, protocol_number
from skerry.services.ec2.security_group.model import SecurityGroup
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.api import networks_of
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_peering.api import peerings_of

_RESOLVER = 2  # the resolver's place in a VPC's first block (VPC user guide, "Amazon DNS")


@dataclass(frozen=True, slots=True)
class _Routes:
    """The VPC's route tables."""

    of_table: dict[str, tuple[port.Route, ...]]
    table_of_subnet: dict[str | None, str]  # None: the main table

    def in_force(self, subnet_id: str) -> tuple[port.Route, ...]:
        table_id = self.table_of_subnet.get(subnet_id) or self.table_of_subnet[None]
        return self.of_table.get(table_id, ())


def topology_of(session: Session, vpc: Vpc) -> port.Vpc:
    """What the network of this VPC is to be. The session must be the whole cloud's."""
    gateway_id = session.scalar(select(InternetGateway.id).where(InternetGateway.vpc_id == vpc.id))
    resolver = vpc.network[_RESOLVER]
    dhcp = lease_of(session, vpc.dhcp_options_id, resolver, dns_support=vpc.dns_support)
    outward_id = egress_only_gateway_of(session, vpc.id)
    gateways = {gateway_id: port.INTERNET, outward_id: port.EGRESS_INTERNET}
    blocks = networks_of(session, vpc)
    peerings = peerings_of(session, vpc.id)
    ports, automatic = _ports(session, vpc.id)
    return port.Vpc(
        vpc_id=vpc.id,
        cidrs=tuple(each for each in blocks if isinstance(each, IPv4Network)),
        ipv6_cidrs=tuple(each for each in blocks if isinstance(each, IPv6Network)),
        internet=gateway_id is not None,
        domain=dhcp.domain,
        dns=resolver in dhcp.resolvers,
        dhcp=dhcp,
        subnets=_subnets(session, vpc.id, _routes(session, vpc.id, blocks, gateways)),
        groups=groups_of(session, vpc.id, {each.vpc_id for each in peerings}),
        ports=ports,
        public=_elastic(session, vpc.id) + automatic,
        egress_only=outward_id is not None,
        peerings=peerings,
        nat_gateways=nat_gateways_of(session, vpc.id),
    )


def _subnets(session: Session, vpc_id: str, routes: _Routes) -> tuple[port.Subnet, ...]:
    entries = _acl_entries(session, vpc_id)
    query = (
        select(Subnet.id, Subnet.cidr, Subnet.zone, Subnet.network_acl_id, Subnet.ipv6_cidr)
        .where(Subnet.vpc_id == vpc_id)
        .order_by(Subnet.id)
    )
    return tuple(
        port.Subnet(
            subnet_id=subnet_id,
            cidr=IPv4Network(cidr),
            zone=zone,
            routes=routes.in_force(subnet_id),
            acl=tuple(entries.get(acl_id, ())),
            ipv6=IPv6Network(ipv6) if ipv6 else None,
        )
        for subnet_id, cidr, zone, acl_id, ipv6 in session.execute(query).tuples()
    )


def _routes(
    session: Session,
    vpc_id: str,
    blocks: Sequence[IpNetwork],
    gateways: Mapping[str | None, str],
) -> _Routes:
    """``gateways``: those of this VPC by their ids, and what routes to them mean."""
    of_table: defaultdict[str, tuple[port.Route, ...]] = defaultdict(tuple)
    for table_id, routes in routes_of(session, vpc_id, blocks).items():
        for destination, target_id in routes.items():
            target = gateways.get(target_id, target_id)
            if target.startswith(("igw-", "eigw-")):
                target = port.BLACKHOLE  # it was detached, or deleted
            of_table[table_id] += (port.Route(destination, target),)
    associations = select(
        RouteTableAssociation.subnet_id, RouteTableAssociation.route_table_id
    ).where(RouteTableAssociation.vpc_id == vpc_id)
    return _Routes(of_table, dict(session.execute(associations).tuples().all()))


def _acl_entries(session: Session, vpc_id: str) -> dict[str, list[port.AclEntry]]:
    query = (
        select(NetworkAclEntry)
        .join(NetworkAcl, NetworkAcl.id == NetworkAclEntry.network_acl_id)
        .where(NetworkAcl.vpc_id == vpc_id)
        .order_by(NetworkAclEntry.network_acl_id, NetworkAclEntry.egress, NetworkAclEntry.number)
    )
    found: defaultdict[str, list[port.AclEntry]] = defaultdict(list)
    for entry in session.scalars(query):
        is_icmp = entry.protocol in ("1", "58")
        found[entry.network_acl_id].append(
            port.AclEntry(
                number=entry.number,
                egress=entry.egress,
                allow=entry.allow,
                protocol=protocol_number(entry.protocol),
                from_port=entry.icmp_type if is_icmp else entry.from_port,
                to_port=entry.icmp_code if is_icmp else entry.to_port,
                cidr=ip_network(entry.cidr),
            )
        )
    return found


def _ports(
    session: Session, vpc_id: str
) -> tuple[tuple[port.Port, ...], tuple[port.PublicAddress, ...]]:
    """The VPC's interfaces, and the public addresses that were auto-assigned to them."""
    groups = _memberships(session, vpc_id)
    logs = logged(session, vpc_id)
    secondary = secondary_in_vpc(session, vpc_id)
    query = (
        select(
            NetworkInterface.id,
            NetworkInterface.subnet_id,
            NetworkInterface.mac,
            NetworkInterface.private_ip,
            NetworkInterface.source_dest_check,
            NetworkInterface.public_ip,
            NetworkInterface.interface_type,
        )
        .where(NetworkInterface.vpc_id == vpc_id, NetworkInterface.interface_type != INTERFACE_TYPE)
        .order_by(NetworkInterface.id)
    )
    ports: list[port.Port] = []
    public: list[port.PublicAddress] = []
    for row in session.execute(query).tuples():
        port_id, subnet_id, mac, private_ip, check, public_ip, interface_type = row
        address = IPv4Address(private_ip)
        members = tuple(groups.get(port_id, ()))
        hosted = interface_type == "vpc_endpoint"
        log = logs.get(port_id, port.FlowLog.NONE)
        addresses = (address, *secondary.get(port_id, ()))
        ports.append(port.Port(port_id, subnet_id, mac, addresses, members, check, hosted, log))
        if public_ip is not None:
            public.append(port.PublicAddress(IPv4Address(public_ip), address, port_id))
    return tuple(ports), tuple(public)


def _memberships(session: Session, vpc_id: str) -> dict[str, list[str]]:
    query = (
        select(NetworkInterfaceGroup.network_interface_id, NetworkInterfaceGroup.group_id)
        .join(SecurityGroup, SecurityGroup.id == NetworkInterfaceGroup.group_id)
        .where(SecurityGroup.vpc_id == vpc_id)
        .order_by(NetworkInterfaceGroup.network_interface_id, NetworkInterfaceGroup.group_id)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for interface_id, group_id in session.execute(query).tuples():
        found[interface_id].append(group_id)
    return found


def _elastic(session: Session, vpc_id: str) -> tuple[port.PublicAddress, ...]:
    query = (
        select(Address.public_ip, Address.private_ip, NetworkInterface.id)
        .join(NetworkInterface, NetworkInterface.id == Address.network_interface_id)
        .where(NetworkInterface.vpc_id == vpc_id, NetworkInterface.interface_type != INTERFACE_TYPE)
        .order_by(Address.id)
    )
    return tuple(
        port.PublicAddress(IPv4Address(public_ip), IPv4Address(private_ip), interface_id)
        for public_ip, private_ip, interface_id in session.execute(query).tuples()
        if private_ip is not None
    )
