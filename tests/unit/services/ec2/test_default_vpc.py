"""What every account starts with."""

from tests.unit.services.calling import Tenant, refused

ANYWHERE = "0.0.0.0/0"


def test_the_default_vpc_has_a_public_subnet_in_every_zone(tenant: Tenant):
    (vpc,) = tenant("DescribeVpcs")["Vpcs"]
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"]) == (
        "172.31.0.0/16",
        True,
        "available",
    )
    subnets = sorted(tenant("DescribeSubnets")["Subnets"], key=lambda one: one["AvailabilityZone"])
    assert [(s["AvailabilityZone"], s["CidrBlock"]) for s in subnets] == [
        ("us-east-1a", "172.31.0.0/20"),
        ("us-east-1b", "172.31.16.0/20"),
        ("us-east-1c", "172.31.32.0/20"),
    ]
    assert all(s["MapPublicIpOnLaunch"] and s["DefaultForAz"] for s in subnets)
    assert {s["AvailableIpAddressCount"] for s in subnets} == {4091}
    assert subnets[0]["AvailabilityZoneId"] == "use1-az1"


def test_the_main_route_table_leads_to_the_internet_gateway(tenant: Tenant):
    (gateway,) = tenant("DescribeInternetGateways")["InternetGateways"]
    (table,) = tenant("DescribeRouteTables")["RouteTables"]
    assert table["Routes"] == [
        {
            "DestinationCidrBlock": "172.31.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        },
        {
            "DestinationCidrBlock": ANYWHERE,
            "GatewayId": gateway["InternetGatewayId"],
            "Origin": "CreateRoute",
            "State": "active",
        },
    ]
    (association,) = table["Associations"]
    assert association["Main"]
    assert "SubnetId" not in association


def test_the_default_acl_lets_everything_pass_and_guards_every_subnet(tenant: Tenant):
    (acl,) = tenant("DescribeNetworkAcls")["NetworkAcls"]
    assert [(e["Egress"], e["RuleNumber"], e["RuleAction"]) for e in acl["Entries"]] == [
        (True, 100, "allow"),
        (True, 32767, "deny"),
        (False, 100, "allow"),
        (False, 32767, "deny"),
    ]
    assert len(acl["Associations"]) == 3


def test_members_of_the_default_group_may_speak_with_each_other_and_out(tenant: Tenant):
    (group,) = tenant("DescribeSecurityGroups")["SecurityGroups"]
    (inward,) = group["IpPermissions"]
    (outward,) = group["IpPermissionsEgress"]
    assert group["GroupName"] == "default"
    assert inward["UserIdGroupPairs"] == [
        {"GroupId": group["GroupId"], "UserId": tenant.account_id}
    ]
    assert (inward["IpProtocol"], inward["IpRanges"]) == ("-1", [])
    assert outward["IpRanges"] == [{"CidrIp": ANYWHERE}]
    assert "FromPort" not in outward


def test_the_default_dhcp_options_hand_out_amazons_resolver(tenant: Tenant):
    (options,) = tenant("DescribeDhcpOptions")["DhcpOptions"]
    assert options["DhcpConfigurations"] == [
        {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
        {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
    ]


def test_a_second_default_vpc_is_refused(tenant: Tenant):
    with refused("DefaultVpcAlreadyExists"):
        tenant("CreateDefaultVpc")


def test_a_default_vpc_can_be_taken_apart_and_made_again(tenant: Tenant):
    (vpc,) = tenant("DescribeVpcs")["Vpcs"]
    vpc_id = vpc["VpcId"]
    with refused("DependencyViolation"):
        tenant("DeleteVpc", VpcId=vpc_id)
    for subnet in tenant("DescribeSubnets")["Subnets"]:
        tenant("DeleteSubnet", SubnetId=subnet["SubnetId"])
    (gateway,) = tenant("DescribeInternetGateways")["InternetGateways"]
    gateway_id = gateway["InternetGatewayId"]
    with refused("DependencyViolation"):
        tenant("DeleteInternetGateway", InternetGatewayId=gateway_id)
    tenant("DetachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    assert tenant("DescribeRouteTables")["RouteTables"][0]["Routes"][1]["State"] == "blackhole"
    tenant("DeleteInternetGateway", InternetGatewayId=gateway_id)
    tenant("DeleteVpc", VpcId=vpc_id)

    assert tenant("DescribeVpcs")["Vpcs"] == []
    for what in ("SecurityGroups", "RouteTables", "NetworkAcls", "InternetGateways", "Subnets"):
        assert tenant(f"Describe{what}")[what] == []
    with refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist"):
        tenant("DescribeVpcs", VpcIds=[vpc_id])

    again = tenant("CreateDefaultVpc")["Vpc"]
    assert again["VpcId"] != vpc_id
    assert len(tenant("DescribeSubnets")["Subnets"]) == 3


def test_a_lost_default_subnet_can_be_made_again(tenant: Tenant):
    by_zone = {s["AvailabilityZone"]: s for s in tenant("DescribeSubnets")["Subnets"]}
    with refused("DefaultSubnetAlreadyExistsInAvailabilityZone"):
        tenant("CreateDefaultSubnet", AvailabilityZone="us-east-1b")
    tenant("DeleteSubnet", SubnetId=by_zone["us-east-1b"]["SubnetId"])
    made = tenant("CreateDefaultSubnet", AvailabilityZoneId="use1-az2")["Subnet"]
    assert (made["AvailabilityZone"], made["CidrBlock"]) == ("us-east-1b", "172.31.16.0/20")
    assert made["MapPublicIpOnLaunch"]
