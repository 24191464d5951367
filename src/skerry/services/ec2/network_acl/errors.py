"""Errors of network ACLs."""

from skerry.kernel.errors import AwsError


class NetworkAclNotFound(AwsError):
    code = "InvalidNetworkAclID.NotFound"
    text = "The networkAcl ID '{id}' does not exist"


class NetworkAclMalformed(AwsError):
    code = "InvalidNetworkAclId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class NetworkAclInUse(AwsError):
    code = "DependencyViolation"
    text = "The networkAcl '{id}' has dependencies and cannot be deleted."


class DefaultNetworkAcl(AwsError):
    code = "InvalidParameterValue"
    text = "cannot delete default network ACL {id}"


class NetworkAclOfOtherVpc(AwsError):
    code = "InvalidParameterValue"
    text = "Network ACL {id} and subnet {subnet_id} belong to different networks"


class NetworkAclLimitExceeded(AwsError):
    code = "NetworkAclLimitExceeded"
    text = "The maximum number of network ACLs has been reached for VPC '{vpc_id}': {limit}."


class AssociationNotFound(AwsError):
    code = "InvalidAssociationID.NotFound"
    text = "The association ID '{id}' does not exist"


class EntryExists(AwsError):
    code = "NetworkAclEntryAlreadyExists"
    text = "The network acl entry identified by {number} already exists."


class EntryNotFound(AwsError):
    code = "InvalidNetworkAclEntry.NotFound"
    text = "The network acl entry identified by {number} does not exist in {id}"


class EntryLimitExceeded(AwsError):
    code = "NetworkAclEntryLimitExceeded"
    text = "The maximum number of network acl entries has been reached: {limit} in each direction."
