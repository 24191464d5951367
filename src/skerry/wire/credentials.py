"""What a request says of its signature, in its Authorization header or its URL."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from skerry.wire.auth_errors import Refusals
from skerry.wire.http import HttpRequest
from skerry.wire.parse.form import pairs
from skerry.wire.problems import Malformed

MAX_URL_LIFETIME_S = 7 * 24 * 3600

_ALGORITHM = "AWS4-HMAC-SHA256"
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_PART = re.compile(r"\s*([A-Za-z]+)=([^,\s]+)\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Credential:
    """A signature and what it claims; ``lifetime`` is set on presigned URLs only."""

    access_key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    at: datetime
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    lifetime: timedelta | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_credential(request: HttpRequest, refuse: Refusals) -> Credential:
    """Raises the family's error for a signature that is missing or incomplete."""
    header = request.header("authorization")
    if header is not None:
        return _from_header(header, request, refuse)
    if "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        return _from_url(request, refuse)
    raise refuse.missing(details="")


def _from_header(header: str, request: HttpRequest, refuse: Refusals) -> Credential:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm != _ALGORITHM:
        raise refuse.incomplete(details=f"Unsupported algorithm: '{algorithm[:64]}'.")
    parts = dict(_PART.findall(rest))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if name not in parts:
            details = f"Authorization header requires '{name}' parameter."
            raise refuse.incomplete(details=details)
    timestamp = request.header("x-amz-date") or _from_date(request.header("date"))
    if timestamp is None:
        raise refuse.incomplete(
            details="Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
            "header."
        )
    token = request.header("x-amz-security-token")
    try:
        return _credential(parts, timestamp, token, None)
    except ValueError as error:
        raise refuse.incomplete(details=str(error)) from None


def _from_url(request: HttpRequest, refuse: Refusals) -> Credential:
    try:
        return _read_url({name.lower(): value for name, value in pairs(request.query)})
    except (KeyError, Malformed):
        details = (
            "Query-string authentication version 4 requires the X-Amz-Algorithm, "
            "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
            "X-Amz-Expires parameters."
        )
        raise refuse.incomplete_url(details=details) from None
    except ValueError as error:
        raise refuse.incomplete_url(details=str(error)) from None


def _read_url(fields: dict[str, str]) -> Credential:
    if fields["x-amz-algorithm"] != _ALGORITHM:
        raise ValueError('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
    parts = {
        "Credential": fields["x-amz-credential"],
        "SignedHeaders": fields["x-amz-signedheaders"],
        "Signature": fields["x-amz-signature"],
    }
    lifetime = _lifetime(fields["x-amz-expires"])
    token = fields.get("x-amz-security-token")
    return _credential(parts, fields["x-amz-date"], token, lifetime)


def _credential(
    parts: dict[str, str], timestamp: str, token: str | None, lifetime: timedelta | None
) -> Credential:
    steps = parts["Credential"].rsplit("/", 4)
    if len(steps) != 5 or steps[4] != "aws4_request" or not all(steps):
        raise ValueError("Credential must have exactly 5 slash-delimited elements.")
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise ValueError("Date must be in ISO-8601 'basic format'.")
    access_key_id, date, region, service, _ = steps
    if date != timestamp[:8]:
        raise ValueError("Date in Credential scope does not match YYYYMMDD from ISO-8601 version.")
    at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    signed = tuple(parts["SignedHeaders"].split(";"))
    if "host" not in signed or any(name != name.lower() for name in signed):
        raise ValueError("'Host' must be a 'SignedHeader' in the request.")
    return Credential(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        timestamp=timestamp,
        at=at,
        signed_headers=signed,
        signature=parts["Signature"],
        session_token=token,
        lifetime=lifetime,
    )


def _lifetime(seconds: str) -> timedelta:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        raise ValueError("X-Amz-Expires should be a number")
    if int(seconds) > MAX_URL_LIFETIME_S:
        raise ValueError(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            "X-Amz-Expires must be less than 604800 seconds"
        )
    return timedelta(seconds=int(seconds))


def _from_date(header: str | None) -> str | None:
    if header is None:
        return None
    try:
        return parsedate_to_datetime(header).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
