"""The REST protocols' bindings: status, headers, payload."""

import base64
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation, Shape
from skerry.wire.serialize.text import scalar_to_text
from skerry.wire.serialize.xml import UnknownMember

WriteBody: TypeAlias = Callable[[Any], bytes]
CompileBody: TypeAlias = Callable[[Shape, str], WriteBody]  # shape, name of its document


class RestSerializer:
    """One operation's answers; ``compile_body`` gives the writer of a body's document."""

    content_type = "application/octet-stream"

    def __init__(self, operation: Operation, compile_body: CompileBody, *, strict: bool) -> None:
        self._status = operation.status
        self._is_s3 = operation.service.name == "s3"
        self._status_member: str | None = None
        self._headers: list[tuple[str, str, Callable[[Any], str]]] = []
        self._prefixes: list[tuple[str, str]] = []
        self._known: set[str] | None = None
        self._payload: tuple[str | None, WriteBody] | None = None
        self._has_document = False
        output = operation.output
        if output is not None:
            self._known = {name for name, _ in output.members} if strict else None
            for name, member in output.members:
                self._bind(name, member)
            self._bind_payload(operation, output, compile_body)

    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse:
        if self._known is not None and not self._known >= response.keys():
            raise UnknownMember(f"no member {sorted(response.keys() - self._known)}")
        headers = self._request_id(request_id)
        for name, header, to_text in self._headers:
            if response.get(name) is not None:
                headers.append((header, header_text(to_text(response[name]))))
        for name, prefix in self._prefixes:
            held: dict[str, str] = response.get(name) or {}
            for key, value in held.items():
                headers.append((header_text(prefix + key), header_text(value)))
        status = self._status
        if self._status_member is not None:
            status = response.get(self._status_member) or status
        return HttpResponse(status, headers, self._body(response, headers))

    def _request_id(self, request_id: str) -> list[tuple[str, str]]:
        if self._is_s3:
            return [("x-amz-request-id", request_id), ("x-amz-id-2", request_id)]
        return [("x-amzn-requestid", request_id)]

    def _bind(self, name: str, member: Shape) -> None:
        wire_name = member.location_name or name
        match member.location:
            case "header":
                self._headers.append((name, wire_name, _to_header(member)))
            case "headers":
                self._prefixes.append((name, wire_name))
            case "statusCode":
                self._status_member = name
            case _:
                pass

    def _bind_payload(self, operation: Operation, output: Shape, compile_body: CompileBody) -> None:
        name: str | None = output.traits.get("payload")
        if name is None:
            if any(member.location is None for _, member in output.members):
                document = output.location_name or f"{operation.name}Result"
                self._payload = (None, compile_body(output, document))
                self._has_document = True
            return
        member = output.member(name)
        if member.type in ("blob", "string"):
            self._payload = (name, _raw)
        else:
            self._payload = (name, compile_body(member, member.location_name or member.name))
            self._has_document = True

    def _body(self, response: dict[str, Any], headers: list[tuple[str, str]]) -> bytes:
        if self._payload is None:
            return b""
        name, write = self._payload
        value = response if name is None else response.get(name)
        if value is None:
            return b""
        if self._has_document:
            headers.append(("content-type", self.content_type))
        return write(value)


def header_text(value: str) -> str:
    """``value`` as a header may carry it: one line, its UTF-8 bytes as latin-1."""
    if not value.isprintable():
        value = "".join(character for character in value if character.isprintable())
    return value if value.isascii() else value.encode(errors="replace").decode("latin-1")


def _to_header(shape: Shape) -> Callable[[Any], str]:
    if shape.traits.get("jsonvalue"):
        return _json_value
    if shape.type == "list":
        to_text = _to_header(shape.element)
        return lambda value: ",".join(to_text(item) for item in value)
    return scalar_to_text(shape, "rfc822") or str


def _json_value(value: object) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _raw(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
