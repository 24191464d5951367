"""What DHCP, DHCPv6 and router advertisements tell the guests of a VPC, as rows."""

from skerry.drivers.network.ovn.names import mac_of, resolver_of
from skerry.drivers.network.ovn.rows import Row, Rows
from skerry.drivers.network.port import Dhcp, IpAddress, Subnet, Vpc

_LEASE_S = 3600


class Leases:
    """Adds the rows of one VPC's leases."""

    def __init__(self, vpc: Vpc, rows: Rows, mtu: int) -> None:
        self._vpc = vpc
        self._rows = rows
        self._mtu = mtu
        self._dhcp = vpc.dhcp or Dhcp(vpc.domain, (resolver_of(vpc),) if vpc.dns else ())

    def of_subnet(self, subnet: Subnet) -> dict[str, Row]:
        """A port's column → the row that it refers to."""
        found = {"dhcpv4_options": self._ipv4(subnet)}
        if subnet.ipv6 is not None:
            found["dhcpv6_options"] = self._ipv6(subnet)
        return found

    def advertised(self, subnet: Subnet) -> dict[str, str]:
        """A router's advertisements: addresses come by DHCPv6, as on EC2."""
        if subnet.ipv6 is None:
            return {}
        return {"address_mode": "dhcpv6_stateful", "send_periodic": "true", "mtu": str(self._mtu)}

    def _ipv4(self, subnet: Subnet) -> Row:
        gateway, dhcp = str(subnet.cidr[1]), self._dhcp
        options = {
            "lease_time": str(_LEASE_S),
            "router": gateway,
            "server_id": gateway,
            "server_mac": self._server_mac(subnet),
            "mtu": str(self._mtu),
        }
        if dhcp.domain:
            options["domain_name"] = f'"{dhcp.domain}"'
        lists = {
            "dns_server": _of(4, dhcp.resolvers),
            "ntp_server": _of(4, dhcp.time_servers),
            "netbios_name_server": _of(4, dhcp.netbios_servers),
        }
        options |= {name: servers for name, servers in lists.items() if servers}
        if dhcp.netbios_node_type is not None:
            options["netbios_node_type"] = str(dhcp.netbios_node_type)
        return self._rows.add(
            "DHCP_Options", subnet.subnet_id, cidr=str(subnet.cidr), options=options
        )

    def _ipv6(self, subnet: Subnet) -> Row:
        options = {"server_id": self._server_mac(subnet)}
        resolvers = _of(6, self._dhcp.resolvers)
        if resolvers:
            options["dns_server"] = resolvers
        if self._dhcp.domain:
            options["domain_search"] = f'"{self._dhcp.domain}"'
        return self._rows.add(
            "DHCP_Options", f"{subnet.subnet_id}-ipv6", cidr=str(subnet.ipv6), options=options
        )

    def _server_mac(self, subnet: Subnet) -> str:
        return mac_of(f"{self._vpc.vpc_id}-{subnet.subnet_id}")


def _of(version: int, servers: tuple[IpAddress, ...]) -> str:
    """Servers of one family as OVN writes them; empty when there are none."""
    chosen = [str(each) for each in servers if each.version == version]
    return f"{{{', '.join(chosen)}}}" if len(chosen) > 1 else "".join(chosen)
