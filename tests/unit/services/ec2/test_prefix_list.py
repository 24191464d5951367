"""Managed prefix lists: versions, sizes, and the rules and routes that speak of them."""

from ipaddress import ip_network
from typing import Any

import pytest

from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.test_topology import rows_of, wakes


@pytest.fixture
def vpc_id(tenant: Tenant) -> str:
    return tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def create(tenant: Tenant, *cidrs: str, size: int = 10, **more: Any) -> str:
    asked = {"PrefixListName": "mine", "AddressFamily": "IPv4", "MaxEntries": size} | more
    entries = [{"Cidr": cidr, "Description": f"to {cidr}"} for cidr in cidrs]
    return tenant("CreateManagedPrefixList", Entries=entries, **asked)["PrefixList"]["PrefixListId"]


def shown(tenant: Tenant, list_id: str) -> dict[str, Any]:
    (found,) = tenant("DescribeManagedPrefixLists", PrefixListIds=[list_id])["PrefixLists"]
    return found


def cidrs(tenant: Tenant, list_id: str, **more: Any) -> list[str]:
    answer = tenant("GetManagedPrefixListEntries", PrefixListId=list_id, **more)
    return [entry["Cidr"] for entry in answer["Entries"]]


def allow(tenant: Tenant, group_id: str, list_id: str) -> dict[str, Any]:
    said = [{"PrefixListId": list_id, "Description": "office"}]
    asked = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": said}
    (rule,) = tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[asked])[
        "SecurityGroupRules"
    ]
    return rule


def main_table(tenant: Tenant, vpc_id: str) -> dict[str, Any]:
    by_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (table,) = tenant("DescribeRouteTables", Filters=by_vpc)["RouteTables"]
    return table


def default_group(tenant: Tenant, vpc_id: str) -> str:
    by_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    (group,) = tenant("DescribeSecurityGroups", Filters=by_vpc)["SecurityGroups"]
    return group["GroupId"]


def attached_gateway(tenant: Tenant, vpc_id: str) -> str:
    gateway = tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    tenant("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc_id)
    return gateway


def test_a_list_is_shown_with_its_entries_in_canonical_form(tenant: Tenant):
    tags = [{"ResourceType": "prefix-list", "Tags": [{"Key": "a", "Value": "b"}]}]
    list_id = create(tenant, "10.1.2.3/16", "10.0.0.0/8", TagSpecifications=tags)
    assert shown(tenant, list_id) == {
        "AddressFamily": "IPv4",
        "MaxEntries": 10,
        "OwnerId": tenant.account_id,
        "PrefixListArn": f"arn:aws:ec2:us-east-1:{tenant.account_id}:prefix-list/{list_id}",
        "PrefixListId": list_id,
        "PrefixListName": "mine",
        "State": "create-complete",
        "Tags": [{"Key": "a", "Value": "b"}],
        "Version": 1,
    }
    entries = tenant("GetManagedPrefixListEntries", PrefixListId=list_id)["Entries"]
    assert entries == [
        {"Cidr": "10.0.0.0/8", "Description": "to 10.0.0.0/8"},
        {"Cidr": "10.1.0.0/16", "Description": "to 10.1.2.3/16"},
    ]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"AddressFamily": "IPv5"}, "InvalidParameterValue"),
        ({"AddressFamily": "IPv6"}, "InvalidParameterValue"),
        ({"MaxEntries": 0}, "InvalidParameterValue"),
        ({"MaxEntries": 1001}, "InvalidParameterValue"),
        ({"MaxEntries": 1}, "PrefixListMaxEntriesExceeded"),
        ({"PrefixListName": "com.amazonaws.mine"}, "InvalidParameterValue"),
        ({"PrefixListName": ""}, "InvalidParameterValue"),
    ],
)
def test_what_is_no_list_is_refused(tenant: Tenant, more: dict[str, Any], code: str):
    with refused(code):
        create(tenant, "10.0.0.0/8", "11.0.0.0/8", **more)


@pytest.mark.parametrize("cidr", ["10.0.0.0", "x", "10.0.0.0/33", "fe80::%1/64", "::/0"])
def test_what_is_no_block_of_the_family_is_refused(tenant: Tenant, cidr: str):
    with refused("InvalidParameterValue"):
        create(tenant, cidr)


