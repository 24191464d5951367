"""The instance types, with AWS's own numbers.

Sources: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html, co.html, mo.html. Types that need
what this cloud has not (Arm, bare metal, local NVMe, GPUs) are left out.
"""

from collections.abc import Iterator

from skerry.services.ec2.instance_type.model import EbsSpeed, Family, InstanceType

# size, vCPUs, network, interfaces, addresses per interface, EBS: baseline and peak Mbit/s, and IOPS
_Size = tuple[str, int, str, int, int, int, int, int, int]

_UP_10, _UP_12 = "Up to 10 Gigabit", "Up to 12.5 Gigabit"

_SIZES_M5: list[_Size] = [
    ("large", 2, _UP_10, 3, 10, 650, 4750, 3600, 18750),
    ("xlarge", 4, _UP_10, 4, 15, 1150, 4750, 6000, 18750),
    ("2xlarge", 8, _UP_10, 4, 15, 2300, 4750, 12000, 18750),
    ("4xlarge", 16, _UP_10, 8, 30, 4750, 4750, 18750, 18750),
    ("8xlarge", 32, "10 Gigabit", 8, 30, 6800, 6800, 30000, 30000),
    ("12xlarge", 48, "12 Gigabit", 8, 30, 9500, 9500, 40000, 40000),
    ("16xlarge", 64, "20 Gigabit", 15, 50, 13600, 13600, 60000, 60000),
    ("24xlarge", 96, "25 Gigabit", 15, 50, 19000, 19000, 80000, 80000),
]
_SIZES_M5A: list[_Size] = [
    ("large", 2, _UP_10, 3, 10, 650, 2880, 3600, 16000),
    ("xlarge", 4, _UP_10, 4, 15, 1085, 2880, 6000, 16000),
    ("2xlarge", 8, _UP_10, 4, 15, 1580, 2880, 8333, 16000),
    ("4xlarge", 16, _UP_10, 8, 30, 2880, 2880, 16000, 16000),
    ("8xlarge", 32, _UP_10, 8, 30, 4750, 4750, 20000, 20000),
    ("12xlarge", 48, "10 Gigabit", 8, 30, 6780, 6780, 30000, 30000),
    ("16xlarge", 64, "12 Gigabit", 15, 50, 9500, 9500, 40000, 40000),
    ("24xlarge", 96, "20 Gigabit", 15, 50, 13750, 13750, 60000, 60000),
]
_SIZES_C5: list[_Size] = [
    ("large", 2, _UP_10, 3, 10, 650, 4750, 4000, 20000),
    ("xlarge", 4, _UP_10, 4, 15, 1150, 4750, 6000, 20000),
    ("2xlarge", 8, _UP_10, 4, 15, 2300, 4750, 10000, 20000),
    ("4xlarge", 16, _UP_10, 8, 30, 4750, 4750, 20000, 20000),
    ("9xlarge", 36, "12 Gigabit", 8, 30, 9500, 9500, 40000, 40000),
    ("12xlarge", 48, "12 Gigabit", 8, 30, 9500, 9500, 40000, 40000),
    ("18xlarge", 72, "25 Gigabit", 15, 50, 19000, 19000, 80000, 80000),
    ("24xlarge", 96, "25 Gigabit", 15, 50, 19000, 19000, 80000, 80000),
]
_SIZES_GEN67: list[_Size] = [
    ("large", 2, _UP_12, 3, 10, 650, 10000, 3600, 40000),
    ("xlarge", 4, _UP_12, 4, 15, 1250, 10000, 6000, 40000),
    ("2xlarge", 8, _UP_12, 4, 15, 2500, 10000, 12000, 40000),
    ("4xlarge", 16, _UP_12, 8, 30, 5000, 10000, 20000, 40000),
    ("8xlarge", 32, "12.5 Gigabit", 8, 30, 10000, 10000, 40000, 40000),
    ("12xlarge", 48, "18.75 Gigabit", 8, 30, 15000, 15000, 60000, 60000),
    ("16xlarge", 64, "25 Gigabit", 15, 50, 20000, 20000, 80000, 80000),
    ("24xlarge", 96, "37.5 Gigabit", 15, 50, 30000, 30000, 120000, 120000),
]
_SIZES_GEN6 = [
    *_SIZES_GEN67,
    ("32xlarge", 128, "50 Gigabit", 15, 50, 40000, 40000, 160000, 160000),
]
_SIZES_GEN7 = [
    *_SIZES_GEN67,
    ("48xlarge", 192, "50 Gigabit", 15, 50, 40000, 40000, 240000, 240000),
]

