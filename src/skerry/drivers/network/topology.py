"""What a VPC value must be, whichever driver it is for."""

from skerry.drivers.network.port import Vpc


class BrokenTopologyError(ValueError):
    """A VPC value refers to something that it does not hold."""


def check(vpc: Vpc) -> None:
    """Raise BrokenTopologyError unless everything the VPC refers to is in it."""
    subnets = {subnet.subnet_id: subnet for subnet in vpc.subnets}
    groups = {group.group_id for group in vpc.groups}
    ports = {port.port_id: port for port in vpc.ports}
    for subnet in vpc.subnets:
        _require(any(subnet.cidr.subnet_of(cidr) for cidr in vpc.cidrs), subnet.subnet_id)
    for port in vpc.ports:
        subnet = subnets.get(port.subnet_id)
        _require(subnet is not None and groups.issuperset(port.group_ids), port.port_id)
        _require(subnet is not None and all(a in subnet.cidr for a in port.addresses), port.port_id)
    for group in vpc.groups:
        for rule in group.rules:
            _require(rule.peers.group_id is None or rule.peers.group_id in groups, rule.rule_id)
    for public in vpc.public:
        port = ports.get(public.port_id)
        _require(port is not None and public.private in port.addresses, str(public.public))


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition is what this takes
    if not holds:
        raise BrokenTopologyError(f"{what} refers to something that its VPC does not hold")
