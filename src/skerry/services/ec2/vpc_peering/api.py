"""VPC peering connections, for the network and for sibling slices."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from skerry.drivers.network import port
from skerry.kernel.context import Context
from skerry.kernel.db import EVERY_ACCOUNT, Database
from skerry.kernel.lookup import check_ids
from skerry.kernel.wake import wake, wake_id
from skerry.services.ec2.vpc.model import Vpc, VpcBlock
from skerry.services.ec2.vpc_peering.errors import PeeringMalformed, PeeringNotFound
from skerry.services.ec2.vpc_peering.model import PeeringSide, VpcPeering
from skerry.services.ec2.vpc_peering.view import Connection

LIVE = ("active", "provisioning", "pending-acceptance")


def find_peering(ctx: Context, peering_id: str) -> Connection:
    """A connection that the account sees. Raises PeeringMalformed, PeeringNotFound."""
    return visible_peerings(ctx, [peering_id])[0]


def visible_peerings(ctx: Context, ids: Sequence[str] | None) -> list[Connection]:
    """The account's connections of these ids, in that order; all that it sees when there are no ids.

    Raises PeeringMalformed, PeeringNotFound.
    """
    check_ids(ids, "pcx", PeeringMalformed)
    own = select(PeeringSide)
    if ids:
        own = own.where(PeeringSide.peering_id.in_(ids))
    seen = {side.peering_id for side in ctx.db.scalars(own)}
    found = {
        one.row.id: one
        for one in connections(ctx.db, seen)
        if any(_sees(ctx, one, side) for side in one.sides)
    }
    for each in ids or ():
        if each not in found:
            raise PeeringNotFound(id=each)
    return [found[each] for each in dict.fromkeys(ids or found)]


def _sees(ctx: Context, one: Connection, side: PeeringSide) -> bool:
    until = one.visible_until(side, ctx.now)
    return side.account_id == ctx.account_id and (until is None or ctx.now < until)


def connections(session: Session, ids: Iterable[str]) -> list[Connection]:
    """Whole connections, both sides whoever owns them, in the order of ids."""
    wanted = list(ids)
    if not wanted:
        return []
    query = (
        select(VpcPeering, PeeringSide)
        .join(PeeringSide, PeeringSide.peering_id == VpcPeering.id)
        .where(VpcPeering.id.in_(wanted))
        .order_by(VpcPeering.id, PeeringSide.is_requester)
        .execution_options(**EVERY_ACCOUNT)
    )
    rows: dict[str, VpcPeering] = {}
    sides: defaultdict[str, list[PeeringSide]] = defaultdict(list)
    for row, side in session.execute(query).tuples():
        rows[row.id] = row
        sides[row.id].append(side)
    return [Connection(row, sides[each][1], sides[each][0]) for each, row in rows.items()]


def connections_of_vpcs(session: Session, vpc_ids: Iterable[str]) -> list[Connection]:
    """Every connection, also an ended one, that one of these VPCs is an end of."""
    ids = select(PeeringSide).where(PeeringSide.vpc_id.in_(list(vpc_ids)))
    found = session.scalars(ids.execution_options(**EVERY_ACCOUNT))
    return connections(session, {side.peering_id for side in found})


def blocks_of(session: Session, vpc_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """VPC id → its blocks of both families, the primary one first, of any account."""
    ids = set(vpc_ids)
    primary = select(Vpc.id, Vpc.cidr).where(Vpc.id.in_(ids), Vpc.wanted)
    found = {
        vpc_id: [cidr]
        for vpc_id, cidr in session.execute(primary.execution_options(**EVERY_ACCOUNT)).tuples()
    }
    further = select(VpcBlock).where(VpcBlock.vpc_id.in_(ids)).order_by(VpcBlock.id)
    for block in session.scalars(further.execution_options(**EVERY_ACCOUNT)):
        if block.vpc_id in found:
            found[block.vpc_id].append(block.cidr)
    return found


def peerings_of(session: Session, vpc_id: str) -> tuple[port.Peering, ...]:
    """The accepted connections of a VPC as its network holds them. The session is the whole cloud's."""
    others = {
        one.row.id: side.vpc_id
        for one in connections_of_vpcs(session, [vpc_id])
        if one.row.accepted_at is not None and one.row.ended is None
        for side in one.sides
        if side.vpc_id != vpc_id
    }
    if not others:
        return ()
    blocks = blocks_of(session, others.values())
    return tuple(
        port.Peering(each, other, tuple(ip_network(block) for block in blocks[other]))
        for each, other in others.items()
        if other in blocks
    )


