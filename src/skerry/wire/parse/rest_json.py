"""The rest-json protocol's requests (Smithy "AWS REST JSON protocol")."""

from skerry.wire.models import Shape
from skerry.wire.parse.json import json_document
from skerry.wire.parse.rest import ReadBody, RestParser
from skerry.wire.parse.values import ValueCompiler


class RestJsonParser(RestParser):
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        super().__init__(shape, _body)


def _body(shape: Shape) -> ReadBody:
    read = ValueCompiler(binary=False).reader(shape)
    return lambda body: read(json_document(body))
