"""Flow logs as boto3 sees them."""

import gzip
from ipaddress import ip_address

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network.port import Flow, FlowLog
from skerry.kernel.clock import now
from tests.api.serving import in_memory, serving


def test_flow_logs_are_made_once_shown_tagged_and_deleted(ec2):
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    asked = {
        "ResourceIds": [vpc_id],
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::flow-logs/net/",
        "MaxAggregationInterval": 60,
        "ClientToken": "once",
    }
    made = [ec2.create_flow_logs(**asked)["FlowLogIds"] for _ in range(2)]
    assert made[0] == made[1]
    ec2.create_tags(Resources=made[0], Tags=[{"Key": "Name", "Value": "n"}])
    by_tag = [{"Name": "tag:Name", "Values": ["n"]}]
    (one,) = ec2.describe_flow_logs(Filter=by_tag)["FlowLogs"]
    assert (one["FlowLogId"], one["MaxAggregationInterval"]) == (made[0][0], 60)
    with pytest.raises(ClientError, match="DryRunOperation"):
        ec2.delete_flow_logs(FlowLogIds=made[0], DryRun=True)
    assert ec2.delete_flow_logs(FlowLogIds=made[0])["Unsuccessful"] == []
    assert ec2.describe_flow_logs()["FlowLogs"] == []


def test_what_the_network_tells_is_in_a_file_when_the_cloud_goes_down(tmp_path):
    drivers = in_memory()
    with serving(tmp_path, drivers) as running:
        ec2 = running.default_client()
        subnet = ec2.describe_subnets()["Subnets"][0]
        made = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
        asked = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::logs"}
        ec2.create_flow_logs(
            **asked,
            ResourceIds=[subnet["SubnetId"]],
            ResourceType="Subnet",
            TrafficType="ALL",
            LogFormat="${interface-id} ${dstport} ${action}",
        )
        running.settle()
        fabric = drivers.network.fabric
        ports = fabric.vpcs[subnet["VpcId"]].ports
        assert {one.port_id: one.log for one in ports} == {
            made["NetworkInterfaceId"]: FlowLog.ALL,
        }
        here = ip_address(made["PrivateIpAddress"])
        with fabric.lock:
            fabric.seen.append(
                Flow(ports[0].port_id, True, False, 6, here, here, 4, 22, 1, None, 2, now())
            )
    (path,) = (tmp_path / "s3" / "logs").rglob("*.log.gz")
    found = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert found == ["interface-id dstport action", f"{made['NetworkInterfaceId']} 22 REJECT"]
