"""Errors of VPCs."""

from skerry.kernel.errors import AwsError


class VpcNotFound(AwsError):
    code = "InvalidVpcID.NotFound"
    text = "The vpc ID '{id}' does not exist"


class VpcRangeInvalid(AwsError):
    code = "InvalidVpc.Range"
    text = "The CIDR '{cidr}' is invalid."


class CidrMalformed(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({cidr}) for parameter {name} is invalid. This is not a valid CIDR block."


class VpcInUse(AwsError):
    code = "DependencyViolation"
    text = "The vpc '{id}' has dependencies and cannot be deleted."


class DefaultVpcExists(AwsError):
    code = "DefaultVpcAlreadyExists"
    text = "A Default VPC already exists for this account in this region."


class VpcLimitExceeded(AwsError):
    code = "VpcLimitExceeded"
    text = "The maximum number of VPCs has been reached: {limit}."


class NoDefaultVpc(AwsError):
    code = "VPCIdNotSpecified"
    text = "No default VPC for this user"