_INTEL, _AMD = "Intel", "AMD"
_FIXED: list[tuple[Family, int, list[_Size]]] = [  # family, MiB per vCPU, sizes
    (Family("m5", _INTEL, 3.1), 4096, _SIZES_M5),
    (Family("r5", _INTEL, 3.1), 8192, _SIZES_M5),
    (Family("c5", _INTEL, 3.4), 2048, _SIZES_C5),
    (Family("m5a", _AMD, 2.5), 4096, _SIZES_M5A),
    (Family("m6i", _INTEL, 3.5), 4096, _SIZES_GEN6),
    (Family("c6i", _INTEL, 3.5), 2048, _SIZES_GEN6),
    (Family("r6i", _INTEL, 3.5), 8192, _SIZES_GEN6),
    (Family("m7i", _INTEL, 3.2), 4096, _SIZES_GEN7),
    (Family("c7i", _INTEL, 3.2), 2048, _SIZES_GEN7),
    (Family("r7i", _INTEL, 3.2), 8192, _SIZES_GEN7),
]

_T2 = Family("t2", _INTEL, 2.3, threads_per_core=1, nitro=False, burstable=True)
_T3 = Family("t3", _INTEL, 2.5, burstable=True, default_cpu_credits="unlimited")
_T3A = Family("t3a", _AMD, 2.2, burstable=True, default_cpu_credits="unlimited")

# Each row: the size; vCPUs of t2 and of the t3 families; MiB; interfaces of t2, t3, t3a; addresses
# of all three; then EBS baseline of t3 and of t3a in Mbit/s, its peak, and IOPS likewise for both.
_BURSTABLE = [
    ("nano", (1, 2), 512, (2, 2, 2), 2, (43, 45), 2085, 250, 11800),
    ("micro", (1, 2), 1024, (2, 2, 2), 2, (87, 90), 2085, 500, 11800),
    ("small", (1, 2), 2048, (3, 3, 2), 4, (174, 175), 2085, 1000, 11800),
    ("medium", (2, 2), 4096, (3, 3, 3), 6, (347, 350), 2085, 2000, 11800),
    ("large", (2, 2), 8192, (3, 3, 3), 12, (695, 695), 2780, 4000, 15700),
    ("xlarge", (4, 4), 16384, (3, 4, 4), 15, (695, 695), 2780, 4000, 15700),
    ("2xlarge", (8, 8), 32768, (3, 4, 4), 15, (695, 695), 2780, 4000, 15700),
]


def _burstable() -> Iterator[InstanceType]:
    for size, vcpus, mib, interfaces, addresses, mbps, peak_mbps, iops, peak_iops in _BURSTABLE:
        network = "Moderate" if size.endswith("xlarge") else "Low to Moderate"
        yield InstanceType(_T2, size, vcpus[0], mib, network, interfaces[0], addresses, None)
        for family, position in ((_T3, 0), (_T3A, 1)):
            yield InstanceType(
                family,
                size,
                vcpus[1],
                mib,
                "Up to 5 Gigabit",
                interfaces[1 + position],
                addresses,
                EbsSpeed(mbps[position], peak_mbps, iops, peak_iops),
            )


def _fixed() -> Iterator[InstanceType]:
    for family, mib_per_vcpu, sizes in _FIXED:
        for size, vcpus, network, interfaces, addresses, *ebs in sizes:
            yield InstanceType(
                family,
                size,
                vcpus,
                vcpus * mib_per_vcpu,
                network,
                interfaces,
                addresses,
                EbsSpeed(*ebs),
            )


CATALOG: dict[str, InstanceType] = {each.name: each for each in (*_burstable(), *_fixed())}
"""Every type on offer, by name."""
