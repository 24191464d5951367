"""The ec2-query protocol's requests (Smithy "AWS EC2 query protocol")."""

from typing import Any

from skerry.wire.http import HttpRequest
from skerry.wire.models import Shape
from skerry.wire.parse import form
from skerry.wire.parse.form import FromNode
from skerry.wire.parse.text import scalar_from_text


class Ec2Parser:
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        self._structures: dict[str, FromNode] = {}
        self._parse = self._reader(shape) if shape else form.structure({}, refuse_unknown=True)

    def parse(self, request: HttpRequest, _labels: dict[str, str]) -> dict[str, Any]:
        return self._parse(form.request_tree(request))

    def _reader(self, shape: Shape) -> FromNode:
        if shape.type == "structure":
            return self._structure(shape)
        if shape.type == "list":
            return form.sequence(self._reader(shape.element))
        return form.scalar(scalar_from_text(shape, "iso8601"), shape.type)

    def _structure(self, shape: Shape) -> FromNode:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[str, FromNode]] = {}
            found = self._structures[shape.name] = form.structure(members, refuse_unknown=True)
            for name, member in shape.members:
                members[ec2_name(name, member)] = (name, self._reader(member))
        return found


def ec2_name(name: str, shape: Shape) -> str:
    """A member's name in a request: queryName, or its capitalised locationName, or its own."""
    query_name: str | None = shape.traits.get("queryName")
    if query_name is not None:
        return query_name
    located = shape.location_name
    return located[:1].upper() + located[1:] if located is not None else name
