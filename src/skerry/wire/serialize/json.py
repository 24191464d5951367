"""The json protocols' answers (Smithy "AWS JSON 1.0 and 1.1 protocol")."""

import json
from typing import Any

from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation
from skerry.wire.serialize.values import JsonCompiler


class JsonSerializer:
    """One operation's answers."""

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        version = operation.service.metadata.get("jsonVersion", "1.0")
        self._content_type = f"application/x-amz-json-{version}"
        output = operation.output
        self._write = JsonCompiler(strict=strict).writer(output) if output else None

    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse:
        headers = [("x-amzn-requestid", request_id), ("content-type", self._content_type)]
        if self._write is None:
            return HttpResponse(200, headers)
        return HttpResponse(200, headers, dumps(self._write(response)))


def dumps(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
