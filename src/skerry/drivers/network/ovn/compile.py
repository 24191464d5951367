"""A VPC as rows of OVN's northbound database: a pure function.

How AWS's nouns map (measured in the project's experiments; see DESIGN in the docs):
VPC = logical router; subnet = switch with DHCP; interface = switch port; security group = port group;
route table = a router port's ``route_table``; public address = distributed ``dnat_and_snat``;
metadata and DNS = a *localport* on a small switch of its own behind the router.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from skerry.drivers.network.ovn.matches import entry_match, group_name, rule_match
from skerry.drivers.network.ovn.rows import Row, Rows
from skerry.drivers.network.port import AclEntry, Port, Subnet, Vpc

METADATA = IPv4Address("169.254.169.254")
RESOLVER = IPv4Address("169.254.169.253")
SERVICE_GATEWAY = "169.254.169.1"
EXTERNAL = "external"
"""The switch between all VPCs' routers and the uplink; made once per cloud."""

_DENY, _SG_ALLOW, _ALWAYS_ALLOW = 1000, 1002, 1003
_ACL_TOP = 32767  # entries of a network ACL come below it, in the order of their numbers
_ACL_END = 1  # what no entry names is denied; 0 is OVN's own "go on"
_INTERNET_MTU = "1500"


@dataclass(frozen=True, slots=True)
class Site:
    """What all VPCs of a cloud share."""

    chassis: str
    gateway: IPv4Address  # next hop to the world: the host's end of the uplink
    transit_prefixlen: int
    mtu: int  # inside a VPC


def compile_vpc(vpc: Vpc, site: Site, transit: IPv4Address) -> Rows:
    """Every row of the VPC. ``transit``: its router's own address on the external switch."""
    return _Compiler(vpc, site, transit).rows()


def resolver_of(vpc: Vpc) -> IPv4Address:
    """AmazonProvidedDNS: the VPC's base address plus two."""
    return vpc.cidrs[0].network_address + 2


def mac_of(text: str) -> str:
    """A stable, locally administered MAC address for something that has no row of its own."""
    digest = hashlib.sha256(text.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x0A, *digest[:5]))


def service_port(vpc_id: str) -> str:
    """Name of the port behind which a VPC's metadata namespace is."""
    return f"services-{vpc_id}"


