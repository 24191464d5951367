"""Letting other accounts use an interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.interface_permission.errors import (
    GranteeUnknown,
    PermissionExists,
    PermissionInUse,
    PermissionNotFound,
)
from skerry.services.ec2.interface_permission.model import InterfacePermission
from skerry.services.ec2.interface_permission.view import FILTERS, permission_view
from skerry.services.ec2.network_interface.api import find_interface, refuse_managed
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.iam.account.model import Account

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateNetworkInterfacePermissionRequestTypeDef,
        DeleteNetworkInterfacePermissionRequestTypeDef,
        DescribeNetworkInterfacePermissionsRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("CreateNetworkInterfacePermission")
def create_network_interface_permission(
    ctx: Context, req: CreateNetworkInterfacePermissionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterfacePermission.html

    One account at a time.
    """
    if req.get("AwsService"):
        raise UnsupportedOperation(why="No service here takes interfaces: name an account.")
    grantee_id = req.get("AwsAccountId")
    if not grantee_id:
        raise MissingParameter(name="awsAccountId")
    interface = find_interface(ctx, req["NetworkInterfaceId"])
    refuse_managed(interface)
    if grantee_id == ctx.account_id:
        raise InvalidParameterCombination(why="The network interface is this account's own")
    if ctx.db.get(Account, grantee_id) is None:
        raise GranteeUnknown(value=grantee_id)
    permission = InterfacePermission(
        id=new_id("eni-perm"),
        account_id=ctx.account_id,
        network_interface_id=interface.id,
        grantee_id=grantee_id,
        permission=req["Permission"],
    )
    same = select(InterfacePermission.id).where(
        InterfacePermission.network_interface_id == interface.id,
        InterfacePermission.grantee_id == grantee_id,
        InterfacePermission.permission == permission.permission,
    )
    if ctx.db.scalar(same) is not None:
        raise PermissionExists(
            grantee_id=grantee_id, permission=permission.permission, id=interface.id
        )
    ctx.db.add(permission)
    return {"InterfacePermission": permission_view(permission)}


@action("DescribeNetworkInterfacePermissions")
def describe_network_interface_permissions(
    ctx: Context, req: DescribeNetworkInterfacePermissionsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfacePermissions.html"""
    ids = req.get("NetworkInterfacePermissionIds")
    permissions = known_rows(ctx.db, InterfacePermission, ids, PermissionNotFound)
    shown, token = page(
        select_rows(permissions, req.get("Filters"), FILTERS), req, lambda one: one.id
    )
    return {
        "NetworkInterfacePermissions": [permission_view(each) for each in shown],
        "NextToken": token,
    }


@action("DeleteNetworkInterfacePermission")
def delete_network_interface_permission(
    ctx: Context, req: DeleteNetworkInterfacePermissionRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterfacePermission.html"""
    ids = [req["NetworkInterfacePermissionId"]]
    (permission,) = known_rows(ctx.db, InterfacePermission, ids, PermissionNotFound)
    if not req.get("Force") and _is_used(ctx, permission):
        raise PermissionInUse(id=permission.network_interface_id, grantee_id=permission.grantee_id)
    ctx.db.delete(permission)
    return {"Return": True}


def _is_used(ctx: Context, permission: InterfacePermission) -> bool:
    """Whether the grantee has the interface on an instance of its own."""
    used = (
        select(Instance.id)
        .join(NetworkInterface, NetworkInterface.instance_id == Instance.id)
        .where(
            NetworkInterface.id == permission.network_interface_id,
            Instance.account_id == permission.grantee_id,
        )
        .execution_options(every_account=True)
    )
    return ctx.db.scalar(used) is not None
