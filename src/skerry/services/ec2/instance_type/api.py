"""Instance types, for instances."""

from skerry.services.ec2.instance_type.catalog import CATALOG
from skerry.services.ec2.instance_type.errors import InstanceTypeUnknown
from skerry.services.ec2.instance_type.model import InstanceType


def find_type(name: str) -> InstanceType:
    """Raises InstanceTypeUnknown."""
    found = CATALOG.get(name)
    if found is None:
        raise InstanceTypeUnknown(name=name)
    return found
