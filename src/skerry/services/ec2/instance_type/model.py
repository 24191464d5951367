"""What an instance type is. Types are data of the program: they have no rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """What all sizes of a family share."""

    name: str  # "t2"
    manufacturer: str
    clock_ghz: float
    threads_per_core: int = 2
    nitro: bool = True
    burstable: bool = False
    default_cpu_credits: str = "standard"  # of burstable families: "standard" | "unlimited"


@dataclass(frozen=True, slots=True)
class EbsSpeed:
    """What AWS promises between an instance and its volumes."""

    baseline_mbps: int
    peak_mbps: int
    baseline_iops: int
    peak_iops: int


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One type, such as t2.micro."""

    family: Family
    size: str
    vcpus: int
    memory_mib: int
    network: str  # in AWS's words, such as "Up to 10 Gigabit"
    max_interfaces: int
    addresses_per_interface: int
    ebs: EbsSpeed | None  # None: not EBS-optimized

    @property
    def name(self) -> str:
        return f"{self.family.name}.{self.size}"

    @property
    def burstable(self) -> bool:
        return self.family.burstable

    @property
    def cores(self) -> int:
        """Physical cores; a single vCPU is a core of its own."""
        return max(1, self.vcpus // self.family.threads_per_core)

    @property
    def architectures(self) -> tuple[str, ...]:
        return ("x86_64",)

    @property
    def free_tier(self) -> bool:
        return self.name in ("t2.micro", "t3.micro")
