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
    text = "Interface: [{id}] in use."


class InterfaceIsAttached(AwsError):
    code = "InvalidParameterValue"
    text = "Network interface '{id}' is currently in use."


class IndexInUse(AwsError):
    code = "InvalidParameterValue"
    text = "Instance '{id}' already has an interface attached at device index '{index}'."


class AttachmentLimitExceeded(AwsError):
    code = "AttachmentLimitExceeded"
    text = "Interface count {count} exceeds the limit for {instance_type}"


class NotAttachable(AwsError):
    code = "IncorrectState"
    text = "The instance '{id}' is {state}: no interface can be attached to it."


class NoIpv6Address(AwsError):
    code = "InvalidParameterCombination"
    text = "Network interface '{id}' has no IPv6 address that could be its primary one."


class InterfaceIsManaged(AwsError):
    code = "OperationNotPermitted"
    text = "Network interface '{id}' is managed by a service: you are not allowed to change it."


class AttachmentNotFound(AwsError):
    code = "InvalidAttachmentID.NotFound"
    text = "The networkInterfaceAttachment ID '{id}' does not exist"


class InterfaceLimitExceeded(AwsError):
    code = "NetworkInterfaceLimitExceeded"
    text = "The maximum number of network interfaces has been reached: {limit}."
