"""Instances as responses show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.instance.model import Ended, Instance, State
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import (
    InterfaceFacts,
    instance_interface_view,
    private_dns_name,
)
from skerry.services.ec2.volume.model import Volume

USER_INITIATED = "Client.UserInitiatedShutdown"
ARCHITECTURE = "x86_64"
ROOT_DEVICE_TYPE = "ebs"
HYPERVISOR = "xen"  # what EC2 shows, of Nitro instances too
VIRTUALIZATION = "hvm"
BOOT_MODE = "legacy-bios"
PLATFORM = "Linux/UNIX"
USAGE_OPERATION = "RunInstances"
TENANCY = "default"

_REASONS = {
    USER_INITIATED: "User initiated shutdown",
    "Client.InstanceInitiatedShutdown": "Instance initiated shutdown",
    "Server.InsufficientInstanceCapacity": "Insufficient capacity to satisfy the launch request",
    "Server.InternalError": "Internal error on launch",
    "pending": "pending",
}
_REASON_OF_END = {
    Ended.GUEST: "Client.InstanceInitiatedShutdown",
    Ended.GUEST_FOR_GOOD: "Client.InstanceInitiatedShutdown",
    Ended.CAPACITY: "Server.InsufficientInstanceCapacity",
    Ended.FAULT: "Server.InternalError",
}
_ALWAYS: dict[str, Any] = {
    "Architecture": ARCHITECTURE,
    "BootMode": BOOT_MODE,
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    "CurrentInstanceBootMode": BOOT_MODE,
    "EnaSupport": True,
    "EnclaveOptions": {"Enabled": False},
    "HibernationOptions": {"Configured": False},
    "Hypervisor": HYPERVISOR,
    "MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"},
    "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
    "Operator": {"Managed": False},
    "PlatformDetails": PLATFORM,
    "PrivateDnsNameOptions": {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
    },
    "ProductCodes": [],
    "RootDeviceType": ROOT_DEVICE_TYPE,
    "UsageOperation": USAGE_OPERATION,
    "VirtualizationType": VIRTUALIZATION,
}


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What responses show of instances beyond their own rows, read for all of them at once."""

    region: Region
    interfaces: Mapping[str, Sequence[NetworkInterface]]  # instance id → by device index
    network: InterfaceFacts
    volumes: Mapping[str, Sequence[Volume]]  # instance id → its volumes
    tags: Mapping[str, Mapping[str, str]]

    def primary(self, instance: Instance) -> NetworkInterface | None:
        """The interface of device index 0; None after termination."""
        interfaces = self.interfaces[instance.id]
        return interfaces[0] if interfaces else None


def reservation_views(instances: Iterable[Instance], facts: InstanceFacts) -> list[dict[str, Any]]:
    """The instances under the reservations that they were launched by, in order of first mention."""
    members: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for instance in instances:
        reservation = members.setdefault((instance.reservation_id, instance.account_id), [])
        reservation.append(instance_view(instance, facts))
    return [
        {"ReservationId": reservation_id, "OwnerId": owner_id, "Groups": [], "Instances": views}
        for (reservation_id, owner_id), views in members.items()
    ]


