"""The network, asked where packets would go, says what the oracle says. Nothing is sent."""

from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.legs import Leg, legs_of
from skerry.services.ec2.network_insights.reachability.walk import judge
from tests.cloud.drivers.network.matrix import Case, Matrix

PER_KIND = 2


def _differing(network, legs: list[Leg]) -> list[str]:
    said = ((leg, network.trace(leg.probe)) for leg in legs)
    return [f"{leg}: {answer!r}" for leg, answer in said if answer != leg.end]


def _sample(cases: list[Case], estate: Estate) -> list[Case]:
    """Of each kind the same number that get through and that do not, as far as there are."""
    found: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        judged = judge(estate, case.packet, case.origin.port.port_id if case.origin else None)
        code = judged.obstacle.code if judged.obstacle else "reached"
        found.setdefault((case.kind, code), []).append(case)
    return [
        case
        for cases in found.values()
        for case in cases[:: max(1, len(cases) // PER_KIND)][:PER_KIND]
    ]


def test_the_network_says_what_the_oracle_says(world, network):
    matrix = Matrix()
    for vpc in matrix.vpcs:
        world.apply(vpc)
    estate = Estate.of(matrix.vpcs)
    cases = _sample(matrix.cases(), estate)
    legs = dict.fromkeys(
        leg
        for case in cases
        for leg in legs_of(
            judge(estate, case.packet, case.origin.port.port_id if case.origin else None)
        )
    )
    print(f"{len(cases)} cases, {len(legs)} legs, {len({leg.end for leg in legs})} ends")
    differing = _differing(network, list(legs))
    assert not differing, f"{len(differing)} of {len(legs)}:\n" + "\n".join(differing[:20])
