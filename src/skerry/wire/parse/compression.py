"""Request bodies that a client compressed (Smithy "requestCompression trait"): gzip only."""

import zlib
from dataclasses import replace

from skerry.wire.http import HttpRequest
from skerry.wire.limits import MAX_INFLATED_BYTES
from skerry.wire.problems import Malformed

_GZIP = zlib.MAX_WBITS | 16


def inflated(request: HttpRequest) -> HttpRequest:
    """The request with its body as it was before compression. Raises Malformed."""
    if (request.header("content-encoding") or "").strip().lower() != "gzip":
        return request
    inflater = zlib.decompressobj(_GZIP)
    try:
        body = inflater.decompress(request.body, MAX_INFLATED_BYTES)
    except zlib.error:
        raise Malformed("syntax", bound="the body is not gzip") from None
    if not inflater.eof:
        raise Malformed("syntax", bound="the body is cut short or too large")
    return replace(request, body=body)