def test_every_change_of_entries_is_a_version_and_can_be_restored(tenant: Tenant):
    list_id = create(tenant, "10.0.0.0/8", "11.0.0.0/8")
    change = {"PrefixListId": list_id, "CurrentVersion": 1}
    one = tenant(
        "ModifyManagedPrefixList",
        **change,
        AddEntries=[{"Cidr": "12.0.0.0/8"}],
        RemoveEntries=[{"Cidr": "10.0.0.0/8"}],
    )["PrefixList"]
    assert (one["Version"], one["State"]) == (2, "modify-complete")
    assert cidrs(tenant, list_id) == ["11.0.0.0/8", "12.0.0.0/8"]
    assert cidrs(tenant, list_id, TargetVersion=1) == ["10.0.0.0/8", "11.0.0.0/8"]
    with refused("PrefixListVersionMismatch", "incorrect version number"):
        tenant("ModifyManagedPrefixList", **change, AddEntries=[{"Cidr": "13.0.0.0/8"}])
    restore = {"PrefixListId": list_id, "PreviousVersion": 1}
    with refused("PrefixListVersionMismatch"):
        tenant("RestoreManagedPrefixListVersion", **restore, CurrentVersion=1)
    one = tenant("RestoreManagedPrefixListVersion", **restore, CurrentVersion=2)["PrefixList"]
    assert (one["Version"], one["State"]) == (3, "restore-complete")
    assert cidrs(tenant, list_id) == ["10.0.0.0/8", "11.0.0.0/8"]
    with refused("InvalidParameterValue"):
        cidrs(tenant, list_id, TargetVersion=4)