def active_peerings(session: Session, vpc_id: str) -> dict[str, str]:
    """Peering id → id of the VPC at the other end, of connections that packets may pass."""
    return {each.peering_id: each.vpc_id for each in peerings_of(session, vpc_id)}


def open_peerings(ctx: Context) -> frozenset[str]:
    """Ids of the account's active connections."""
    found = visible_peerings(ctx, None)
    return frozenset(one.row.id for one in found if one.state(ctx.now) == "active")


def resolving_peers(session: Session, vpc_id: str) -> list[str]:
    """VPCs whose public names this one resolves to private addresses. The session is the whole cloud's."""
    here, there = aliased(PeeringSide), aliased(PeeringSide)
    query = (
        select(there.vpc_id)
        .join(here, here.peering_id == there.peering_id)
        .join(VpcPeering, VpcPeering.id == there.peering_id)
        .where(here.vpc_id == vpc_id, here.applied)
        .where(there.vpc_id != vpc_id, there.applied, there.resolves_for_peer)
        .where(VpcPeering.ended.is_(None))
    )
    return list(session.scalars(query))


def note_applied(database: Database, vpc_id: str, held: Iterable[port.Peering]) -> None:
    """The VPC's network holds these connections now, and no others."""
    ids = {each.peering_id for each in held}
    with database.read(None) as session:
        sides = session.scalars(select(PeeringSide).where(PeeringSide.vpc_id == vpc_id))
        changed = [side.peering_id for side in sides if side.applied != (side.peering_id in ids)]
    if changed:
        with database.write(None) as session:
            for each in changed:
                session.execute(
                    update(PeeringSide)
                    .where(PeeringSide.vpc_id == vpc_id, PeeringSide.peering_id == each)
                    .values(applied=each in ids)
                )
                wake_id(session, VpcPeering.__tablename__, each)


def wake_peers(session: Session, vpc_id: str) -> None:
    """What a VPC's peers know of it has changed: its blocks."""
    for one in connections_of_vpcs(session, [vpc_id]):
        for side in one.sides:
            if side.vpc_id != vpc_id:
                wake_id(session, "vpc", side.vpc_id)


def wake_both(session: Session, one: Connection) -> None:
    """The connection opened or closed: both VPCs' networks change, and so does its own future."""
    wake(session, one.row)
    for side in one.sides:
        wake_id(session, "vpc", side.vpc_id)


def end(session: Session, one: Connection, how: str, by: str, now: datetime) -> None:
    """The connection is "rejected" or "deleted", by this account."""
    one.row.ended, one.row.ended_at, one.row.ended_by = how, now, by
    session.flush()
    wake_both(session, one)


def keeps_vpc(session: Session, vpc_id: str, now: datetime) -> bool:
    """Whether a connection stands in the way of deleting the VPC: an accepted one, or another's request."""
    return any(
        one.row.accepted_at is not None or one.accepter.vpc_id == vpc_id
        for one in connections_of_vpcs(session, [vpc_id])
        if one.state(now) in LIVE
    )


def withdraw_requests(session: Session, vpc_id: str, now: datetime) -> None:
    """The VPC is being deleted: nobody may accept what it asked for.

    https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html
    """
    for one in connections_of_vpcs(session, [vpc_id]):
        if one.state(now) == "pending-acceptance":
            end(session, one, "deleted", one.requester.account_id, now)
