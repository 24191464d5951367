"""The filters of DescribeInstances and DescribeInstanceStatus.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

from skerry.kernel.filters import Getter, Value
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.instance.view import instances as view
from skerry.services.ec2.instance.view.instances import InstanceFacts
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.network_interface.view import filters as interface_filters
from skerry.services.ec2.network_interface.view import private_dns_name
from skerry.services.ec2.volume.model import Volume

Getters = dict[str, Getter[Instance]]


def filters(facts: InstanceFacts) -> Getters:
    """Those of DescribeInstances."""
    return _OWN | _FIXED | _placement(facts) | _of_network(facts) | _of_volumes(facts)


def _code(instance: Instance) -> str | None:
    return view.state_reason_code(instance, instance.state)


_OWN: Getters = {
    "client-token": lambda one: one.client_token or None,
    "ebs-optimized": lambda one: one.ebs_optimized,
    "image-id": lambda one: one.image_id,
    "instance-id": lambda one: one.id,
    "instance-state-code": lambda one: one.state.code,
    "instance-state-name": lambda one: one.state.value,
    "instance-type": lambda one: one.instance_type,
    "key-name": lambda one: one.key_name,
    "launch-index": lambda one: one.launch_index,
    "launch-time": lambda one: one.launched_at,
    "metadata-options.http-endpoint": lambda one: view.enabled(is_on=one.metadata_enabled),
    "metadata-options.http-put-response-hop-limit": lambda one: one.metadata_hop_limit,
    "metadata-options.http-tokens": lambda one: one.metadata_tokens,
    "metadata-options.instance-metadata-tags": lambda one: view.enabled(is_on=one.metadata_tags),
    "monitoring-state": view.monitoring_state,
    "owner-id": lambda one: one.account_id,
    "reason": view.transition_reason,
    "reservation-id": lambda one: one.reservation_id,
    "root-device-name": lambda one: one.root_device_name,
    "state-reason-code": _code,
    "state-reason-message": lambda one: view.state_reason_message(_code(one)),
    "usage-operation-update-time": lambda one: one.created_at,
}


def _always(value: Value) -> Getter[Instance]:
    return lambda _: value


_FIXED: Getters = {
    name: _always(value)
    for name, value in {
        "affinity": None,
        "architecture": view.ARCHITECTURE,
        "boot-mode": view.BOOT_MODE,
        "capacity-reservation-id": None,
        "capacity-reservation-specification.capacity-reservation-preference": "open",
        "current-instance-boot-mode": view.BOOT_MODE,
        "ena-support": True,
        "enclave-options.enabled": False,
        "hibernation-options.configured": False,
        "host-id": None,
        "hypervisor": view.HYPERVISOR,
        "iam-instance-profile.arn": None,
        "iam-instance-profile.id": None,
        "iam-instance-profile.name": None,
        "instance-lifecycle": None,
        "kernel-id": None,
        "maintenance-options.auto-recovery": "default",
        "metadata-options.http-protocol-ipv4": "enabled",
        "metadata-options.http-protocol-ipv6": "disabled",
        "outpost-arn": None,
        "placement-group-name": None,
        "placement-partition-number": None,
        "platform": None,  # "windows" or nothing
        "platform-details": view.PLATFORM,
        "private-dns-name-options.enable-resource-name-dns-a-record": False,
        "private-dns-name-options.enable-resource-name-dns-aaaa-record": False,
        "private-dns-name-options.hostname-type": "ip-name",
        "product-code": None,
        "product-code.type": None,
        "ramdisk-id": None,
        "requester-id": None,
        "root-device-type": view.ROOT_DEVICE_TYPE,
        "spot-instance-request-id": None,
        "tenancy": view.TENANCY,
        "usage-operation": view.USAGE_OPERATION,
        "virtualization-type": view.VIRTUALIZATION,
    }.items()
}


def _placement(facts: InstanceFacts) -> Getters:
    return {
        "availability-zone": lambda one: one.zone,
        "availability-zone-id": lambda one: facts.region.zone_id(one.zone),
    }


def _of_network(facts: InstanceFacts) -> Getters:
    """What the primary interface gives, and every filter of interfaces under a prefix."""
    network = facts.network

    def of_primary(getter: Getter[NetworkInterface]) -> Getter[Instance]:
        def get(one: Instance) -> object:
            primary = facts.primary(one)
            return None if primary is None else getter(primary)

        return get  # pyright: ignore[reportReturnType] - what a getter gives is a getter's value

    def of_each(getter: Getter[NetworkInterface]) -> Getter[Instance]:
        return lambda one: [getter(each) for each in facts.interfaces[one.id]]  # pyright: ignore[reportReturnType] - nested lists are flattened

    known = interface_filters(network)
    return {f"network-interface.{name}": of_each(getter) for name, getter in known.items()} | {
        "dns-name": of_primary(lambda one: network.public_dns(one) or None),
        "instance.group-id": of_each(known["group-id"]),
        "instance.group-name": of_each(known["group-name"]),
        "group-id": of_each(known["group-id"]),
        "group-name": of_each(known["group-name"]),
        "ipv6-address": of_each(known["ipv6-addresses.ipv6-address"]),
        "ip-address": of_primary(known["association.public-ip"]),
        "private-dns-name": of_primary(lambda one: private_dns_name(facts.region, one.private_ip)),
        "private-ip-address": of_primary(lambda one: one.private_ip),
        "source-dest-check": of_primary(lambda one: one.source_dest_check),
        "subnet-id": of_primary(lambda one: one.subnet_id),
        "vpc-id": of_primary(lambda one: one.vpc_id),
    }


def _of_volumes(facts: InstanceFacts) -> Getters:
    known: dict[str, Getter[Volume]] = {
        "attach-time": lambda one: one.attached_at,
        "delete-on-termination": lambda one: one.delete_on_termination,
        "device-name": lambda one: one.device_name,
        "status": lambda _: "attached",
        "volume-id": lambda one: one.id,
    }

    def of_each(getter: Getter[Volume]) -> Getter[Instance]:
        return lambda one: [getter(each) for each in facts.volumes[one.id]]  # pyright: ignore[reportReturnType] - nested lists are flattened

    return {f"block-device-mapping.{name}": of_each(getter) for name, getter in known.items()}
