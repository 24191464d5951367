"""Actions of VPC peering connections."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.db import EVERY_ACCOUNT
from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tags_of, tags_on_create
from skerry.services.ec2.vpc.api import find_vpc
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_peering import api
from skerry.services.ec2.vpc_peering.errors import (
    ActivePeeringsExceeded,
    NotYoursTo,
    PeeringExists,
    PeeringNotActive,
    PeerRegionUnknown,
    PendingPeeringsExceeded,
    StateTransitionInvalid,
)
from skerry.services.ec2.vpc_peering.model import PeeringSide, VpcPeering
from skerry.services.ec2.vpc_peering.view import (
    Connection,
    Sight,
    filters,
    options_view,
    peering_view,
    requested_view,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        AcceptVpcPeeringConnectionRequestTypeDef,
        CreateVpcPeeringConnectionRequestTypeDef,
        DeleteVpcPeeringConnectionRequestTypeDef,
        DescribeVpcPeeringConnectionsRequestTypeDef,
        ModifyVpcPeeringConnectionOptionsRequestTypeDef,
        RejectVpcPeeringConnectionRequestTypeDef,
    )

    from skerry.kernel.context import Context

RESOURCE_TYPE = "vpc-peering-connection"
EXPIRES_AFTER = timedelta(days=7)
MAX_PENDING_PER_VPC = 25
MAX_ACTIVE_PER_VPC = 125
_NOT_OFFERED = (
    "AllowEgressFromLocalClassicLinkToRemoteVpc",
    "AllowEgressFromLocalVpcToRemoteClassicLink",
    "AllowMultipathResilience",
    "MultipathResilienceMode",
)


@action("CreateVpcPeeringConnection")
def create_vpc_peering_connection(
    ctx: Context, req: CreateVpcPeeringConnectionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html

    A VPC of another account that does not exist, and blocks that overlap, make a failed connection.
    """
    vpc = find_vpc(ctx, req["VpcId"])
    peer_vpc_id = req.get("PeerVpcId")
    if not peer_vpc_id:
        raise MissingParameter(name="peerVpcId")
    owner_id = req.get("PeerOwnerId") or ctx.account_id
    region = req.get("PeerRegion") or ctx.region.name
    if region != ctx.region.name:
        raise PeerRegionUnknown(region=region)
    _refuse_unbuilt(req.get("RequesterPeeringConnectionOptions") or {})
    if owner_id == ctx.account_id:
        find_vpc(ctx, peer_vpc_id)
    _check_room(ctx, vpc.id, peer_vpc_id)
    one = _request(ctx, vpc.id, peer_vpc_id, owner_id)
    if not _can_be_peers(ctx, one):
        one.row.ended, one.row.ended_at = "failed", ctx.now
    ctx.db.flush()
    ctx.wake(one.row)
    put_tags(ctx, RESOURCE_TYPE, one.row.id, tags_on_create(req, RESOURCE_TYPE))
    return {"VpcPeeringConnection": requested_view(one, _sight(ctx, [one]))}


