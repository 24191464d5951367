"""Security groups and their rules."""

import pytest

from tests.unit.services.calling import Tenant, refused

ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def group_id(tenant: Tenant) -> str:
    return tenant("CreateSecurityGroup", GroupName="web", Description="web servers")["GroupId"]


@pytest.fixture
def vpc_group_id(tenant: Tenant) -> str:
    """A group of a VPC that is not the default one."""
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = tenant("CreateSecurityGroup", GroupName="web", Description="d", VpcId=vpc_id)
    return made["GroupId"]


def tcp(port: int, *cidrs: str) -> dict:
    ranges = [{"CidrIp": cidr} for cidr in cidrs or (ANYWHERE,)]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


def permissions(tenant: Tenant, group_id: str) -> list[dict]:
    (group,) = tenant("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    return group["IpPermissions"]


def test_a_name_is_unique_in_its_vpc(tenant: Tenant, group_id: str, vpc_group_id: str):
    assert group_id != vpc_group_id
    with refused("InvalidGroup.Duplicate", "The security group 'web' already exists"):
        tenant("CreateSecurityGroup", GroupName="web", Description="again")


@pytest.mark.parametrize("name", ["default", "sg-1234", "SG-x", "naïve", "x" * 256, " "])
def test_a_name_that_aws_refuses_is_refused(tenant: Tenant, name: str):
    with refused("InvalidParameterValue"):
        tenant("CreateSecurityGroup", GroupName=name, Description="d")


def test_a_group_of_the_default_vpc_answers_to_its_name(tenant: Tenant, group_id: str):
    found = tenant("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    assert [group["GroupId"] for group in found] == [group_id]
    with refused("InvalidGroup.NotFound", "does not exist in default VPC"):
        tenant("DescribeSecurityGroups", GroupNames=["mail"])
    with refused("InvalidGroupId.Malformed", 'expecting "sg-..."'):
        tenant("DescribeSecurityGroups", GroupIds=["web"])


def test_shorthand_parameters_make_a_rule(tenant: Tenant, group_id: str):
    made = tenant(
        "AuthorizeSecurityGroupIngress",
        GroupName="web",
        IpProtocol="tcp",
        FromPort=22,
        ToPort=22,
        CidrIp=ANYWHERE,
    )
    (rule,) = made["SecurityGroupRules"]
    assert (rule["GroupId"], rule["CidrIpv4"], rule["FromPort"]) == (group_id, ANYWHERE, 22)
    assert permissions(tenant, group_id)[0]["IpRanges"] == [{"CidrIp": ANYWHERE}]


def test_a_source_group_without_protocol_opens_tcp_udp_and_icmp(tenant: Tenant, group_id: str):
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, SourceSecurityGroupName="default")
    shown = [(p["IpProtocol"], p["FromPort"], p["ToPort"]) for p in permissions(tenant, group_id)]
    assert shown == [("icmp", -1, -1), ("tcp", 0, 65535), ("udp", 0, 65535)]


def test_peers_of_the_same_ports_are_shown_together(tenant: Tenant, group_id: str):
    asked = [tcp(443, "10.0.0.0/8", ANYWHERE), {**tcp(443), "IpRanges": []}]
    asked[1]["Ipv6Ranges"] = [{"CidrIpv6": "2001:DB8::1/32", "Description": "six"}]
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=asked)
    (shown,) = permissions(tenant, group_id)
    assert shown["IpRanges"] == [{"CidrIp": ANYWHERE}, {"CidrIp": "10.0.0.0/8"}]
    assert shown["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32", "Description": "six"}]


