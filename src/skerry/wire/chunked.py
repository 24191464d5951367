"""S3's ``aws-chunked`` bodies: chunk signatures verified, trailers read.

Source: S3 API Reference "Signature Calculations for the Authorization Header: Transferring
Payload in Multiple Chunks" and "…Including Trailing Headers".
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from skerry.wire.auth_errors import AccessDenied, IncompleteBody, S3SignatureDoesNotMatch
from skerry.wire.http import HttpRequest

Trailers: TypeAlias = list[tuple[str, str]]

_SIGNED = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_HEAD = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?\r\n")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"
_NOTHING = hashlib.sha256(b"").hexdigest()
_MAX_TRAILERS = 16


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """What chunk signatures chain from: the request's key, time, scope and own signature."""

    key: bytes
    timestamp: str
    scope: str
    seed: str

    def signature(self, algorithm: str, *lines: str) -> str:
        to_sign = "\n".join((algorithm, self.timestamp, self.scope, *lines))
        return hmac.digest(self.key, to_sign.encode(), "sha256").hex()


def decoded(request: HttpRequest, kind: str, key: ChunkKey) -> HttpRequest:
    """The request without its chunks' frames; its trailers become headers. Raises AwsError."""
    if kind not in (*_SIGNED, _UNSIGNED):
        raise AccessDenied
    chunk_key = key if kind in _SIGNED else None
    body, end, last = _chunks(request.body, chunk_key)
    if request.header("x-amz-decoded-content-length") != str(len(body)):
        raise IncompleteBody
    headers = [header for name, value in request.headers for header in _unframed(name, value)]
    if kind.endswith("-TRAILER"):
        headers += _trailers(request.body[end:], chunk_key, last)
    return replace(request, body=body, headers=headers)


def _unframed(name: str, value: str) -> list[tuple[str, str]]:
    """A header without ``aws-chunked``, which describes the frames and not the object."""
    if name != "content-encoding":
        return [(name, value)]
    kept = [item for item in value.split(",") if item.strip() != "aws-chunked"]
    return [(name, ",".join(kept).strip())] if kept else []


def _chunks(framed: bytes, key: ChunkKey | None) -> tuple[bytes, int, str]:
    """The chunks joined, where they end, and the last signature."""
    chunks: list[bytes] = []
    position = 0
    last = key.seed if key is not None else ""
    while True:
        head = _HEAD.match(framed, position)
        if head is None:
            raise IncompleteBody
        size = int(head[1], 16)
        chunk = framed[head.end() : head.end() + size]
        if key is not None:
            last = _verified(key, last, chunk, (head[2] or b"").decode())
        position = head.end() + size
        if size == 0:
            return b"".join(chunks), position, last
        if framed[position : position + 2] != b"\r\n":
            raise IncompleteBody
        chunks.append(chunk)
        position += 2


def _verified(key: ChunkKey, last: str, chunk: bytes, claimed: str) -> str:
    digest = hashlib.sha256(chunk).hexdigest()
    expected = key.signature("AWS4-HMAC-SHA256-PAYLOAD", last, _NOTHING, digest)
    if not hmac.compare_digest(expected, claimed):
        raise S3SignatureDoesNotMatch
    return expected


def _trailers(raw: bytes, key: ChunkKey | None, last: str) -> Trailers:
    found: Trailers = []
    signature = ""
    for line in raw.decode("latin-1").split("\r\n")[: _MAX_TRAILERS + 1]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        if name == _TRAILER_SIGNATURE:
            signature = value.strip()
        elif name:
            found.append((name, value.strip()))
    if key is not None:
        canonical = "".join(f"{name}:{value}\n" for name, value in found)
        digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
        expected = key.signature("AWS4-HMAC-SHA256-TRAILER", last, digest)
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
            raise S3SignatureDoesNotMatch
    return found
