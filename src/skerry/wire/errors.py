"""The wire's own refusals, in AWS's words.

Codes and sentences: EC2 API Reference "Error codes"; each service's "Common Errors" page; the
S3 API Reference "Error responses"; Smithy's AWS protocol specifications.
"""

from skerry.kernel.errors import AwsError


class UnknownParameter(AwsError):
    code = "UnknownParameter"
    text = "The parameter {name} is not recognized"


class MalformedQueryString(AwsError):
    code = "MalformedQueryString"
    text = "The query string contains a syntax error."
    status = 404


class InvalidAction(AwsError):
    code = "InvalidAction"
    text = "The action {action} is not valid for this web service."


class NoSuchOperation(InvalidAction):
    text = "Could not find operation {action} for version {version}"


class MissingAction(AwsError):
    code = "MissingAction"
    text = "The request is missing an action or a required parameter."


class ValidationError(AwsError):
    code = "ValidationError"
    text = "{details}"


class ValidationException(ValidationError):
    code = "ValidationException"


class InvalidParameterException(ValidationError):
    code = "InvalidParameterException"


class InvalidInput(ValidationError):
    code = "InvalidInput"


class MalformedInput(AwsError):
    code = "MalformedInput"
    text = "{details}"


class SerializationException(MalformedInput):
    code = "SerializationException"


class UnknownOperation(AwsError):
    code = "UnknownOperationException"
    text = "The operation {action} is not known to this service."


class OperationNotFound(UnknownOperation):
    status = 404


class EventStreamsUnsupported(AwsError):
    code = "UnsupportedOperation"
    text = "{action} answers with an event stream, which this endpoint does not write."


class MalformedXml(AwsError):
    code = "MalformedXML"
    text = (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


class MissingRequestBody(AwsError):
    code = "MissingRequestBodyError"
    text = "Request body is empty."


class InvalidArgument(AwsError):
    code = "InvalidArgument"
    text = "{details}"


class MethodNotAllowed(AwsError):
    code = "MethodNotAllowed"
    text = "The specified method is not allowed against this resource."
    status = 405
