"""Instance types as responses show them.

What the hardware is follows AWS; what can be done with it follows this cloud: no spot, no hibernation,
no dedicated hosts, no placement groups.
"""

import re
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.services.ec2.instance_type.model import EbsSpeed, InstanceType

_USAGE_CLASSES = ("on-demand",)
_ROOT_DEVICES = ("ebs",)
_VIRTUALIZATION = ("hvm",)
_BOOT_MODES = ("legacy-bios",)
_GIGABIT = re.compile(r"[0-9.]+")


@dataclass(frozen=True, slots=True)
class Offering:
    """That a type can be had in a place."""

    instance_type: str
    location_type: str
    location: str


def instance_type_view(kind: InstanceType) -> dict[str, Any]:
    """As DescribeInstanceTypes shows it."""
    return {
        "InstanceType": kind.name,
        "CurrentGeneration": True,
        "FreeTierEligible": kind.free_tier,
        "SupportedUsageClasses": list(_USAGE_CLASSES),
        "SupportedRootDeviceTypes": list(_ROOT_DEVICES),
        "SupportedVirtualizationTypes": list(_VIRTUALIZATION),
        "BareMetal": False,
        "Hypervisor": hypervisor(kind),
        "ProcessorInfo": {
            "SupportedArchitectures": list(kind.architectures),
            "SustainedClockSpeedInGhz": kind.family.clock_ghz,
            "Manufacturer": kind.family.manufacturer,
        },
        "VCpuInfo": {
            "DefaultVCpus": kind.vcpus,
            "DefaultCores": kind.cores,
            "DefaultThreadsPerCore": kind.family.threads_per_core,
        },
        "MemoryInfo": {"SizeInMiB": kind.memory_mib},
        "InstanceStorageSupported": False,
        "EbsInfo": _ebs_view(kind),
        "NetworkInfo": _network_view(kind),
        "PlacementGroupInfo": {"SupportedStrategies": []},
        "HibernationSupported": False,
        "BurstablePerformanceSupported": kind.burstable,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": False,
        "SupportedBootModes": list(_BOOT_MODES),
        "NitroEnclavesSupport": "unsupported",
        "NitroTpmSupport": "unsupported",
    }


def offering_view(offering: Offering) -> dict[str, Any]:
    """As DescribeInstanceTypeOfferings shows it."""
    return {
        "InstanceType": offering.instance_type,
        "LocationType": offering.location_type,
        "Location": offering.location,
    }


def hypervisor(kind: InstanceType) -> str:
    """AWS's name for what runs the type there."""
    return "nitro" if kind.family.nitro else "xen"


def _ebs_view(kind: InstanceType) -> dict[str, Any]:
    nvme = "required" if kind.family.nitro else "unsupported"
    shown = {"EncryptionSupport": "unsupported", "NvmeSupport": nvme}
    if kind.ebs is None:
        return shown | {"EbsOptimizedSupport": "unsupported"}
    return shown | {"EbsOptimizedSupport": "default", "EbsOptimizedInfo": _ebs_speed(kind.ebs)}


def _ebs_speed(ebs: EbsSpeed) -> dict[str, Any]:
    return {
        "BaselineBandwidthInMbps": ebs.baseline_mbps,
        "BaselineThroughputInMBps": ebs.baseline_mbps / 8,
        "BaselineIops": ebs.baseline_iops,
        "MaximumBandwidthInMbps": ebs.peak_mbps,
        "MaximumThroughputInMBps": ebs.peak_mbps / 8,
        "MaximumIops": ebs.peak_iops,
    }


def _network_view(kind: InstanceType) -> dict[str, Any]:
    gigabit = _GIGABIT.search(kind.network)
    card = {
        "NetworkCardIndex": 0,
        "NetworkPerformance": kind.network,
        "MaximumNetworkInterfaces": kind.max_interfaces,
        "PeakBandwidthInGbps": float(gigabit[0]) if gigabit else None,
    }
    return {
        "NetworkPerformance": kind.network,
        "MaximumNetworkInterfaces": kind.max_interfaces,
        "MaximumNetworkCards": 1,
        "DefaultNetworkCardIndex": 0,
        "NetworkCards": [card],
        "Ipv4AddressesPerInterface": kind.addresses_per_interface,
        "Ipv6AddressesPerInterface": kind.addresses_per_interface,
        "Ipv6Supported": False,
        "EnaSupport": "required" if kind.family.nitro else "unsupported",
        "EfaSupported": False,
        "EncryptionInTransitSupported": False,
    }


