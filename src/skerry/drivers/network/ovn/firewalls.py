"""Security groups and network ACLs of a VPC as rows."""

from collections.abc import Iterator

from skerry.drivers.network.ovn.flow_source import MAX_TOLD_PER_S, told_as
from skerry.drivers.network.ovn.matches import entry_match, rule_match
from skerry.drivers.network.ovn.names import METADATA, RESOLVER, group_name, resolver_of
from skerry.drivers.network.ovn.rows import Row, Rows
from skerry.drivers.network.port import EGRESS_INTERNET, AclEntry, FlowLog, Subnet, Vpc

_DENY, _SG_ALLOW, _ALWAYS_ALLOW, _NEVER = 1000, 1002, 1003, 1004
_ACL_TOP = 32767  # entries of a network ACL come below it, in the order of their numbers
_ACL_END = 1  # what no entry names is denied; 0 is OVN's own "go on"


class Firewalls:
    """Adds the rows of one VPC's firewalls."""

    def __init__(self, vpc: Vpc, rows: Rows) -> None:
        self._vpc = vpc
        self._rows = rows
        self._everyone = f"everyone_{group_name(vpc.vpc_id)}"
        self._services = f"{{{METADATA}, {RESOLVER}, {resolver_of(vpc)}}}"
        self._meter = f"flows-{vpc.vpc_id}"
        self._wanted = {FlowLog.NONE, *(port.log for port in vpc.ports)}
        self._limit_telling()

    def everyone(self) -> Row:
        """What holds for every interface of the VPC: deny by default, but never DHCP and services."""
        name = self._everyone
        group = self._rows.add("Port_Group", name, name=name)
        out, into = f"inport == @{name}", f"outport == @{name}"
        self._acl(group, f"{name}-out", "from-lport", (_DENY, f"{out} && ip", "drop"))
        self._acl(group, f"{name}-in", "to-lport", (_DENY, f"{into} && ip", "drop"))
        to_services = (_ALWAYS_ALLOW, f"{out} && ip4.dst == {self._services}", "allow-related")
        self._acl(group, f"{name}-services", "from-lport", to_services)
        asks = "((udp.src == 68 && udp.dst == 67) || (udp.src == 546 && udp.dst == 547))"
        self._acl(group, f"{name}-dhcp", "from-lport", (_ALWAYS_ALLOW, f"{out} && {asks}", "allow"))
        tells = "((udp.src == 67 && udp.dst == 68) || (udp.src == 547 && udp.dst == 546))"
        self._acl(group, f"{name}-dhcpd", "from-lport", (_NEVER, f"{out} && {tells}", "drop"))
        self._outward_only(group)
        return group

    def groups(self) -> dict[str, Row]:
        """Group id → its row."""
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

    def network_acl(self, router: Row, switch: Row, subnet: Subnet, port: str) -> None:
        """Stateless, at the subnet's edge. An ACL that lets everything through costs nothing.

        Into the subnet: ACLs where the router enters its switch. Out of it: policies where its packets
        enter the router (an egress ACL of OVN would let established replies pass).
        """
        if _lets_all_through(subnet):
            return
        into, out = f'inport == "{port}-switch"', f'inport == "{port}"'
        name = f"{subnet.subnet_id}-services"
        answers = f"{into} && ip4.src == {self._services}"
        self._acl(switch, name, "from-lport", (_ACL_TOP, answers, "allow-stateless"))
        self._policy(router, name, _ACL_TOP, f"{out} && ip4.dst == {self._services}", "allow")
        for priority, entry in _ranked(subnet):
            side = "out" if entry.egress else "in"
            row_id = f"{subnet.subnet_id}-acl-{side}-{entry.number}"
            condition = "ip" if priority == _ACL_END else entry_match(entry)
            if entry.egress:
                verdict = "allow" if entry.allow else "drop"
                self._policy(router, row_id, priority, f"{out} && {condition}", verdict)
            else:
                verdict = "allow-stateless" if entry.allow else "drop"
                match = f"{into} && {condition}"
                self._acl(switch, row_id, "from-lport", (priority, match, verdict))

    def _outward_only(self, group: Row) -> None:
        """Subnets behind the egress-only gateway: from outside come answers and nothing else."""
        guarded = [
            str(subnet.ipv6)
            for subnet in self._vpc.subnets
            if subnet.ipv6 is not None and (not self._vpc.internet or _leads_outward_only(subnet))
        ]
        if not guarded or not self._vpc.egress_only:
            return
        inside = (*self._vpc.ipv6_cidrs, *(c for p in self._vpc.peerings for c in p.cidrs))
        sources = ", ".join(str(each) for each in inside if each.version == 6)
        match = f"outport == @{self._everyone} && ip6.dst == {{{', '.join(guarded)}}}"
        match += f" && ip6.src != {{{sources}}}"
        self._acl(group, f"{self._everyone}-outward", "to-lport", (_NEVER, match, "drop"))

    def _acl(self, parent: Row, row_id: str, direction: str, rule: tuple[int, str, str]) -> None:
        priority, match, verdict = rule
        row = self._rows.add(
            "ACL", row_id, direction=direction, priority=priority, match=match, action=verdict
        )
        row.columns |= self._telling(priority, verdict)
        self._rows.link(parent, "acls", row)

    def _telling(self, priority: int, verdict: str) -> dict[str, str | bool]:
        """Whether packets that the ACL decides on are told of (see flow_source), at most so many a second."""
        decides = verdict == "drop" or priority == _SG_ALLOW
        if not decides or self._wanted.isdisjoint(told_as(accepted=verdict != "drop")):
            return {"log": False}
        return {"log": True, "severity": "info", "meter": self._meter}

    def _limit_telling(self) -> None:
        if self._wanted == {FlowLog.NONE}:
            return
        meter = self._rows.add("Meter", self._meter, name=self._meter, unit="pktps", fair=False)
        band = self._rows.add(
            "Meter_Band",
            self._meter,
            action="drop",
            rate=MAX_TOLD_PER_S,
            burst_size=MAX_TOLD_PER_S,
        )
        self._rows.link(meter, "bands", band)

    def _policy(self, router: Row, row_id: str, priority: int, match: str, verdict: str) -> None:
        row = self._rows.add(
            "Logical_Router_Policy", row_id, priority=priority, match=match, action=verdict
        )
        self._rows.link(router, "policies", row)


def _leads_outward_only(subnet: Subnet) -> bool:
    return any(route.target == EGRESS_INTERNET for route in subnet.routes)


def _lets_all_through(subnet: Subnet) -> bool:
    """Whether in both directions, of each family there is, the first entry that counts allows all."""
    families = (4,) if subnet.ipv6 is None else (4, 6)

    def first_is_open(version: int, *, egress: bool) -> bool:
        entries = (e for e in subnet.acl if e.egress == egress and e.cidr.version == version)
        first = min(entries, key=lambda entry: entry.number, default=None)
        return (
            first is not None
            and first.allow
            and first.protocol is None
            and first.cidr.prefixlen == 0
        )

    return all(first_is_open(each, egress=egress) for each in families for egress in (True, False))


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
