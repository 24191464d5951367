"""Rules that speak of groups in a peered VPC: made, shown, gone stale."""

from collections.abc import Callable
from typing import Any

import pytest

from skerry.drivers.network import port
from skerry.drivers.network.topology import check
from skerry.reconcile.work import Work
from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.test_topology import rows_of, wakes
from tests.unit.services.ec2.test_vpc_peering import (  # noqa: F401 - fixtures
    accept,
    apply,
    ask,
    network,
    new_vpc,
    work,
)


def group(tenant: Tenant, vpc_id: str, name: str = "web") -> str:
    made = tenant("CreateSecurityGroup", GroupName=name, Description="d", VpcId=vpc_id)
    return made["GroupId"]


def from_group(group_id: str, **more: str) -> list[dict[str, Any]]:
    pair = {"GroupId": group_id, **more}
    return [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]}]


def authorize(tenant: Tenant, group_id: str, peer_id: str, **more: str) -> dict[str, Any]:
    asked = from_group(peer_id, **more)
    answer = tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=asked)
    (rule,) = answer["SecurityGroupRules"]
    return rule


def pairs(tenant: Tenant, group_id: str) -> list[dict[str, Any]]:
    (shown,) = tenant("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    (permission,) = shown["IpPermissions"]
    return permission["UserIdGroupPairs"]


def stale(tenant: Tenant, vpc_id: str) -> list[dict[str, Any]]:
    return tenant("DescribeStaleSecurityGroups", VpcId=vpc_id)["StaleSecurityGroupSet"]


@pytest.fixture
def joined(
    tenant: Tenant,
    other_tenant: Tenant,
    work: Work,  # noqa: F811
) -> tuple[str, str, str]:
    """Ours, theirs, and the active connection between them."""
    ours, theirs = new_vpc(tenant, "10.0.0.0/16"), new_vpc(other_tenant, "10.1.0.0/16")
    peering_id = ask(tenant, ours, theirs, PeerOwnerId=other_tenant.account_id)
    accept(other_tenant, peering_id)
    apply(work, ours, theirs)
    return ours, theirs, peering_id


def test_a_group_of_a_peer_may_be_spoken_of(
    tenant: Tenant, other_tenant: Tenant, joined: tuple[str, str, str]
):
    ours, theirs, peering_id = joined
    here, there = group(tenant, ours), group(other_tenant, theirs)
    theirs_is = {"UserId": other_tenant.account_id}
    rule = authorize(tenant, here, there, **theirs_is)
    told = {
        "GroupId": there,
        "PeeringStatus": "active",
        "UserId": other_tenant.account_id,
        "VpcId": theirs,
        "VpcPeeringConnectionId": peering_id,
    }
    assert rule["ReferencedGroupInfo"] == told
    assert pairs(tenant, here) == [told]
    with refused("InvalidPermission.Duplicate"):
        authorize(tenant, here, there, **theirs_is)
    references = other_tenant("DescribeSecurityGroupReferences", GroupId=[there])
    assert references["SecurityGroupReferenceSet"] == [
        {"GroupId": there, "ReferencingVpcId": ours, "VpcPeeringConnectionId": peering_id}
    ]
    vpc = rows_of(tenant, ours)
    check(vpc)
    assert there in {r.peers.group_id for each in vpc.groups for r in each.rules}
    asked = from_group(there, **theirs_is)
    tenant("RevokeSecurityGroupIngress", GroupId=here, IpPermissions=asked)
    answer = other_tenant("DescribeSecurityGroupReferences", GroupId=[there])
    assert answer["SecurityGroupReferenceSet"] == []


def test_without_a_connection_there_is_no_such_group(
    tenant: Tenant, other_tenant: Tenant, joined: tuple[str, str, str]
):
    ours, theirs, _ = joined
    here, apart = group(tenant, ours), group(tenant, new_vpc(tenant, "10.2.0.0/16"))
    unjoined = group(other_tenant, new_vpc(other_tenant, "10.3.0.0/16"))
    joined_group = group(other_tenant, theirs)
    with refused("InvalidGroup.NotFound", "different networks"):
        authorize(tenant, here, apart)
    with refused("InvalidGroup.NotFound", unjoined):
        authorize(tenant, here, unjoined, UserId=other_tenant.account_id)
    with refused("InvalidGroup.NotFound"):
        authorize(tenant, here, joined_group)  # whose it is must be said
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        more = {"UserId": other_tenant.account_id}
        more["VpcPeeringConnectionId"] = "pcx-0123456789abcdef0"
        authorize(tenant, here, joined_group, **more)


def disconnect(tenant: Tenant, other_tenant: Tenant, there: str, peering_id: str) -> None:
    del tenant, there
    other_tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)


