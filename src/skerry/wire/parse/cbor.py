"""The smithy-rpc-v2-cbor protocol's requests, and RFC 8949 as far as that protocol uses it."""

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

from skerry.wire.http import HttpRequest
from skerry.wire.limits import MAX_DEPTH, MAX_NODES
from skerry.wire.models import Shape
from skerry.wire.parse.text import epoch
from skerry.wire.parse.values import ValueCompiler
from skerry.wire.problems import Malformed

_INDEFINITE = 31
_BREAK = 0xFF
_EPOCH_TAG = 1
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


class CborParser:
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        self._read = ValueCompiler(binary=True).reader(shape) if shape else None

    def parse(self, request: HttpRequest, _labels: dict[str, str]) -> dict[str, Any]:
        document: Any = decoded(request.body) if request.body else {}
        return self._read(document) if self._read is not None else {}


def decoded(data: bytes) -> Any:
    """The one data item in ``data``. Raises Malformed."""
    decoder = _Decoder(data)
    found = decoder.item(0)
    if decoder.position != len(data):
        raise _malformed("bytes after the document")
    return found


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._nodes = 0
        self.position = 0
        self._major: list[Callable[[int, int], Any]] = [
            lambda info, _: self._argument(info),
            lambda info, _: -1 - self._argument(info),
            lambda info, _: self._string(2, info),
            lambda info, _: self._text(info),
            self._array,
            self._map,
            self._tag,
            lambda info, _: self._simple(info),
        ]

    def item(self, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _malformed("too deep or too many items")
        first = self._take(1)[0]
        return self._major[first >> 5](first & 31, depth)

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise _malformed("it ends early")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise _malformed("a reserved length")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _string(self, major: int, info: int) -> bytes:
        if info != _INDEFINITE:
            return self._take(self._argument(info))
        chunks: list[bytes] = []
        while (first := self._take(1)[0]) != _BREAK:
            if first >> 5 != major:
                raise _malformed("a string's chunk of another type")
            chunks.append(self._take(self._argument(first & 31)))
        return b"".join(chunks)

    def _text(self, info: int) -> str:
        try:
            return self._string(3, info).decode()
        except UnicodeDecodeError:
            raise _malformed("a string is not UTF-8") from None

    def _array(self, info: int, depth: int) -> list[Any]:
        if info == _INDEFINITE:
            found: list[Any] = []
            while not self._at_break():
                found.append(self.item(depth + 1))
            return found
        return [self.item(depth + 1) for _ in range(self._count(info))]

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if info == _INDEFINITE:
            while not self._at_break():
                self._entry(found, depth)
        else:
            for _ in range(self._count(info)):
                self._entry(found, depth)
        return found

    def _entry(self, found: dict[str, Any], depth: int) -> None:
        key = self.item(depth + 1)
        if type(key) is not str:
            raise _malformed("a key is not a string")
        found[key] = self.item(depth + 1)

    def _count(self, info: int) -> int:
        count = self._argument(info)
        if count > len(self._data) - self.position:
            raise _malformed("it ends early")
        return count

    def _at_break(self) -> bool:
        if self.position < len(self._data) and self._data[self.position] == _BREAK:
            self.position += 1
            return True
        return False

    def _tag(self, info: int, depth: int) -> datetime:
        tag = self._argument(info)
        value = self.item(depth + 1)
        if tag != _EPOCH_TAG or type(value) not in (int, float):
            raise _malformed("an unknown tag")
        return epoch(value)

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise _malformed("an unknown simple value")
        layout, size = _FLOATS[info]
        return struct.unpack(layout, self._take(size))[0]


def _malformed(why: str) -> Malformed:
    return Malformed("syntax", bound=why)
