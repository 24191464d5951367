"""The rest-xml protocol's requests (Smithy "AWS REST XML protocol")."""

from skerry.wire.models import Shape
from skerry.wire.parse.rest import ReadBody, RestParser
from skerry.wire.parse.xml import XmlCompiler, xml_document


class RestXmlParser(RestParser):
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        super().__init__(shape, _body)


def _body(shape: Shape) -> ReadBody:
    read = XmlCompiler().reader(shape)
    return lambda body: read(xml_document(body))
