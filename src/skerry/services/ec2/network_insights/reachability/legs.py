"""A judgement as claims that a network can be asked about, one per stretch between two guests or edges."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from skerry.drivers.network.port import INTERNET, NOWHERE, SERVICES, Probe
from skerry.services.ec2.network_insights.reachability.packet import (
    Arrival,
    Hop,
    Journey,
    Judgement,
    Kind,
    Obstacle,
    Packet,
)
from skerry.services.ec2.network_insights.reachability.walk import NOT_PUBLIC

_EDGES = (Kind.INTERNET, Kind.EGRESS_INTERNET)


@dataclass(frozen=True, slots=True)
class Leg:
    """What the network should say when asked: ``Network.trace(leg.probe) == leg.end``."""

    probe: Probe
    end: str


def legs_of(judgement: Judgement) -> list[Leg]:
    """The claims of both ways. IPv6 packets make none."""
    there = list(_legs(judgement.there, is_answer=False))
    back = judgement.back
    return there if back is None else there + list(_legs(back, is_answer=True))


def _legs(journey: Journey, *, is_answer: bool) -> Iterator[Leg]:
    packet, leg = journey.packet, None
    for hop in journey.hops:
        if _sets_out(hop):
            leg = _probe(hop, packet, is_answer)
        elif hop.kind is Kind.NAT and not hop.egress:
            leg = None  # only the gateway itself knows whose answer it is
        elif leg is not None and (end := _end(hop)) is not None:
            yield Leg(leg, end)
            leg = None
        packet = hop.packet
    end = journey.end
    if isinstance(end, Obstacle) and _sets_out(end.at) and end.at not in journey.hops:
        leg = _probe(end.at, packet, is_answer)  # and gets no further
    if leg is not None and (place := _last(end)) is not None:
        yield Leg(leg, place)


def _sets_out(hop: Hop) -> bool:
    """Whether a guest sends the packet on here, or the world does."""
    return (hop.kind is Kind.INTERFACE and hop.egress) or (hop.kind in _EDGES and not hop.egress)


def _end(hop: Hop) -> str | None:
    if hop.kind is Kind.INTERFACE:
        return hop.name
    return INTERNET if hop.kind in _EDGES else None


def _last(end: Arrival | Obstacle) -> str | None:
    """Where a leg ends that no hop ended; None: beyond what is followed."""
    if isinstance(end, Arrival):
        return SERVICES if end.kind is Kind.SERVICE else None
    # AWS's gateways refuse what ours let out to the networks around the host.
    return INTERNET if end.code in NOT_PUBLIC else NOWHERE


def _probe(hop: Hop, packet: Packet, is_answer: bool) -> Probe | None:  # noqa: FBT001 - passed on
    source, destination = packet.source, packet.destination
    if not isinstance(source, IPv4Address) or not isinstance(destination, IPv4Address):
        return None
    return Probe(
        port_id=hop.name if hop.kind is Kind.INTERFACE else None,
        protocol=packet.protocol,
        source=source,
        source_port=packet.source_port,
        destination=destination,
        destination_port=packet.destination_port,
        is_answer=is_answer,
    )
