"""A VPC as rows of OVN's northbound database: a pure function.

How AWS's nouns map (measured in the project's experiments; see DESIGN in the docs):
VPC = logical router; subnet = switch with DHCP; interface = switch port; security group = port group;
route table = a router port's ``route_table``; public address = distributed ``dnat_and_snat``;
NAT gateway = a router with source NAT in its subnet; peering = a wire between two routers;
metadata and DNS = a *localport* on a small switch of its own behind the router.
"""

from ipaddress import IPv4Address

from skerry.drivers.network.ovn.firewalls import Firewalls
from skerry.drivers.network.ovn.leases import Leases
from skerry.drivers.network.ovn.names import (
    METADATA,
    RESOLVER,
    SERVICE_GATEWAY,
    mac_of,
    resolver_of,
    router_port,
    service_port,
)
from skerry.drivers.network.ovn.rows import Row, Rows
from skerry.drivers.network.ovn.ways import Site, Ways, switch_side
from skerry.drivers.network.port import Port, Subnet, Vpc


def compile_vpc(vpc: Vpc, site: Site, transit: IPv4Address) -> Rows:
    """Every row of the VPC. ``transit``: its router's own address on the external switch."""
    return _Compiler(vpc, site).rows(transit)


class _Compiler:
    def __init__(self, vpc: Vpc, site: Site) -> None:
        self._vpc = vpc
        self._site = site
        self._rows = Rows()
        self._firewalls = Firewalls(vpc, self._rows)
        self._leases = Leases(vpc, self._rows, site.mtu)

    def rows(self, transit: IPv4Address) -> Rows:
        vpc, rows = self._vpc, self._rows
        router = rows.add(
            "Logical_Router",
            vpc.vpc_id,
            name=vpc.vpc_id,
            options={"dynamic_neigh_routers": "true", "always_learn_from_arp_request": "false"},
        )
        ways = Ways(vpc, rows, self._site, router)
        self._services(router)
        if ways.leads_outside:
            ways.external(transit)
        switches = {each.subnet_id: self._subnet(router, each, ways) for each in vpc.subnets}
        subnets = {each.subnet_id: each for each in vpc.subnets}
        for gateway in vpc.nat_gateways:
            ways.nat_gateway(gateway, subnets[gateway.subnet_id], switches[gateway.subnet_id])
        for peering in vpc.peerings:
            ways.peering(peering)
        self._ports(switches)
        if vpc.internet:
            ways.public_addresses()
        return rows

    def _services(self, router: Row) -> None:
        vpc, rows = self._vpc, self._rows
        name = service_port(vpc.vpc_id)
        switch = rows.add("Logical_Switch", name, name=name)
        towards = router_port(vpc.vpc_id, name)
        port = rows.add(
            "Logical_Router_Port",
            towards,
            name=towards,
            mac=mac_of(towards),
            networks=[f"{SERVICE_GATEWAY}/24"],
            options={},
        )
        rows.link(router, "ports", port)
        rows.link(switch, "ports", switch_side(rows, towards))
        local = rows.add(
            "Logical_Switch_Port",
            name,
            name=name,
            type="localport",
            addresses=[f"{mac_of(name)} {METADATA} {RESOLVER}"],
        )
        rows.link(switch, "ports", local)

    def _subnet(self, router: Row, subnet: Subnet, ways: Ways) -> Row:
        rows = self._rows
        switch = rows.add("Logical_Switch", subnet.subnet_id, name=subnet.subnet_id)
        name = router_port(self._vpc.vpc_id, subnet.subnet_id)
        networks = [f"{subnet.cidr[1]}/{subnet.cidr.prefixlen}"]
        if subnet.ipv6 is not None:
            networks.append(f"{subnet.ipv6[1]}/{subnet.ipv6.prefixlen}")
        port = rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=networks,
            options={"route_table": subnet.subnet_id},
            ipv6_ra_configs=self._leases.advertised(subnet),
        )
        rows.link(router, "ports", port)
        on_link = f"{METADATA} {RESOLVER} {resolver_of(self._vpc)}"
        rows.link(switch, "ports", switch_side(rows, name, arp_proxy=on_link))
        ways.routes(subnet)
        self._firewalls.network_acl(router, switch, subnet, name)
        return switch

    def _ports(self, switches: dict[str, Row]) -> None:
        rows = self._rows
        leases = {each.subnet_id: self._leases.of_subnet(each) for each in self._vpc.subnets}
        everyone, groups = self._firewalls.everyone(), self._firewalls.groups()
        for port in self._vpc.ports:
            row = self._port(port, leases[port.subnet_id])
            rows.link(switches[port.subnet_id], "ports", row)
            rows.link(everyone, "ports", row)
            for group_id in port.group_ids:
                rows.link(groups[group_id], "ports", row)

    def _port(self, port: Port, leases: dict[str, Row]) -> Row:
        addresses = " ".join((port.mac, *map(str, port.addresses)))
        row = self._rows.add(
            "Logical_Switch_Port",
            port.port_id,
            name=port.port_id,
            addresses=[addresses],
            port_security=[addresses if port.source_dest_check else port.mac],
        )
        for column, lease in leases.items():
            self._rows.link(row, column, lease)
        return row
