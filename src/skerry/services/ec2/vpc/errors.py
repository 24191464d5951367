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


class NoIpv6Block(AwsError):
    code = "InsufficientFreeAddressesInPool"
    text = (
        "All IPv6 blocks of this cloud's pool are in use; disassociate one, or enlarge ipv6_pool."
    )


class BlockNotFound(AwsError):
    code = "InvalidVpcCidrBlockAssociationID.NotFound"
    text = "The vpc CIDR block association ID '{id}' does not exist"


class PrimaryBlock(AwsError):
    code = "OperationNotPermitted"
    text = (
        "The vpc CIDR block with association ID {id} may not be disassociated. It is the primary "
        "IPv4 CIDR block of the VPC"
    )


class BlockInUse(AwsError):
    code = "InvalidCidrBlock.InUse"
    text = "The vpc '{vpc_id}' currently has a subnet within CIDR block '{cidr}'."


class BlockConflict(AwsError):
    code = "InvalidVpc.Range"
    text = "The CIDR '{cidr}' conflicts with another CIDR block of the VPC '{vpc_id}'"


class BlockRestricted(AwsError):
    code = "InvalidVpc.Range"
    text = (
        "The CIDR '{cidr}' is restricted. Use a CIDR from the same private address range as the "
        "current VPC CIDR, or use a publicly-routable CIDR."
    )


class BlockLimitExceeded(AwsError):
    code = "CidrLimitExceeded"
    text = "This network '{vpc_id}' has met its maximum number of allowed CIDRs: {limit}"


class BlockRouted(AwsError):
    code = "InvalidVpc.Range"
    text = (
        "The CIDR '{cidr}' is the same as, or larger than, the destination '{destination}' of a "
        "route in a route table of the VPC."
    )
