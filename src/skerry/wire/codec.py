"""The wire's entry: one codec per operation and protocol, compiled at first use and kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

from skerry.kernel.errors import AwsError
from skerry.wire.dialects import no_such_action, refusal
from skerry.wire.errors import EventStreamsUnsupported
from skerry.wire.faults import Fault
from skerry.wire.http import HttpRequest, HttpResponse
from skerry.wire.models import Models, Operation, Shape
from skerry.wire.parse.cbor import CborParser
from skerry.wire.parse.compression import inflated
from skerry.wire.parse.ec2 import Ec2Parser, ec2_name
from skerry.wire.parse.json import JsonParser
from skerry.wire.parse.query import QueryParser
from skerry.wire.parse.rest_json import RestJsonParser
from skerry.wire.parse.rest_xml import RestXmlParser
from skerry.wire.problems import Malformed, Problem
from skerry.wire.serialize.cbor import CborSerializer
from skerry.wire.serialize.ec2 import Ec2Serializer
from skerry.wire.serialize.json import JsonSerializer
from skerry.wire.serialize.query import QuerySerializer
from skerry.wire.serialize.rest_json import RestJsonSerializer
from skerry.wire.serialize.rest_xml import RestXmlSerializer
from skerry.wire.validate import Check, compile_checks

_READING_VERBS = ("Describe", "Get", "List", "Search", "Lookup", "Head", "Select", "BatchGet")


class Parser(Protocol):
    def parse(self, request: HttpRequest, labels: dict[str, str], /) -> dict[str, Any]: ...


class Serializer(Protocol):
    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse: ...


@dataclass(frozen=True, slots=True)
class Pagination:
    """Member names, from the service's paginators."""

    input_token: str
    output_token: str
    limit: str | None
    results: tuple[str, ...]


class OperationCodec:
    """One operation in one protocol, and what its model says of it."""

    def __init__(
        self, operation: Operation, protocol: str, models: Models, *, strict: bool
    ) -> None:
        self.service = operation.service.name
        self.name = operation.name
        self.protocol = protocol
        self._operation = operation
        self._models = models
        self._strict = strict

    def parse(
        self, request: HttpRequest, labels: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The request's members, validated. ``labels``: the route's URI labels, decoded.

        Raises AwsError, whatever the bytes.
        """
        try:
            if "requestcompression" in self._operation.traits:
                request = inflated(request)
            found = self._parser.parse(request, dict(labels or {}))
        except Malformed as malformed:
            raise refusal(self._operation, self.protocol, [malformed.problem]) from None
        except RecursionError:
            deep = Problem("syntax", (), bound="nested too deeply")
            raise refusal(self._operation, self.protocol, [deep]) from None
        problems: list[Problem] = []
        if self._check is not None:
            self._check(found, (), problems)
        if problems:
            raise refusal(self._operation, self.protocol, problems)
        return found

    def serialize(self, response: Mapping[str, Any], request_id: str) -> HttpResponse:
        """The answer for ``response``; members of value None are left out.

        Raises EventStreamsUnsupported where the model wants one.
        """
        return self._serializer.serialize(cast("dict[str, Any]", response), request_id)

    def fault(self, error: AwsError, request_id: str) -> HttpResponse:
        """The answer for ``error``."""
        fault = Fault(self.protocol, self._operation.service, self._operation)
        return fault.serialize(error, request_id)

    @cached_property
    def input_members(self) -> frozenset[str]:
        return _member_names(self._operation.input)

    @cached_property
    def output_members(self) -> frozenset[str]:
        return _member_names(self._operation.output)

    @property
    def has_dry_run(self) -> bool:
        return "DryRun" in self.input_members

    @cached_property
    def idempotency_token(self) -> str | None:
        """The input member that makes a retry harmless, or None."""
        shape = self._operation.input
        marked = [
            name
            for name, member in (shape.members if shape is not None else ())
            if member.traits.get("idempotencyToken")
        ]
        if marked:
            return marked[0]
        return "ClientToken" if "ClientToken" in self.input_members else None

    @cached_property
    def pagination(self) -> Pagination | None:
        """Where the page token goes; None for an operation that is not paged."""
        found = self._models.paginators(self.service).get(self.name)
        if found is None or not isinstance(found["input_token"], str):
            return None
        keys: str | list[str] = found.get("result_key", [])
        results = (keys,) if isinstance(keys, str) else tuple(keys)
        return Pagination(
            found["input_token"], found["output_token"], found.get("limit_key"), results
        )

    @property
    def is_read_only(self) -> bool:
        traits = self._operation.traits
        return bool(traits.get("readonly")) or self.name.startswith(_READING_VERBS)

    @cached_property
    def _parser(self) -> Parser:
        return _PARSERS[self.protocol](self._operation.input)

    @cached_property
    def _serializer(self) -> Serializer:
        output = self._operation.output
        if output is not None and any(member.is_event_stream for _, member in output.members):
            raise EventStreamsUnsupported(action=self.name)
        return _SERIALIZERS[self.protocol](self._operation, strict=self._strict)

    @cached_property
    def _check(self) -> Check | None:
        shape = self._operation.input
        if shape is None:
            return None
        if self.protocol == "ec2":
            return compile_checks(shape, ec2_name, "")
        step = "member" if self.protocol == "query" else ""
        return compile_checks(shape, lambda name, _: name, step)


class Codecs:
    """Codecs of every operation of every service that botocore has a model of.

    ``strict``: answers with members that the model lacks raise UnknownMember (for tests).
    """

    def __init__(self, models: Models | None = None, *, strict: bool = False) -> None:
        self.models = models or Models()
        self._strict = strict
        self._codecs: dict[tuple[str, str, str], OperationCodec] = {}

    def operation(self, service: str, name: str, protocol: str | None = None) -> OperationCodec:
        """The codec; ``protocol`` defaults to the service's own.

        Raises AwsError for an operation that does not exist, UnknownService for a service.
        """
        chosen: str = protocol or self.models.metadata(service)["protocol"]
        key = (service, name, chosen)
        found = self._codecs.get(key)
        if found is None:
            found = self._codecs[key] = self._compile(service, name, chosen)
        return found

    def fault(
        self, service: str | None, protocol: str, error: AwsError, request_id: str
    ) -> HttpResponse:
        """The answer for an error that came before an operation was known."""
        model = self.models.service(service) if service else None
        return Fault(protocol, model).serialize(error, request_id)

    def _compile(self, service: str, name: str, protocol: str) -> OperationCodec:
        model = self.models.service(service)
        operation = model.operation(name)
        if operation is None or protocol not in _PARSERS:
            raise no_such_action(service, protocol, name, model.metadata["apiVersion"])
        return OperationCodec(operation, protocol, self.models, strict=self._strict)


def _member_names(shape: Shape | None) -> frozenset[str]:
    return frozenset(name for name, _ in shape.members) if shape is not None else frozenset()


_PARSERS: dict[str, Callable[[Shape | None], Parser]] = {
    "ec2": Ec2Parser,
    "query": QueryParser,
    "json": JsonParser,
    "rest-json": RestJsonParser,
    "rest-xml": RestXmlParser,
    "smithy-rpc-v2-cbor": CborParser,
}


class _CompileSerializer(Protocol):
    def __call__(self, operation: Operation, /, *, strict: bool) -> Serializer: ...


_SERIALIZERS: dict[str, _CompileSerializer] = {
    "ec2": Ec2Serializer,
    "query": QuerySerializer,
    "json": JsonSerializer,
    "rest-json": RestJsonSerializer,
    "rest-xml": RestXmlSerializer,
    "smithy-rpc-v2-cbor": CborSerializer,
}
