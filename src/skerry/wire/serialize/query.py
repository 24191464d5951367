"""The query protocol's answers (Smithy "AWS query protocol")."""

from typing import Any

from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation
from skerry.wire.serialize.xml import HEADER, XmlCompiler


class QuerySerializer:
    """One operation's answers."""

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        namespace = operation.service.metadata["xmlNamespace"]
        self._opening = f'{HEADER}<{operation.name}Response xmlns="{namespace}">'
        self._closing = f"</RequestId></ResponseMetadata></{operation.name}Response>"
        output = operation.output
        self._write = None
        if output is not None:
            wrapper = output.traits.get("resultWrapper", f"{operation.name}Result")
            self._write = XmlCompiler(strict=strict).element(output, wrapper)

    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse:
        parts = [self._opening]
        if self._write is not None:
            self._write(response, parts.append)
        parts += ("<ResponseMetadata><RequestId>", request_id, self._closing)
        headers = [("x-amzn-requestid", request_id), ("content-type", "text/xml")]
        return HttpResponse(200, headers, "".join(parts).encode())
