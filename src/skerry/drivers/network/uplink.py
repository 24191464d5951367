"""The one wire between a cloud and the world: a veth pair from the cloud's namespace to the host's.

The host's end holds the pool's first usable address and the first of the transit range: it is the next hop
of every VPC's router, and its neighbours are the public addresses themselves. Guests' way out is masqueraded
by the host; a packet from a private address (a guest without a public one) is dropped there, as AWS's
internet gateway does. IPv6 has no NAT: the host routes each VPC's networks to its router, and masquerades
only unique local addresses (RFC 4193), which the world could not answer.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run, succeeds
from skerry.drivers.network.ovn.names import UPLINK_IPV6, mac_of

INNER = "uplink"
"""Name of the inner end."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """``outside``: namespace that reaches the cloud's public addresses; empty: the host's own."""

    cloud: str
    namespace: str
    outside: str
    pool: IPv4Network
    transit: IPv4Network

    @property
    def outer(self) -> str:
        """Name of the outer end; cloud names have at most 10 characters."""
        return f"sku-{self.cloud}"

    @property
    def mac(self) -> str:
        """Of the outer end: the same for ever, for routers know it."""
        return mac_of(self.outer)

    @property
    def host(self) -> str:
        """The outer end as every router knows it: MAC and addresses."""
        return f"{self.mac} {self.transit[1]} {UPLINK_IPV6}"

    @property
    def table(self) -> str:
        return f"skerry_{self.cloud.replace('-', '_')}"

    def ensure(self) -> None:
        """Make the wire, its addresses, forwarding and masquerading; repeats without harm."""
        if not succeeds("ip", "-n", self.namespace, "link", "show", INNER):
            # An outer end without this inner one is of a namespace that is on its way out.
            succeeds(*self._there("ip", "link", "del", self.outer))
            outer = ["ip", "link", "add", self.outer]
            if self.outside:
                outer = ["ip", "link", "add", self.outer, "netns", self.outside]
            run(*outer, "type", "veth", "peer", "name", INNER, "netns", self.namespace)
        run("ip", "-n", self.namespace, "link", "set", INNER, "up")
        run(*self._there("ip", "link", "set", self.outer, "address", self.mac, "up"))
        for network in (self.pool, self.transit):
            address = f"{network[1]}/{network.prefixlen}"
            run(*self._there("ip", "address", "replace", address, "dev", self.outer))
        # Checksums are finished by hardware that is not there: let the kernel do them.
        run(*self._there("ethtool", "-K", self.outer, "tx", "off"))
        run("ip", "netns", "exec", self.namespace, "ethtool", "-K", INNER, "tx", "off")
        run(*self._there("sysctl", "-qw", "net.ipv4.ip_forward=1"))
        run(*self._there("sysctl", "-qw", f"net.ipv4.conf.{self.outer}.send_redirects=0"))
        run(*self._there("nft", "-f", "-"), stdin=self._rules())
        if self.has_ipv6:
            run(*self._there("ip", "address", "replace", f"{UPLINK_IPV6}/64", "dev", self.outer))
            run(*self._there("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"))

    @property
    def has_ipv6(self) -> bool:
        """Whether this kernel speaks IPv6."""
        return Path("/proc/sys/net/ipv6").exists()

    def routes(self) -> dict[str, set[str]]:
        """IPv6 next hop on the wire → networks behind it."""
        found: dict[str, set[str]] = {}
        if self.has_ipv6:
            listing = run(*self._there("ip", "-6", "route", "show", "dev", self.outer))
            for network, *more in map(str.split, listing.splitlines()):
                if "via" in more:
                    found.setdefault(more[more.index("via") + 1], set()).add(network)
        return found

    def route(self, networks: set[IPv6Network], via: str, *, wanted: bool) -> None:
        """Have, or have no more, these networks behind this next hop; repeats without harm."""
        for each in sorted(networks):
            route = (str(each), "via", via, "dev", self.outer)
            if wanted:
                run(*self._there("ip", "-6", "route", "replace", *route))
            else:
                succeeds(*self._there("ip", "-6", "route", "del", *route))

    def remove(self) -> None:
        """Take the wire and its rules away; no-op if they, or the namespace they lead to, are gone."""
        if self.outside and not namespaces.exists(self.outside):
            return
        if succeeds(*self._there("ip", "link", "show", self.outer)):
            run(*self._there("ip", "link", "del", self.outer))
        run(*self._there("nft", "-f", "-"), stdin=self._no_rules())

    def _there(self, *command: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.outside, *command) if self.outside else command

    def _no_rules(self) -> str:
        families = ("ip", "ip6") if self.has_ipv6 else ("ip",)
        tables = (f"{family} {self.table}" for family in families)
        return "".join(f"table {each} {{}}\ndelete table {each}\n" for each in tables)

    def _rules(self) -> str:
        ours = f"{{ {self.pool}, {self.transit} }}"
        return f"""{self._no_rules()}
table ip {self.table} {{
    chain prerouting {{
        type filter hook prerouting priority raw
        iifname "{self.outer}" ip saddr != {ours} drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat
        ip saddr {ours} oifname != "{self.outer}" masquerade
    }}
}}
{self._rules_ipv6() if self.has_ipv6 else ""}"""

    def _rules_ipv6(self) -> str:
        return f"""table ip6 {self.table} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat
        iifname "{self.outer}" oifname != "{self.outer}" ip6 saddr fc00::/7 masquerade
    }}
}}
"""
