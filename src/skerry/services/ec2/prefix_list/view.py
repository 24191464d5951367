"""Prefix lists as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.arn import arn
from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.prefix_list.api import AWS
from skerry.services.ec2.prefix_list.model import PrefixList

FILTERS: dict[str, Getter[PrefixList]] = {
    "owner-id": lambda one: one.account_id,
    "prefix-list-id": lambda one: one.id,
    "prefix-list-name": lambda one: one.name,
}
"""The filters of DescribeManagedPrefixLists."""

SERVICE_FILTERS: dict[str, Getter[PrefixList]] = {
    name: getter for name, getter in FILTERS.items() if name != "owner-id"
}
"""The filters of DescribePrefixLists."""


def prefix_list_view(region: str, one: PrefixList, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeManagedPrefixLists shows it; AWS's own lists have no version and no size there."""
    owner = "aws" if one.account_id == AWS else one.account_id
    ours = None if one.account_id == AWS else one
    return {
        "AddressFamily": one.address_family,
        "MaxEntries": ours and ours.max_entries,
        "OwnerId": one.account_id,
        "PrefixListArn": arn("ec2", region, owner, f"prefix-list/{one.id}"),
        "PrefixListId": one.id,
        "PrefixListName": one.name,
        "State": one.state,
        "StateMessage": one.failure,
        "Tags": tag_list(tags),
        "Version": ours and ours.version,
    }
