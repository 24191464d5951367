"""Collects what the network tells of connections, and writes it to the flow logs that want it.

What is not written yet is in memory: a control plane that is killed loses the interval under way, as AWS
too delivers flow logs by best effort.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from sqlalchemy import select, update

from skerry.drivers.network.port import Flow, Network
from skerry.host.flows.records import Key, Place, Tally, header, key_of, no_data, record
from skerry.host.flows.sink import FileSink
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.flow_log.api import flow_logs_of_ports
from skerry.services.ec2.flow_log.model import FlowLog
from skerry.services.ec2.flow_log.view import fields_of
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc.model import Vpc

log = logging.getLogger(__name__)

POLL_S = 1.0
GRACE = timedelta(seconds=5)  # for what was seen at the very end of an interval
_DHCP_PORTS = {67, 68}


@dataclass(frozen=True, slots=True)
class Watched:
    """An interface that somebody logs."""

    place: Place
    vpc: IPv4Network
    logs: tuple[FlowLog, ...]
    in_use: bool


@dataclass(slots=True)
class _Interval:
    """One log's interval under way."""

    log: FlowLog
    began: datetime
    tallies: dict[Key, Tally] = field(default_factory=dict[Key, Tally])

    @property
    def ends(self) -> datetime:
        return self.began + timedelta(seconds=self.log.interval_s)


class FlowCollector:
    """Runs in a thread of its own from ``start`` to ``close``."""

    def __init__(
        self, database: Database, region: Region, network: Network, sink: FileSink
    ) -> None:
        self._database = database
        self._region = region
        self._network = network
        self._sink = sink
        self._open: dict[str, _Interval] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow-logs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Write what there is, and end."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(POLL_S):
            self._guarded(last=False)
        self._guarded(last=True)

    def _guarded(self, *, last: bool) -> None:
        try:
            self.step(now(), last=last)
        except Exception:
            log.exception("flow logs could not be collected; trying again")

    def step(self, moment: datetime, *, last: bool = False) -> None:
        """Take what was seen; write the intervals that have ended, or (``last``) all of them."""
        flows = self._network.flows()
        watched = self._watched()
        logs = {each.id: each for one in watched.values() for each in one.logs}
        for log_id in self._open.keys() - logs.keys():
            del self._open[log_id]
        for each in logs.values():
            interval = self._open.setdefault(each.id, _Interval(each, _began(each, moment)))
            interval.log = each
        self._count(flows, watched)
        for interval in list(self._open.values()):
            if last or moment >= interval.ends + GRACE:
                self._deliver(interval, watched, interval.ends if not last else moment)
                self._open[interval.log.id] = _Interval(interval.log, _began(interval.log, moment))

    def _count(self, flows: Iterable[Flow], watched: Mapping[str, Watched]) -> None:
        for flow in flows:
            one = watched.get(flow.port_id)
            if one is None or _is_never_logged(flow, one.vpc):
                continue
            for each in one.logs:
                if each.traffic_type in ("ALL", "ACCEPT" if flow.accepted else "REJECT"):
                    tallies, key = self._open[each.id].tallies, key_of(flow)
                    if key in tallies:
                        tallies[key].add(flow)
                    else:
                        tallies[key] = Tally.of(flow)

    def _deliver(
        self, interval: _Interval, watched: Mapping[str, Watched], ended: datetime
    ) -> None:
        one = interval.log
        fields = fields_of(one.format)
        lines = [
            record(fields, tally, watched[tally.flow.port_id].place)
            for tally in interval.tallies.values()
            if tally.flow.port_id in watched
        ]
        told = {tally.flow.port_id for tally in interval.tallies.values()}
        for interface_id, each in watched.items():
            is_silent = each.in_use and interface_id not in told
            if is_silent and any(wants.id == one.id for wants in each.logs):
                lines.append(no_data(fields, interface_id, each.place, interval.began, ended))
        failure: str | None = None
        if lines:
            try:
                self._sink.write(one, interval.began, [header(fields), *lines])
            except OSError as trouble:
                failure = f"The log destination cannot be written to: {trouble.strerror}"
        if failure != one.failure:
            self._note(one.id, failure)

    def _note(self, log_id: str, failure: str | None) -> None:
        with self._database.write(None) as session:
            session.execute(update(FlowLog).where(FlowLog.id == log_id).values(failure=failure))

    def _watched(self) -> dict[str, Watched]:
        """Interface id → what is to be known of it."""
        found: dict[str, Watched] = {}
        with self._database.read(None) as session:
            vpc_ids = session.scalars(select(FlowLog.vpc_id).distinct()).all()
            for vpc_id in vpc_ids:
                logs = flow_logs_of_ports(session, vpc_id)
                query = (
                    select(NetworkInterface, Subnet.zone, Vpc.cidr)
                    .join(Subnet, Subnet.id == NetworkInterface.subnet_id)
                    .join(Vpc, Vpc.id == NetworkInterface.vpc_id)
                    .where(NetworkInterface.vpc_id == vpc_id)
                )
                for interface, zone, cidr in session.execute(query).tuples():
                    if interface.id in logs:
                        found[interface.id] = Watched(
                            place=self._place(interface, zone),
                            vpc=IPv4Network(cidr),
                            logs=tuple(logs[interface.id]),
                            in_use=interface.attachment_id is not None,
                        )
        return found

    def _place(self, interface: NetworkInterface, zone: str) -> Place:
        return Place(
            account_id=interface.account_id,
            vpc_id=interface.vpc_id,
            subnet_id=interface.subnet_id,
            instance_id=interface.instance_id,
            region=self._region.name,
            zone_id=self._region.zone_id(zone),
        )


def _began(one: FlowLog, moment: datetime) -> datetime:
    """Intervals begin at whole minutes, or tens of them."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % one.interval_s, UTC)


def _is_never_logged(flow: Flow, vpc: IPv4Network) -> bool:
    """DHCP, metadata, time and names from AWS itself, and the VPC's router.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
    """
    other = flow.source if flow.ingress else flow.destination
    if flow.protocol == 17 and {flow.source_port, flow.destination_port} <= _DHCP_PORTS:
        return True
    if not isinstance(other, IPv4Address):
        return False
    return other.is_link_local or other in (vpc[1], vpc[2])
