"""The rest-xml protocol's answers (Smithy "AWS REST XML protocol")."""

from typing import Any

from skerry.wire.models import Operation, Shape
from skerry.wire.serialize.rest import RestSerializer, WriteBody
from skerry.wire.serialize.xml import HEADER, XmlCompiler


class RestXmlSerializer(RestSerializer):
    """One operation's answers."""

    content_type = "application/xml"

    def __init__(self, operation: Operation, *, strict: bool) -> None:
        def compile_body(shape: Shape, document: str) -> WriteBody:
            write = XmlCompiler(strict=strict).element(shape, document)

            def body(value: Any) -> bytes:
                parts = [HEADER]
                write(value, parts.append)
                return "".join(parts).encode()

            return body

        super().__init__(operation, compile_body, strict=strict)
