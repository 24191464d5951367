"""Runs analyses, and asks the network itself whether it would say the same."""

from skerry.drivers.network.port import INTERNET, NOWHERE, Network
from skerry.kernel.clock import now
from skerry.reconcile.verdict import Again, Done, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.network_insights.api.analysis import Outcome, analyse
from skerry.services.ec2.network_insights.model import (
    NetworkInsightsAnalysis,
    NetworkInsightsPath,
)

FOLLOWS_WITHIN_S = 5.0
"""How long the network may say otherwise: it may not have caught up with the rows yet."""
AGAIN_S = 0.5


def reconcile_analysis(work: Work, row: NetworkInsightsAnalysis) -> Verdict:
    """Analyse once; what was found stays."""
    if row.finished_at is not None:
        return Done()
    with work.read() as session:
        path = session.get(NetworkInsightsPath, row.path_id)
        outcome = analyse(session, work.region.name, path, row) if path is not None else Outcome()
    warning = _contradiction(work.engine(Network), outcome)
    moment = now()
    if warning is not None and (moment - row.started_at).total_seconds() < FOLLOWS_WITHIN_S:
        return Again(AGAIN_S)
    row.found, row.failure, row.warning = outcome.found, outcome.failure, warning
    row.forward, row.back = outcome.forward, outcome.back
    row.explanations, row.suggested_accounts = outcome.explanations, outcome.suggested_accounts
    row.finished_at = moment
    return Done()


def _contradiction(network: Network, outcome: Outcome) -> str | None:
    """What the network says that the analysis does not; None: it agrees, or there is no telling."""
    for leg in outcome.legs:
        said = network.trace(leg.probe)
        if said is not None and said != leg.end:
            return (
                f"The network does not agree: a packet from {leg.probe.source} to "
                f"{leg.probe.destination} port {leg.probe.destination_port} that leaves "
                f"{leg.probe.port_id or 'the internet'} {_ending(said)}; by the rules it "
                f"{_ending(leg.end)}."
            )
    return None


def _ending(end: str) -> str:
    if end == NOWHERE:
        return "is dropped"
    return "reaches the internet" if end == INTERNET else f"reaches {end}"
