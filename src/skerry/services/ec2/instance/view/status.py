"""Status checks as responses show them."""

from datetime import datetime, timedelta
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.services.ec2.instance.model import Instance, State
from skerry.services.ec2.instance.view.instances import state_view

PATIENCE = timedelta(minutes=5)
"""After so long a guest that has not spoken to the metadata service perhaps never will."""

_DETAIL_OF = {
    "ok": "passed",
    "initializing": "initializing",
    "insufficient-data": "insufficient-data",
}


def system_status(instance: Instance, at: datetime) -> str:
    """Of the host: ok when the guest is known to run on it."""
    if instance.state is not State.RUNNING:
        return "not-applicable"
    is_new = instance.reached_run < instance.run and at < instance.launched_at + PATIENCE
    return "initializing" if is_new else "ok"


def instance_status(instance: Instance, at: datetime) -> str:
    """Of the guest: ok when it has spoken to us in this run."""
    if instance.state is not State.RUNNING:
        return "not-applicable"
    if instance.reached_run >= instance.run:
        return "ok"
    return "initializing" if at < instance.launched_at + PATIENCE else "insufficient-data"


def status_view(instance: Instance, region: Region, at: datetime) -> dict[str, Any]:
    """As DescribeInstanceStatus shows it."""
    system = system_status(instance, at)
    return {
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": region.zone_id(instance.zone),
        "InstanceId": instance.id,
        "InstanceState": state_view(instance.state),
        "InstanceStatus": _summary(instance_status(instance, at)),
        "SystemStatus": _summary(system),
        "AttachedEbsStatus": _summary(system),
    }


def filters(region: Region, at: datetime) -> dict[str, Getter[Instance]]:
    """The filters of DescribeInstanceStatus; there are no scheduled events to filter by."""
    return {
        "attached-ebs-status.reachability": lambda one: _DETAIL_OF.get(system_status(one, at)),
        "attached-ebs-status.status": lambda one: system_status(one, at),
        "availability-zone": lambda one: one.zone,
        "availability-zone-id": lambda one: region.zone_id(one.zone),
        "event.code": lambda _: None,
        "event.description": lambda _: None,
        "event.instance-event-id": lambda _: None,
        "event.not-after": lambda _: None,
        "event.not-before": lambda _: None,
        "instance-state-code": lambda one: one.state.code,
        "instance-state-name": lambda one: one.state.value,
        "instance-status.reachability": lambda one: _DETAIL_OF.get(instance_status(one, at)),
        "instance-status.status": lambda one: instance_status(one, at),
        "system-status.reachability": lambda one: _DETAIL_OF.get(system_status(one, at)),
        "system-status.status": lambda one: system_status(one, at),
    }


def _summary(status: str) -> dict[str, Any]:
    detail = _DETAIL_OF.get(status)
    if detail is None:
        return {"Status": status}
    return {"Status": status, "Details": [{"Name": "reachability", "Status": detail}]}
