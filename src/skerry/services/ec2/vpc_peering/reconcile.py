"""Forgets peering connections that ended. The way itself is part of each VPC's network."""

from skerry.kernel.clock import now
from skerry.kernel.tags import drop_tags
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.vpc_peering.api import connections
from skerry.services.ec2.vpc_peering.model import VpcPeering


def reconcile_peering(work: Work, row: VpcPeering) -> Verdict:
    """Look again at the next moment that time alone changes something."""
    moment = now()
    with work.read() as session:
        (one,) = connections(session, [row.id])
    state = one.state(moment)
    if state == "pending-acceptance":
        return Again((row.expires_at - moment).total_seconds())
    ends = [until for side in one.sides if (until := one.visible_until(side, moment)) is not None]
    if not ends:
        return Done()
    if max(ends) > moment:
        return Again((max(ends) - moment).total_seconds())
    with work.database.write(None) as session:
        drop_tags(session, [row.id])
    return Gone()
