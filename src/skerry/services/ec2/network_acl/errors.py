"""Errors of network ACLs."""

from skerry.kernel.errors import AwsError


class NetworkAclNotFound(AwsError):
    code = "InvalidNetworkAclID.NotFound"
    text = "The networkAcl ID '{id}' does not exist"