def test_host_bits_are_cleared_so_the_same_block_is_a_duplicate(tenant: Tenant, group_id: str):
    ask = {"GroupId": group_id}
    tenant("AuthorizeSecurityGroupIngress", **ask, IpPermissions=[tcp(22, "100.68.0.18/18")])
    assert permissions(tenant, group_id)[0]["IpRanges"] == [{"CidrIp": "100.68.0.0/18"}]
    saying = 'the specified rule "peer: 100.68.0.0/18, TCP, from port: 22, to port: 22, ALLOW"'
    with refused("InvalidPermission.Duplicate", saying):
        tenant("AuthorizeSecurityGroupIngress", **ask, IpPermissions=[tcp(22, "100.68.0.0/18")])
    with refused("InvalidParameterValue", "must not appear multiple times"):
        tenant("AuthorizeSecurityGroupIngress", **ask, IpPermissions=[tcp(80), tcp(80)])
    assert len(permissions(tenant, group_id)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"FromPort": 70000, "ToPort": 70000},
        {"FromPort": 80, "ToPort": 22},
        {"FromPort": -1, "ToPort": -1},
        {"IpProtocol": "icmp", "FromPort": -1, "ToPort": 3},
        {"IpProtocol": "icmp", "FromPort": 300, "ToPort": -1},
        {"IpProtocol": "carrier-pigeon"},
        {"IpProtocol": "256"},
        {"IpProtocol": "²"},
        {"IpRanges": [{"CidrIp": "10.0.0.1"}]},
        {"IpRanges": [{"CidrIp": "10.0.0.0/99"}]},
        {"IpRanges": [{"CidrIp": ANYWHERE, "Description": "tab\t"}]},
        {"IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "10.0.0.0/8"}]},
        {"IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "fe80::%eth0/64"}]},
    ],
)
def test_what_is_no_rule_is_refused(tenant: Tenant, group_id: str, change: dict):
    with refused("InvalidParameterValue"):
        asked = [{**tcp(22), **change}]
        tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=asked)


def test_a_protocol_number_is_shown_by_its_name(tenant: Tenant, group_id: str):
    asked = [{**tcp(53), "IpProtocol": "17"}, {**tcp(53), "IpProtocol": "050"}]
    made = tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=asked)
    shown = [(r["IpProtocol"], r["FromPort"]) for r in made["SecurityGroupRules"]]
    assert shown == [("udp", 53), ("50", -1)]


