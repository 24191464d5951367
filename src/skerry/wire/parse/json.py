"""The json protocols' requests (Smithy "AWS JSON 1.0 and 1.1 protocol")."""

import json
from typing import Any, NoReturn

from skerry.wire.http import HttpRequest
from skerry.wire.limits import MAX_DEPTH
from skerry.wire.models import Shape
from skerry.wire.parse.values import ValueCompiler
from skerry.wire.problems import Malformed


class JsonParser:
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        self._read = ValueCompiler(binary=False).reader(shape) if shape else None

    def parse(self, request: HttpRequest, _labels: dict[str, str]) -> dict[str, Any]:
        document = json_document(request.body)
        return self._read(document) if self._read is not None else {}


def json_document(body: bytes) -> Any:
    """A request's document; an empty body is ``{}``. Raises Malformed."""
    if not body:
        return {}
    try:
        found = json.loads(body.decode(), parse_constant=_refuse)
        if b"\\u" in body:
            # An escaped lone surrogate is JSON but no text: nothing could store or repeat it.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Malformed("syntax", bound=type(error).__name__) from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _refuse_deep(found)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _refuse_deep(document: object) -> None:
    level: list[object] = [document]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  (json has no types)
            elif isinstance(item, list):
                below.extend(item)  # pyright: ignore[reportUnknownArgumentType]  (json has no types)
        if not below:
            return
        level = below
    raise Malformed("syntax", bound="nested too deeply")
