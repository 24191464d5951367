"""Errors of internet gateways."""

from skerry.kernel.errors import AwsError


class InternetGatewayNotFound(AwsError):
    code = "InvalidInternetGatewayID.NotFound"
    text = "The internetGateway ID '{id}' does not exist"


class AlreadyAttached(AwsError):
    code = "Resource.AlreadyAssociated"
    text = "resource {id} is already attached to network {vpc_id}"


class VpcHasGateway(AwsError):
    code = "InvalidParameterValue"
    text = "Network {vpc_id} already has an internet gateway attached"


class NotAttached(AwsError):
    code = "Gateway.NotAttached"
    text = "resource {id} is not attached to network {vpc_id}"


class GatewayInUse(AwsError):
    code = "DependencyViolation"
    text = "The internetGateway '{id}' has dependencies and cannot be deleted."


class AddressesMapped(AwsError):
    code = "DependencyViolation"
    text = (
        "Network {vpc_id} has some mapped public address(es). "
        "Please unmap those public address(es) before detaching the gateway."
    )


class GatewayLimitExceeded(AwsError):
    code = "InternetGatewayLimitExceeded"
    text = "The maximum number of internet gateways has been reached: {limit}."
