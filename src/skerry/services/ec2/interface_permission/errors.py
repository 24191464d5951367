"""Errors of interface permissions."""

from skerry.kernel.errors import AwsError


class PermissionNotFound(AwsError):
    code = "InvalidPermissionID.NotFound"
    text = "The network interface permission ID '{id}' does not exist"


class PermissionExists(AwsError):
    code = "InvalidPermission.Duplicate"
    text = "The account '{grantee_id}' has the permission '{permission}' on '{id}' already."


class GranteeUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({value}) for parameter awsAccountId is invalid. There is no such account."


class PermissionInUse(AwsError):
    code = "OperationNotPermitted"
    text = (
        "The network interface '{id}' is attached to an instance of the account '{grantee_id}': "
        "detach it first, or use Force."
    )