def test_a_name_changes_without_a_version_and_entries_not_with_the_size(tenant: Tenant):
    list_id = create(tenant, "10.0.0.0/8", "11.0.0.0/8")
    renamed = tenant("ModifyManagedPrefixList", PrefixListId=list_id, PrefixListName="other")
    assert renamed["PrefixList"]["Version"] == 1
    assert shown(tenant, list_id)["PrefixListName"] == "other"
    add = {"AddEntries": [{"Cidr": "12.0.0.0/8"}]}
    with refused("InvalidParameterCombination", "in the same request"):
        tenant("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=3, **add)
    with refused("InvalidParameterValue"):
        tenant("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=1)
    tenant("ModifyManagedPrefixList", PrefixListId=list_id, MaxEntries=2)
    with refused("PrefixListMaxEntriesExceeded"):
        tenant("ModifyManagedPrefixList", PrefixListId=list_id, **add)
    with refused("InvalidPrefixListModification", "does not exist."):
        gone = [{"Cidr": "13.0.0.0/8"}]
        tenant("ModifyManagedPrefixList", PrefixListId=list_id, RemoveEntries=gone)
    with refused("InvalidParameterValue"):
        twice = [{"Cidr": "10.0.0.0/8"}]
        asked = {"AddEntries": twice, "RemoveEntries": twice}
        tenant("ModifyManagedPrefixList", PrefixListId=list_id, **asked)


def test_a_rule_speaks_of_a_list_and_the_network_gets_its_blocks(tenant: Tenant, vpc_id: str):
    list_id = create(tenant, "192.168.1.0/24", "192.168.2.0/24", size=3)
    group_id = default_group(tenant, vpc_id)
    rule = allow(tenant, group_id, list_id)
    assert (rule["PrefixListId"], rule["Description"]) == (list_id, "office")
    assert "CidrIpv4" not in rule
    with refused("InvalidPermission.Duplicate", list_id):
        allow(tenant, group_id, list_id)
    by_list = [{"Name": "ip-permission.prefix-list-id", "Values": [list_id]}]
    (group,) = tenant("DescribeSecurityGroups", Filters=by_list)["SecurityGroups"]
    (permission,) = [each for each in group["IpPermissions"] if each["IpProtocol"] == "tcp"]
    assert permission["PrefixListIds"] == [{"PrefixListId": list_id, "Description": "office"}]

    def allowed() -> set[str]:
        (compiled,) = rows_of(tenant, vpc_id).groups
        return {str(each.peers.cidr) for each in compiled.rules if each.protocol == 6}

    assert allowed() == {"192.168.1.0/24", "192.168.2.0/24"}
    before = wakes(tenant.database)
    add = [{"Cidr": "192.168.3.0/24"}]
    tenant("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=1, AddEntries=add)
    assert wakes(tenant.database) != before
    assert allowed() == {"192.168.1.0/24", "192.168.2.0/24", "192.168.3.0/24"}
    revoke = {k: permission[k] for k in ("IpProtocol", "FromPort", "ToPort", "PrefixListIds")}
    tenant("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[revoke])
    assert allowed() == set()


def test_a_rule_counts_for_as_many_as_the_list_may_have(tenant: Tenant, vpc_id: str):
    group_id = default_group(tenant, vpc_id)
    wide, narrow = create(tenant, size=61), create(tenant, size=58)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(tenant, group_id, wide)
    allow(tenant, group_id, narrow)  # and the group's own rule
    more = {"IpProtocol": "udp", "FromPort": 1, "ToPort": 1}
    block = {**more, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[block])
    one = tenant("ModifyManagedPrefixList", PrefixListId=narrow, MaxEntries=59)["PrefixList"]
    assert (one["State"], one["MaxEntries"]) == ("modify-failed", 58)
    assert group_id in one["StateMessage"]
    one = tenant("ModifyManagedPrefixList", PrefixListId=narrow, MaxEntries=57)["PrefixList"]
    assert (one["State"], one["MaxEntries"]) == ("modify-complete", 57)
    assert "StateMessage" not in one
    six = {**more, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[six])


def test_a_route_for_a_list_leads_for_each_of_its_blocks(tenant: Tenant, vpc_id: str):
    list_id = create(tenant, "192.168.0.0/16", "10.0.3.0/24", "172.16.0.0/12")
    gateway, table = attached_gateway(tenant, vpc_id), main_table(tenant, vpc_id)
    tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")
    route = {"RouteTableId": table["RouteTableId"], "DestinationPrefixListId": list_id}
    tenant("CreateRoute", **route, GatewayId=gateway)
    described = main_table(tenant, vpc_id)["Routes"][1]
    assert described == {
        "DestinationPrefixListId": list_id,
        "GatewayId": gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    own = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "172.16.0.0/12"}
    other = tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    tenant("AllocateAddress")
    subnet = rows_of(tenant, vpc_id).subnets[0]
    # what is the VPC's own stays local
    assert {str(each.destination) for each in subnet.routes} == {"192.168.0.0/16", "172.16.0.0/12"}
    interface = tenant("CreateNetworkInterface", SubnetId=subnet.subnet_id)["NetworkInterface"]
    tenant("CreateRoute", **own, NetworkInterfaceId=interface["NetworkInterfaceId"])
    targets = {str(r.destination): r.target for r in rows_of(tenant, vpc_id).subnets[0].routes}
    # a route that names the block goes before the list
    assert targets["172.16.0.0/12"] == interface["NetworkInterfaceId"]
    with refused("InvalidParameterValue"):
        tenant("ReplaceRoute", **route, GatewayId=other)
    tenant("ReplaceRoute", **route, NetworkInterfaceId=interface["NetworkInterfaceId"])
    tenant("DeleteRoute", **route)
    with refused("InvalidRoute.NotFound", list_id):
        tenant("DeleteRoute", **route)
    assert [str(r.destination) for r in rows_of(tenant, vpc_id).subnets[0].routes] == [
        "172.16.0.0/12"
    ]


def test_a_list_with_users_names_them_and_is_not_deleted(tenant: Tenant, vpc_id: str):
    list_id = create(tenant, "192.168.0.0/16")
    group_id, table = default_group(tenant, vpc_id), main_table(tenant, vpc_id)["RouteTableId"]
    rule = allow(tenant, group_id, list_id)
    route = {"RouteTableId": table, "DestinationPrefixListId": list_id}
    tenant("CreateRoute", **route, GatewayId=attached_gateway(tenant, vpc_id))
    users = tenant("GetManagedPrefixListAssociations", PrefixListId=list_id)
    assert {each["ResourceId"] for each in users["PrefixListAssociations"]} == {group_id, table}
    failed = tenant("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]
    assert failed["State"] == shown(tenant, list_id)["State"] == "delete-failed"
    assert group_id in failed["StateMessage"]
    tenant("DeleteRoute", **route)
    ids = [rule["SecurityGroupRuleId"]]
    tenant("RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=ids)
    gone = tenant("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]
    assert gone["State"] == "delete-in-progress"
    with refused("InvalidPrefixListID.NotFound"):
        shown(tenant, list_id)


def test_aws_has_lists_of_its_own_that_nobody_changes(tenant: Tenant, vpc_id: str):
    by_name = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]
    (service,) = tenant("DescribePrefixLists", Filters=by_name)["PrefixLists"]
    (managed,) = tenant("DescribeManagedPrefixLists", Filters=by_name)["PrefixLists"]
    assert managed["OwnerId"] == "AWS"
    list_id = managed["PrefixListId"]
    assert service["PrefixListId"] == list_id
    assert managed["PrefixListArn"] == f"arn:aws:ec2:us-east-1:aws:prefix-list/{list_id}"
    with refused("OperationNotPermitted"):
        tenant("DeleteManagedPrefixList", PrefixListId=list_id)
    allow(tenant, default_group(tenant, vpc_id), list_id)
    assert cidrs(tenant, list_id) == service["Cidrs"]
    create(tenant)
    named = {one["PrefixListName"] for one in tenant("DescribePrefixLists")["PrefixLists"]}
    assert named == {"com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb"}


def test_another_account_sees_nothing_of_a_list(tenant: Tenant, other_tenant: Tenant):
    list_id = create(tenant, "10.0.0.0/8")
    with refused("InvalidPrefixListID.NotFound"):
        shown(other_tenant, list_id)
    with refused("InvalidPrefixListId.Malformed"):
        shown(other_tenant, "pl-?")


def test_a_list_of_ipv6_blocks_is_for_routes_of_ipv6(tenant: Tenant, vpc_id: str):
    list_id = create(tenant, "2001:db8::/32", AddressFamily="IPv6")
    table = main_table(tenant, vpc_id)["RouteTableId"]
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    nat = tenant("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    route = {"RouteTableId": table, "DestinationPrefixListId": list_id}
    with refused("InvalidParameterValue"):
        tenant("CreateRoute", **route, NatGatewayId=nat["NatGatewayId"])
    tenant("CreateRoute", **route, GatewayId=attached_gateway(tenant, vpc_id))
    (compiled,) = rows_of(tenant, vpc_id).subnets[0].routes
    assert compiled.destination == ip_network("2001:db8::/32")
