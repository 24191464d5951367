"""Errors of subnets."""

from skerry.kernel.errors import AwsError


class SubnetNotFound(AwsError):
    code = "InvalidSubnetID.NotFound"
    text = "The subnet ID '{id}' does not exist"


class NoDefaultSubnet(AwsError):
    code = "MissingInput"
    text = "No subnets found for the default VPC '{vpc_id}'. Please specify a subnet."


class NoDefaultSubnetInZone(AwsError):
    code = "MissingInput"
    text = "No default subnet for availability zone: '{zone}'."


class SubnetFull(AwsError):
    code = "InsufficientFreeAddressesInSubnet"
    text = "There are not enough free addresses in subnet '{id}' to satisfy the requested number of instances."


class AddressOutOfRange(AwsError):
    code = "InvalidParameterValue"
    text = "Address {address} does not fall within the subnet's address range"


class AddressReserved(AwsError):
    code = "InvalidParameterValue"
    text = "Address {address} is in subnet's reserved address range"


class AddressInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({address}) for parameter privateIpAddress is invalid. It is not an IPv4 address."


class AddressInUse(AwsError):
    code = "InvalidIPAddress.InUse"
    text = "Address {address} is in use."


class SubnetRangeInvalid(AwsError):
    code = "InvalidSubnet.Range"
    text = "The CIDR '{cidr}' is invalid."


class SubnetConflict(AwsError):
    code = "InvalidSubnet.Conflict"
    text = "The CIDR '{cidr}' conflicts with another subnet"


class SubnetInUse(AwsError):
    code = "DependencyViolation"
    text = "The subnet '{id}' has dependencies and cannot be deleted."


class ZoneUnknown(AwsError):
    code = "InvalidParameterValue"
    text = (
        "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be "
        "created in the following availability zones: {zones}."
    )


class DefaultSubnetExists(AwsError):
    code = "DefaultSubnetAlreadyExistsInAvailabilityZone"
    text = "'{subnet_id}' is already the default subnet in {zone}."


class SubnetLimitExceeded(AwsError):
    code = "SubnetLimitExceeded"
    text = "The maximum number of subnets has been reached for VPC '{vpc_id}': {limit}."


class NoFreeRange(AwsError):
    code = "InsufficientFreeAddressesInVpc"
    text = "There is no free /20 in the default VPC '{vpc_id}' for a new default subnet."


class BlockNotFound(AwsError):
    code = "InvalidSubnetCidrBlockAssociationID.NotFound"
    text = "The subnet CIDR block association ID '{id}' does not exist"


class Ipv6RangeInvalid(AwsError):
    code = "InvalidSubnet.Range"
    text = "The CIDR '{cidr}' is invalid: use a /64 of an IPv6 CIDR block of the VPC."


class Ipv6BlockExists(AwsError):
    code = "InvalidParameterValue"
    text = "The subnet '{id}' has an IPv6 CIDR block already; disassociate it first."


class Ipv6BlockInUse(AwsError):
    code = "InvalidCidrBlock.InUse"
    text = "The subnet '{id}' has interfaces with addresses of the CIDR block '{cidr}'."


class NoIpv6Block(AwsError):
    code = "InvalidParameterValue"
    text = "The subnet '{id}' has no IPv6 CIDR block to assign addresses of."
