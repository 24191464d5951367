"""The smithy-rpc-v2-cbor protocol's answers (Smithy "RPC v2 CBOR", RFC 8949)."""

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation, Shape
from skerry.wire.serialize.text import epoch_s
from skerry.wire.serialize.xml import UnknownMember

Append: TypeAlias = Callable[[bytes], None]
Write: TypeAlias = Callable[[Any, Append], None]

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP = range(6)
_EPOCH_TAG = b"\xc1"
_FALSE, _TRUE = b"\xf4", b"\xf5"


class CborSerializer:
    """One operation's answers."""

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        output = operation.output
        self._write = CborCompiler(strict=strict).writer(output) if output else None

    def serialize(self, response: dict[str, Any], request_id: str) -> HttpResponse:
        headers = [("x-amzn-requestid", request_id), ("smithy-protocol", "rpc-v2-cbor")]
        if self._write is None:
            return HttpResponse(200, headers)
        parts: list[bytes] = []
        self._write(response, parts.append)
        headers.append(("content-type", "application/cbor"))
        return HttpResponse(200, headers, b"".join(parts))


class CborCompiler:
    """Compiles writers; ``strict`` ones raise UnknownMember instead of ignoring."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._structures: dict[str, Write] = {}

    def writer(self, shape: Shape) -> Write:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return _list(self.writer(shape.element))
            case "map":
                return _map(self.writer(shape.value))
            case _:
                return _SCALARS.get(shape.type, text)

    def _structure(self, shape: Shape) -> Write:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[bytes, Write]] = {}
            found = _structure(members, shape.name, strict=self._strict)
            self._structures[shape.name] = found
            for name, member in shape.members:
                members[name] = (_text(member.location_name or name), self.writer(member))
        return found


def head(major: int, argument: int) -> bytes:
    """An item's first bytes: its major type and its value, or length, below 2**64."""
    if argument < 24:
        return bytes((major << 5 | argument,))
    for info, limit, layout in _HEADS:
        if argument < limit:
            return bytes((major << 5 | info,)) + struct.pack(layout, argument)
    raise OverflowError(argument)


_HEADS = ((24, 1 << 8, ">B"), (25, 1 << 16, ">H"), (26, 1 << 32, ">I"), (27, 1 << 64, ">Q"))


def text(value: str, append: Append) -> None:
    append(_text(value))


def _text(value: str) -> bytes:
    raw = value.encode()
    return head(_TEXT, len(raw)) + raw


def integer(value: int, append: Append) -> None:
    append(head(_UNSIGNED, value) if value >= 0 else head(_NEGATIVE, -1 - value))


def _double(value: float, append: Append) -> None:
    append(b"\xfb" + struct.pack(">d", value))


def _boolean(value: bool, append: Append) -> None:  # noqa: FBT001  (the value itself)
    append(_TRUE if value else _FALSE)


def _blob(value: bytes | str, append: Append) -> None:
    raw = value.encode() if isinstance(value, str) else value
    append(head(_BYTES, len(raw)))
    append(raw)


def _timestamp(value: datetime, append: Append) -> None:
    append(_EPOCH_TAG)
    _double(epoch_s(value), append)


_SCALARS: dict[str, Write] = {
    "integer": integer,
    "long": integer,
    "float": _double,
    "double": _double,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}


def _structure(members: dict[str, tuple[bytes, Write]], name: str, *, strict: bool) -> Write:
    def write(value: dict[str, Any], append: Append) -> None:
        if strict and not members.keys() >= value.keys():
            raise UnknownMember(f"{name} has no {sorted(value.keys() - members.keys())}")
        present = [(members[key], item) for key, item in value.items()
                   if item is not None and key in members]  # fmt: skip
        append(head(_MAP, len(present)))
        for (wire_name, write_member), item in present:
            append(wire_name)
            write_member(item, append)

    return write


def _list(write_item: Write) -> Write:
    def write(value: list[Any], append: Append) -> None:
        append(head(_LIST, len(value)))
        for item in value:
            write_item(item, append)

    return write


def _map(write_item: Write) -> Write:
    def write(value: dict[str, Any], append: Append) -> None:
        append(head(_MAP, len(value)))
        for key, item in value.items():
            text(key, append)
            write_item(item, append)

    return write


def generic(value: object) -> bytes:
    """A document of dicts, lists and scalars without a model (errors)."""
    parts: list[bytes] = []
    _generic(value, parts.append)
    return b"".join(parts)


def _generic(value: Any, append: Append) -> None:
    if isinstance(value, dict):
        _map(_generic)(value, append)
    elif isinstance(value, list):
        _list(_generic)(value, append)
    else:
        _GENERIC[type(value)](value, append)


_GENERIC: dict[type, Write] = {str: text, bool: _boolean, int: integer, float: _double}