def test_rules_are_revoked_by_permission_and_by_id(tenant: Tenant, group_id: str):
    made = tenant(
        "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(22), tcp(80)]
    )
    ssh, web = (rule["SecurityGroupRuleId"] for rule in made["SecurityGroupRules"])
    gone = tenant("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(22)])
    assert [r["SecurityGroupRuleId"] for r in gone["RevokedSecurityGroupRules"]] == [ssh]
    tenant("RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=[web])
    assert permissions(tenant, group_id) == []
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        tenant("RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=[web])


def test_revoking_what_is_not_there(tenant: Tenant, group_id: str, vpc_group_id: str):
    """AWS tells it as an error, but as a part of the answer for groups of the default VPC."""
    with refused("InvalidPermission.NotFound"):
        tenant("RevokeSecurityGroupIngress", GroupId=vpc_group_id, IpPermissions=[tcp(22)])
    answer = tenant("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(22)])
    (unknown,) = answer["UnknownIpPermissions"]
    assert (unknown["FromPort"], unknown["IpRanges"]) == (22, [{"CidrIp": ANYWHERE}])


def test_the_rule_that_lets_everything_out_can_be_taken_away(tenant: Tenant, group_id: str):
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    tenant("RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=[everything])
    (group,) = tenant("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    assert group["IpPermissionsEgress"] == []
    tenant("AuthorizeSecurityGroupEgress", GroupId=group_id, IpPermissions=[everything])


def test_sixty_rules_each_way_and_ip_version_and_no_more(tenant: Tenant, group_id: str):
    many = [tcp(port) for port in range(1, 61)]
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=many)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(61)])
    six = {**tcp(61), "IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[six])


def test_rules_have_tags_and_are_found_by_them(tenant: Tenant, group_id: str):
    tags = [{"Key": "why", "Value": "ssh"}]
    made = tenant(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[tcp(22)],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )
    assert made["SecurityGroupRules"][0]["Tags"] == tags
    by_tag = [{"Name": "tag:why", "Values": ["ssh"]}]
    found = tenant("DescribeSecurityGroupRules", Filters=by_tag)["SecurityGroupRules"]
    assert found == made["SecurityGroupRules"]
    of_group = [{"Name": "group-id", "Values": [group_id]}]
    assert len(tenant("DescribeSecurityGroupRules", Filters=of_group)["SecurityGroupRules"]) == 2


def test_a_rule_is_modified_in_place(tenant: Tenant, group_id: str):
    made = tenant(
        "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(22), tcp(23)]
    )
    rule_id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"}
    change = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}
    tenant("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=[change])
    (rule,) = tenant("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])[
        "SecurityGroupRules"
    ]
    assert (rule["FromPort"], rule["CidrIpv4"]) == (443, "10.0.0.0/8")
    taken = {**wanted, "FromPort": 23, "ToPort": 23, "CidrIpv4": ANYWHERE}
    with refused("InvalidPermission.Duplicate"):
        change = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": taken}
        tenant("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=[change])


def test_descriptions_are_updated_by_permission_and_by_id(tenant: Tenant, group_id: str):
    made = tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(22)])
    rule_id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    asked = tcp(22)
    asked["IpRanges"][0]["Description"] = "office"
    update = "UpdateSecurityGroupRuleDescriptionsIngress"
    tenant(update, GroupId=group_id, IpPermissions=[asked])
    assert permissions(tenant, group_id)[0]["IpRanges"][0]["Description"] == "office"
    said = [{"SecurityGroupRuleId": rule_id, "Description": "home"}]
    tenant(update, GroupId=group_id, SecurityGroupRuleDescriptions=said)
    assert permissions(tenant, group_id)[0]["IpRanges"][0]["Description"] == "home"
    with refused("InvalidPermission.NotFound"):
        tenant(update, GroupId=group_id, IpPermissions=[tcp(23)])


def test_a_group_in_use_or_spoken_of_cannot_be_deleted(tenant: Tenant, group_id: str):
    with refused("CannotDelete"):
        tenant("DeleteSecurityGroup", GroupName="default")
    other = tenant("CreateSecurityGroup", GroupName="db", Description="d")["GroupId"]
    from_web = {**tcp(5432), "IpRanges": [], "UserIdGroupPairs": [{"GroupId": group_id}]}
    tenant("AuthorizeSecurityGroupIngress", GroupId=other, IpPermissions=[from_web])
    with refused("DependencyViolation", f"resource {group_id} has a dependent object"):
        tenant("DeleteSecurityGroup", GroupId=group_id)
    tenant("DeleteSecurityGroup", GroupId=other)
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    made = tenant("CreateNetworkInterface", SubnetId=subnet_id, Groups=[group_id])
    with refused("DependencyViolation"):
        tenant("DeleteSecurityGroup", GroupId=group_id)
    interface_id = made["NetworkInterface"]["NetworkInterfaceId"]
    tenant("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    assert tenant("DeleteSecurityGroup", GroupId=group_id) == {"Return": True, "GroupId": group_id}


def test_a_group_of_another_vpc_cannot_be_spoken_of(tenant: Tenant, group_id, vpc_group_id):
    asked = {**tcp(22), "IpRanges": [], "UserIdGroupPairs": [{"GroupId": vpc_group_id}]}
    with refused("InvalidGroup.NotFound", "belong to different networks"):
        tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[asked])


def test_groups_are_found_by_what_their_rules_say(tenant: Tenant, group_id: str):
    tenant(
        "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[tcp(8443, "9.0.0.0/8")]
    )
    for name, value in (
        ("ip-permission.cidr", "9.*"),
        ("ip-permission.from-port", "8443"),
        ("ip-permission.protocol", "tcp"),
        ("description", "web servers"),
    ):
        filters = [{"Name": name, "Values": [value]}]
        found = tenant("DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        assert [group["GroupId"] for group in found] == [group_id], name
