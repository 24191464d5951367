"""The canonical request that Signature Version 4 signs."""

from urllib.parse import quote, unquote_to_bytes

from skerry.wire.credentials import Credential
from skerry.wire.http import HttpRequest


def canonical_request(
    request: HttpRequest, credential: Credential, payload_hash: str, *, is_s3: bool
) -> bytes | None:
    """The bytes that were signed; None if a signed header is not in the request.

    S3 signs its path encoded once and as it stands; every other service signs it normalised
    (RFC 3986, 5.2.4) and encoded a second time.
    """
    headers = _headers(request, credential.signed_headers)
    if headers is None:
        return None
    path = _encoded_once(request.path) if is_s3 else _encoded_twice(request.path)
    lines = (
        request.method,
        path,
        _query(request.query),
        headers,
        ";".join(credential.signed_headers),
        payload_hash,
    )
    # Header values came as latin-1, so this gives back the bytes that the client signed.
    return "\n".join(lines).encode("latin-1", errors="replace")


def _encoded_once(path: str) -> str:
    return quote(unquote_to_bytes(path), safe="/~")


def _encoded_twice(path: str) -> str:
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if kept:
                kept.pop()
        elif step not in ("", "."):
            kept.append(step)
    normal = "/" + "/".join(kept)
    if kept and path.endswith("/"):
        normal += "/"
    return quote(normal, safe="/~")


def _query(query: str) -> str:
    fields: list[tuple[str, str]] = []
    for field in query.split("&"):
        name, _, value = field.partition("=")
        if field and name != "X-Amz-Signature":
            fields.append((_recoded(name), _recoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(fields))


def _recoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")


def _headers(request: HttpRequest, signed: tuple[str, ...]) -> str | None:
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        values.setdefault(name, []).append(" ".join(value.split()))
    if any(name not in values for name in signed):
        return None
    return "".join(f"{name}:{','.join(values[name])}\n" for name in signed)
