"""DHCP option sets as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.dhcp_options.model import DhcpOptions


def dhcp_options_view(options: DhcpOptions, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeDhcpOptions shows it."""
    return {
        "DhcpOptionsId": options.id,
        "OwnerId": options.account_id,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]}
            for key, values in sorted(options.configuration.items())
        ],
        "Tags": tag_list(tags),
    }


FILTERS: dict[str, Getter[DhcpOptions]] = {
    "dhcp-options-id": lambda one: one.id,
    "key": lambda one: list(one.configuration),
    "owner-id": lambda one: one.account_id,
    "value": lambda one: [value for values in one.configuration.values() for value in values],
}
