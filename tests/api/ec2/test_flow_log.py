"""Flow logs as boto3 sees them."""

import pytest
from botocore.exceptions import ClientError


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
