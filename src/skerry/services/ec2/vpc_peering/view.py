"""VPC peering connections as responses show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.vpc_peering.model import PeeringSide, VpcPeering

SHORTLY, LONG = timedelta(hours=2), timedelta(days=2)
"""How long an ended connection stays in sight."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A peering connection with both its ends."""

    row: VpcPeering
    requester: PeeringSide
    accepter: PeeringSide

    @property
    def sides(self) -> tuple[PeeringSide, PeeringSide]:
        return self.requester, self.accepter

    def state(self, now: datetime) -> str:
        """The status code.

        https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
        """
        row = self.row
        if row.ended == "deleted" and any(side.applied for side in self.sides):
            return "deleting"
        if row.ended is not None:
            return row.ended
        if row.accepted_at is not None:
            return "active" if all(side.applied for side in self.sides) else "provisioning"
        return "expired" if row.expires_at <= now else "pending-acceptance"

    def visible_until(self, side: PeeringSide, now: datetime) -> datetime | None:
        """When this side sees an ended connection for the last time; None: it has not ended.

        Source: the lifecycle above. Who ends it forgets it soon, the other side has time to notice.
        """
        row = self.row
        match self.state(now):
            case "failed":
                return (row.ended_at or now) + (SHORTLY if side.is_requester else -SHORTLY)
            case "rejected":
                return (row.ended_at or now) + (LONG if side.is_requester else SHORTLY)
            case "expired":
                return row.expires_at + (LONG if side.is_requester else SHORTLY)
            case "deleted":
                by_it = row.ended_by == side.account_id
                return (row.ended_at or now) + (SHORTLY if by_it else LONG)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Sight:
    """What the views need besides a connection."""

    region: str
    now: datetime
    cidrs: Mapping[str, Sequence[str]]  # VPC id → blocks, the primary one first
    tags: Mapping[str, Mapping[str, str]]

    def message(self, one: Connection) -> str:
        """The status message."""
        match one.state(self.now):
            case "pending-acceptance":
                return f"Pending Acceptance by {one.accepter.account_id}"
            case "failed":
                return "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
            case "deleted" | "rejected" as state:
                return f"{state.capitalize()} by {one.row.ended_by}"
            case state:
                return state.capitalize()


def peering_view(one: Connection, sight: Sight) -> dict[str, Any]:
    """As DescribeVpcPeeringConnections shows it."""
    state = one.state(sight.now)
    expires_at = one.row.expires_at if state == "pending-acceptance" else None
    return {
        "VpcPeeringConnectionId": one.row.id,
        "RequesterVpcInfo": _side(one, one.requester, sight),
        "AccepterVpcInfo": _side(one, one.accepter, sight),
        "Status": {"Code": state, "Message": sight.message(one)},
        "ExpirationTime": expires_at,
        "Tags": tag_list(sight.tags[one.row.id]),
    }


def requested_view(one: Connection, sight: Sight) -> dict[str, Any]:
    """As CreateVpcPeeringConnection shows it, before anyone has looked at the request."""
    message = f"Initiating Request to {one.accepter.account_id}"
    return peering_view(one, sight) | {
        "Status": {"Code": "initiating-request", "Message": message},
        "ExpirationTime": one.row.expires_at,
    }


def options_view(side: PeeringSide) -> dict[str, bool]:
    """The options of one side. ClassicLink is a thing of the past."""
    return {
        "AllowDnsResolutionFromRemoteVpc": side.resolves_for_peer,
        "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
        "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    }


def filters(sight: Sight) -> dict[str, Getter[Connection]]:
    """The filters of DescribeVpcPeeringConnections."""
    return {
        "accepter-vpc-info.cidr-block": lambda one: _blocks(one, one.accepter, sight),
        "accepter-vpc-info.owner-id": lambda one: one.accepter.account_id,
        "accepter-vpc-info.vpc-id": lambda one: one.accepter.vpc_id,
        "expiration-time": lambda one: one.row.expires_at,
        "requester-vpc-info.cidr-block": lambda one: _blocks(one, one.requester, sight),
        "requester-vpc-info.owner-id": lambda one: one.requester.account_id,
        "requester-vpc-info.vpc-id": lambda one: one.requester.vpc_id,
        "status-code": lambda one: one.state(sight.now),
        "status-message": sight.message,
        "vpc-peering-connection-id": lambda one: one.row.id,
    }


def _side(one: Connection, side: PeeringSide, sight: Sight) -> dict[str, Any]:
    blocks = _blocks(one, side, sight)
    is_active = one.state(sight.now) == "active"
    return {
        "OwnerId": side.account_id,
        "VpcId": side.vpc_id,
        "Region": sight.region,
        "CidrBlock": blocks[0] if blocks else None,
        "CidrBlockSet": [{"CidrBlock": each} for each in blocks if ":" not in each] or None,
        "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": each} for each in blocks if ":" in each] or None,
        "PeeringOptions": options_view(side) if is_active else None,
    }


def _blocks(one: Connection, side: PeeringSide, sight: Sight) -> Sequence[str]:
    """The accepter's blocks are its own affair until it accepts."""
    is_told = side.is_requester or one.row.accepted_at is not None
    return sight.cidrs.get(side.vpc_id, ()) if is_told else ()
