"""Interface endpoints as boto3 sees them."""

import pytest
from botocore.exceptions import ClientError

STS = "com.amazonaws.us-east-1.sts"


def test_an_endpoint_is_made_once_becomes_available_and_goes(ec2, settle):
    subnet = ec2.describe_subnets()["Subnets"][0]
    asked = {
        "VpcId": subnet["VpcId"],
        "ServiceName": STS,
        "VpcEndpointType": "Interface",
        "SubnetIds": [subnet["SubnetId"]],
        "ClientToken": "once",
        "TagSpecifications": [
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "e"}]}
        ],
    }
    made = [ec2.create_vpc_endpoint(**asked)["VpcEndpoint"] for _ in range(2)]
    assert made[0] == made[1]
    settle()
    (one,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert (one["State"], one["Tags"]) == ("available", [{"Key": "Name", "Value": "e"}])
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
    ids = [one["VpcEndpointId"]]
    ec2.create_tags(Resources=ids, Tags=[{"Key": "more", "Value": "1"}])
    ec2.modify_vpc_endpoint(VpcEndpointId=ids[0], RemoveSubnetIds=[subnet["SubnetId"]])
    settle()
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []
    settle()
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId\.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=ids)


def test_a_service_that_this_cloud_has_not_is_no_service(ec2):
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    with pytest.raises(ClientError, match="InvalidServiceName"):
        ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName="com.amazonaws.us-east-1.s3")
    assert ec2.describe_vpc_endpoint_services(ServiceNames=[STS])["ServiceNames"] == [STS]
