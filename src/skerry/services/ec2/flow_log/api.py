"""Flow logs, for the network and for the collector that writes them."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from skerry.drivers.network import port
from skerry.kernel.tags import drop_tags
from skerry.services.ec2.flow_log.model import FlowLog
from skerry.services.ec2.network_interface.model import NetworkInterface


def flow_logs_of_ports(session: Session, vpc_id: str) -> Mapping[str, list[FlowLog]]:
    """Interface id → the flow logs that tell of it: its own, its subnet's, its VPC's.

    The session is the whole cloud's. Interfaces that nobody logs are left out.
    """
    by_resource: defaultdict[str, list[FlowLog]] = defaultdict(list)
    logs = select(FlowLog).where(FlowLog.vpc_id == vpc_id).order_by(FlowLog.id)
    for log in session.scalars(logs):
        by_resource[log.resource_id].append(log)
    if not by_resource:
        return {}
    ports = select(NetworkInterface.id, NetworkInterface.subnet_id).where(
        NetworkInterface.vpc_id == vpc_id
    )
    found = {
        interface_id: [
            log for each in (interface_id, subnet_id, vpc_id) for log in by_resource.get(each, ())
        ]
        for interface_id, subnet_id in session.execute(ports).tuples()
    }
    return {interface_id: logs for interface_id, logs in found.items() if logs}


def logged(session: Session, vpc_id: str) -> dict[str, port.FlowLog]:
    """Interface id → what the network is to tell of it. The session is the whole cloud's."""
    return {
        interface_id: _together({log.traffic_type for log in logs})
        for interface_id, logs in flow_logs_of_ports(session, vpc_id).items()
    }


def forget_resource(session: Session, resource_id: str) -> None:
    """A flow log ends with what it watches."""
    ids = list(session.scalars(select(FlowLog.id).where(FlowLog.resource_id == resource_id)))
    if ids:
        drop_tags(session, ids)
        session.execute(delete(FlowLog).where(FlowLog.id.in_(ids)))


def _together(types: set[str]) -> port.FlowLog:
    return port.FlowLog(types.pop()) if len(types) == 1 else port.FlowLog.ALL
