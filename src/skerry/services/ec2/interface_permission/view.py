"""Interface permissions as responses show them."""

from typing import Any

from skerry.kernel.filters import Getter
from skerry.services.ec2.interface_permission.model import InterfacePermission


def permission_view(permission: InterfacePermission) -> dict[str, Any]:
    """As DescribeNetworkInterfacePermissions shows it."""
    return {
        "AwsAccountId": permission.grantee_id,
        "NetworkInterfaceId": permission.network_interface_id,
        "NetworkInterfacePermissionId": permission.id,
        "Permission": permission.permission,
        "PermissionState": {"State": "granted"},
    }


_GETTERS: dict[str, Getter[InterfacePermission]] = {
    "aws-account-id": lambda one: one.grantee_id,
    "aws-service": lambda _: None,
    "network-interface-id": lambda one: one.network_interface_id,
    "network-interface-permission-id": lambda one: one.id,
    "permission": lambda one: one.permission,
}
FILTERS: dict[str, Getter[InterfacePermission]] = {
    f"network-interface-permission.{name}": getter for name, getter in _GETTERS.items()
}
