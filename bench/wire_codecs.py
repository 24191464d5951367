"""What the wire costs: ``python bench/wire_codecs.py`` prints one line per measure.

Everything runs in this one process, so memory is that of the codecs alone plus Python.
"""

import time

START_S = time.perf_counter()

from collections.abc import Callable  # noqa: E402  (imports are part of what is measured)
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402

from skerry.wire.codec import Codecs  # noqa: E402
from skerry.wire.http import HttpRequest  # noqa: E402
from skerry.wire.routing import Router  # noqa: E402

NOW = datetime.now(UTC)
SCOPE = "AKID/20300101/us-east-1/ec2/aws4_request"
FORM = (
    b"Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3AName&Filter.1.Value.1=web"
    b"&Filter.2.Name=instance-state-name&Filter.2.Value.1=running&MaxResults=100"
)
REQUEST = HttpRequest("POST", "/", "", [("authorization", f"x Credential={SCOPE}, ")], FORM)


def main() -> None:
    imported_s = time.perf_counter() - START_S
    codecs = Codecs()
    router = Router(codecs.models, ["ec2", "sts", "iam", "s3", "kms", "cloudwatch"])

    def read() -> dict:
        route = router.route(REQUEST)
        return codecs.operation(route.service, route.operation, route.protocol).parse(REQUEST)

    began_s = time.perf_counter()
    read()
    codec = codecs.operation("ec2", "DescribeInstances")
    codec.serialize({"Reservations": []}, "rid")
    first_s = time.perf_counter() - began_s
    print(f"import                              {imported_s * 1e3:8.1f} ms")
    print(f"first operation, its model unread   {first_s * 1e3:8.1f} ms")
    print(f"resident after it                   {resident_mib():8.1f} MiB")
    print(
        f"route a request                     {best_s(lambda: router.route(REQUEST)) * 1e6:8.1f} us"
    )
    print(
        f"parse DescribeInstances             {best_s(lambda: codec.parse(REQUEST)) * 1e6:8.1f} us"
    )
    answer = {"Reservations": [reservation(index) for index in range(1000)]}
    spent_s = best_s(lambda: codec.serialize(answer, "rid"), times=1)
    elements = codec.serialize(answer, "rid").body.count(b"</")
    print(f"serialize 1,000 instances           {spent_s * 1e3:8.1f} ms, {elements} elements")


def best_s(work: Callable[[], object], times: int = 500) -> float:
    """Seconds of one call in the best of ten rounds of ``times``."""
    rounds: list[float] = []
    for _ in range(10):
        began_s = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - began_s) / times)
    return min(rounds)


def resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def reservation(index: int) -> dict:
    return {
        "ReservationId": f"r-{index:017x}",
        "OwnerId": "123456789012",
        "Groups": [],
        "Instances": [instance(index)],
    }


def instance(index: int) -> dict:
    """An instance with everything that EC2 shows of one: 117 elements of XML."""
    groups = [{"GroupName": "my-security-group", "GroupId": "sg-0123456789abcdef0"}]
    return {
        "InstanceId": f"i-{index:017x}",
        "ImageId": "ami-0abcdef1234567890",
        "State": {"Code": 16, "Name": "running"},
        "PrivateDnsName": "ip-172-31-1-1.ec2.internal",
        "PublicDnsName": "ec2-203-0-113-1.compute-1.amazonaws.com",
        "StateTransitionReason": "",
        "KeyName": "my-key-pair",
        "AmiLaunchIndex": index,
        "ProductCodes": [],
        "InstanceType": "t2.micro",
        "LaunchTime": NOW,
        "Placement": {"AvailabilityZone": "us-east-1a", "GroupName": "", "Tenancy": "default"},
        "Monitoring": {"State": "disabled"},
        "SubnetId": "subnet-0123456789abcdef0",
        "VpcId": "vpc-0123456789abcdef0",
        "PrivateIpAddress": "172.31.1.1",
        "PublicIpAddress": "203.0.113.1",
        "Architecture": "x86_64",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "AttachTime": NOW,
                    "DeleteOnTermination": True,
                    "Status": "attached",
                    "VolumeId": "vol-0123456789abcdef0",
                },
            }
        ],
        "VirtualizationType": "hvm",
        "ClientToken": "5f0c6d2e",
        "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "env", "Value": "prod"}],
        "SecurityGroups": groups,
        "SourceDestCheck": True,
        "Hypervisor": "xen",
        "NetworkInterfaces": [interface(groups)],
        "EbsOptimized": False,
        "EnaSupport": True,
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": "optional",
            "HttpPutResponseHopLimit": 1,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        "EnclaveOptions": {"Enabled": False},
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": NOW,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "CurrentInstanceBootMode": "legacy-bios",
    }


def interface(groups: list[dict]) -> dict:
    public = {"IpOwnerId": "amazon", "PublicDnsName": "ec2-203-0-113-1", "PublicIp": "203.0.113.1"}
    return {
        "Association": public,
        "Attachment": {
            "AttachTime": NOW,
            "AttachmentId": "eni-attach-0123456789abcdef0",
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "Status": "attached",
            "NetworkCardIndex": 0,
        },
        "Description": "",
        "Groups": groups,
        "Ipv6Addresses": [],
        "MacAddress": "02:00:00:00:00:01",
        "NetworkInterfaceId": "eni-0123456789abcdef0",
        "OwnerId": "123456789012",
        "PrivateDnsName": "ip-172-31-1-1.ec2.internal",
        "PrivateIpAddress": "172.31.1.1",
        "PrivateIpAddresses": [
            {
                "Association": public,
                "Primary": True,
                "PrivateDnsName": "ip-172-31-1-1.ec2.internal",
                "PrivateIpAddress": "172.31.1.1",
            }
        ],
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": "subnet-0123456789abcdef0",
        "VpcId": "vpc-0123456789abcdef0",
        "InterfaceType": "interface",
    }


if __name__ == "__main__":
    main()
