"""Lines of flow logs: packets of the same flow within one interval, in the words of a log's format.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from skerry.drivers.network.port import Flow
from skerry.services.ec2.flow_log.view import FIELDS

Key: TypeAlias = tuple[object, ...]
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an interface is, as records tell it."""

    account_id: str
    vpc_id: str
    subnet_id: str
    instance_id: str | None
    region: str
    zone_id: str


@dataclass(slots=True)
class Tally:
    """Packets of one flow."""

    flow: Flow  # the first of them
    packets: int
    size_bytes: int | None
    tcp_flags: int
    first_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, flow: Flow) -> "Tally":
        return cls(flow, flow.packets, flow.size_bytes, flow.tcp_flags, flow.at, flow.at)

    def add(self, flow: Flow) -> None:
        """Count more of the same flow."""
        self.packets += flow.packets
        if self.size_bytes is not None and flow.size_bytes is not None:
            self.size_bytes += flow.size_bytes
        else:
            self.size_bytes = None
        self.tcp_flags |= flow.tcp_flags
        self.first_at, self.last_at = min(self.first_at, flow.at), max(self.last_at, flow.at)


def key_of(flow: Flow) -> Key:
    """What packets of one record have in common."""
    return (
        *(flow.port_id, flow.ingress, flow.accepted, flow.protocol),
        *(flow.source, flow.destination, flow.source_port, flow.destination_port),
    )


def record(fields: list[str], tally: Tally, place: Place) -> str:
    """One line."""
    flow = tally.flow
    source, destination = str(flow.source), str(flow.destination)
    return _line(
        fields,
        _of_place(flow.port_id, place)
        | {
            "srcaddr": source,
            "dstaddr": destination,
            "pkt-srcaddr": source,
            "pkt-dstaddr": destination,
            "srcport": str(flow.source_port),
            "dstport": str(flow.destination_port),
            "protocol": str(flow.protocol),
            "packets": str(tally.packets),
            "bytes": NOTHING if tally.size_bytes is None else str(tally.size_bytes),
            "start": _seconds(tally.first_at),
            "end": _seconds(tally.last_at),
            "action": "ACCEPT" if flow.accepted else "REJECT",
            "log-status": "OK",
            "tcp-flags": str(tally.tcp_flags),
            "type": f"IPv{flow.source.version}",
            "flow-direction": "ingress" if flow.ingress else "egress",
        },
    )


def no_data(
    fields: list[str], interface_id: str, place: Place, began: datetime, ended: datetime
) -> str:
    """The line of an interface at which nothing was seen in the interval."""
    times = {"start": _seconds(began), "end": _seconds(ended), "log-status": "NODATA"}
    return _line(fields, _of_place(interface_id, place) | times)


def header(fields: list[str]) -> str:
    """The first line of a file."""
    return " ".join(fields)


def _of_place(interface_id: str, place: Place) -> dict[str, str]:
    return {
        "account-id": place.account_id,
        "interface-id": interface_id,
        "vpc-id": place.vpc_id,
        "subnet-id": place.subnet_id,
        "instance-id": place.instance_id or NOTHING,
        "region": place.region,
        "az-id": place.zone_id,
    }


def _line(fields: list[str], values: dict[str, str]) -> str:
    """``version`` is that of the newest field."""
    version = {"version": str(max(FIELDS[name] for name in fields))}
    return " ".join((values | version).get(name, NOTHING) for name in fields)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
