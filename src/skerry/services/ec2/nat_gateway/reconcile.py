"""Forgets NAT gateways an hour after their end. What they do is part of their VPC's network."""

from datetime import timedelta

from skerry.kernel.clock import now
from skerry.kernel.tags import drop_tags
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.nat_gateway.model import NatGateway

VISIBLE = timedelta(hours=1)
"""https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html"""


def reconcile_nat_gateway(work: Work, gateway: NatGateway) -> Verdict:
    """One look: note the end of its work, and forget it when it has been shown long enough."""
    if gateway.failure is None and gateway.wanted:
        return Done()
    if gateway.deleted_at is None:
        if gateway.applied:
            return Done()  # the VPC's pass wakes this one when the network has let it go
        gateway.deleted_at = now()
    left_s = (gateway.deleted_at + VISIBLE - now()).total_seconds()
    if left_s > 0:
        return Again(left_s)
    with work.database.write(None) as session:
        drop_tags(session, [gateway.id])
    return Gone()
