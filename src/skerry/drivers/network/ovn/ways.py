"""The ways out of a VPC as rows: the world, NAT gateways, peerings, and the routes that lead there."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address

from skerry.drivers.network.ovn.names import (
    EXTERNAL,
    RESOLVER,
    UPLINK_IPV6,
    link_local,
    mac_of,
    resolver_of,
    router_port,
    service_port,
)
from skerry.drivers.network.ovn.rows import Row, Rows
from skerry.drivers.network.port import (
    EGRESS_INTERNET,
    INTERNET,
    NatGateway,
    Peering,
    Route,
    Subnet,
    Vpc,
)

_INTERNET_MTU = "1500"
_PEERING_TABLE = "peering"
"""Route table of what comes from a peer: none. It reaches subnets, and no further (not transitive)."""
_FIRST_PEERING = IPv4Address("169.254.192.0")
_PEERING_PAIRS = 8000


@dataclass(frozen=True, slots=True)
class Site:
    """What all VPCs of a cloud share."""

    chassis: str
    gateway: IPv4Address  # next hop to the world: the host's end of the uplink
    transit_prefixlen: int
    mtu: int  # inside a VPC


Hop = tuple[str, str]
"""Next hop and the router's port towards it."""
_NOWHERE: Hop = ("discard", "")


