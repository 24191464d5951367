"""Errors of route tables."""

from skerry.kernel.errors import AwsError


class RouteTableNotFound(AwsError):
    code = "InvalidRouteTableID.NotFound"
    text = "The routeTable ID '{id}' does not exist"


class RouteTableMalformed(AwsError):
    code = "InvalidRouteTableId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class RouteTableInUse(AwsError):
    code = "DependencyViolation"
    text = "The routeTable '{id}' has dependencies and cannot be deleted."


class AssociationNotFound(AwsError):
    code = "InvalidAssociationID.NotFound"
    text = "The association ID '{id}' does not exist"


class AlreadyAssociated(AwsError):
    code = "Resource.AlreadyAssociated"
    text = "the specified association for route table {id} conflicts with an existing association"


class OtherNetwork(AwsError):
    code = "InvalidParameterValue"
    text = "Route table {id} and network {vpc_id} belong to different networks"


class GatewayOfOtherNetwork(AwsError):
    code = "InvalidParameterValue"
    text = "route table {id} and network gateway {gateway_id} belong to different networks"


class MainAssociation(AwsError):
    code = "InvalidParameterValue"
    text = "cannot disassociate the main route table association {id}"


class RouteExists(AwsError):
    code = "RouteAlreadyExists"
    text = "The route identified by {destination} already exists."


class RouteNotFound(AwsError):
    code = "InvalidRoute.NotFound"
    text = "no route with destination-cidr-block {destination} in route table {id}"


class RouteToReplaceNotFound(AwsError):
    code = "InvalidParameterValue"
    text = (
        "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
    )


class LocalRoute(AwsError):
    code = "InvalidParameterValue"
    text = "cannot remove local route {destination} in route table {id}"


class RouteInsideVpc(AwsError):
    code = "InvalidParameterValue"
    text = (
        "The destination CIDR block {destination} is equal to or more specific than one of this "
        "VPC's CIDR blocks. This route can target only an interface or an instance."
    )


class RouteLimitExceeded(AwsError):
    code = "RouteLimitExceeded"
    text = "The maximum number of routes has been reached: {limit}."


class RouteTableLimitExceeded(AwsError):
    code = "RouteTableLimitExceeded"
    text = "The maximum number of route tables has been reached for VPC '{vpc_id}': {limit}."


class VpnGatewayNotFound(AwsError):
    code = "InvalidGatewayID.NotFound"
    text = "The gateway ID '{id}' does not exist"


class ManyInterfaces(AwsError):
    code = "InvalidInstanceID"
    text = (
        "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID "
        "for the operation instead."
    )


class TargetUnfit(AwsError):
    code = "InvalidParameterValue"
    text = "The target {target} cannot take what is for {destination}."
