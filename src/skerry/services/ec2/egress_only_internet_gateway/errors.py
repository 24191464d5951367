"""Errors of egress-only internet gateways."""

from skerry.kernel.errors import AwsError


class EgressOnlyGatewayMalformed(AwsError):
    code = "InvalidEgressOnlyInternetGatewayId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class EgressOnlyGatewayNotFound(AwsError):
    code = "InvalidGatewayID.NotFound"
    text = "The eigw ID '{id}' does not exist"


class EgressOnlyGatewayLimitExceeded(AwsError):
    code = "EgressOnlyInternetGatewayLimitExceeded"
    text = "Network {vpc_id} has an egress-only internet gateway already: {id}."