class Ways:
    """Adds the rows of one VPC's ways out."""

    def __init__(self, vpc: Vpc, rows: Rows, site: Site, router: Row) -> None:
        self._vpc = vpc
        self._rows = rows
        self._site = site
        self._router = router
        self._ports = {port.port_id: port for port in vpc.ports}

    @property
    def leads_outside(self) -> bool:
        """Whether the VPC's router has a port on the external switch."""
        return self._vpc.internet or self._vpc.egress_only

    def external(self, transit: IPv4Address) -> None:
        """The router's port on the external switch, which is not of this VPC."""
        name = router_port(self._vpc.vpc_id, EXTERNAL)
        port = self._rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=[f"{transit}/{self._site.transit_prefixlen}"],
            options={"gateway_mtu": _INTERNET_MTU} if self._site.mtu > int(_INTERNET_MTU) else {},
        )
        self._rows.link(self._router, "ports", port)
        # The external switch is not of this VPC: the transaction links this port to it by its name.
        switch_side(self._rows, name, **{"nat-addresses": "router"})
        chassis = self._rows.add(
            "Gateway_Chassis",
            f"{name}-{self._site.chassis}",
            name=f"{name}-{self._site.chassis}",
            chassis_name=self._site.chassis,
            priority=100,
        )
        self._rows.link(port, "gateway_chassis", chassis)

    def public_addresses(self) -> None:
        """One-to-one NAT at the edge, for interfaces and for NAT gateways."""
        for each in self._vpc.public:
            mac = mac_of(str(each.public))
            self._one_to_one(each.public, each.private, logical_port=each.port_id, external_mac=mac)
        for gateway in self._vpc.nat_gateways:
            if gateway.public is not None:
                self._one_to_one(gateway.public, gateway.private)

    def nat_gateway(self, gateway: NatGateway, subnet: Subnet, switch: Row) -> None:
        """A router of its own in the subnet, which gives what passes its own address."""
        rows = self._rows
        router = rows.add(
            "Logical_Router",
            gateway.nat_id,
            name=gateway.nat_id,
            options={"chassis": self._site.chassis, "dynamic_neigh_routers": "true"},
        )
        name = router_port(gateway.nat_id, subnet.subnet_id)
        port = rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=gateway.mac,
            networks=[f"{gateway.private}/{subnet.cidr.prefixlen}"],
        )
        rows.link(router, "ports", port)
        rows.link(switch, "ports", switch_side(rows, name))
        back = rows.add(
            "Logical_Router_Static_Route",
            f"{gateway.nat_id}-back",
            ip_prefix="0.0.0.0/0",
            nexthop=str(subnet.cidr[1]),
            output_port=[name],
        )
        rows.link(router, "static_routes", back)
        for cidr in self._vpc.cidrs:
            nat = rows.add(
                "NAT",
                f"{gateway.nat_id}-{cidr}",
                type="snat",
                external_ip=str(gateway.private),
                logical_ip=str(cidr),
            )
            rows.link(router, "nat", nat)

    def peering(self, peering: Peering) -> None:
        """This VPC's end of a wire between two routers; the other VPC brings the other end."""
        name = router_port(self._vpc.vpc_id, peering.peering_id)
        port = self._rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=[f"{_peering_address(peering, self._vpc.vpc_id, self._vpc.vpc_id)}/31"],
            peer=[router_port(peering.vpc_id, peering.peering_id)],
            options={"route_table": _PEERING_TABLE},
        )
        self._rows.link(self._router, "ports", port)

    def routes(self, subnet: Subnet) -> None:
        """The subnet's route table. Subnets themselves need no routes."""
        for prefix, (next_hop, through) in self._hops(subnet).items():
            row = self._rows.add(
                "Logical_Router_Static_Route",
                f"{subnet.subnet_id}-{prefix}",
                route_table=subnet.subnet_id,
                ip_prefix=prefix,
                nexthop=next_hop,
                output_port=[router_port(self._vpc.vpc_id, through)] if through else [],
            )
            self._rows.link(self._router, "static_routes", row)

    def _hops(self, subnet: Subnet) -> dict[str, Hop]:
        found = {str(route.destination): self._hop(route) for route in subnet.routes}
        # Unused addresses of the VPC are nowhere: its "local" route takes them from the internet's.
        found |= {str(cidr): _NOWHERE for cidr in (*self._vpc.cidrs, *self._vpc.ipv6_cidrs)}
        services = service_port(self._vpc.vpc_id)
        found[f"{resolver_of(self._vpc)}/32"] = (str(RESOLVER), services)
        return found

    def _hop(self, route: Route) -> Hop:
        version = route.destination.version
        if route.target == INTERNET and self._vpc.internet:
            return (str(self._site.gateway) if version == 4 else UPLINK_IPV6, EXTERNAL)
        if route.target == EGRESS_INTERNET and self._vpc.egress_only and version == 6:
            return (UPLINK_IPV6, EXTERNAL)
        port = self._ports.get(route.target)
        if port is not None:
            own = (str(each) for each in port.addresses if each.version == version)
            address = next(own, None)
            return (address, port.subnet_id) if address else _NOWHERE
        for gateway in self._vpc.nat_gateways:
            if gateway.nat_id == route.target and version == 4:
                return (str(gateway.private), gateway.subnet_id)
        for peering in self._vpc.peerings:
            if peering.peering_id == route.target:
                return self._peer_hop(peering, version)
        return _NOWHERE

    def _peer_hop(self, peering: Peering, version: int) -> Hop:
        if version == 4:
            return (_peering_address(peering, self._vpc.vpc_id, peering.vpc_id), peering.peering_id)
        return (
            link_local(mac_of(router_port(peering.vpc_id, peering.peering_id))),
            peering.peering_id,
        )

    def _one_to_one(self, public: IPv4Address, private: IPv4Address, **more: str) -> None:
        row = self._rows.add(
            "NAT",
            str(public),
            type="dnat_and_snat",
            external_ip=str(public),
            logical_ip=str(private),
            **more,
        )
        self._rows.link(self._router, "nat", row)


def switch_side(rows: Rows, name: str, **options: str) -> Row:
    """The switch port that belongs to a router's port."""
    return rows.add(
        "Logical_Switch_Port",
        f"{name}-switch",
        name=f"{name}-switch",
        type="router",
        addresses=["router"],
        options={"router-port": name, **options},
    )


def _peering_address(peering: Peering, own_id: str, end: str) -> str:
    """Of one end of the wire, seen by the two routers only: two link-local ones that its id leads to."""
    digest = hashlib.sha256(peering.peering_id.encode()).digest()
    pair = int.from_bytes(digest[:4]) % _PEERING_PAIRS
    is_second = end != min(own_id, peering.vpc_id)
    return str(_FIRST_PEERING + 2 * pair + is_second)
