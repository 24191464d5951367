"""Errors of network interfaces."""

from skerry.kernel.errors import AwsError


class InterfaceNotFound(AwsError):
    code = "InvalidNetworkInterfaceID.NotFound"
    text = "The networkInterface ID '{id}' does not exist"


class InterfaceMalformed(AwsError):
    code = "InvalidNetworkInterfaceId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class InterfaceInUse(AwsError):
    code = "InvalidNetworkInterface.InUse"
    text = "Network interface '{id}' is currently in use."


class InterfaceIsManaged(AwsError):
    code = "OperationNotPermitted"
    text = "Network interface '{id}' is managed by a service: you are not allowed to change it."


class AttachmentNotFound(AwsError):
    code = "InvalidAttachmentID.NotFound"
    text = "The networkInterfaceAttachment ID '{id}' does not exist"


class InterfaceLimitExceeded(AwsError):
    code = "NetworkInterfaceLimitExceeded"
    text = "The maximum number of network interfaces has been reached: {limit}."
