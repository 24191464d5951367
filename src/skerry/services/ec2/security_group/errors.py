"""Errors of security groups and their rules."""

from skerry.kernel.errors import AwsError


class GroupNotFound(AwsError):
    code = "InvalidGroup.NotFound"
    text = "The security group '{id}' does not exist"


class GroupNameNotFound(AwsError):
    code = "InvalidGroup.NotFound"
    text = "The security group '{name}' does not exist in VPC '{vpc_id}'"


class GroupNameNotFoundInDefaultVpc(AwsError):
    code = "InvalidGroup.NotFound"
    text = "The security group '{name}' does not exist in default VPC '{vpc_id}'"


class GroupMalformed(AwsError):
    code = "InvalidGroupId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class GroupOfOtherVpc(AwsError):
    code = "InvalidParameter"
    text = "Security group {id} and the network interface's subnet belong to different networks."


class GroupDuplicate(AwsError):
    code = "InvalidGroup.Duplicate"
    text = "The security group '{name}' already exists for VPC '{vpc_id}'"


class GroupReserved(AwsError):
    code = "InvalidParameterValue"
    text = "Cannot use reserved security group name: {name}"


class GroupNameInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({name}) for parameter GroupName is invalid. {why}"


class GroupDescriptionInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({description}) for parameter GroupDescription is invalid. {why}"


class CannotDeleteDefault(AwsError):
    code = "CannotDelete"
    text = 'the specified group: "{id}" name: "default" cannot be deleted by a user'


class GroupInUse(AwsError):
    code = "DependencyViolation"
    text = "resource {id} has a dependent object"


class GroupsPerInterfaceExceeded(AwsError):
    code = "SecurityGroupsPerInterfaceLimitExceeded"
    text = "The maximum number of security groups per interface has been reached: {limit}."


class GroupLimitExceeded(AwsError):
    code = "SecurityGroupLimitExceeded"
    text = "The maximum number of security groups has been reached for VPC '{vpc_id}': {limit}."


class RuleNotFound(AwsError):
    code = "InvalidSecurityGroupRuleId.NotFound"
    text = "The security group rule ID '{id}' does not exist"


class RuleMalformed(AwsError):
    code = "InvalidSecurityGroupRuleId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class PermissionDuplicate(AwsError):
    code = "InvalidPermission.Duplicate"
    text = 'the specified rule "{rule}" already exists'


class PermissionRepeated(AwsError):
    code = "InvalidParameterValue"
    text = "The same permission must not appear multiple times"


class PermissionNotFound(AwsError):
    code = "InvalidPermission.NotFound"
    text = "The specified rule does not exist in this security group."


class PermissionInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "{why}"


class DifferentNetworks(AwsError):
    code = "InvalidGroup.NotFound"
    text = "You have specified two resources that belong to different networks."


class PeerGroupNotReachable(AwsError):
    code = "InvalidVpcPeeringConnectionID.NotFound"
    text = "No active VPC peering connection joins the VPCs of {id} and {other_id}."


class RulesPerGroupExceeded(AwsError):
    code = "RulesPerSecurityGroupLimitExceeded"
    text = "The maximum number of rules per security group has been reached: {limit}."
