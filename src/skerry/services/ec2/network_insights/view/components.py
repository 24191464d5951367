"""What a packet passed, and what stopped it, as analyses show it.

Shapes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PathComponent.html and API_Explanation.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry.drivers.network.port import (
    BLACKHOLE,
    EGRESS_INTERNET,
    INTERNET,
    AclEntry,
    FirewallRule,
    Route,
)
from skerry.kernel.arn import arn
from skerry.services.ec2.network_insights.reachability.packet import (
    Hop,
    Journey,
    Kind,
    Obstacle,
    Packet,
)
from skerry.services.ec2.network_insights.reachability.walk import LOCAL

_PROTOCOLS = {None: "all", 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
RESOURCE_TYPES = {
    "acl": "network-acl",
    "eigw": "egress-only-internet-gateway",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_TARGETS = {
    "eni": "NetworkInterfaceId",
    "nat": "NatGatewayId",
    "pcx": "VpcPeeringConnectionId",
}
"""Beginning of a route's target → the member that shows it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Ids and names of components, which the network's values do not have."""

    region: str
    account_id: str
    acls: Mapping[str, str]  # subnet → its network ACL
    tables: Mapping[str, str]  # subnet → its route table
    gateways: Mapping[str, str]  # VPC → its internet gateway
    egress_gateways: Mapping[str, str]  # VPC → its egress-only gateway
    instances: Mapping[str, str]  # interface → its instance
    tags: Mapping[str, str]  # id → its tag "Name"

    def component(self, resource_id: str | None) -> dict[str, str] | None:
        """AnalysisComponent."""
        if not resource_id:
            return None
        kind = RESOURCE_TYPES[resource_id.partition("-")[0]]
        own = arn("ec2", self.region, self.account_id, f"{kind}/{resource_id}")
        shown = {"Id": resource_id, "Arn": own}
        return shown | {"Name": self.tags[resource_id]} if resource_id in self.tags else shown

    def of(self, hop: Hop) -> str:
        """The id of the component that a packet passes there; empty if there is none."""
        match hop.kind:
            case Kind.ACL:
                return self.acls.get(hop.name, "")
            case Kind.ROUTES:
                return self.tables.get(hop.name, "")
            case Kind.INTERNET:
                return self.gateways.get(hop.name, "")
            case Kind.EGRESS_INTERNET:
                return self.egress_gateways.get(hop.name, "")
            case _:
                return hop.name


def components(journey: Journey, names: Names) -> list[dict[str, Any]]:
    """PathComponents, with the instances at both ends."""
    shown: list[dict[str, Any]] = []
    packet = journey.packet
    for hop in journey.hops:
        one = _component(hop, packet, names)
        machine = names.instances.get(hop.name) if hop.kind is Kind.INTERFACE else None
        if machine is None:
            shown.append(one)
        else:
            header = "OutboundHeader" if hop.egress else "InboundHeader"
            end = {"Component": names.component(machine), header: _header(hop.packet)}
            one["AttachedTo"] = names.component(machine)
            shown += [end, one] if hop.egress else [one, end]
        packet = hop.packet
    return [
        {"SequenceNumber": number} | _without_none(each) for number, each in enumerate(shown, 1)
    ]


def explanation(obstacle: Obstacle, names: Names) -> dict[str, Any]:
    """An Explanation."""
    hop = obstacle.at
    own = names.component(names.of(hop))
    direction = "egress" if hop.egress else "ingress"
    is_firewall = hop.kind in (Kind.ACL, Kind.GROUP, Kind.INTERFACE)
    rule = hop.rule
    shown: dict[str, Any] = {
        "ExplanationCode": obstacle.code,
        "Component": own,
        "Direction": direction if is_firewall else None,
        "Acl": own if hop.kind is Kind.ACL else None,
        "AclRule": _entry(rule) if isinstance(rule, AclEntry) else None,
        "NetworkInterface": own if hop.kind is Kind.INTERFACE else None,
        "AttachedTo": names.component(names.instances.get(hop.name)),
        "SecurityGroups": [names.component(each) for each in obstacle.group_ids] or None,
        "RouteTable": own if hop.kind is Kind.ROUTES else None,
        "RouteTableRoute": _route(rule, hop, names) if isinstance(rule, Route) else None,
        "InternetGateway": own if hop.kind is Kind.INTERNET else None,
        "NatGateway": own if hop.kind is Kind.NAT else None,
        "VpcPeeringConnection": own if hop.kind is Kind.PEERING else None,
        "Address": str(hop.packet.destination),
        "Port": hop.packet.destination_port,
        "Protocols": [_PROTOCOLS[hop.packet.protocol]],
        "Subnet": names.component(hop.subnet_id),
        "Vpc": names.component(hop.vpc_id),
    }
    return _without_none(shown)


def _component(hop: Hop, before: Packet, names: Names) -> dict[str, Any]:
    rule = hop.rule
    changes = hop.packet != before
    return {
        "Component": names.component(names.of(hop)),
        "AclRule": _entry(rule) if isinstance(rule, AclEntry) else None,
        "SecurityGroupRule": _rule(rule, hop) if isinstance(rule, FirewallRule) else None,
        "RouteTableRoute": _route(rule, hop, names) if isinstance(rule, Route) else None,
        "InboundHeader": _header(before) if changes else None,
        "OutboundHeader": _header(hop.packet) if changes else None,
        "Subnet": names.component(hop.subnet_id) if hop.kind is Kind.INTERFACE else None,
        "Vpc": names.component(hop.vpc_id) if hop.kind in (Kind.INTERFACE, Kind.INTERNET) else None,
    }


def _header(packet: Packet) -> dict[str, Any]:
    def only(port: int) -> list[dict[str, int]]:
        return [{"From": port, "To": port}]

    return {
        "DestinationAddresses": [f"{packet.destination}/32"],
        "DestinationPortRanges": only(packet.destination_port),
        "Protocol": str(packet.protocol),
        "SourceAddresses": [f"{packet.source}/32"],
        "SourcePortRanges": only(packet.source_port),
    }


def _entry(entry: AclEntry) -> dict[str, Any]:
    return {
        "Cidr": str(entry.cidr),
        "Egress": entry.egress,
        "PortRange": _ports(entry),
        "Protocol": _protocol(entry),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }


def _rule(rule: FirewallRule, hop: Hop) -> dict[str, Any]:
    return {
        "Cidr": str(rule.peers.cidr) if rule.peers.cidr is not None else None,
        "Direction": "egress" if rule.egress else "ingress",
        "PortRange": _ports(rule),
        "Protocol": _protocol(rule),
        "SecurityGroupId": rule.peers.group_id or hop.name,
    }


def _route(route: Route, hop: Hop, names: Names) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "DestinationCidr": str(route.destination),
        "Origin": "createroutetable" if route.target == LOCAL else "createroute",
        "State": "blackhole" if route.target == BLACKHOLE else "active",
    }
    member = _TARGETS.get(route.target.partition("-")[0])
    if route.target == LOCAL:
        shown["GatewayId"] = LOCAL
    elif route.target == INTERNET:
        shown["GatewayId"] = names.gateways.get(hop.vpc_id)
    elif route.target == EGRESS_INTERNET:
        shown["EgressOnlyInternetGatewayId"] = names.egress_gateways.get(hop.vpc_id)
    elif member is not None:
        shown[member] = route.target
    return shown


def _ports(rule: AclEntry | FirewallRule) -> dict[str, int] | None:
    if rule.from_port is None or rule.to_port is None:
        return None
    return {"From": rule.from_port, "To": rule.to_port}


def _protocol(rule: AclEntry | FirewallRule) -> str:
    return _PROTOCOLS.get(rule.protocol, str(rule.protocol))


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    """Kept in the database, so without what would not be sent."""
    return {
        key: _without_none(each) if isinstance(each, dict) else each  # pyright: ignore[reportUnknownArgumentType] - JSON
        for key, each in value.items()
        if each is not None
    }
