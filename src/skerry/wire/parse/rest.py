"""The REST protocols' bindings: labels, query string, headers, payload."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from skerry.wire.http import HttpRequest
from skerry.wire.models import Shape
from skerry.wire.parse import form
from skerry.wire.parse.text import scalar_from_text
from skerry.wire.problems import Malformed

Query: TypeAlias = dict[str, list[str]]
ReadBody: TypeAlias = Callable[[bytes], Any]
CompileBody: TypeAlias = Callable[[Shape], ReadBody]
Member: TypeAlias = tuple[str, str, Callable[[Any], Any]]  # member, wire name, reader


class RestParser:
    """One operation's requests; ``compile_body`` gives the reader of a body's document.

    Whatever of a structure is bound elsewhere, its document's reader simply never meets.
    """

    def __init__(self, shape: Shape | None, compile_body: CompileBody) -> None:
        self._labels: list[Member] = []
        self._query: list[Member] = []
        self._query_map: tuple[str, Shape] | None = None
        self._headers: list[Member] = []
        self._prefixes: list[tuple[str, str]] = []
        self._payload: tuple[str | None, ReadBody] | None = None
        if shape is not None:
            for name, member in shape.members:
                self._bind(name, member)
            self._payload = _payload(shape, compile_body)

    def parse(self, request: HttpRequest, labels: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, wire_name, read in self._labels:
            if wire_name in labels:
                found[name] = _at(name, read, labels[wire_name])
        self._parse_query(request.query, found)
        self._parse_headers(request, found)
        if self._payload is not None:
            self._parse_payload(request.body, *self._payload, found)
        return found

    def _bind(self, name: str, member: Shape) -> None:
        wire_name = member.location_name or name
        match member.location:
            case "uri":
                self._labels.append((name, wire_name, scalar_from_text(member, "iso8601")))
            case "querystring" if member.type == "map":
                self._query_map = (name, member)
            case "querystring":
                self._query.append((name, wire_name, _from_query(member)))
            case "header":
                self._headers.append((name, wire_name.lower(), _from_header(member)))
            case "headers":
                self._prefixes.append((name, wire_name.lower()))
            case _:
                pass

    def _parse_query(self, query: str, found: dict[str, Any]) -> None:
        values: Query = {}
        for wire_name, value in form.pairs(query) if query else ():
            values.setdefault(wire_name, []).append(value)
        for name, wire_name, read in self._query:
            if wire_name in values:
                found[name] = _at(name, read, values.pop(wire_name))
        if self._query_map is not None and values:
            name, member = self._query_map
            is_list = member.value.type == "list"
            found[name] = {key: held if is_list else held[0] for key, held in values.items()}

    def _parse_headers(self, request: HttpRequest, found: dict[str, Any]) -> None:
        for name, wire_name, read in self._headers:
            value = request.header(wire_name)
            if value is not None:
                found[name] = _at(name, read, value)
        for name, prefix in self._prefixes:
            held = {
                key[len(prefix) :]: value
                for key, value in request.headers
                if key.startswith(prefix)
            }
            if held:
                found[name] = held

    def _parse_payload(
        self, body: bytes, name: str | None, read: ReadBody, found: dict[str, Any]
    ) -> None:
        if name is None:
            if body:
                found.update(read(body))
        elif body:
            found[name] = _at(name, read, body)


def _payload(shape: Shape, compile_body: CompileBody) -> tuple[str | None, ReadBody] | None:
    name: str | None = shape.traits.get("payload")
    if name is None:
        has_body = any(member.location is None for _, member in shape.members)
        return (None, compile_body(shape)) if has_body else None
    member = shape.member(name)
    if member.type == "blob":
        return name, lambda body: body
    if member.type == "string":
        return name, _text
    return name, compile_body(member)


def _at(name: str, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except Malformed as problem:
        raise problem.within(name) from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Malformed("syntax", bound="the body is not UTF-8") from None


def _from_query(shape: Shape) -> Callable[[list[str]], Any]:
    if shape.type == "list":
        element = scalar_from_text(shape.element, "iso8601")
        return lambda values: [element(value) for value in values]
    read = scalar_from_text(shape, "iso8601")
    return lambda values: read(values[0])


def _from_header(shape: Shape) -> Callable[[str], Any]:
    if shape.traits.get("jsonvalue"):
        return _json_value
    if shape.type == "list":
        element = scalar_from_text(shape.element, "rfc822")
        return lambda value: [element(item) for item in _split(value)]
    return scalar_from_text(shape, "rfc822")


def _json_value(value: str) -> Any:
    try:
        return json.loads(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise Malformed("type", value, "JSON") from None


def _split(value: str) -> list[str]:
    """A header's list: commas part its entries, except inside double quotes."""
    entries: list[str] = []
    entry, is_quoted, is_escaped = "", False, False
    for character in value:
        if is_escaped or (character not in '"\\,' or (character == "," and is_quoted)):
            entry, is_escaped = entry + character, False
        elif character == "\\" and is_quoted:
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == ",":
            entries.append(entry.strip())
            entry = ""
        else:
            entry += character
    return [*entries, entry.strip()]
