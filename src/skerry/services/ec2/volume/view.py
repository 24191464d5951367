"""Volumes as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.volume.model import Volume, VolumeState


def attachment_state(volume: Volume) -> str | None:
    """AWS's word for how far the attachment is; None when there is none."""
    if volume.instance_id is None:
        return None
    states = {VolumeState.CREATING: "attaching", VolumeState.DELETING: "detaching"}
    return states.get(volume.state, "attached")


def attachments(volume: Volume) -> list[dict[str, Any]]:
    """None or one: a volume is attached to one instance at a time."""
    if volume.instance_id is None:
        return []
    return [
        {
            "VolumeId": volume.id,
            "InstanceId": volume.instance_id,
            "Device": volume.device_name,
            "State": attachment_state(volume),
            "AttachTime": volume.attached_at,
            "DeleteOnTermination": volume.delete_on_termination,
        }
    ]


def volume_view(volume: Volume, region: Region, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeVolumes shows it."""
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": region.zone_id(volume.zone),
        "Size": volume.size_gib,
        "SnapshotId": volume.snapshot_id or "",
        "State": volume.state,
        "CreateTime": volume.created_at,
        "VolumeType": volume.volume_type,
        "Iops": volume.iops,
        "Throughput": volume.throughput_mibps,
        "Encrypted": False,
        "MultiAttachEnabled": False,
        "Attachments": attachments(volume),
        "Tags": tag_list(tags),
    }


def volume_status_view(volume: Volume, region: Region) -> dict[str, Any]:
    """As DescribeVolumeStatus shows it."""
    status = volume_status(volume)
    checked = {"ok": "passed"}.get(status, status)
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": region.zone_id(volume.zone),
        "Actions": [],
        "Events": [],
        "VolumeStatus": {
            "Status": status,
            "Details": [
                {"Name": "io-enabled", "Status": checked},
                {"Name": "io-performance", "Status": "not-applicable"},
            ],
        },
    }


def volume_status(volume: Volume) -> str:
    """Whether the disk is there."""
    return "insufficient-data" if volume.state is VolumeState.CREATING else "ok"


def filters(region: Region) -> dict[str, Getter[Volume]]:
    """The filters of DescribeVolumes."""
    return {
        "attachment.attach-time": lambda one: one.attached_at,
        "attachment.delete-on-termination": lambda one: (
            one.delete_on_termination if one.instance_id else None
        ),
        "attachment.device": lambda one: one.device_name,
        "attachment.instance-id": lambda one: one.instance_id,
        "attachment.status": attachment_state,
        "availability-zone": lambda one: one.zone,
        "availability-zone-id": lambda one: region.zone_id(one.zone),
        "create-time": lambda one: one.created_at,
        "encrypted": lambda _: False,
        "fast-restored": lambda _: False,
        "multi-attach-enabled": lambda _: False,
        "size": lambda one: one.size_gib,
        "snapshot-id": lambda one: one.snapshot_id,
        "status": lambda one: one.state,
        "volume-id": lambda one: one.id,
        "volume-type": lambda one: one.volume_type,
    }


def status_filters(region: Region) -> dict[str, Getter[Volume]]:
    """The filters of DescribeVolumeStatus; nothing is ever scheduled for a volume here."""
    return {
        "action.code": lambda _: None,
        "action.description": lambda _: None,
        "action.event-id": lambda _: None,
        "availability-zone": lambda one: one.zone,
        "availability-zone-id": lambda one: region.zone_id(one.zone),
        "event.description": lambda _: None,
        "event.event-id": lambda _: None,
        "event.event-type": lambda _: None,
        "event.not-after": lambda _: None,
        "event.not-before": lambda _: None,
        "volume-status.details-name": lambda _: ("io-enabled", "io-performance"),
        "volume-status.status": volume_status,
    }
