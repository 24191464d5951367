"""Forgets endpoints that have left their VPC's network, which is all that is made of them."""

from skerry.kernel.tags import drop_tags
from skerry.reconcile.verdict import Done, Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint


def reconcile_endpoint(work: Work, endpoint: VpcEndpoint) -> Verdict:
    """The VPC's pass notes what the network has, and wakes this one."""
    if endpoint.wanted or endpoint.applied:
        return Done()
    with work.database.write(None) as session:
        drop_tags(session, [endpoint.id])
    return Gone()