def instance_view(instance: Instance, facts: InstanceFacts) -> dict[str, Any]:
    """As DescribeInstances shows it."""
    state = instance.state
    kind = find_type(instance.instance_type)
    reason_code = state_reason_code(instance, state)
    return {
        **_ALWAYS,
        "AmiLaunchIndex": instance.launch_index,
        "BlockDeviceMappings": block_device_views(facts.volumes[instance.id]),
        "ClientToken": instance.client_token,
        "CpuOptions": {"CoreCount": kind.cores, "ThreadsPerCore": kind.vcpus // kind.cores},
        "EbsOptimized": instance.ebs_optimized,
        "ImageId": instance.image_id,
        "InstanceId": instance.id,
        "InstanceType": instance.instance_type,
        "KeyName": instance.key_name,
        "LaunchTime": instance.launched_at,
        "MetadataOptions": metadata_view(instance),
        "Monitoring": {"State": monitoring_state(instance)},
        "Placement": {
            "AvailabilityZone": instance.zone,
            "AvailabilityZoneId": facts.region.zone_id(instance.zone),
            "GroupName": "",
            "Tenancy": TENANCY,
        },
        "RootDeviceName": instance.root_device_name,
        "State": state_view(state),
        "StateReason": reason_code and _reason_view(reason_code),
        "StateTransitionReason": transition_reason(instance),
        "Tags": tag_list(facts.tags[instance.id]),
        "UsageOperationUpdateTime": instance.created_at,
        **_network_view(instance, facts),
    }


def _network_view(instance: Instance, facts: InstanceFacts) -> dict[str, Any]:
    interfaces = facts.interfaces[instance.id]
    if not interfaces:
        gone = instance.removed_at is not None
        return {
            "NetworkInterfaces": [],
            "PrivateDnsName": "",
            "PublicDnsName": "",
            "SecurityGroups": [],
            "SubnetId": None if gone else instance.subnet_id,
            "VpcId": None if gone else instance.vpc_id,
        }
    primary = interfaces[0]
    public = facts.network.public.get(primary.id)
    return {
        "Ipv6Address": next(iter(facts.network.ipv6(primary)), None),
        "NetworkInterfaces": [instance_interface_view(each, facts.network) for each in interfaces],
        "PrivateDnsName": private_dns_name(facts.region, primary.private_ip),
        "PrivateIpAddress": primary.private_ip,
        "PublicDnsName": facts.network.public_dns(primary),
        "PublicIpAddress": public and public.public_ip,
        "SecurityGroups": facts.network.groups[primary.id],
        "SourceDestCheck": primary.source_dest_check,
        "SubnetId": instance.subnet_id,
        "VpcId": instance.vpc_id,
    }


def state_view(state: State) -> dict[str, Any]:
    return {"Code": state.code, "Name": state.value}


def change_view(instance: Instance, before: State) -> dict[str, Any]:
    """One entry of the answers of Start-, Stop- and TerminateInstances."""
    return {
        "InstanceId": instance.id,
        "CurrentState": state_view(instance.state),
        "PreviousState": state_view(before),
    }


def block_device_views(volumes: Iterable[Volume]) -> list[dict[str, Any]]:
    """The volumes as block device mappings."""
    return [
        {
            "DeviceName": volume.device_name,
            "Ebs": {
                "AttachTime": volume.attached_at,
                "DeleteOnTermination": volume.delete_on_termination,
                "Status": "attached",
                "VolumeId": volume.id,
            },
        }
        for volume in volumes
    ]


def metadata_view(instance: Instance) -> dict[str, Any]:
    """The metadata options; they hold from the moment they are set."""
    return {
        "State": "applied",
        "HttpTokens": instance.metadata_tokens,
        "HttpPutResponseHopLimit": instance.metadata_hop_limit,
        "HttpEndpoint": enabled(is_on=instance.metadata_enabled),
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": enabled(is_on=instance.metadata_tags),
    }


def enabled(*, is_on: bool) -> str:
    return "enabled" if is_on else "disabled"


def monitoring_state(instance: Instance) -> str:
    return enabled(is_on=instance.detailed_monitoring)


def state_reason_code(instance: Instance, state: State) -> str | None:
    """Why the instance is in this state; None while it runs."""
    if state is State.PENDING:
        return "pending"
    if state is State.RUNNING:
        return None
    ended_by = instance.ended_by if instance.is_over else None
    if instance.reason_code is None and ended_by is not None:
        return _REASON_OF_END[Ended(ended_by)]
    return instance.reason_code


def state_reason_message(code: str | None) -> str | None:
    """AWS's words for a reason code."""
    if code is None:
        return None
    return code if code == "pending" else f"{code}: {_REASONS[code]}"


def transition_reason(instance: Instance) -> str:
    """As EC2 writes it: ``User initiated (2026-11-23 14:52:38 GMT)``, or nothing."""
    return instance.reason or ""


def user_initiated(at: datetime) -> str:
    """The transition reason of what an API call did."""
    return f"User initiated ({at:%Y-%m-%d %H:%M:%S} GMT)"


def _reason_view(code: str) -> dict[str, Any]:
    return {"Code": code, "Message": state_reason_message(code)}
