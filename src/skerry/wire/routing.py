"""One endpoint for every service: which service, operation and protocol a request is for.

The service is found by the first of: SigV4's credential scope, ``X-Amz-Target``, Smithy's path,
the Host name, the ``Version`` of a Query request. What these names mean is in botocore's models.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from skerry.kernel.errors import AwsError
from skerry.wire.dialects import no_such_action
from skerry.wire.http import HttpRequest
from skerry.wire.models import Models
from skerry.wire.uris import UriTable

_SMITHY_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")
_CREDENTIAL = re.compile(r"(?:^|[&, ])(?:X-Amz-)?Credential=([^,& ]+)")
_ACTION = re.compile(rb"(?:^|&)Action=([^&]*)")
_VERSION = re.compile(rb"(?:^|&)Version=([^&]*)")
_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-].*)?")
_REST = ("rest-json", "rest-xml")
_FORMS = ("ec2", "query")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. ``operation`` is empty only in a guess."""

    service: str | None
    protocol: str
    operation: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    signing_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Served:
    """What routing needs of one service, all from its model's metadata."""

    name: str
    signing_name: str
    endpoint_prefix: str
    version: str
    target_prefix: str
    protocols: tuple[str, ...]

    def protocol(self, among: Iterable[str]) -> str | None:
        return next((protocol for protocol in self.protocols if protocol in among), None)


class Router:
    """Routes for the services named ``services``.

    ``base_hosts``: names of this endpoint below which S3 buckets are sub-domains.
    """

    def __init__(
        self, models: Models, services: Iterable[str], base_hosts: Iterable[str] = ("localhost",)
    ) -> None:
        self._models = models
        self._served = [_served(models, name) for name in services]
        self._base_hosts = tuple(f".{host}" for host in base_hosts)
        self._tables: dict[str, UriTable] = {}

    def route(self, request: HttpRequest) -> Route:
        """Raises AwsError for a request that is for no operation we know of."""
        candidates = self._candidates(request)
        found = self._smithy(request) or self._target(request)
        if found is None and any(served.protocol(_FORMS) for served in candidates or self._served):
            found = self._form(request, candidates)
        if found is None:
            found = self._rest(request, candidates)
        if found is not None:
            return found
        raise self._nowhere(request, candidates)

    def guess(self, request: HttpRequest) -> Route:
        """The likeliest service and protocol, to word an error in; never raises."""
        try:
            return self.route(request)
        except AwsError:
            candidates = self._candidates(request)
            service = candidates[0].name if candidates else None
            return Route(service, _guessed_protocol(request, candidates))

    def _candidates(self, request: HttpRequest) -> list[_Served]:
        scope = credential_scope(request)
        if scope is not None:
            return [served for served in self._served if served.signing_name == scope]
        host = (request.header("host") or "").partition(":")[0].lower()
        label = host.partition(".")[0]
        if _S3_HOST.fullmatch(host) or host.endswith(self._base_hosts):
            label = "s3"
        return [served for served in self._served if served.endpoint_prefix == label]

    def _smithy(self, request: HttpRequest) -> Route | None:
        found = _SMITHY_PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return None
        return self._by_target(found[1], found[2], "smithy-rpc-v2-cbor")

    def _target(self, request: HttpRequest) -> Route | None:
        target = request.header("x-amz-target")
        if target is None:
            return None
        prefix, _, operation = target.rpartition(".")
        return self._by_target(prefix, operation, "json")

    def _by_target(self, prefix: str, operation: str, protocol: str) -> Route | None:
        for served in self._served:
            if served.target_prefix == prefix and protocol in served.protocols:
                return self._checked(served, protocol, operation)
        return None

    def _form(self, request: HttpRequest, candidates: list[_Served]) -> Route | None:
        action = _field(_ACTION, request)
        if not action:
            return None
        version = _field(_VERSION, request)
        forms = [served for served in candidates or self._served if served.protocol(_FORMS)]
        exact = [served for served in forms if served.version == version]
        if not exact and not candidates:
            return None
        for served in exact or forms:
            if self._models.service(served.name).operation(action) is not None:
                return _route(served, served.protocol(_FORMS) or "query", action)
        if not forms:
            return None
        chosen = (exact or forms)[0]
        raise no_such_action(chosen.name, chosen.protocol(_FORMS) or "query", action, version)

    def _rest(self, request: HttpRequest, candidates: list[_Served]) -> Route | None:
        for served in candidates:
            protocol = served.protocol(_REST)
            if protocol is None:
                continue
            found = self._table(served.name).match(request, self._path(request, served))
            if found is not None:
                return _route(served, protocol, *found)
        return None

    def _path(self, request: HttpRequest, served: _Served) -> str:
        """The path, with a bucket that is in the host name put in front."""
        if served.name != "s3":
            return request.path
        bucket = self._bucket_host((request.header("host") or "").partition(":")[0])
        return f"/{bucket}{request.path}" if bucket else request.path

    def _bucket_host(self, host: str) -> str | None:
        found = _S3_HOST.fullmatch(host.lower())
        if found is not None:
            return found["bucket"]
        for base in self._base_hosts:
            if host.lower().endswith(base):
                return host[: -len(base)]
        return None

    def _table(self, service: str) -> UriTable:
        found = self._tables.get(service)
        if found is None:
            found = self._tables[service] = UriTable(self._models.service(service))
        return found

    def _checked(self, served: _Served, protocol: str, operation: str) -> Route:
        if self._models.service(served.name).operation(operation) is None:
            raise no_such_action(served.name, protocol, operation, served.version)
        return _route(served, protocol, operation)

    def _nowhere(self, request: HttpRequest, candidates: list[_Served]) -> AwsError:
        service = candidates[0].name if candidates else None
        action = _field(_ACTION, request) or request.header("x-amz-target") or ""
        protocol = _guessed_protocol(request, candidates)
        return no_such_action(service, protocol, action, _field(_VERSION, request))


def credential_scope(request: HttpRequest) -> str | None:
    """The service in a request's credential scope, or None where there is no such scope."""
    header = request.header("authorization")
    found = _CREDENTIAL.search(header if header is not None else request.query)
    if found is None:
        return None
    steps = unquote(found[1]).split("/")
    return steps[-2] if len(steps) >= 5 else None


def _served(models: Models, name: str) -> _Served:
    metadata = models.metadata(name)
    prefix: str = metadata["endpointPrefix"]
    return _Served(
        name=name,
        signing_name=metadata.get("signingName", prefix),
        endpoint_prefix=prefix,
        version=metadata["apiVersion"],
        target_prefix=metadata.get("targetPrefix", ""),
        protocols=tuple(metadata.get("protocols") or [metadata["protocol"]]),
    )


def _route(
    served: _Served, protocol: str, operation: str, labels: Mapping[str, str] | None = None
) -> Route:
    return Route(served.name, protocol, operation, labels or {}, served.signing_name)


def _field(pattern: re.Pattern[bytes], request: HttpRequest) -> str:
    found = pattern.search(request.query.encode(errors="replace")) or pattern.search(request.body)
    return unquote_plus(found[1].decode("latin-1")) if found is not None else ""


def _guessed_protocol(request: HttpRequest, candidates: list[_Served]) -> str:
    if _SMITHY_PATH.fullmatch(request.path):
        return "smithy-rpc-v2-cbor"
    if request.header("x-amz-target") is not None:
        return "json"
    if candidates:
        return candidates[0].protocol((*_FORMS, *_REST)) or candidates[0].protocols[0]
    return "query" if _field(_ACTION, request) else "rest-json"
