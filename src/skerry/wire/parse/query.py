"""The query protocol's requests (Smithy "AWS query protocol")."""

from typing import Any

from skerry.wire.http import HttpRequest
from skerry.wire.models import Shape
from skerry.wire.parse import form
from skerry.wire.parse.form import FromNode, Node
from skerry.wire.parse.text import scalar_from_text
from skerry.wire.problems import Malformed


class QueryParser:
    """One operation's requests: ``parse(request, labels)``; raises Malformed."""

    def __init__(self, shape: Shape | None) -> None:
        self._structures: dict[str, FromNode] = {}
        self._parse = self._reader(shape) if shape else form.structure({}, refuse_unknown=False)

    def parse(self, request: HttpRequest, _labels: dict[str, str]) -> dict[str, Any]:
        return self._parse(form.request_tree(request))

    def _reader(self, shape: Shape) -> FromNode:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case _:
                return form.scalar(scalar_from_text(shape, "iso8601"), shape.type)

    def _structure(self, shape: Shape) -> FromNode:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[str, FromNode]] = {}
            found = self._structures[shape.name] = form.structure(members, refuse_unknown=False)
            for name, member in shape.members:
                members[_member_name(name, member)] = (name, self._reader(member))
        return found

    def _list(self, shape: Shape) -> FromNode:
        entries = form.sequence(self._reader(shape.element))
        if shape.flattened:
            return entries
        return _wrapped(entries, shape.element.location_name or "member", "list")

    def _map(self, shape: Shape) -> FromNode:
        entry = form.structure(
            {
                shape.key.location_name or "key": ("key", self._reader(shape.key)),
                shape.value.location_name or "value": ("value", self._reader(shape.value)),
            },
            refuse_unknown=False,
        )
        entries = form.sequence(entry)

        def parse(node: Node) -> dict[str, Any]:
            found: list[dict[str, Any]] = entries(node)
            return {item["key"]: item.get("value") for item in found if "key" in item}

        return parse if shape.flattened else _wrapped(parse, "entry", "map")


def _wrapped(entries: FromNode, wrapper: str, kind: str) -> FromNode:
    def parse(node: Node) -> Any:
        if isinstance(node, str):
            if node == "":
                return entries("")
            raise Malformed("type", node, kind)
        try:
            return entries(node.get(wrapper, ""))
        except Malformed as problem:
            raise problem.within(wrapper) from None

    return parse


def _member_name(name: str, shape: Shape) -> str:
    # A flattened list goes by its entries' name, where they have one.
    if shape.type == "list" and shape.flattened and shape.element.location_name:
        return shape.element.location_name
    return shape.location_name or name
