"""Makes the network of a VPC what its rows say."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.network.port import Network
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Done, Gone, Verdict
from skerry.reconcile.work import Sweep, Work
from skerry.services.ec2.nat_gateway import api as nat_gateways
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.topology import topology_of
from skerry.services.ec2.vpc_endpoint import api as endpoints
from skerry.services.ec2.vpc_peering import api as peerings


def reconcile_vpc(work: Work, vpc: Vpc) -> Verdict:
    """Apply the whole topology, or remove it."""
    network = work.engine(Network)
    if not vpc.wanted:
        network.remove(vpc.id)
        peerings.note_applied(work.database, vpc.id, ())
        endpoints.note_applied(work.database, vpc.id, ())
        nat_gateways.note_applied(work.database, vpc.id, ())
        return Gone()
    with work.read() as session:
        # Read again with all that is in it: the VPC may have been deleted since this pass began.
        fresh = session.get(Vpc, vpc.id)
        topology = topology_of(session, fresh) if fresh is not None and fresh.wanted else None
    if topology is not None:
        network.apply(topology)
        peerings.note_applied(work.database, vpc.id, topology.peerings)
        endpoints.note_applied(work.database, vpc.id, topology.ports)
        nat_gateways.note_applied(work.database, vpc.id, topology.nat_gateways)
    return Done()


def _found(engines: Engines) -> set[str]:
    return engines.get(Network).vpcs()


def _wanted(session: Session) -> set[str]:
    return set(session.scalars(select(Vpc.id)))


def _remove(engines: Engines, vpc_id: str) -> None:
    engines.get(Network).remove(vpc_id)


SWEEP_VPCS = Sweep(name="vpc", found=_found, wanted=_wanted, remove=_remove)
"""VPCs that exist in the network with no row behind them."""