def _of_view(*path: str) -> Getter[InstanceType]:
    """A filter on what the response shows at this path."""

    def get(kind: InstanceType) -> Any:
        value: Any = instance_type_view(kind)
        for name in path:
            value = value.get(name) if value else None
        return f"{value:g}" if isinstance(value, float) else value

    return get


_EBS_SPEED = ("EbsInfo", "EbsOptimizedInfo")

FILTERS: dict[str, Getter[InstanceType]] = {
    "auto-recovery-supported": _of_view("AutoRecoverySupported"),
    "bare-metal": _of_view("BareMetal"),
    "burstable-performance-supported": _of_view("BurstablePerformanceSupported"),
    "current-generation": _of_view("CurrentGeneration"),
    "dedicated-hosts-supported": _of_view("DedicatedHostsSupported"),
    "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": _of_view(
        *_EBS_SPEED, "BaselineBandwidthInMbps"
    ),
    "ebs-info.ebs-optimized-info.baseline-iops": _of_view(*_EBS_SPEED, "BaselineIops"),
    "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps": _of_view(
        *_EBS_SPEED, "BaselineThroughputInMBps"
    ),
    "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": _of_view(
        *_EBS_SPEED, "MaximumBandwidthInMbps"
    ),
    "ebs-info.ebs-optimized-info.maximum-iops": _of_view(*_EBS_SPEED, "MaximumIops"),
    "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps": _of_view(
        *_EBS_SPEED, "MaximumThroughputInMBps"
    ),
    "ebs-info.ebs-optimized-support": _of_view("EbsInfo", "EbsOptimizedSupport"),
    "ebs-info.encryption-support": _of_view("EbsInfo", "EncryptionSupport"),
    "ebs-info.nvme-support": _of_view("EbsInfo", "NvmeSupport"),
    "free-tier-eligible": _of_view("FreeTierEligible"),
    "hibernation-supported": _of_view("HibernationSupported"),
    "hypervisor": hypervisor,
    "instance-storage-supported": _of_view("InstanceStorageSupported"),
    "instance-type": lambda kind: kind.name,
    "memory-info.size-in-mib": lambda kind: kind.memory_mib,
    "network-info.default-network-card-index": lambda _: 0,
    "network-info.efa-supported": lambda _: False,
    "network-info.ena-support": _of_view("NetworkInfo", "EnaSupport"),
    "network-info.encryption-in-transit-supported": lambda _: False,
    "network-info.ipv4-addresses-per-interface": lambda kind: kind.addresses_per_interface,
    "network-info.ipv6-addresses-per-interface": lambda kind: kind.addresses_per_interface,
    "network-info.ipv6-supported": lambda _: False,
    "network-info.maximum-network-cards": lambda _: 1,
    "network-info.maximum-network-interfaces": lambda kind: kind.max_interfaces,
    "network-info.network-performance": lambda kind: kind.network,
    "nitro-enclaves-support": _of_view("NitroEnclavesSupport"),
    "nitro-tpm-support": _of_view("NitroTpmSupport"),
    "processor-info.supported-architecture": lambda kind: kind.architectures,
    "processor-info.sustained-clock-speed-in-ghz": _of_view(
        "ProcessorInfo", "SustainedClockSpeedInGhz"
    ),
    "supported-boot-mode": lambda _: _BOOT_MODES,
    "supported-root-device-type": lambda _: _ROOT_DEVICES,
    "supported-usage-class": lambda _: _USAGE_CLASSES,
    "supported-virtualization-type": lambda _: _VIRTUALIZATION,
    "vcpu-info.default-cores": lambda kind: kind.cores,
    "vcpu-info.default-threads-per-core": lambda kind: kind.family.threads_per_core,
    "vcpu-info.default-vcpus": lambda kind: kind.vcpus,
}

OFFERING_FILTERS: dict[str, Getter[Offering]] = {
    "instance-type": lambda offering: offering.instance_type,
    "location": lambda offering: offering.location,
}
