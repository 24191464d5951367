"""The rest-json protocol's answers (Smithy "AWS REST JSON protocol")."""

from skerry.wire.models import Operation, Shape
from skerry.wire.serialize.json import dumps
from skerry.wire.serialize.rest import RestSerializer, WriteBody
from skerry.wire.serialize.values import JsonCompiler


class RestJsonSerializer(RestSerializer):
    """One operation's answers."""

    content_type = "application/json"

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        def compile_body(shape: Shape, _document: str) -> WriteBody:
            write = JsonCompiler(strict=strict).body(shape)
            return lambda value: dumps(write(value))

        super().__init__(operation, compile_body, strict=strict)
