"""Signature Version 4, verified: headers, presigned URLs, S3's chunked bodies.

Source: IAM User Guide "AWS Signature Version 4 for API requests"; S3 API Reference
"Authenticating Requests (AWS Signature Version 4)".
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from skerry.wire.auth_errors import (
    ContentSha256Mismatch,
    HeadersNotSigned,
    MissingContentSha256,
    Refusals,
    refusals,
)
from skerry.wire.canonical import canonical_request
from skerry.wire.chunked import ChunkKey, decoded
from skerry.wire.credentials import Credential, read_credential
from skerry.wire.http import HttpRequest
from skerry.wire.routing import Route

MAX_SKEW = timedelta(minutes=15)
MAX_CACHED_KEYS = 1024

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_STREAMING = "STREAMING-"


@dataclass(frozen=True, slots=True)
class Secret:
    """An access key as its account keeps it; temporary ones have a token and an end."""

    access_key_id: str
    secret: str
    session_token: str | None
    account_id: str
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Secret({self.access_key_id})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed, for where; ``request`` is what they sent, a chunked body decoded."""

    access_key_id: str
    account_id: str
    region: str
    request: HttpRequest


class Verifier:
    """Verifies signatures; keeps the signing keys that it derived."""

    def __init__(self) -> None:
        self._signing_key = lru_cache(MAX_CACHED_KEYS)(_derived_key)

    def verify(
        self,
        request: HttpRequest,
        route: Route,
        lookup: Callable[[str], Secret | None],
        now: datetime,
    ) -> Identity:
        """Who signed ``request``. Raises the AwsError that ``route``'s service gives."""
        refuse = refusals(route.service, route.protocol)
        credential = read_credential(request, refuse)
        _check_scope(credential, route, refuse)
        _check_time(credential, refuse, now)
        secret = lookup(credential.access_key_id)
        if secret is None:
            raise refuse.unknown_key(details="")
        _check_token(credential, secret, refuse, now)
        payload_hash = _payload_hash(request, credential, route.service)
        key = self._signing_key(
            secret.secret, credential.date, credential.region, credential.service
        )
        is_s3 = route.service == "s3"
        canonical = canonical_request(request, credential, payload_hash, is_s3=is_s3)
        if canonical is None or not _matches(credential, canonical, key):
            raise refuse.mismatch(details="")
        if is_s3:
            _check_all_signed(request, credential)
        if payload_hash.startswith(_STREAMING):
            chunk_key = ChunkKey(key, credential.timestamp, credential.scope, credential.signature)
            request = decoded(request, payload_hash, chunk_key)
        return Identity(secret.access_key_id, secret.account_id, credential.region, request)


def _derived_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def _matches(credential: Credential, canonical: bytes, key: bytes) -> bool:
    digest = hashlib.sha256(canonical).hexdigest()
    to_sign = "\n".join((_ALGORITHM, credential.timestamp, credential.scope, digest))
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return hmac.compare_digest(expected.encode(), credential.signature.encode(errors="replace"))


def _check_scope(credential: Credential, route: Route, refuse: Refusals) -> None:
    if route.signing_name is not None and credential.service != route.signing_name:
        details = f"Credential should be scoped to correct service: '{route.signing_name}'."
        raise refuse.wrong_scope(details=details)


def _check_time(credential: Credential, refuse: Refusals, now: datetime) -> None:
    signed = credential.timestamp
    if credential.at - now > MAX_SKEW:
        limit = f"{_stamp(now + MAX_SKEW)} ({_stamp(now)} + 15 min.)"
        details = f"Signature not yet current: {signed} is still later than {limit}"
        raise refuse.too_new(details=details)
    if credential.lifetime is not None:
        end = credential.at + credential.lifetime
        if now >= end:
            details = f"Signature expired: {_stamp(end)} is now earlier than {_stamp(now)}"
            raise refuse.url_expired(details=details)
    elif now - credential.at > MAX_SKEW:
        limit = f"{_stamp(now - MAX_SKEW)} ({_stamp(now)} - 15 min.)"
        details = f"Signature expired: {signed} is now earlier than {limit}"
        raise refuse.too_old(details=details)


def _check_token(credential: Credential, secret: Secret, refuse: Refusals, now: datetime) -> None:
    held, sent = secret.session_token or "", credential.session_token or ""
    if not hmac.compare_digest(held.encode(), sent.encode(errors="replace")):
        raise refuse.bad_token(details="")
    if secret.expires_at is not None and now >= secret.expires_at:
        raise refuse.expired_token(details="")


def _payload_hash(request: HttpRequest, credential: Credential, service: str | None) -> str:
    """The hash that the signature covers; S3 alone lets the client name something else."""
    claimed = request.header("x-amz-content-sha256")
    if service != "s3":
        return hashlib.sha256(request.body).hexdigest()
    if claimed is None:
        if credential.lifetime is not None:
            return _UNSIGNED
        raise MissingContentSha256
    if claimed == _UNSIGNED or claimed.startswith(_STREAMING):
        return claimed
    if claimed.lower() != hashlib.sha256(request.body).hexdigest():
        raise ContentSha256Mismatch
    return claimed


def _check_all_signed(request: HttpRequest, credential: Credential) -> None:
    signed = set(credential.signed_headers)
    if any(name.startswith("x-amz-") and name not in signed for name, _ in request.headers):
        raise HeadersNotSigned


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
