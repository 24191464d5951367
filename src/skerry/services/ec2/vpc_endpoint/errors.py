"""Errors of VPC endpoints."""

from skerry.kernel.errors import AwsError


class EndpointNotFound(AwsError):
    code = "InvalidVpcEndpointId.NotFound"
    text = "The Vpc Endpoint Id '{id}' does not exist"


class EndpointMalformed(AwsError):
    code = "InvalidVpcEndpointId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class EndpointToDeleteNotFound(AwsError):
    code = "InvalidVpcEndpoint.NotFound"
    text = "The Vpc Endpoint Id '{id}' does not exist"


class ServiceNameInvalid(AwsError):
    code = "InvalidServiceName"
    text = "The Vpc Endpoint Service '{name}' does not exist"


class EndpointTypeUnfit(AwsError):
    code = "InvalidParameter"
    text = "Endpoint type ({type}) does not match available service types ([Interface])."


class RouteTablesUnfit(AwsError):
    code = "InvalidParameter"
    text = "Route table IDs are only supported for Gateway type VPC Endpoint."


class AddressTypeUnfit(AwsError):
    code = "InvalidParameter"
    text = "The IP address type {type} is not supported by the service: it has IPv4 addresses only."


class SubnetsInSameZone(AwsError):
    code = "DuplicateSubnetsInSameZone"
    text = "Found another VPC endpoint subnet in the availability zone of {id}: {other}"


class SubnetOfOtherVpc(AwsError):
    code = "InvalidParameter"
    text = "The subnet ID '{id}' does not belong to the VPC {vpc_id} of the endpoint."


class NotInSubnet(AwsError):
    code = "InvalidParameter"
    text = "The endpoint {endpoint_id} is not in the subnet '{id}'."


class NotInGroup(AwsError):
    code = "InvalidParameter"
    text = "The security group '{id}' is not one of the endpoint {endpoint_id}'s."


class NoGroupLeft(AwsError):
    code = "InvalidParameter"
    text = "An interface endpoint has at least one security group."


class PrivateDnsNeedsDns(AwsError):
    code = "InvalidParameter"
    text = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "
        "set to true for {vpc_id}"
    )


class PrivateDnsTaken(AwsError):
    code = "InvalidParameter"
    text = (
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain "
        "for {name} in the VPC {vpc_id}"
    )


class PolicyMalformed(AwsError):
    code = "InvalidPolicyDocument"
    text = "The policy document is not valid JSON."


class EndpointLimitExceeded(AwsError):
    code = "VpcEndpointLimitExceeded"
    text = "The maximum number of VPC endpoints has been reached for VPC '{vpc_id}': {limit}."
