"""What requests may say: addresses, ranges of ports, ARNs."""

from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from skerry.kernel.errors import InvalidParameterValue


def account_and_id(given: str) -> tuple[str | None, str]:
    """The account and the id in an ARN; of an id alone the account is None."""
    if not given.startswith("arn:"):
        return None, given
    parts = given.split(":", 5)
    return (parts[4] if len(parts) == 6 else None), given.rpartition("/")[2]


def check_address(given: str | None, name: str) -> str | None:
    """Raises InvalidParameterValue unless it is an IPv4 address."""
    if given is None:
        return None
    try:
        return str(IPv4Address(given))
    except AddressValueError as bad:
        why = "It is not an IPv4 address."
        raise InvalidParameterValue(value=given, name=name, why=why) from bad


def check_arns(given: Sequence[str] | None, name: str) -> list[str]:
    """Raises InvalidParameterValue for what is no ARN of a resource."""
    for each in given or ():
        if not each.startswith("arn:") or "/" not in each:
            raise InvalidParameterValue(
                value=each, name=name, why="Expecting the ARN of a resource."
            )
    return list(given or ())


def path_filter(given: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """PathRequestFilter as it is kept; an end of a range that is left out is its beginning.

    Raises InvalidParameterValue.
    """
    kept = dict(given or {})
    for member in ("SourceAddress", "DestinationAddress"):
        if member in kept:
            kept[member] = check_address(kept[member], f"{name}.{member}")
    for member in ("SourcePortRange", "DestinationPortRange"):
        if member in kept:
            kept[member] = _port_range(kept[member], f"{name}.{member}")
    return kept


def _port_range(given: Mapping[str, int], name: str) -> dict[str, int]:
    first = given.get("FromPort", given.get("ToPort", 0))
    last = given.get("ToPort", first)
    if first > last:
        why = "A range begins before it ends."
        raise InvalidParameterValue(value=f"{first}-{last}", name=name, why=why)
    return {"FromPort": first, "ToPort": last}
