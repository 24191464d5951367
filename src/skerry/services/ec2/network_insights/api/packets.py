"""Which packets a path speaks of, and which of them are what it asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from skerry.drivers.network.port import IpAddress, IpNetwork, Vpc
from skerry.services.ec2.network_insights.api.ends import End
from skerry.services.ec2.network_insights.model import NetworkInsightsPath
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.packet import (
    Arrival,
    Judgement,
    Kind,
    Packet,
)
from skerry.services.ec2.network_insights.reachability.search import Question

_EVERYWHERE = (IPv4Network("0.0.0.0/0"),)
_SOMEWHERE = IPv4Address("203.0.113.1")
"""An address of the world like any other (RFC 5737)."""
_CALLERS_PORTS = range(1024, 65536)
"""Clients have one of these (VPC user guide, "Ephemeral ports"), unless a path's filter says otherwise."""
_PORTS = range(1, 65536)
_NUMBERS = {"tcp": 6, "udp": 17}
_MAX_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class Terms:
    """A path with its ends, in the network's terms."""

    path: NetworkInsightsPath
    source: End
    destination: End

    @property
    def source_ip(self) -> IPv4Address | None:
        own = self.path.source_ip or self.path.filter_at_source.get("SourceAddress")
        return IPv4Address(own) if own else None

    @property
    def destination_ip(self) -> IPv4Address | None:
        at_source = self.path.filter_at_source.get("DestinationAddress")
        own = self.path.destination_ip or at_source
        return IPv4Address(own) if own else None

    def question(self, estate: Estate) -> Question:
        """The packets to try; there may be no address to send them to."""
        at_source = self.path.filter_at_source
        port = self.path.destination_port
        return Question(
            protocol=_NUMBERS[self.path.protocol],
            starts=tuple(self._starts(estate)),
            destinations=tuple(self._destinations(estate)),
            source_ports=_range(at_source.get("SourcePortRange"), _CALLERS_PORTS),
            destination_ports=_range(at_source.get("DestinationPortRange"), _PORTS)
            if port is None
            else range(port, port + 1),
        )

    def objection(self, judged: Judgement, arrival: Arrival) -> str | None:
        """Why a packet that gets through is not one that the path asks for: an explanation code."""
        first = judged.there.hops[0]
        if self.source.kind is Kind.INTERNET and first.name != self.source.vpc_id:
            return "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
        if self.destination.kind is None and arrival.kind is Kind.PEERING:
            return "NO_POSSIBLE_DESTINATION"
        if not self._is_destination(judged, arrival):
            return "NO_PATH"
        return _filtered(self.path.filter_at_destination, arrival.packet)

    def _is_destination(self, judged: Judgement, arrival: Arrival) -> bool:
        end = self.destination
        if end.kind is None:
            return True
        if arrival.kind is not end.kind:
            return False
        if end.kind is Kind.INTERFACE:
            return arrival.name in end.port_ids
        if end.kind is Kind.PEERING:
            return arrival.name == end.resource_id
        return judged.there.hops[-1].name == end.vpc_id

    def _starts(self, estate: Estate) -> Iterable[tuple[str | None, IpAddress]]:
        end, given = self.source, self.source_ip
        if end.kind is Kind.INTERFACE:
            for port_id in end.port_ids:
                own = _private(estate, port_id) if given is None else [given]
                yield from ((port_id, address) for address in own)
            return
        origin = end.resource_id if end.kind is Kind.PEERING else None
        for address in self._edge(estate, end) if given is None else [given]:
            yield origin, address

    def _destinations(self, estate: Estate) -> Iterable[IpAddress]:
        end = self.destination
        if self.destination_ip is not None:
            return [self.destination_ip]
        if end.kind is not Kind.INTERFACE:
            return self._edge(estate, end)
        private = [each for port_id in end.port_ids for each in _private(estate, port_id)]
        if self.source.kind is not Kind.INTERNET:
            return private
        vpc_id = end.vpc_id or ""
        public = (estate.public_of.get((vpc_id, each)) for each in private)
        return [each for each in public if each is not None]

    def _edge(self, estate: Estate, end: End) -> list[IPv4Address]:
        """Addresses beyond a gateway or a peering, one of each class."""
        if end.kind is Kind.INTERNET:
            return _representatives(estate, _EVERYWHERE, _SOMEWHERE)
        beyond = [
            estate.vpcs[each.vpc_id]
            for vpc in estate.vpcs.values()
            if vpc.vpc_id == end.vpc_id
            for each in vpc.peerings
            if each.peering_id == end.resource_id and each.vpc_id in estate.vpcs
        ]
        networks = tuple(block for vpc in beyond for block in vpc.cidrs)
        return _representatives(estate, networks, networks[0][10]) if networks else []


def _representatives(
    estate: Estate, within: tuple[IPv4Network, ...], first: IPv4Address
) -> list[IPv4Address]:
    """One address of each class that rules and routes tell apart, ``first`` before all."""
    cuts = [
        cut
        for network in dict.fromkeys(_networks(estate.vpcs.values()))
        for cut in (network.network_address, network.broadcast_address)
    ]
    everywhere = within is _EVERYWHERE
    fitting = [
        cut
        for cut in cuts
        if any(cut in each for each in within)
        and not (everywhere and (not cut.is_global or cut in estate.public))
    ]
    return list(dict.fromkeys([first, *sorted(fitting)]))[:_MAX_ADDRESSES]


def _networks(vpcs: Iterable[Vpc]) -> Iterable[IPv4Network]:
    for vpc in vpcs:
        found: list[IpNetwork | None] = [
            rule.peers.cidr for group in vpc.groups for rule in group.rules
        ]
        for subnet in vpc.subnets:
            found += [entry.cidr for entry in subnet.acl]
            found += [route.destination for route in subnet.routes]
        yield from (each for each in found if isinstance(each, IPv4Network))


def _private(estate: Estate, port_id: str) -> list[IPv4Address]:
    if port_id not in estate.owners:
        return []
    _, port = estate.port(port_id)
    return [each for each in port.addresses if isinstance(each, IPv4Address)]


def _range(given: Mapping[str, int] | None, otherwise: range) -> range:
    """PortRange; without an end it is one port."""
    if not given or "FromPort" not in given:
        return otherwise
    return range(given["FromPort"], given.get("ToPort", given["FromPort"]) + 1)


def _filtered(wanted: Mapping[str, Any], packet: Packet) -> str | None:
    """The code of the first filter at the destination that the packet does not pass."""
    for member, value in (
        ("SourceAddress", packet.source),
        ("DestinationAddress", packet.destination),
    ):
        if member in wanted and wanted[member] != str(value):
            return f"FILTER_AT_DESTINATION_{_upper(member)}"
    for member, port in (
        ("SourcePortRange", packet.source_port),
        ("DestinationPortRange", packet.destination_port),
    ):
        if port not in _range(wanted.get(member), range(65536)):
            return f"FILTER_AT_DESTINATION_{_upper(member)}"
    return None


def _upper(member: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c for c in member).lstrip("_").upper()
