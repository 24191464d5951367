"""Tags as responses show them."""

from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import Tag


def tag_view(tag: Tag) -> dict[str, Any]:
    """As DescribeTags shows it."""
    return {
        "ResourceId": tag.resource_id,
        "ResourceType": tag.resource_type,
        "Key": tag.key,
        "Value": tag.value,
    }


FILTERS: dict[str, Getter[Tag]] = {
    "key": lambda tag: tag.key,
    "resource-id": lambda tag: tag.resource_id,
    "resource-type": lambda tag: tag.resource_type,
    "value": lambda tag: tag.value,
}
