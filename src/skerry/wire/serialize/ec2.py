"""The ec2-query protocol's answers (Smithy "AWS EC2 query protocol")."""

from typing import Any

from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation
from skerry.wire.serialize.xml import HEADER, XmlCompiler


class Ec2Serializer:
    """One operation's answers."""

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        namespace = operation.service.metadata["xmlNamespace"].rstrip("/")
        self._opening = f'{HEADER}<{operation.name}Response xmlns="{namespace}/"><requestId>'
        self._closing = f"</{operation.name}Response>"
        compiler = XmlCompiler(strict=strict, default_item="item")
        self._write = compiler.content(operation.output) if operation.output else None

    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse:
        parts = [self._opening, request_id, "</requestId>"]
        if self._write is not None:
            self._write(response, parts.append)
        parts.append(self._closing)
        headers = [
            ("x-amzn-requestid", request_id),
            ("content-type", "text/xml;charset=UTF-8"),
        ]
        return HttpResponse(200, headers, "".join(parts).encode())
