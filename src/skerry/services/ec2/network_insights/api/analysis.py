"""One analysis: from rows to what responses show, and to claims that the network can be asked about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from typing import Any

from sqlalchemy.orm import Session

from skerry.services.ec2.network_insights.api.ends import ADDRESS, find_end, towards
from skerry.services.ec2.network_insights.api.packets import Terms
from skerry.services.ec2.network_insights.api.surroundings import Surroundings, surroundings
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis, NetworkInsightsPath
from skerry.services.ec2.network_insights.reachability.legs import Leg, legs_of
from skerry.services.ec2.network_insights.reachability.packet import Arrival, Judgement, Kind
from skerry.services.ec2.network_insights.reachability.search import (
    Finding,
    SearchTooLongError,
    find,
)
from skerry.services.ec2.network_insights.reachability.walk import NOT_PUBLIC
from skerry.services.ec2.network_insights.view.components import Names, components, explanation

Shown = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``failure``: why there is no result. ``legs``: what the network should say too."""

    found: bool | None = False
    forward: Shown = field(default_factory=Shown)
    back: Shown = field(default_factory=Shown)
    explanations: Shown = field(default_factory=Shown)
    suggested_accounts: list[str] = field(default_factory=list[str])
    legs: tuple[Leg, ...] = ()
    failure: str | None = None


def analyse(
    session: Session, region: str, path: NetworkInsightsPath, analysis: NetworkInsightsAnalysis
) -> Outcome:
    """Look for the path. The session must be the whole cloud's."""
    source = find_end(session, path.account_id, path.source)
    named = path.destination
    destination = find_end(session, path.account_id, named) if named else ADDRESS
    if source is None or destination is None:
        return _impossible("NO_SOURCE_OR_DESTINATION")
    source, destination = (
        towards(session, source, destination),
        towards(session, destination, source),
    )
    terms = Terms(path, source, destination)
    ends = [each for each in (source, destination) if each is not ADDRESS]
    loose = [each for each in ends if each.vpc_id is None]
    vpcs = [each.vpc_id for each in ends if each.vpc_id is not None]
    crossed = [each.resource_id for each in ends if each.kind is Kind.PEERING]
    around = surroundings(session, region, path.account_id, vpcs, crossed)
    if loose:
        own = around.names.component(loose[0].resource_id)
        return _impossible("UNASSOCIATED_COMPONENT", Component=own)
    why_not = _unfit(terms, around)
    return why_not or _searched(terms, around, analysis)


def _searched(terms: Terms, around: Surroundings, analysis: NetworkInsightsAnalysis) -> Outcome:
    names = around.names
    objection = partial(_objection, terms, _must_pass(analysis, names))
    try:
        finding = find(around.estate, terms.question(around.estate), objection)
    except SearchTooLongError as failed:
        return Outcome(found=None, failure=f"The analysis is too complex: {failed}.")
    if finding is None:
        return _nowhere_to_send(terms, names)
    judged = finding.judgement
    return Outcome(
        found=finding.is_path,
        forward=components(judged.there, names),
        back=components(judged.back, names) if judged.back is not None else [],
        explanations=_explained(finding, names),
        suggested_accounts=_beyond(judged, around),
        legs=tuple(legs_of(judged)),
    )


def _explained(finding: Finding, names: Names) -> Shown:
    judged = finding.judgement
    if judged.obstacle is not None:
        return [explanation(judged.obstacle, names)]
    if finding.objection is None:
        return []
    last = judged.there.hops[-1]
    own = names.component(names.of(last))
    shown = {"ExplanationCode": finding.objection, "Component": own}
    return [{key: value for key, value in shown.items() if value is not None}]


def _objection(
    terms: Terms,
    must_pass: Callable[[Judgement], str | None],
    judged: Judgement,
    arrival: Arrival,
) -> str | None:
    return terms.objection(judged, arrival) or must_pass(judged)


def _must_pass(
    analysis: NetworkInsightsAnalysis, names: Names
) -> Callable[[Judgement], str | None]:
    """The filters of an analysis: components that a path has to pass, or not to pass."""
    wanted, unwanted = (
        {arn.rpartition("/")[2] for arn in arns}
        for arns in (analysis.filter_in_arns, analysis.filter_out_arns)
    )

    def test(judged: Judgement) -> str | None:
        passed = {names.of(hop) for hop in judged.there.hops}
        for hop in judged.there.hops:
            passed |= {hop.vpc_id, hop.subnet_id or "", names.instances.get(hop.name, "")}
        is_fit = wanted <= passed and not unwanted & passed
        return None if is_fit else "COMPONENT_FILTER_RESTRICTION"

    return test


def _unfit(terms: Terms, around: Surroundings) -> Outcome | None:
    """What needs no search."""
    source, destination = terms.source, terms.destination
    given = terms.source_ip
    if source.kind is Kind.INTERNET and given is not None and _is_not_public(given):
        own = around.names.component(source.resource_id)
        return _impossible("IGW_EXPECTS_PUBLIC_ADDRESS", InternetGateway=own, Address=str(given))
    if _are_apart(terms, around):
        return _impossible(
            "DISCONNECTED_VPCS",
            SourceVpc=around.names.component(source.vpc_id),
            DestinationVpc=around.names.component(destination.vpc_id),
        )
    return None


def _is_not_public(address: IPv4Address) -> bool:
    return any(address in network for networks in NOT_PUBLIC.values() for network in networks)


def _are_apart(terms: Terms, around: Surroundings) -> bool:
    """Whether two resources are in VPCs that no peering connects, and no public address is named."""
    source, destination = terms.source, terms.destination
    if destination.vpc_id in (None, source.vpc_id) or terms.destination_ip is not None:
        return False
    own = around.estate.vpcs.get(source.vpc_id or "")
    peers = around.estate.peers(own) if own is not None else []
    return destination.vpc_id not in {vpc.vpc_id for _, vpc in peers}


def _nowhere_to_send(terms: Terms, names: Names) -> Outcome:
    """The ends have no address that a packet could have."""
    if terms.source.kind is Kind.INTERNET and terms.destination.kind is Kind.INTERFACE:
        return _impossible(
            "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
            InternetGateway=names.component(terms.source.resource_id),
            Destination=names.component(terms.destination.resource_id),
            Vpc=names.component(terms.source.vpc_id),
        )
    return _impossible("NO_PATH", Component=names.component(terms.source.resource_id))


def _beyond(judged: Judgement, around: Surroundings) -> list[str]:
    """Accounts that the packet went to, and was not followed into."""
    passed = (hop.name for hop in judged.there.hops if hop.kind is Kind.PEERING)
    return sorted({around.owners[each] for each in passed if each in around.owners})


def _impossible(code: str, **more: Any) -> Outcome:
    facts = {key: value for key, value in more.items() if value is not None}
    return Outcome(explanations=[{"ExplanationCode": code} | facts])
