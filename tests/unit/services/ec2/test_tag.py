"""Tags of resources that exist."""

import pytest

from tests.unit.services.calling import Tenant, refused


def _vpc(tenant: Tenant) -> str:
    return tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]


def _tags(tenant: Tenant, resource_id: str) -> dict[str, str]:
    filters = [{"Name": "resource-id", "Values": [resource_id]}]
    return {tag["Key"]: tag["Value"] for tag in tenant("DescribeTags", Filters=filters)["Tags"]}


def _put(tenant: Tenant, resource_id: str, **tags: str) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    tenant("CreateTags", Resources=[resource_id], Tags=pairs)


def test_tags_are_put_on_many_resources_at_once_and_shown_by_each(tenant: Tenant):
    subnet = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    tenant("CreateTags", Resources=[_vpc(tenant), subnet], Tags=[{"Key": "a", "Value": "1"}])
    assert tenant("DescribeVpcs")["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "1"}]
    filters = [{"Name": "tag:a", "Values": ["1"]}]
    types = {tag["ResourceType"] for tag in tenant("DescribeTags", Filters=filters)["Tags"]}
    assert types == {"vpc", "subnet"}
    assert len(tenant("DescribeSubnets", Filters=filters)["Subnets"]) == 1


def test_a_tag_is_overwritten_and_others_stay(tenant: Tenant):
    vpc = _vpc(tenant)
    _put(tenant, vpc, a="1", b="2")
    _put(tenant, vpc, a="3")
    assert _tags(tenant, vpc) == {"a": "3", "b": "2"}


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        ([{"Key": "a"}], {"b"}),
        ([{"Key": "a", "Value": "1"}], {"b"}),
        ([{"Key": "a", "Value": "other"}], {"a", "b"}),
        ([{"Key": "a", "Value": ""}], {"a", "b"}),
        ([], set()),
        ([{"Key": "unknown"}], {"a", "b"}),
    ],
)
def test_tags_are_deleted_by_key_by_value_or_all(tenant: Tenant, deleted: list, left: set[str]):
    vpc = _vpc(tenant)
    _put(tenant, vpc, a="1", b="2")
    tenant("DeleteTags", Resources=[vpc], **({"Tags": deleted} if deleted else {}))
    assert set(_tags(tenant, vpc)) == left


@pytest.mark.parametrize(
    ("resource_id", "code"),
    [
        ("vpc-00000000000000001", "InvalidVpcID.NotFound"),
        ("i-00000000000000001", "InvalidInstanceID.NotFound"),
        ("vol-00000000000000001", "InvalidVolume.NotFound"),
        ("ami-00000000000000001", "InvalidAMIID.NotFound"),
        ("sgr-00000000000000001", "InvalidSecurityGroupRuleId.NotFound"),
        ("eipalloc-00000000000000001", "InvalidAllocationID.NotFound"),
        ("snark-00000000000000001", "InvalidID"),
        ("vpc-1", "InvalidID"),
        ("", "InvalidID"),
    ],
)
def test_only_what_exists_can_be_tagged(tenant: Tenant, resource_id: str, code: str):
    for action in ("CreateTags", "DeleteTags"):
        with refused(code):
            tenant(action, Resources=[resource_id], Tags=[{"Key": "a"}])


def test_every_default_resource_can_be_tagged(tenant: Tenant):
    ids = [
        tenant("DescribeRouteTables")["RouteTables"][0]["RouteTableId"],
        tenant("DescribeInternetGateways")["InternetGateways"][0]["InternetGatewayId"],
        tenant("DescribeNetworkAcls")["NetworkAcls"][0]["NetworkAclId"],
        tenant("DescribeSecurityGroups")["SecurityGroups"][0]["GroupId"],
        tenant("DescribeSecurityGroupRules")["SecurityGroupRules"][0]["SecurityGroupRuleId"],
        tenant("DescribeDhcpOptions")["DhcpOptions"][0]["DhcpOptionsId"],
        tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")["KeyPairId"],
        tenant("AllocateAddress")["AllocationId"],
    ]
    tenant("CreateTags", Resources=ids, Tags=[{"Key": "a", "Value": "b"}])
    assert {tag["ResourceId"] for tag in tenant("DescribeTags")["Tags"]} == set(ids)


def test_another_accounts_resources_cannot_be_tagged_nor_their_tags_seen(
    tenant: Tenant, other_tenant: Tenant
):
    vpc = _vpc(tenant)
    _put(tenant, vpc, a="1")
    for action in ("CreateTags", "DeleteTags"):
        with refused("InvalidVpcID.NotFound", vpc):
            other_tenant(action, Resources=[vpc], Tags=[{"Key": "a"}])
    assert other_tenant("DescribeTags")["Tags"] == []
    assert _tags(tenant, vpc) == {"a": "1"}


def test_limits_and_reserved_keys(tenant: Tenant):
    vpc = _vpc(tenant)
    with refused("InvalidParameterValue", "reserved"):
        _put(tenant, vpc, **{"aws:name": "x"})
    with refused("InvalidParameterValue", "unique"):
        tenant("CreateTags", Resources=[vpc], Tags=[{"Key": "a"}, {"Key": "a"}])
    _put(tenant, vpc, **{f"key-{number}": "" for number in range(50)})
    with refused("TagLimitExceeded"):
        _put(tenant, vpc, one_more="")
    _put(tenant, vpc, **{"key-0": "changed"})
    assert _tags(tenant, vpc)["key-0"] == "changed"


def test_tags_come_in_pages(tenant: Tenant):
    vpc = _vpc(tenant)
    _put(tenant, vpc, **{f"key-{number}": "" for number in range(7)})
    first = tenant("DescribeTags", MaxResults=5)
    rest = tenant("DescribeTags", MaxResults=5, NextToken=first["NextToken"])
    keys = [tag["Key"] for tag in first["Tags"] + rest["Tags"]]
    assert keys == [f"key-{number}" for number in range(7)]
    with refused("InvalidParameterValue"):
        tenant("DescribeTags", MaxResults=4)