def drop_group(tenant: Tenant, other_tenant: Tenant, there: str, peering_id: str) -> None:
    del peering_id
    before = wakes(tenant.database)
    other_tenant("DeleteSecurityGroup", GroupId=there)
    assert wakes(tenant.database) != before


@pytest.mark.parametrize(("end", "status"), [(disconnect, "deleting"), (drop_group, "active")])
def test_a_rule_goes_stale_with_what_it_speaks_of_and_can_be_revoked(
    tenant: Tenant,
    other_tenant: Tenant,
    joined: tuple[str, str, str],
    end: Callable[[Tenant, Tenant, str, str], None],
    status: str,
):
    ours, theirs, peering_id = joined
    here, there = group(tenant, ours), group(other_tenant, theirs)
    authorize(tenant, here, there, UserId=other_tenant.account_id)
    assert stale(tenant, ours) == []
    end(tenant, other_tenant, there, peering_id)
    (found,) = stale(tenant, ours)
    assert (found["GroupId"], found["VpcId"]) == (here, ours)
    (permission,) = found["StaleIpPermissions"]
    (pair,) = permission["UserIdGroupPairs"]
    assert (pair["GroupId"], pair["PeeringStatus"]) == (there, status)
    assert found["StaleIpPermissionsEgress"] == []
    compiled = rows_of(tenant, ours)
    check(compiled)
    assert there not in spoken_of(compiled)
    asked = from_group(there, UserId=other_tenant.account_id)
    tenant("RevokeSecurityGroupIngress", GroupId=here, IpPermissions=asked)
    assert stale(tenant, ours) == []


def spoken_of(vpc: port.Vpc) -> set[str | None]:
    return {rule.peers.group_id for each in vpc.groups for rule in each.rules}


def test_a_group_that_its_own_vpc_speaks_of_stays(tenant: Tenant):
    vpc_id = new_vpc(tenant, "10.0.0.0/16")
    here, there = group(tenant, vpc_id), group(tenant, vpc_id, "db")
    rule = authorize(tenant, here, there)
    assert rule["ReferencedGroupInfo"] == {"GroupId": there, "UserId": tenant.account_id}
    with refused("DependencyViolation"):
        tenant("DeleteSecurityGroup", GroupId=there)


def test_a_rule_is_changed_to_speak_of_a_list_and_back(tenant: Tenant):
    vpc_id = new_vpc(tenant, "10.0.0.0/16")
    here, there = group(tenant, vpc_id), group(tenant, vpc_id, "db")
    rule_id = authorize(tenant, here, there)["SecurityGroupRuleId"]
    made = tenant(
        "CreateManagedPrefixList", PrefixListName="l", MaxEntries=60, AddressFamily="IPv4"
    )
    list_id = made["PrefixList"]["PrefixListId"]

    def change(**peer: str) -> dict[str, Any]:
        wanted = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, **peer}
        update = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}]
        tenant("ModifySecurityGroupRules", GroupId=here, SecurityGroupRules=update)
        asked = {"SecurityGroupRuleIds": [rule_id]}
        (rule,) = tenant("DescribeSecurityGroupRules", **asked)["SecurityGroupRules"]
        return rule

    rule = change(PrefixListId=list_id, Description="pings")
    assert (rule["PrefixListId"], rule["Description"]) == (list_id, "pings")
    assert "ReferencedGroupInfo" not in rule
    tenant("DeleteSecurityGroup", GroupId=there)
    rule = change(CidrIpv6="2001:db8::/32")
    assert rule["CidrIpv6"] == "2001:db8::/32"
    assert "PrefixListId" not in rule
    size = {"PrefixListId": list_id, "MaxEntries": 61}
    tenant("ModifyManagedPrefixList", **size)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        change(PrefixListId=list_id)
