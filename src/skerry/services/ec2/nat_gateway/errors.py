"""Errors of NAT gateways."""

from skerry.kernel.errors import AwsError


class NatGatewayNotFound(AwsError):
    code = "NatGatewayNotFound"
    text = "NatGateway {id} was not found"


class NatGatewayMalformed(AwsError):
    code = "NatGatewayMalformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class NatGatewayLimitExceeded(AwsError):
    code = "NatGatewayLimitExceeded"
    text = "Performing this operation would exceed the limit of {limit} NAT gateways in {zone}."