@action("AcceptVpcPeeringConnection")
def accept_vpc_peering_connection(
    ctx: Context, req: AcceptVpcPeeringConnectionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html

    Blocks that have come to overlap since the request make a failed connection.
    """
    one = _pending_for_me(ctx, req["VpcPeeringConnectionId"], "accept", "provisioning")
    find_vpc(ctx, one.accepter.vpc_id)
    for side in one.sides:
        _check_active(ctx, side.vpc_id)
    if _can_be_peers(ctx, one):
        one.row.accepted_at = ctx.now
    else:
        one.row.ended, one.row.ended_at = "failed", ctx.now
    ctx.db.flush()
    api.wake_both(ctx.db, one)
    return {"VpcPeeringConnection": peering_view(one, _sight(ctx, [one]))}


@action("RejectVpcPeeringConnection")
def reject_vpc_peering_connection(
    ctx: Context, req: RejectVpcPeeringConnectionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RejectVpcPeeringConnection.html"""
    one = _pending_for_me(ctx, req["VpcPeeringConnectionId"], "reject", "rejected")
    api.end(ctx.db, one, "rejected", ctx.account_id, ctx.now)
    return {"Return": True}


@action("DeleteVpcPeeringConnection")
def delete_vpc_peering_connection(
    ctx: Context, req: DeleteVpcPeeringConnectionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcPeeringConnection.html

    Routes to it stay, as black holes.
    """
    one = api.find_peering(ctx, req["VpcPeeringConnectionId"])
    before = one.state(ctx.now)
    if before not in api.LIVE:
        raise StateTransitionInvalid(id=one.row.id, before=before, after="deleting")
    if before == "pending-acceptance" and one.requester.account_id != ctx.account_id:
        raise NotYoursTo(account_id=ctx.account_id, verb="delete", id=one.row.id)
    api.end(ctx.db, one, "deleted", ctx.account_id, ctx.now)
    return {"Return": True}


@action("DescribeVpcPeeringConnections")
def describe_vpc_peering_connections(
    ctx: Context, req: DescribeVpcPeeringConnectionsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html"""
    found = api.visible_peerings(ctx, req.get("VpcPeeringConnectionIds"))
    sight = _sight(ctx, found)
    matching = select_rows(
        found, req.get("Filters"), filters(sight), lambda one: sight.tags[one.row.id]
    )
    shown, token = page(matching, req, lambda one: one.row.id)
    return {
        "VpcPeeringConnections": [peering_view(one, sight) for one in shown],
        "NextToken": token,
    }


@action("ModifyVpcPeeringConnectionOptions")
def modify_vpc_peering_connection_options(
    ctx: Context, req: ModifyVpcPeeringConnectionOptionsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html

    Each account sets the options of its own side.
    """
    one = api.find_peering(ctx, req["VpcPeeringConnectionId"])
    wanted: dict[str, tuple[PeeringSide, Mapping[str, Any]]] = {
        name: (side, given)
        for name, side, given in (
            (
                "RequesterPeeringConnectionOptions",
                one.requester,
                req.get("RequesterPeeringConnectionOptions"),
            ),
            (
                "AccepterPeeringConnectionOptions",
                one.accepter,
                req.get("AccepterPeeringConnectionOptions"),
            ),
        )
        if given
    }
    if not wanted:
        raise MissingParameter(name="requesterPeeringConnectionOptions")
    for side, given in wanted.values():
        _refuse_unbuilt(given)
        if side.account_id != ctx.account_id:
            raise NotYoursTo(
                account_id=ctx.account_id, verb="modify the other side's options of", id=one.row.id
            )
    if one.state(ctx.now) != "active":
        raise PeeringNotActive(id=one.row.id)
    for side, given in wanted.values():
        side.resolves_for_peer = bool(
            given.get("AllowDnsResolutionFromRemoteVpc", side.resolves_for_peer)
        )
    ctx.db.flush()
    return {name: options_view(side) for name, (side, _) in wanted.items()}


def _request(ctx: Context, vpc_id: str, peer_vpc_id: str, owner_id: str) -> Connection:
    row = VpcPeering(id=new_id("pcx"), created_at=ctx.now, expires_at=ctx.now + EXPIRES_AFTER)
    ctx.db.add(row)
    ctx.db.flush()
    requester = PeeringSide(
        peering_id=row.id, account_id=ctx.account_id, is_requester=True, vpc_id=vpc_id
    )
    accepter = PeeringSide(
        peering_id=row.id, account_id=owner_id, is_requester=False, vpc_id=peer_vpc_id
    )
    ctx.db.add_all((requester, accepter))
    ctx.db.flush()
    return Connection(row, requester, accepter)


def _can_be_peers(ctx: Context, one: Connection) -> bool:
    """Whether the VPC asked is that account's, and no block of the one lies in a block of the other."""
    peer = ctx.db.scalar(
        select(Vpc)
        .where(Vpc.id == one.accepter.vpc_id, Vpc.account_id == one.accepter.account_id, Vpc.wanted)
        .execution_options(**EVERY_ACCOUNT)
    )
    if peer is None:
        return False
    blocks = api.blocks_of(ctx.db, [side.vpc_id for side in one.sides])
    return not any(
        ours.version == theirs.version and ours.overlaps(theirs)
        for ours in map(ip_network, blocks[one.requester.vpc_id])
        for theirs in map(ip_network, blocks[one.accepter.vpc_id])
    )


def _check_room(ctx: Context, vpc_id: str, peer_vpc_id: str) -> None:
    pending = 0
    for each in api.connections_of_vpcs(ctx.db, [vpc_id]):
        state = each.state(ctx.now)
        if state not in api.LIVE:
            continue
        if {side.vpc_id for side in each.sides} == {vpc_id, peer_vpc_id}:
            raise PeeringExists(id=each.row.id, vpc_id=vpc_id, peer_vpc_id=peer_vpc_id)
        pending += state == "pending-acceptance" and each.requester.vpc_id == vpc_id
    if pending >= MAX_PENDING_PER_VPC:
        raise PendingPeeringsExceeded(limit=MAX_PENDING_PER_VPC)


def _check_active(ctx: Context, vpc_id: str) -> None:
    if len(api.active_peerings(ctx.db, vpc_id)) >= MAX_ACTIVE_PER_VPC:
        raise ActivePeeringsExceeded(vpc_id=vpc_id, limit=MAX_ACTIVE_PER_VPC)


def _pending_for_me(ctx: Context, peering_id: str, verb: str, after: str) -> Connection:
    one = api.find_peering(ctx, peering_id)
    if one.accepter.account_id != ctx.account_id:
        raise NotYoursTo(account_id=ctx.account_id, verb=verb, id=one.row.id)
    before = one.state(ctx.now)
    if before != "pending-acceptance":
        raise StateTransitionInvalid(id=one.row.id, before=before, after=after)
    return one


def _refuse_unbuilt(options: Mapping[str, Any]) -> None:
    for name in _NOT_OFFERED:
        if options.get(name):
            raise UnsupportedOperation(why=f"The peering option {name} is not supported.")


def _sight(ctx: Context, shown: Sequence[Connection]) -> Sight:
    vpc_ids = [side.vpc_id for one in shown for side in one.sides]
    return Sight(
        region=ctx.region.name,
        now=ctx.now,
        cidrs=api.blocks_of(ctx.db, vpc_ids),
        tags=tags_of(ctx.db, [one.row.id for one in shown]),
    )
