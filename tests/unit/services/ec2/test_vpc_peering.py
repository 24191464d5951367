"""Peering connections: their states, who may do what, what they make of the networks."""

from datetime import timedelta
from ipaddress import IPv4Network

import pytest

from skerry.drivers.network import port
from skerry.drivers.network.port import Network
from skerry.kernel.clock import now
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.reconcile import reconcile_vpc
from skerry.services.ec2.vpc_peering.api import blocks_of, connections
from skerry.services.ec2.vpc_peering.model import PeeringSide, VpcPeering
from skerry.services.ec2.vpc_peering.reconcile import reconcile_peering
from tests.unit.services.calling import Tenant, counted_queries, refused
from tests.unit.services.ec2.test_topology import RecordingNetwork, rows_of, wakes


@pytest.fixture
def network() -> RecordingNetwork:
    return RecordingNetwork()


@pytest.fixture
def work(tenant: Tenant, network: RecordingNetwork) -> Work:
    return Work(tenant.database, Engines({Network: network}), tenant.region)


def new_vpc(tenant: Tenant, cidr: str) -> str:
    return tenant("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"]


def ask(tenant: Tenant, vpc_id: str, peer: str, **more: object) -> str:
    made = tenant("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer, **more)
    return made["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def accept(tenant: Tenant, peering_id: str) -> dict:
    answer = tenant("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    return answer["VpcPeeringConnection"]


def shown(tenant: Tenant, peering_id: str) -> dict:
    asked = [peering_id]
    found = tenant("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=asked)
    return found["VpcPeeringConnections"][0]


def code(tenant: Tenant, peering_id: str) -> str:
    return shown(tenant, peering_id)["Status"]["Code"]


def seen(tenant: Tenant) -> set[str]:
    found = tenant("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    return {one["VpcPeeringConnectionId"] for one in found}


def apply(work: Work, *vpc_ids: str) -> None:
    for vpc_id in vpc_ids:
        with work.read() as session:
            vpc = session.get_one(Vpc, vpc_id)
        reconcile_vpc(work, vpc)


def attend(work: Work, peering_id: str) -> Verdict:
    with work.read() as session:
        row = session.get_one(VpcPeering, peering_id)
    return reconcile_peering(work, row)


def shift(tenant: Tenant, peering_id: str, by: timedelta) -> None:
    """As if everything had happened so much earlier."""
    with tenant.database.write(None) as session:
        row = session.get_one(VpcPeering, peering_id)
        row.created_at, row.expires_at = row.created_at - by, row.expires_at - by
        row.ended_at = row.ended_at and row.ended_at - by


@pytest.fixture
def two(tenant: Tenant) -> tuple[str, str]:
    return new_vpc(tenant, "10.0.0.0/16"), new_vpc(tenant, "10.1.0.0/16")


@pytest.fixture
def across(tenant: Tenant, other_tenant: Tenant) -> tuple[str, str, str]:
    """A request from one account to another: its id, and the VPCs."""
    ours, theirs = new_vpc(tenant, "10.0.0.0/16"), new_vpc(other_tenant, "10.1.0.0/16")
    return ask(tenant, ours, theirs, PeerOwnerId=other_tenant.account_id), ours, theirs


def test_a_request_becomes_active_when_both_networks_have_it(
    tenant: Tenant, work: Work, network: RecordingNetwork, two: tuple[str, str]
):
    first, second = two
    made = tenant("CreateVpcPeeringConnection", VpcId=first, PeerVpcId=second)
    one = made["VpcPeeringConnection"]
    assert one["Status"]["Code"] == "initiating-request"
    assert one["RequesterVpcInfo"]["CidrBlock"] == "10.0.0.0/16"
    assert "CidrBlock" not in one["AccepterVpcInfo"]
    assert one["ExpirationTime"] - now() > timedelta(days=6, hours=23)
    peering_id = one["VpcPeeringConnectionId"]
    assert code(tenant, peering_id) == "pending-acceptance"
    apply(work, first, second)
    assert network.applied[first].peerings == ()
    assert accept(tenant, peering_id)["Status"]["Code"] == "provisioning"
    apply(work, first)
    assert code(tenant, peering_id) == "provisioning"
    apply(work, second)
    active = shown(tenant, peering_id)
    assert active["Status"] == {"Code": "active", "Message": "Active"}
    assert active["AccepterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.1.0.0/16"}]
    assert active["AccepterVpcInfo"]["PeeringOptions"] == {
        "AllowDnsResolutionFromRemoteVpc": False,
        "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
        "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    }
    assert "ExpirationTime" not in active
    there, here = IPv4Network("10.1.0.0/16"), IPv4Network("10.0.0.0/16")
    assert network.applied[first].peerings == (port.Peering(peering_id, second, (there,)),)
    assert network.applied[second].peerings == (port.Peering(peering_id, first, (here,)),)
    assert attend(work, peering_id) == Done()


def test_a_deleted_connection_leaves_both_networks_and_is_seen_for_a_while(
    tenant: Tenant, work: Work, network: RecordingNetwork, two: tuple[str, str]
):
    peering_id = ask(tenant, *two, TagSpecifications=[
        {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "k", "Value": "v"}]}
    ])  # fmt: skip
    accept(tenant, peering_id)
    apply(work, *two)
    before = wakes(tenant.database)
    tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    after = wakes(tenant.database)
    assert all(after["vpc", vpc_id] > before["vpc", vpc_id] for vpc_id in two)
    assert code(tenant, peering_id) == "deleting"
    apply(work, *two)
    assert all(network.applied[vpc_id].peerings == () for vpc_id in two)
    assert shown(tenant, peering_id)["Status"]["Message"] == f"Deleted by {tenant.account_id}"
    assert shown(tenant, peering_id)["Tags"] == [{"Key": "k", "Value": "v"}]
    verdict = attend(work, peering_id)
    assert isinstance(verdict, Again)
    assert 7100 < verdict.after_s <= 7200
    shift(tenant, peering_id, timedelta(hours=2))
    assert seen(tenant) == set()
    assert attend(work, peering_id) == Gone()
    assert tenant("DescribeTags")["Tags"] == []


def test_the_row_takes_its_sides_with_it(tenant: Tenant, two: tuple[str, str]):
    peering_id = ask(tenant, *two)
    with tenant.database.write(None) as session:
        session.delete(session.get_one(VpcPeering, peering_id))
    with tenant.database.read(None) as session:
        assert session.query(PeeringSide).count() == 0


def test_a_request_expires_after_seven_days(tenant: Tenant, work: Work, two: tuple[str, str]):
    peering_id = ask(tenant, *two)
    verdict = attend(work, peering_id)
    assert isinstance(verdict, Again)
    assert 604_700 < verdict.after_s <= 604_800
    shift(tenant, peering_id, timedelta(days=7))
    assert code(tenant, peering_id) == "expired"
    with refused("InvalidStateTransition", "from expired to provisioning"):
        accept(tenant, peering_id)
    assert isinstance(attend(work, peering_id), Again)
    shift(tenant, peering_id, timedelta(days=2))
    assert attend(work, peering_id) == Gone()
    # What has expired is in nobody's way.
    assert ask(tenant, *two) != peering_id


def test_overlapping_blocks_make_a_failed_connection(
    tenant: Tenant, other_tenant: Tenant, work: Work
):
    ours, theirs = new_vpc(tenant, "10.0.0.0/16"), new_vpc(other_tenant, "10.0.128.0/20")
    peering_id = ask(tenant, ours, theirs, PeerOwnerId=other_tenant.account_id)
    assert shown(tenant, peering_id)["Status"] == {
        "Code": "failed",
        "Message": "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
    }
    assert seen(other_tenant) == set()
    with refused("InvalidStateTransition", "from failed to deleting"):
        tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    shift(tenant, peering_id, timedelta(hours=2))
    assert seen(tenant) == set()
    assert attend(work, peering_id) == Gone()


@pytest.mark.parametrize("account", ["000000000000", "their own"])
def test_a_wrong_account_or_vpc_fails_and_does_not_tell_which(
    tenant: Tenant, other_tenant: Tenant, account: str
):
    ours = new_vpc(tenant, "10.0.0.0/16")
    wrong = new_vpc(other_tenant, "10.1.0.0/16") if account.isdigit() else "vpc-0123456789abcdef0"
    owner = account if account.isdigit() else other_tenant.account_id
    assert code(tenant, ask(tenant, ours, wrong, PeerOwnerId=owner)) == "failed"


def test_ones_own_unknown_vpc_is_told_at_once(tenant: Tenant, other_tenant: Tenant):
    ours, theirs = new_vpc(tenant, "10.0.0.0/16"), new_vpc(other_tenant, "10.1.0.0/16")
    with refused("InvalidVpcID.NotFound"):
        ask(tenant, ours, theirs)
    with refused("InvalidVpcID.NotFound"):
        ask(tenant, theirs, ours)
    with refused("MissingParameter", "peerVpcId"):
        tenant("CreateVpcPeeringConnection", VpcId=ours)
    with refused("InvalidParameterValue", "eu-west-1"):
        ask(tenant, ours, ours, PeerRegion="eu-west-1")
    assert code(tenant, ask(tenant, ours, ours)) == "failed"


def test_only_the_account_asked_accepts_and_rejects(
    tenant: Tenant, other_tenant: Tenant, work: Work, across: tuple[str, str, str]
):
    peering_id, ours, theirs = across
    for verb in ("Accept", "Reject"):
        with refused("OperationNotPermitted", f"cannot {verb.lower()} peering"):
            tenant(f"{verb}VpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    with refused("OperationNotPermitted", "cannot delete"):
        other_tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    message = f"Pending Acceptance by {other_tenant.account_id}"
    for each in (tenant, other_tenant):
        assert shown(each, peering_id)["Status"]["Message"] == message
        assert "CidrBlock" not in shown(each, peering_id)["AccepterVpcInfo"]
    accept(other_tenant, peering_id)
    apply(work, ours, theirs)
    assert shown(tenant, peering_id) == shown(other_tenant, peering_id)
    assert code(tenant, peering_id) == "active"


def test_a_rejected_request_is_forgotten_sooner_by_who_rejected_it(
    tenant: Tenant, other_tenant: Tenant, work: Work, across: tuple[str, str, str]
):
    peering_id, *_ = across
    other_tenant("RejectVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    status = shown(tenant, peering_id)["Status"]
    assert status["Message"] == f"Rejected by {other_tenant.account_id}"
    for verb in ("Delete", "Accept", "Reject"):
        with refused("InvalidStateTransition", "from rejected to"):
            other_tenant(f"{verb}VpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    shift(tenant, peering_id, timedelta(hours=2))
    assert (seen(tenant), seen(other_tenant)) == ({peering_id}, set())
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        shown(other_tenant, peering_id)
    shift(tenant, peering_id, timedelta(days=2))
    assert attend(work, peering_id) == Gone()


def test_nobody_else_sees_a_connection(
    tenant: Tenant, other_tenant: Tenant, across: tuple[str, str, str], two: tuple[str, str]
):
    private = ask(tenant, *two)
    assert seen(other_tenant) == {across[0]}
    for action in ("Accept", "Reject", "Delete"):
        with refused("InvalidVpcPeeringConnectionID.NotFound", private):
            other_tenant(f"{action}VpcPeeringConnection", VpcPeeringConnectionId=private)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        other_tenant("CreateTags", Resources=[private], Tags=[{"Key": "k", "Value": "v"}])
    with refused("InvalidVpcPeeringConnectionId.Malformed"):
        shown(tenant, "vpc-0123456789abcdef0")


def test_each_account_has_its_own_tags_on_a_connection(
    tenant: Tenant, other_tenant: Tenant, across: tuple[str, str, str]
):
    peering_id, *_ = across
    for each, name in ((tenant, "ours"), (other_tenant, "theirs")):
        each("CreateTags", Resources=[peering_id], Tags=[{"Key": "Name", "Value": name}])
    assert shown(tenant, peering_id)["Tags"] == [{"Key": "Name", "Value": "ours"}]
    assert shown(other_tenant, peering_id)["Tags"] == [{"Key": "Name", "Value": "theirs"}]


def test_there_is_one_connection_between_two_vpcs(tenant: Tenant, two: tuple[str, str]):
    peering_id = ask(tenant, *two)
    for pair in (two, two[::-1]):
        with refused("VpcPeeringConnectionAlreadyExists", peering_id):
            ask(tenant, *pair)
    tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert code(tenant, peering_id) == "deleted"
    ask(tenant, *two)


def test_options_are_each_sides_own_and_of_active_connections(
    tenant: Tenant, other_tenant: Tenant, work: Work, across: tuple[str, str, str]
):
    peering_id, ours, theirs = across
    modify = "ModifyVpcPeeringConnectionOptions"
    on = {"AllowDnsResolutionFromRemoteVpc": True}
    mine = {"VpcPeeringConnectionId": peering_id, "RequesterPeeringConnectionOptions": on}
    with refused("OperationNotPermitted", "is not active"):
        tenant(modify, **mine)
    accept(other_tenant, peering_id)
    apply(work, ours, theirs)
    answer = tenant(modify, **mine)
    assert answer.keys() == {"RequesterPeeringConnectionOptions"}
    assert answer["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    with refused("OperationNotPermitted", "other side"):
        other_tenant(modify, **mine)
    with refused("MissingParameter"):
        tenant(modify, VpcPeeringConnectionId=peering_id)
    with refused("UnsupportedOperation", "AllowMultipathResilience"):
        options = {"AllowMultipathResilience": True}
        tenant(modify, **mine | {"RequesterPeeringConnectionOptions": options})
    both = shown(other_tenant, peering_id)
    told = [both[f"{side}VpcInfo"]["PeeringOptions"] for side in ("Requester", "Accepter")]
    assert [each["AllowDnsResolutionFromRemoteVpc"] for each in told] == [True, False]


def test_a_vpc_with_a_connection_cannot_be_deleted_but_its_own_requests_go_with_it(
    tenant: Tenant, other_tenant: Tenant, across: tuple[str, str, str]
):
    peering_id, ours, theirs = across
    with refused("DependencyViolation"):
        other_tenant("DeleteVpc", VpcId=theirs)
    tenant("DeleteVpc", VpcId=ours)
    assert code(other_tenant, peering_id) == "deleted"
    other_tenant("DeleteVpc", VpcId=theirs)


def test_an_accepted_connection_keeps_both_vpcs(tenant: Tenant, two: tuple[str, str]):
    peering_id = ask(tenant, *two)
    accept(tenant, peering_id)
    for vpc_id in two:
        with refused("DependencyViolation"):
            tenant("DeleteVpc", VpcId=vpc_id)
    tenant("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    for vpc_id in two:
        tenant("DeleteVpc", VpcId=vpc_id)


def test_filters_and_pages(tenant: Tenant, work: Work):
    hub = new_vpc(tenant, "10.0.0.0/16")
    peers = [new_vpc(tenant, f"10.{n}.0.0/16") for n in range(1, 8)]
    ids = [ask(tenant, hub, peer) for peer in peers]
    accept(tenant, ids[0])
    apply(work, hub, peers[0])

    def matching(name: str, value: str) -> set[str]:
        one = [{"Name": name, "Values": [value]}]
        found = tenant("DescribeVpcPeeringConnections", Filters=one)["VpcPeeringConnections"]
        return {each["VpcPeeringConnectionId"] for each in found}

    assert matching("status-code", "active") == {ids[0]}
    assert matching("status-message", "Pending*") == set(ids[1:])
    assert matching("requester-vpc-info.vpc-id", hub) == set(ids)
    assert matching("requester-vpc-info.cidr-block", "10.0.0.0/16") == set(ids)
    assert matching("accepter-vpc-info.vpc-id", peers[3]) == {ids[3]}
    assert matching("accepter-vpc-info.cidr-block", "10.1.0.0/16") == {ids[0]}
    assert matching("accepter-vpc-info.cidr-block", "10.2.0.0/16") == set()
    assert matching("accepter-vpc-info.owner-id", tenant.account_id) == set(ids)
    with counted_queries(tenant.database) as queries:
        page = tenant("DescribeVpcPeeringConnections", MaxResults=5)
    assert len([query for query in queries if query.startswith("SELECT")]) <= 5
    rest = tenant("DescribeVpcPeeringConnections", NextToken=page["NextToken"])
    both = page["VpcPeeringConnections"] + rest["VpcPeeringConnections"]
    assert [each["VpcPeeringConnectionId"] for each in both] == sorted(ids)


def test_a_vpc_has_so_many_requests_pending_and_no_more(tenant: Tenant):
    hub = new_vpc(tenant, "10.0.0.0/16")
    peers = [new_vpc(tenant, f"10.{n}.0.0/16") for n in range(1, 27)]
    for peer in peers[:25]:
        ask(tenant, hub, peer)
    with refused("PendingVpcPeeringConnectionLimitExceeded"):
        ask(tenant, hub, peers[25])


def test_a_connection_to_a_vpc_that_is_no_more_is_no_peering(
    tenant: Tenant, work: Work, two: tuple[str, str]
):
    """However it came about: the network is not told of a way that leads nowhere."""
    accept(tenant, ask(tenant, *two))
    with tenant.database.write(None) as session:
        session.get_one(Vpc, two[1]).wanted = False
    assert rows_of(tenant, two[0]).peerings == ()
    with tenant.database.read(None) as session:
        assert connections(session, ["pcx-0123456789abcdef0"]) == []
        assert blocks_of(session, two) == {two[0]: ["10.0.0.0/16"]}
