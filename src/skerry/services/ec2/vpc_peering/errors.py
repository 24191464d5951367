"""Errors of VPC peering connections."""

from skerry.kernel.errors import AwsError


class PeeringNotFound(AwsError):
    code = "InvalidVpcPeeringConnectionID.NotFound"
    text = "The vpcPeeringConnection ID '{id}' does not exist"


class PeeringMalformed(AwsError):
    code = "InvalidVpcPeeringConnectionId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class PeeringExists(AwsError):
    code = "VpcPeeringConnectionAlreadyExists"
    text = "The VPC peering connection {id} between {vpc_id} and {peer_vpc_id} already exists."


class StateTransitionInvalid(AwsError):
    code = "InvalidStateTransition"
    text = "Invalid state transition for {id}, attempted to transition from {before} to {after}"


class NotYoursTo(AwsError):
    code = "OperationNotPermitted"
    text = "User ({account_id}) cannot {verb} peering {id}"


class PeeringNotActive(AwsError):
    code = "OperationNotPermitted"
    text = "Peering {id} is not active. Peering options can be added only to active peerings."


class PeerRegionUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid region provided: {region}. This cloud has one region."


class PendingPeeringsExceeded(AwsError):
    code = "PendingVpcPeeringConnectionLimitExceeded"
    text = "The maximum number of pending VPC peering connections has been reached: {limit}."


class ActivePeeringsExceeded(AwsError):
    code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded"
    text = "VPC {vpc_id} has the maximum number of active VPC peering connections: {limit}."
