"""What a VPC value must be, whichever driver it is for."""

from ipaddress import IPv4Address

from skerry.drivers.network.port import IpAddress, Subnet, Vpc


class BrokenTopologyError(ValueError):
    """A VPC value refers to something that it does not hold."""


def check(vpc: Vpc) -> None:
    """Raise BrokenTopologyError unless everything the VPC refers to is in it."""
    subnets = {subnet.subnet_id: subnet for subnet in vpc.subnets}
    groups = {group.group_id for group in vpc.groups}
    ports = {port.port_id: port for port in vpc.ports}
    for subnet in vpc.subnets:
        _require(any(subnet.cidr.subnet_of(cidr) for cidr in vpc.cidrs), subnet.subnet_id)
        ipv6 = subnet.ipv6
        _require(ipv6 is None or any(map(ipv6.subnet_of, vpc.ipv6_cidrs)), subnet.subnet_id)
    for port in vpc.ports:
        subnet = subnets.get(port.subnet_id)
        _require(subnet is not None and groups.issuperset(port.group_ids), port.port_id)
        _require(
            subnet is not None and all(_holds(subnet, a) for a in port.addresses), port.port_id
        )
    for gateway in vpc.nat_gateways:
        subnet = subnets.get(gateway.subnet_id)
        _require(subnet is not None and gateway.private in subnet.cidr, gateway.nat_id)
    for group in vpc.groups:
        for rule in group.rules:
            known = rule.peers.group_id is None or rule.peers.group_id in groups
            _require(known or bool(vpc.peerings), rule.rule_id)  # it may be a peer's
    for public in vpc.public:
        port = ports.get(public.port_id)
        _require(port is not None and public.private in port.addresses, str(public.public))


def _holds(subnet: Subnet, address: IpAddress) -> bool:
    if isinstance(address, IPv4Address):
        return address in subnet.cidr
    return subnet.ipv6 is not None and address in subnet.ipv6


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition is what this takes
    if not holds:
        raise BrokenTopologyError(f"{what} refers to something that its VPC does not hold")
