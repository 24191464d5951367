"""Small VPCs to try network drivers on."""

from ipaddress import IPv4Address, IPv4Network

from skerry.drivers.network.port import (
    AclEntry,
    FirewallRule,
    Peers,
    Port,
    PublicAddress,
    Route,
    SecurityGroup,
    Subnet,
    Vpc,
)

ANYWHERE = IPv4Network("0.0.0.0/0")
OPEN_ACL = tuple(
    AclEntry(100, egress, True, None, None, None, ANYWHERE) for egress in (False, True)
)
OUT = FirewallRule("sgr-out", True, None, None, None, Peers(cidr=ANYWHERE))


def tcp(rule_id: str, port: int, cidr: str = "0.0.0.0/0", group_id: str | None = None):
    peers = Peers(group_id=group_id) if group_id else Peers(cidr=IPv4Network(cidr))
    return FirewallRule(rule_id, False, 6, port, port, peers)


def group(group_id: str, *rules: FirewallRule) -> SecurityGroup:
    unique = tuple(
        FirewallRule(
            f"{group_id}-{r.rule_id}", r.egress, r.protocol, r.from_port, r.to_port, r.peers
        )
        for r in rules
    )
    return SecurityGroup(group_id, unique)


def port(vpc_id: str, number: int, address: str, *group_ids: str, **more: object) -> Port:
    subnet = f"{vpc_id}-subnet-{address.split('.')[2]}"
    mac = f"0a:00:00:00:{int(vpc_id[-2:], 16):02x}:{number:02x}"
    port_id = f"eni-{vpc_id[-2:]}{number:015x}"
    return Port(port_id, subnet, mac, (IPv4Address(address),), group_ids, **more)  # type: ignore[arg-type]


def vpc(vpc_id: str, groups, ports, public=(), acl=OPEN_ACL, *, internet=True) -> Vpc:
    """Two subnets, 10.0.1.0/24 with a way to the internet and 10.0.2.0/24 without."""
    routes = (Route(ANYWHERE, "internet"),)
    cidr = "10.0.{}.0/24"
    subnets = (
        Subnet(f"{vpc_id}-subnet-1", IPv4Network(cidr.format(1)), "a", routes, OPEN_ACL),
        Subnet(f"{vpc_id}-subnet-2", IPv4Network(cidr.format(2)), "b", (), acl),
    )
    public = tuple(
        PublicAddress(IPv4Address(address), each.addresses[0], each.port_id)
        for address, each in public
    )
    network = (IPv4Network("10.0.0.0/16"),)
    return Vpc(
        vpc_id,
        network,
        internet,
        "ec2.internal",
        True,
        subnets,
        tuple(groups),
        tuple(ports),
        public,
    )
