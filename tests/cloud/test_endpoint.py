"""A guest in a VPC without any way out calls the cloud's API, by the name that clients use by default."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import boto3
import pytest

from skerry.operations import credentials_of
from tests.cloud.guests import Tenant
from tests.cloud.real_cloud import RealCloud, until

ASK = """#!/bin/sh
# By nc: the small system's wget crashes on such a request.
for attempt in $(seq 60); do
    address=$(nslookup {host} | grep -o '10[.]30[.]1[.][0-9]*' | tail -n 1)
    {{ printf '%s\\r\\n' 'GET {path} HTTP/1.0' 'Host: {host}' ''; sleep 2; }} |
        nc "$address" 80 >/tmp/answer
    grep -q '^HTTP' /tmp/answer && break
    sleep 0.5
done
echo "told: $(tr -d '\\r\\n' </tmp/answer)" >/dev/console
"""


@pytest.fixture
def subnet_id(tenant: Tenant) -> Iterator[str]:
    """In a VPC of its own: no internet gateway, no NAT, no peering."""
    ec2 = tenant.ec2
    vpc_id = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.30.1.0/24")["Subnet"]["SubnetId"]
    yield subnet_id
    ec2.delete_subnet(SubnetId=subnet_id)
    ec2.delete_vpc(VpcId=vpc_id)


def signed_question(tenant: Tenant) -> str:
    """GetCallerIdentity of the tenant as a URL."""
    cloud = tenant.cloud
    key_id, secret = credentials_of(cloud.config, tenant.account)
    client = boto3.client(
        "sts",
        endpoint_url=f"http://sts.{cloud.config.region}.amazonaws.com",
        region_name=cloud.config.region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )
    return client.generate_presigned_url("get_caller_identity", HttpMethod="GET")


def test_a_guest_without_internet_reaches_the_api_through_an_interface_endpoint(
    cloud: RealCloud, tenant: Tenant, subnet_id: str
):
    ec2 = tenant.ec2
    (subnet,) = ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    default = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    (group,) = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
    made = ec2.create_vpc_endpoint(
        VpcId=subnet["VpcId"],
        ServiceName=f"com.amazonaws.{cloud.config.region}.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet_id],
    )["VpcEndpoint"]

    def state() -> str:
        return ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][
            0
        ]["State"]

    until(lambda: state() == "available", 10, "the endpoint is available")
    url = urlsplit(signed_question(tenant))
    ask = ASK.format(host=url.netloc, path=f"/?{url.query}").encode()
    with tenant.launched(
        SubnetId=subnet_id, SecurityGroupIds=[group["GroupId"]], UserData=ask
    ) as guest:
        guest.wait_for("running")
        until(lambda: "told: " in guest.console(), 90, "the guest tells what it was answered", 0.5)
        told = guest.console().partition("told: ")[2]
        assert f"<Account>{subnet['OwnerId']}</Account>" in told
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    gone = [{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    until(lambda: not ec2.describe_vpc_endpoints(Filters=gone)["VpcEndpoints"], 10, "it has gone")
