"""Flow logs: what is accepted, what is refused, what the network is asked to tell."""

import pytest

from skerry.drivers.network import port
from skerry.services.ec2.flow_log.view import DEFAULT_FORMAT
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.test_topology import add_interfaces, rows_of, wakes

BUCKET = "arn:aws:s3:::logs"


def home(tenant: Tenant) -> str:
    return tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]


def create(tenant: Tenant, *resource_ids: str, kind: str = "VPC", **more: object) -> dict:
    asked = {
        "ResourceIds": list(resource_ids),
        "ResourceType": kind,
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": BUCKET,
    } | more
    return tenant("CreateFlowLogs", **asked)


def shown(tenant: Tenant) -> list[dict]:
    return tenant("DescribeFlowLogs")["FlowLogs"]


def logs(tenant: Tenant) -> dict[str, port.FlowLog]:
    return {one.port_id: one.log for one in rows_of(tenant, home(tenant)).ports}


def test_a_flow_log_as_it_is_shown(tenant: Tenant):
    vpc_id = home(tenant)
    tags = [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "k", "Value": "v"}]}]
    made = create(tenant, vpc_id, TagSpecifications=tags, ClientToken="once")
    assert made["Unsuccessful"] == []
    (one,) = shown(tenant)
    assert one.pop("CreationTime")
    assert one == {
        "FlowLogId": made["FlowLogIds"][0],
        "FlowLogStatus": "ACTIVE",
        "ResourceId": vpc_id,
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": BUCKET,
        "LogFormat": DEFAULT_FORMAT,
        "MaxAggregationInterval": 600,
        "DestinationOptions": {
            "FileFormat": "plain-text",
            "HiveCompatiblePartitions": False,
            "PerHourPartition": False,
        },
        "DeliverLogsStatus": "SUCCESS",
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    assert DEFAULT_FORMAT == (
        "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "
        "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
    )


def test_the_network_tells_what_one_of_the_logs_wants(tenant: Tenant):
    first, second = add_interfaces(tenant, 2)
    assert set(logs(tenant).values()) == {port.FlowLog.NONE}
    before = wakes(tenant.database)["vpc", home(tenant)]
    rejected = create(tenant, first, kind="NetworkInterface", TrafficType="REJECT")
    assert wakes(tenant.database)["vpc", home(tenant)] > before
    assert logs(tenant) == {first: port.FlowLog.REJECT, second: port.FlowLog.NONE}
    create(tenant, home(tenant), TrafficType="ACCEPT")
    assert logs(tenant) == {first: port.FlowLog.ALL, second: port.FlowLog.ACCEPT}
    before = wakes(tenant.database)["vpc", home(tenant)]
    tenant("DeleteFlowLogs", FlowLogIds=rejected["FlowLogIds"])
    assert wakes(tenant.database)["vpc", home(tenant)] > before
    assert set(logs(tenant).values()) == {port.FlowLog.ACCEPT}


def test_a_subnets_log_is_for_its_interfaces(tenant: Tenant):
    (first,) = add_interfaces(tenant, 1)
    found = tenant("DescribeNetworkInterfaces")["NetworkInterfaces"]
    subnet_id = found[0]["SubnetId"]
    others = [s["SubnetId"] for s in tenant("DescribeSubnets")["Subnets"]]
    create(tenant, *(each for each in others if each != subnet_id), kind="Subnet")
    assert logs(tenant)[first] == port.FlowLog.NONE
    create(tenant, subnet_id, kind="Subnet", TrafficType="ACCEPT")
    assert logs(tenant)[first] == port.FlowLog.ACCEPT


def test_the_same_log_twice_is_unsuccessful(tenant: Tenant):
    vpc_id = home(tenant)
    create(tenant, vpc_id)
    answer = create(tenant, vpc_id)
    assert answer["FlowLogIds"] == []
    assert answer["Unsuccessful"][0]["Error"]["Code"] == "FlowLogAlreadyExists"
    create(tenant, vpc_id, LogDestination=f"{BUCKET}/elsewhere/")
    create(tenant, vpc_id, TrafficType="REJECT")
    assert len(shown(tenant)) == 3


@pytest.mark.parametrize(
    ("more", "code", "saying"),
    [
        ({"LogDestinationType": "cloud-watch-logs"}, "UnsupportedOperation", "s3"),
        ({"LogDestination": ""}, "MissingParameter", "LogDestination"),
        ({"LogDestination": "arn:aws:s3:::../etc"}, "InvalidParameter", "bucket"),
        ({"LogDestination": "arn:aws:s3:::a..b"}, "InvalidParameter", "name of its own"),
        ({"LogDestination": f"{BUCKET}/../../etc/"}, "InvalidParameter", "name of its own"),
        ({"LogDestination": f"{BUCKET}/AWSLogs/"}, "InvalidParameter", "reserved"),
        ({"LogDestination": "arn:aws:s3:::Upper"}, "InvalidParameter", "bucket"),
        ({"LogDestination": "/etc/passwd"}, "InvalidParameter", "bucket"),
        ({"LogFormat": "${srcaddr} ${nonsense}"}, "InvalidParameter", "Unknown fields: nonsense"),
        ({"LogFormat": "srcaddr"}, "InvalidParameter", "Expecting fields"),
        ({"MaxAggregationInterval": 61}, "InvalidParameter", "60 or 600"),
        ({"DestinationOptions": {"FileFormat": "parquet"}}, "UnsupportedOperation", "plain text"),
        ({"kind": "TransitGateway"}, "UnsupportedOperation", "TransitGateway"),
        ({"kind": "Subnet"}, "InvalidSubnetID.NotFound", ""),
        ({"TrafficType": ""}, "MissingParameter", "TrafficType"),
    ],
)
def test_what_cannot_be_logged_is_refused(tenant: Tenant, more: dict, code: str, saying: str):
    with refused(code, saying):
        create(tenant, home(tenant), **more)
    assert shown(tenant) == []


def test_a_request_names_so_many_resources_and_no_more(tenant: Tenant):
    with refused("InvalidParameter", "At most 25"):
        create(tenant, *(f"vpc-{n:017x}" for n in range(26)))


def test_a_log_ends_with_what_it_watches(tenant: Tenant):
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    interface = tenant("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]
    interface_id = interface["NetworkInterfaceId"]
    create(tenant, interface_id, kind="NetworkInterface")
    create(tenant, subnet, kind="Subnet")
    create(tenant, vpc_id)
    tenant("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    assert {one["ResourceId"] for one in shown(tenant)} == {vpc_id, subnet}
    tenant("DeleteSubnet", SubnetId=subnet)
    assert {one["ResourceId"] for one in shown(tenant)} == {vpc_id}
    tenant("DeleteVpc", VpcId=vpc_id)
    assert shown(tenant) == []


def test_anothers_log_is_not_there(tenant: Tenant, other_tenant: Tenant):
    made = create(tenant, home(tenant))["FlowLogIds"]
    for action in ("DescribeFlowLogs", "DeleteFlowLogs"):
        with refused("InvalidFlowLogId.NotFound", "[TotalCount: 1]"):
            other_tenant(action, FlowLogIds=made)
    with refused("InvalidVpcID.NotFound"):
        create(other_tenant, home(tenant))
    with refused("InvalidFlowLogId.Malformed"):
        tenant("DescribeFlowLogs", FlowLogIds=["vpc-0123456789abcdef0"])
    assert len(shown(tenant)) == 1


def test_filters_and_pages(tenant: Tenant):
    ids = [
        create(tenant, home(tenant), LogDestination=f"{BUCKET}{n}")["FlowLogIds"][0]
        for n in range(3)
    ]

    def matching(name: str, value: str) -> set[str]:
        found = tenant("DescribeFlowLogs", Filter=[{"Name": name, "Values": [value]}])
        return {one["FlowLogId"] for one in found["FlowLogs"]}

    assert matching("resource-id", home(tenant)) == set(ids)
    assert matching("traffic-type", "ALL") == matching("log-destination-type", "s3") == set(ids)
    assert matching("deliver-log-status", "FAILED") == set()
    assert matching("flow-log-id", ids[1]) == {ids[1]}
    page = tenant("DescribeFlowLogs", MaxResults=2)
    rest = tenant("DescribeFlowLogs", NextToken=page["NextToken"])
    both = page["FlowLogs"] + rest["FlowLogs"]
    assert [one["FlowLogId"] for one in both] == sorted(ids)
