"""Instance types: AWS's numbers."""

import pytest

from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.instance_type.catalog import CATALOG
from tests.unit.services.calling import Tenant, ec2_model, refused


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_mib"),
    [
        ("t2.nano", 1, 512),
        ("t2.micro", 1, 1024),
        ("t2.medium", 2, 4096),
        ("t3.nano", 2, 512),
        ("t3a.2xlarge", 8, 32768),
        ("m5.large", 2, 8192),
        ("c5.9xlarge", 36, 73728),
        ("r5.24xlarge", 96, 786432),
        ("m6i.32xlarge", 128, 524288),
        ("c6i.xlarge", 4, 8192),
        ("r7i.48xlarge", 192, 1572864),
    ],
)
def test_a_type_has_its_public_size(name: str, vcpus: int, memory_mib: int):
    kind = find_type(name)
    assert (kind.vcpus, kind.memory_mib) == (vcpus, memory_mib)


def test_every_type_is_one_of_awss():
    known = set(ec2_model().shape_for("InstanceType").enum)  # type: ignore[attr-defined]
    assert CATALOG.keys() <= known


def test_burstable_types_differ_in_their_default_credits():
    assert find_type("t2.micro").family.default_cpu_credits == "standard"
    assert find_type("t3.micro").family.default_cpu_credits == "unlimited"
    assert not find_type("m5.large").burstable


def test_every_type_is_described_as_the_model_says(tenant: Tenant):
    shown = tenant("DescribeInstanceTypes")["InstanceTypes"]
    assert {one["InstanceType"] for one in shown} == CATALOG.keys()


def test_a_type_is_described_with_its_hardware(tenant: Tenant):
    (micro,) = tenant("DescribeInstanceTypes", InstanceTypes=["t2.micro"])["InstanceTypes"]
    assert micro["VCpuInfo"]["DefaultVCpus"] == 1
    assert micro["MemoryInfo"]["SizeInMiB"] == 1024
    assert micro["FreeTierEligible"] is True
    assert micro["Hypervisor"] == "xen"
    assert micro["NetworkInfo"]["MaximumNetworkInterfaces"] == 2
    assert micro["EbsInfo"]["EbsOptimizedSupport"] == "unsupported"
    (m5,) = tenant("DescribeInstanceTypes", InstanceTypes=["m5.large"])["InstanceTypes"]
    assert m5["EbsInfo"]["EbsOptimizedInfo"]["BaselineThroughputInMBps"] == 81.25
    assert m5["VCpuInfo"]["DefaultCores"] == 1


@pytest.mark.parametrize(
    ("name", "value", "some"),
    [
        ("vcpu-info.default-vcpus", "1", "t2.micro"),
        ("memory-info.size-in-mib", "8192", "m5.large"),
        ("free-tier-eligible", "true", "t3.micro"),
        ("burstable-performance-supported", "true", "t3a.nano"),
        ("hypervisor", "xen", "t2.large"),
        ("instance-type", "c5.*", "c5.18xlarge"),
        ("ebs-info.ebs-optimized-info.baseline-throughput-in-mbps", "81.25", "m5.large"),
        ("processor-info.sustained-clock-speed-in-ghz", "3.4", "c5.large"),
    ],
)
def test_types_are_found_by_filter(tenant: Tenant, name: str, value: str, some: str):
    filters = [{"Name": name, "Values": [value]}]
    found = {
        one["InstanceType"]
        for one in tenant("DescribeInstanceTypes", Filters=filters)["InstanceTypes"]
    }
    assert some in found
    assert found < CATALOG.keys()


def test_nothing_here_is_bare_metal_nor_arm(tenant: Tenant):
    for name, value in (("bare-metal", "true"), ("processor-info.supported-architecture", "arm64")):
        filters = [{"Name": name, "Values": [value]}]
        assert tenant("DescribeInstanceTypes", Filters=filters)["InstanceTypes"] == []


def test_types_come_in_pages(tenant: Tenant):
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = tenant("DescribeInstanceTypes", MaxResults=100, **token)
        seen += [one["InstanceType"] for one in page["InstanceTypes"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(seen) == sorted(CATALOG)
    with refused("InvalidParameterValue"):
        tenant("DescribeInstanceTypes", MaxResults=101)


def test_a_type_that_is_not_on_offer_is_refused(tenant: Tenant):
    with refused("InvalidInstanceType", "[m7g.large]"):
        tenant("DescribeInstanceTypes", InstanceTypes=["m7g.large", "t2.micro"])
    with refused("InvalidParameterValue", "m7g.large"):
        find_type("m7g.large")


@pytest.mark.parametrize(
    ("location_type", "locations"),
    [
        ("region", {"us-east-1"}),
        ("availability-zone", {"us-east-1a", "us-east-1b", "us-east-1c"}),
        ("availability-zone-id", {"use1-az1", "use1-az2", "use1-az3"}),
        ("outpost", set()),
    ],
)
def test_offerings_name_every_place(tenant: Tenant, location_type: str, locations: set[str]):
    shown = tenant(
        "DescribeInstanceTypeOfferings",
        LocationType=location_type,
        Filters=[{"Name": "instance-type", "Values": ["t2.micro"]}],
    )["InstanceTypeOfferings"]
    assert {one["Location"] for one in shown} == locations
