"""A request's life, as one list of steps: route, authenticate, read, carry out, answer."""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError

from skerry.kernel.action import Handler
from skerry.kernel.clock import now
from skerry.kernel.context import Context
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.errors import AwsError
from skerry.kernel.region import Region
from skerry.wire.codec import Codecs, OperationCodec
from skerry.wire.dryrun import refuse_to_keep
from skerry.wire.http import HttpRequest, HttpResponse
from skerry.wire.idempotency import StoredAnswer, digest_of, recall, remember
from skerry.wire.routing import Route, Router
from skerry.wire.sigv4 import Identity, Secret, Verifier

log = logging.getLogger(__name__)


class NotBuilt(AwsError):
    code = "UnsupportedOperation"
    text = "This cloud does not support {action} yet."


class InternalError(AwsError):
    code = "InternalError"
    text = "An internal error has occurred. Retry the request; the operator's log has {request_id}."
    status = 500


class Unavailable(AwsError):
    code = "Unavailable"
    text = "The server is overloaded and can't handle the request. Retry it."
    status = 503


class RequestEntityTooLarge(AwsError):
    code = "RequestEntityTooLarge"
    text = "The request's body is larger than this service accepts."
    status = 413


@dataclass(slots=True)
class Exchange:
    """One request and what its steps have learnt of it so far."""

    request: HttpRequest
    request_id: str
    at: datetime
    route: Route | None = None
    identity: Identity | None = None
    codec: OperationCodec | None = None
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    response: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a gateway serves with."""

    database: Database
    engines: Engines
    region: Region
    handlers: Mapping[tuple[str, str], Handler]  # (service, operation) → handler
    secret_of: Callable[[str], Secret | None]  # access key id → its secret


class Gateway:
    """Answers any request whatever with an answer an AWS client can parse."""

    def __init__(self, surroundings: Surroundings, codecs: Codecs) -> None:
        self._with = surroundings
        self._codecs = codecs
        services = sorted({service for service, _ in surroundings.handlers})
        self._router = Router(codecs.models, services)
        self._verifier = Verifier()
        self.steps: tuple[Callable[[Exchange], None], ...] = (
            self._find_route,
            self._authenticate,
            self._read_parameters,
            self._carry_out,
        )

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer to ``request``; never raises."""
        exchange = Exchange(request, str(uuid.uuid4()), now())
        try:
            for step in self.steps:
                step(exchange)
            codec = exchange.codec
            assert codec is not None  # noqa: S101 - the steps above found it
            return codec.serialize(exchange.response, exchange.request_id)
        except AwsError as error:
            return self._fault(exchange, error)
        except OperationalError:
            log.warning("request %s: database busy", exchange.request_id, exc_info=True)
            return self._fault(exchange, Unavailable())
        except Exception:
            log.exception("request %s failed", exchange.request_id)
            return self._fault(exchange, InternalError(request_id=exchange.request_id))

    def too_large(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request whose body was not read to its end."""
        return self._fault(Exchange(request, str(uuid.uuid4()), now()), RequestEntityTooLarge())

    # --- the steps, in order ------------------------------------------------------------------

    def _find_route(self, exchange: Exchange) -> None:
        exchange.route = self._router.route(exchange.request)

    def _authenticate(self, exchange: Exchange) -> None:
        assert exchange.route is not None  # noqa: S101
        exchange.identity = self._verifier.verify(
            exchange.request, exchange.route, self._with.secret_of, exchange.at
        )

    def _read_parameters(self, exchange: Exchange) -> None:
        route, identity = exchange.route, exchange.identity
        assert route is not None and route.service and identity is not None  # noqa: S101, PT018
        exchange.codec = self._codecs.operation(route.service, route.operation, route.protocol)
        if (route.service, route.operation) not in self._with.handlers:
            raise NotBuilt(action=route.operation)
        exchange.parameters = exchange.codec.parse(identity.request, route.labels)

    def _carry_out(self, exchange: Exchange) -> None:
        codec, identity = exchange.codec, exchange.identity
        assert codec is not None and identity is not None  # noqa: S101, PT018
        handler = self._with.handlers[codec.service, codec.name]
        database = self._with.database
        session_of = database.read if codec.is_read_only else database.write
        with session_of(identity.account_id) as session:
            ctx = Context(
                db=session,
                account_id=identity.account_id,
                region=self._with.region,
                request_id=exchange.request_id,
                now=exchange.at,
                engines=self._with.engines,
                access_key_id=identity.access_key_id,
            )
            exchange.response = _once(ctx, codec, handler, exchange.parameters)
            if codec.has_dry_run:
                refuse_to_keep(exchange.parameters)

    # --- errors -------------------------------------------------------------------------------

    def _fault(self, exchange: Exchange, error: AwsError) -> HttpResponse:
        if exchange.codec is not None:
            return exchange.codec.fault(error, exchange.request_id)
        route = exchange.route or self._router.guess(exchange.request)
        return self._codecs.fault(route.service, route.protocol, error, exchange.request_id)


def _once(
    ctx: Context, codec: OperationCodec, handler: Handler, parameters: dict[str, Any]
) -> Mapping[str, Any]:
    """Carry the handler out, or repeat the answer that this client token was given before."""
    member = codec.idempotency_token
    token: str | None = parameters.get(member) if member else None
    if codec.is_read_only or not member or not token:
        return handler(ctx, parameters) or {}
    operation = f"{codec.service}:{codec.name}"
    digest = digest_of(parameters, member)
    repeated = recall(ctx.db, ctx.account_id, operation, token, digest)
    if repeated is not None:
        return repeated
    answer: Mapping[str, Any] = handler(ctx, parameters) or {}
    stored_as = StoredAnswer(
        account_id=ctx.account_id,
        operation=operation,
        token=token,
        parameters_sha256=digest,
        created_at=ctx.now,
    )
    remember(ctx.db, stored_as, answer)
    return answer
