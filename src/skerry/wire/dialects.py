"""How each family of services words what is wrong with a request.

Three families: EC2 names one parameter at a time; S3 has its own codes; every other service
speaks as AWS's common framework does ("1 validation error detected: Value … at 'name' failed to
satisfy constraint: …"), under a code that its protocol or its own model gives.
"""

from collections.abc import Sequence
from typing import cast

from skerry.kernel.errors import AwsError, InvalidParameterValue, MissingParameter
from skerry.wire import errors
from skerry.wire.limits import MAX_ECHO_CHARS
from skerry.wire.models import Operation
from skerry.wire.problems import Problem

# What a service that speaks JSON or REST calls a failed constraint: the first that its model has.
_VALIDATION_ERRORS = (
    errors.ValidationException,
    errors.InvalidParameterException,
    errors.InvalidInput,
)
_UNPARSED = ("syntax", "type", "unknown")


def refusal(operation: Operation, protocol: str, problems: Sequence[Problem]) -> AwsError:
    """The error that a client of ``operation`` sees for ``problems`` (at least one)."""
    if protocol == "ec2":
        return _ec2(problems[0])
    if operation.service.name == "s3":
        return _s3(operation, problems[0])
    return _framework(operation, protocol, problems)


def no_such_action(service: str | None, protocol: str, action: str, version: str) -> AwsError:
    """The error for an action that the service does not have."""
    action = _echo(action)
    if protocol == "ec2":
        return errors.InvalidAction(action=action) if action else errors.MissingAction()
    if protocol == "query":
        if not action:
            return errors.MissingAction()
        return errors.NoSuchOperation(action=action, version=_echo(version))
    if service == "s3":
        return errors.MethodNotAllowed()
    if protocol == "json":
        return errors.UnknownOperation(action=action)
    return errors.OperationNotFound(action=action)


def _ec2(problem: Problem) -> AwsError:
    name = ".".join(problem.path)
    if problem.kind == "syntax":
        return errors.MalformedQueryString()
    if problem.kind == "unknown":
        return errors.UnknownParameter(name=name)
    if problem.kind == "missing":
        return MissingParameter(name=name)
    return InvalidParameterValue(
        name=_lower_first(name), value=f" {_echo(problem.value)} ", why=_ec2_reason(problem)
    )


def _ec2_reason(problem: Problem) -> str:
    bound = problem.bound
    match problem.kind:
        case "min":
            return f"Expecting a value greater than {bound}."
        case "max":
            return f"Expecting a value less than {bound}."
        case "min_length":
            return f"The length must be at least {bound}."
        case "max_length":
            return f"The length must not exceed {bound}."
        case "pattern":
            return f"The value must match the pattern {bound}."
        case "enum":
            return f"Valid values: {_echo(', '.join(cast('list[str]', bound)))}."
        case _:
            return f"The value must be of type {bound}."


def _s3(operation: Operation, problem: Problem) -> AwsError:
    name = ".".join(problem.path)
    if problem.kind == "syntax" or (problem.kind in _UNPARSED and len(problem.path) > 1):
        return errors.MalformedXml()
    if problem.kind == "missing":
        if operation.input is not None and operation.input.traits.get("payload") == name:
            return errors.MissingRequestBody()
        return errors.InvalidArgument(details=f"Missing required parameter: {name}")
    return errors.InvalidArgument(details=f"Invalid value for {name}: {_echo(problem.value)}")


def _framework(operation: Operation, protocol: str, problems: Sequence[Problem]) -> AwsError:
    first = problems[0]
    if first.kind in _UNPARSED:
        kind = errors.MalformedInput if protocol == "query" else errors.SerializationException
        return kind(details=_unparsed(first))
    plural = "s" if len(problems) > 1 else ""
    details = "; ".join(_constraint(problem) for problem in problems)
    text = f"{len(problems)} validation error{plural} detected: {details}"
    return _validation_error(operation, protocol)(details=text)


def _validation_error(operation: Operation, protocol: str) -> type[AwsError]:
    if protocol == "query":
        return errors.ValidationError
    modelled = {reference["shape"] for reference in operation.traits.get("errors", ())}
    for error in _VALIDATION_ERRORS:
        if error.code in modelled:
            return error
    return errors.ValidationException


def _unparsed(problem: Problem) -> str:
    where = ".".join(problem.path)
    if problem.kind == "syntax":
        return f"The request cannot be parsed: {problem.bound}"
    if problem.kind == "unknown":
        return f"'{where}' is not recognized"
    return f"Value '{_echo(problem.value)}' at '{where}' cannot be converted to {problem.bound}"


def _constraint(problem: Problem) -> str:
    value = "null" if problem.kind == "missing" else f"'{_echo(problem.value)}'"
    where = ".".join(_lower_first(step) for step in problem.path)
    return f"Value {value} at '{where}' failed to satisfy constraint: {_demand(problem)}"


def _demand(problem: Problem) -> str:
    bound = problem.bound
    match problem.kind:
        case "enum":
            values = ", ".join(cast("list[str]", bound))
            return f"Member must satisfy enum value set: [{values}]"
        case "min":
            return f"Member must have value greater than or equal to {bound}"
        case "max":
            return f"Member must have value less than or equal to {bound}"
        case "min_length":
            return f"Member must have length greater than or equal to {bound}"
        case "max_length":
            return f"Member must have length less than or equal to {bound}"
        case "pattern":
            return f"Member must satisfy regular expression pattern: {bound}"
        case _:
            return "Member must not be null"


def _echo(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_ECHO_CHARS else f"{text[:MAX_ECHO_CHARS]}…"


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