class _Compiler:
    def __init__(self, vpc: Vpc, site: Site, transit: IPv4Address) -> None:
        self._vpc = vpc
        self._site = site
        self._transit = transit
        self._rows = Rows()
        self._everyone = f"everyone_{group_name(vpc.vpc_id)}"

    def rows(self) -> Rows:
        vpc, rows = self._vpc, self._rows
        router = rows.add(
            "Logical_Router",
            vpc.vpc_id,
            name=vpc.vpc_id,
            options={"dynamic_neigh_routers": "true", "always_learn_from_arp_request": "false"},
        )
        self._services(router)
        if vpc.internet:
            self._external(router)
        switches = {each.subnet_id: self._subnet(router, each) for each in vpc.subnets}
        leases = {each.subnet_id: self._dhcp(each) for each in vpc.subnets}
        everyone = self._everyone_group()
        groups = self._groups()
        for port in vpc.ports:
            row = self._port(port, leases[port.subnet_id])
            rows.link(switches[port.subnet_id], "ports", row)
            rows.link(everyone, "ports", row)
            for group_id in port.group_ids:
                rows.link(groups[group_id], "ports", row)
        if vpc.internet:
            self._public_addresses(router)
        return rows

    # --- routers and switches -----------------------------------------------------------------

    def _attach(self, router: Row, switch: Row, network: str, options: dict[str, str]) -> Row:
        """A router port and its switch port; returns the router's."""
        name = f"{router.row_id}-{switch.row_id}"
        ours = self._rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=[network],
            options=options,
        )
        self._rows.link(router, "ports", ours)
        self._rows.link(switch, "ports", self._router_side(name))
        return ours

    def _router_side(self, name: str, **options: str) -> Row:
        return self._rows.add(
            "Logical_Switch_Port",
            f"{name}-switch",
            name=f"{name}-switch",
            type="router",
            addresses=["router"],
            options={"router-port": name, **options},
        )

    def _services(self, router: Row) -> None:
        vpc, rows = self._vpc, self._rows
        switch = rows.add("Logical_Switch", f"services-{vpc.vpc_id}", name=f"services-{vpc.vpc_id}")
        self._attach(router, switch, f"{SERVICE_GATEWAY}/24", {})
        name = service_port(vpc.vpc_id)
        local = rows.add(
            "Logical_Switch_Port",
            name,
            name=name,
            type="localport",
            addresses=[f"{mac_of(name)} {METADATA} {RESOLVER}"],
        )
        rows.link(switch, "ports", local)

    def _external(self, router: Row) -> None:
        name = f"{router.row_id}-{EXTERNAL}"
        port = self._rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=[f"{self._transit}/{self._site.transit_prefixlen}"],
            options={"gateway_mtu": _INTERNET_MTU} if self._site.mtu > int(_INTERNET_MTU) else {},
        )
        self._rows.link(router, "ports", port)
        # The external switch is not of this VPC: the transaction links this port to it by its name.
        self._router_side(name, **{"nat-addresses": "router"})
        chassis = self._rows.add(
            "Gateway_Chassis",
            f"{name}-{self._site.chassis}",
            name=f"{name}-{self._site.chassis}",
            chassis_name=self._site.chassis,
            priority=100,
        )
        self._rows.link(port, "gateway_chassis", chassis)

    def _subnet(self, router: Row, subnet: Subnet) -> Row:
        rows, resolver = self._rows, resolver_of(self._vpc)
        switch = rows.add("Logical_Switch", subnet.subnet_id, name=subnet.subnet_id)
        name = f"{router.row_id}-{subnet.subnet_id}"
        port = rows.add(
            "Logical_Router_Port",
            name,
            name=name,
            mac=mac_of(name),
            networks=[f"{subnet.cidr[1]}/{subnet.cidr.prefixlen}"],
            options={"route_table": subnet.subnet_id},
        )
        rows.link(router, "ports", port)
        on_link = f"{METADATA} {RESOLVER} {resolver}"
        rows.link(switch, "ports", self._router_side(name, arp_proxy=on_link))
        for prefix, (next_hop, through) in self._routes(subnet).items():
            row = rows.add(
                "Logical_Router_Static_Route",
                f"{subnet.subnet_id}-{prefix}",
                route_table=subnet.subnet_id,
                ip_prefix=prefix,
                nexthop=next_hop,
                output_port=[f"{router.row_id}-{through}"] if through else [],
            )
            rows.link(router, "static_routes", row)
        self._network_acl(router, switch, subnet, name)
        return switch

    def _routes(self, subnet: Subnet) -> dict[str, tuple[str, str]]:
        """Destination → next hop and the port towards it. Subnets themselves need no routes."""
        found: dict[str, tuple[str, str]] = {}
        for route in subnet.routes:
            is_out = route.target == "internet" and self._vpc.internet
            found[str(route.destination)] = (
                (str(self._site.gateway), EXTERNAL) if is_out else ("discard", "")
            )
        # Unused addresses of the VPC are nowhere: its "local" route takes them from the internet's.
        found |= {str(cidr): ("discard", "") for cidr in self._vpc.cidrs}
        services = service_port(self._vpc.vpc_id)
        found[f"{resolver_of(self._vpc)}/32"] = (str(RESOLVER), services)
        return found

    def _dhcp(self, subnet: Subnet) -> Row:
        gateway = str(subnet.cidr[1])
        options = {
            "lease_time": "3600",
            "router": gateway,
            "server_id": gateway,
            "server_mac": mac_of(f"{self._vpc.vpc_id}-{subnet.subnet_id}"),
            "mtu": str(self._site.mtu),
        }
        if self._vpc.domain:
            options["domain_name"] = f'"{self._vpc.domain}"'
        if self._vpc.dns:
            options["dns_server"] = str(resolver_of(self._vpc))
        return self._rows.add(
            "DHCP_Options", subnet.subnet_id, cidr=str(subnet.cidr), options=options
        )

    def _port(self, port: Port, lease: Row) -> Row:
        addresses = " ".join((port.mac, *map(str, port.addresses)))
        row = self._rows.add(
            "Logical_Switch_Port",
            port.port_id,
            name=port.port_id,
            addresses=[addresses],
            port_security=[addresses if port.source_dest_check else port.mac],
        )
        self._rows.link(row, "dhcpv4_options", lease)
        return row

    def _public_addresses(self, router: Row) -> None:
        for each in self._vpc.public:
            public = str(each.public)
            row = self._rows.add(
                "NAT",
                public,
                type="dnat_and_snat",
                external_ip=public,
                logical_ip=str(each.private),
                logical_port=each.port_id,
                external_mac=mac_of(public),
            )
            self._rows.link(router, "nat", row)

    # --- firewalls ----------------------------------------------------------------------------

    def _acl(self, parent: Row, row_id: str, direction: str, rule: tuple[int, str, str]) -> None:
        priority, match, verdict = rule
        row = self._rows.add(
            "ACL", row_id, direction=direction, priority=priority, match=match, action=verdict
        )
        self._rows.link(parent, "acls", row)

    def _everyone_group(self) -> Row:
        """What holds for every interface of the VPC: deny by default, but never DHCP and services."""
        name = self._everyone
        group = self._rows.add("Port_Group", name, name=name)
        services = f"{{{METADATA}, {RESOLVER}, {resolver_of(self._vpc)}}}"
        dhcp = "udp.src == 68 && udp.dst == 67"
        out, into = f"inport == @{name}", f"outport == @{name}"
        self._acl(group, f"{name}-out", "from-lport", (_DENY, f"{out} && ip", "drop"))
        self._acl(group, f"{name}-in", "to-lport", (_DENY, f"{into} && ip", "drop"))
        to_services = (_ALWAYS_ALLOW, f"{out} && ip4.dst == {services}", "allow-related")
        self._acl(group, f"{name}-services", "from-lport", to_services)
        self._acl(group, f"{name}-dhcp", "from-lport", (_ALWAYS_ALLOW, f"{out} && {dhcp}", "allow"))
        return group

    def _groups(self) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for each in self._vpc.groups:
            name = group_name(each.group_id)
            group = found[each.group_id] = self._rows.add("Port_Group", each.group_id, name=name)
            for rule in each.rules:
                port = f"inport == @{name}" if rule.egress else f"outport == @{name}"
                direction = "from-lport" if rule.egress else "to-lport"
                match = f"{port} && {rule_match(rule)}"
                self._acl(group, rule.rule_id, direction, (_SG_ALLOW, match, "allow-related"))
        return found

    def _network_acl(self, router: Row, switch: Row, subnet: Subnet, port: str) -> None:
        """Stateless, at the subnet's edge. An ACL that lets everything through costs nothing.

        Into the subnet: ACLs where the router enters its switch. Out of it: policies where its packets
        enter the router (an egress ACL of OVN would let established replies pass).
        """
        if _lets_all_through(subnet.acl):
            return
        services = f"{{{METADATA}, {RESOLVER}, {resolver_of(self._vpc)}}}"
        into, out = f'inport == "{port}-switch"', f'inport == "{port}"'
        always = (_ACL_TOP, f"{into} && ip4.src == {services}", "allow-stateless")
        self._acl(switch, f"{subnet.subnet_id}-services", "from-lport", always)
        self._policy(
            router,
            f"{subnet.subnet_id}-services",
            always[0],
            f"{out} && ip4.dst == {services}",
            "allow",
        )
        for priority, entry in _ranked(subnet):
            side = "out" if entry.egress else "in"
            row_id = f"{subnet.subnet_id}-acl-{side}-{entry.number}"
            if entry.egress:
                verdict = "allow" if entry.allow else "drop"
                self._policy(router, row_id, priority, f"{out} && {entry_match(entry)}", verdict)
            else:
                verdict = "allow-stateless" if entry.allow else "drop"
                match = f"{into} && {entry_match(entry)}"
                self._acl(switch, row_id, "from-lport", (priority, match, verdict))

    def _policy(self, router: Row, row_id: str, priority: int, match: str, verdict: str) -> None:
        row = self._rows.add(
            "Logical_Router_Policy", row_id, priority=priority, match=match, action=verdict
        )
        self._rows.link(router, "policies", row)


def _lets_all_through(entries: tuple[AclEntry, ...]) -> bool:
    """Whether in both directions the first entry that counts allows everything."""

    def first_is_open(*, egress: bool) -> bool:
        ordered = sorted((e for e in entries if e.egress == egress), key=lambda e: e.number)
        first = ordered[0] if ordered else None
        return (
            first is not None
            and first.allow
            and first.protocol is None
            and first.cidr.prefixlen == 0
        )

    return first_is_open(egress=True) and first_is_open(egress=False)


def _ranked(subnet: Subnet) -> Iterator[tuple[int, AclEntry]]:
    """Entries with their priorities: lower numbers count first; last, AWS's entry ``*`` denies the rest."""
    anywhere = subnet.cidr.supernet(new_prefix=0)
    for egress in (False, True):
        ordered = sorted((e for e in subnet.acl if e.egress == egress), key=lambda e: e.number)
        for rank, entry in enumerate(ordered, start=1):
            yield _ACL_TOP - rank, entry
        yield (
            _ACL_END,
            AclEntry(
                number=_ACL_TOP,
                egress=egress,
                allow=False,
                protocol=None,
                from_port=None,
                to_port=None,
                cidr=anywhere,
            ),
        )
