"""What a request says DHCP is to hand out, checked."""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.services.ec2.dhcp_options.api import AMAZON_DNS
from skerry.services.ec2.dhcp_options.errors import (
    OptionNamedTwice,
    OptionUnknown,
    OptionValueInvalid,
)

_MAX_SERVERS = 4
"""Of each IP version."""
_MAX_DOMAIN_CHARACTERS = 253
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NODE_TYPES = ("1", "2", "4", "8")  # RFC 2132, section 8.7
_LEASE_TIME = "ipv6-address-preferred-lease-time"


def read_configuration(listed: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Option → its values.

    Raises OptionUnknown, OptionNamedTwice, OptionValueInvalid, MissingParameter, UnsupportedOperation.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html
    """
    found: dict[str, list[str]] = {}
    for each in listed:
        key, values = each.get("Key") or "", [*(each.get("Values") or ())]
        if key == _LEASE_TIME:
            raise UnsupportedOperation(why=f"{key} is not supported: IPv6 leases do not end.")
        if key not in _CHECKS:
            raise OptionUnknown(key=key, keys=", ".join(_CHECKS))
        if key in found:
            raise OptionNamedTwice(key=key)
        if not values:
            raise MissingParameter(name="dhcpConfiguration.value")
        _CHECKS[key](values)
        found[key] = values
    if not found:
        raise MissingParameter(name="dhcpConfiguration")
    return found


def _check_domain(values: Sequence[str]) -> None:
    """One value, which may name several domains with spaces between them."""
    names = values[0].split()
    is_one = len(values) == 1 and len(values[0]) <= _MAX_DOMAIN_CHARACTERS
    labels = [label for name in names for label in name.removesuffix(".").split(".")]
    if not is_one or not labels or not all(map(_LABEL.fullmatch, labels)):
        raise OptionValueInvalid(value=", ".join(values), why="Give one domain name.")


def _check_resolvers(values: Sequence[str]) -> None:
    _check_servers([each for each in values if each != AMAZON_DNS])
    if values.count(AMAZON_DNS) > 1:
        raise OptionValueInvalid(value=AMAZON_DNS, why="Name it once.")


def _check_servers(values: Sequence[str]) -> None:
    versions = [_version(each) for each in values]
    if max(map(versions.count, (4, 6))) > _MAX_SERVERS:
        why = f"There may be at most {_MAX_SERVERS} servers of an IP version."
        raise OptionValueInvalid(value=", ".join(values), why=why)


def _check_ipv4_servers(values: Sequence[str]) -> None:
    for each in values:
        if _version(each) != 4:
            raise OptionValueInvalid(value=each, why="It is not an IPv4 address.")
    _check_servers(values)


def _version(text: str) -> int:
    try:
        address = ip_address(text)
    except ValueError as bad:
        raise OptionValueInvalid(value=text, why="It is not an IP address.") from bad
    if address.version == 6 and "%" in text:
        raise OptionValueInvalid(value=text, why="Its scope is unknown.")
    return address.version


def _check_node_type(values: Sequence[str]) -> None:
    if len(values) != 1 or values[0] not in _NODE_TYPES:
        raise OptionValueInvalid(value=", ".join(values), why="Use 1, 2, 4 or 8.")


_CHECKS: dict[str, Callable[[Sequence[str]], None]] = {
    "domain-name": _check_domain,
    "domain-name-servers": _check_resolvers,
    "netbios-name-servers": _check_ipv4_servers,
    "netbios-node-type": _check_node_type,
    "ntp-servers": _check_servers,
}
"""Every option there is, and what raises for values that it cannot have."""
