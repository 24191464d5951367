"""Looks for one packet that gets through, among those that a path's filters leave open.

Rules cut the possible packets into classes that are treated alike, so one of each class is tried: the first
port of every range that a rule begins or ends.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from skerry.drivers.network.port import AclEntry, FirewallRule, IpAddress
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.packet import Arrival, Judgement, Packet
from skerry.services.ec2.network_insights.reachability.walk import judge

MAX_PACKETS = 20_000


class SearchTooLongError(Exception):
    """More classes of packets than an analysis may try."""


@dataclass(frozen=True, slots=True)
class Question:
    """Packets to try. ``starts``: where they set out (see ``judge``) and their source there."""

    protocol: int
    starts: tuple[tuple[str | None, IpAddress], ...]
    destinations: tuple[IpAddress, ...]
    source_ports: range
    destination_ports: range


@dataclass(frozen=True, slots=True)
class Finding:
    """``objection``: why a packet that got through is not what was asked for; its explanation code."""

    judgement: Judgement
    objection: str | None = None

    @property
    def is_path(self) -> bool:
        return self.judgement.obstacle is None and self.objection is None


def find(
    estate: Estate, question: Question, objection: Callable[[Judgement, Arrival], str | None]
) -> Finding | None:
    """The first path; without one, the packet that came furthest. None: there is no packet to try.

    Raises SearchTooLongError.
    """
    best: Finding | None = None
    for tried, judged in enumerate(_judged(estate, question)):
        if tried >= MAX_PACKETS:
            raise SearchTooLongError(f"more than {MAX_PACKETS} kinds of packets are possible")
        arrival = judged.arrival
        why = objection(judged, arrival) if arrival is not None else None
        finding = Finding(judged, why)
        if finding.is_path:
            return finding
        if best is None or _progress(judged) > _progress(best.judgement):
            best = finding
    return best


def _judged(estate: Estate, question: Question) -> Iterator[Judgement]:
    entries = [e for subnet in estate.subnets.values() for e in subnet.acl]
    rules = [r for vpc in estate.vpcs.values() for group in vpc.groups for r in group.rules]
    calls = _representatives(question.destination_ports, chain(entries, rules))
    answers = _representatives(question.source_ports, entries)
    for origin, source in question.starts:
        for destination in question.destinations:
            for port in calls:
                for own in answers:
                    packet = Packet(question.protocol, source, own, destination, port)
                    judged = judge(estate, packet, origin)
                    yield judged
                    if judged.back is None:
                        break  # where a packet comes from decides about its answer only


def _representatives(ports: range, rules: Iterable[AclEntry | FirewallRule]) -> list[int]:
    """The first port of each range that rules tell apart."""
    cuts = {ports.start}
    for rule in rules:
        if rule.from_port is not None and rule.to_port is not None:
            cuts |= {rule.from_port, rule.to_port + 1}
    return sorted(cut for cut in cuts if cut in ports)


def _progress(judged: Judgement) -> tuple[int, int]:
    back = judged.back
    return (len(judged.there.hops), 0 if back is None else 1 + len(back.hops))
