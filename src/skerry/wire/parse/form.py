"""Forms (``application/x-www-form-urlencoded``) as trees: ``Filter.1.Name`` → three levels."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from skerry.wire.http import HttpRequest
from skerry.wire.limits import MAX_DEPTH, MAX_INDEX_DIGITS, MAX_PARAMETERS
from skerry.wire.problems import Malformed

Node: TypeAlias = "str | dict[str, Node]"
FromNode: TypeAlias = Callable[[Any], Any]

# Not the operation's parameters: the protocol's own and those of a presigned URL.
_ENVELOPE = frozenset(
    {"action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"}
    | {"x-amz-signedheaders", "x-amz-signature", "x-amz-security-token", "x-amz-content-sha256"}
)


def pairs(query: str) -> list[tuple[str, str]]:
    """The decoded fields of a query string or form body, in order. Raises Malformed."""
    fields = query.split("&")
    if len(fields) > MAX_PARAMETERS:
        raise Malformed("syntax", bound="too many parameters")
    return [_pair(field) for field in fields if field]


def request_pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a Query API request, which may be in its URL, its body or both."""
    try:
        body = request.body.decode("ascii")
    except UnicodeDecodeError:
        body = _utf8(request.body)
    found = pairs(body) if body else []
    return pairs(request.query) + found if request.query else found


def request_tree(request: HttpRequest) -> dict[str, Node]:
    """The operation's own parameters as a tree. Raises Malformed."""
    tree: dict[str, Node] = {}
    for name, value in request_pairs(request):
        if name.lower() not in _ENVELOPE:
            _plant(tree, name, value)
    return tree


def numbered(node: Node) -> Iterator[tuple[str, Node]]:
    """A list's entries in the order of their numbers, which need not be dense."""
    if isinstance(node, str):
        if node == "":
            return iter(())
        raise Malformed("type", node, "list")
    for index in node:
        if not (index.isascii() and index.isdigit() and len(index) <= MAX_INDEX_DIGITS):
            raise Malformed("unknown").within(index)
    return iter(sorted(node.items(), key=lambda entry: int(entry[0])))


def structure(members: dict[str, tuple[str, FromNode]], *, refuse_unknown: bool) -> FromNode:
    """The reader of a structure; ``members``: wire name → (member, reader), filled by the caller."""

    def parse(node: Node) -> dict[str, Any]:
        if isinstance(node, str):
            if node == "":
                return {}
            raise Malformed("type", node, "structure")
        found: dict[str, Any] = {}
        for wire_name, child in node.items():
            member = members.get(wire_name)
            if member is None:
                if refuse_unknown:
                    raise Malformed("unknown").within(wire_name)
                continue
            try:
                found[member[0]] = member[1](child)
            except Malformed as problem:
                raise problem.within(wire_name) from None
        return found

    return parse


def sequence(element: FromNode) -> FromNode:
    """The reader of a list whose entries are its node's children."""

    def parse(node: Node) -> list[Any]:
        found: list[Any] = []
        for index, child in numbered(node):
            try:
                found.append(element(child))
            except Malformed as problem:
                raise problem.within(index) from None
        return found

    return parse


def scalar(read: Callable[[str], Any], kind: str) -> FromNode:
    def parse(node: Node) -> Any:
        if isinstance(node, str):
            return read(node)
        raise Malformed("type", "", kind)

    return parse


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    decoded = _utf8(unquote_to_bytes(text))
    if "\0" in decoded:
        raise Malformed("syntax", bound="a NUL character")
    return decoded


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("syntax", bound="not UTF-8") from None


def _plant(tree: dict[str, Node], name: str, value: str) -> None:
    steps = name.split(".", MAX_DEPTH)
    if len(steps) > MAX_DEPTH:
        raise Malformed("syntax", bound="a parameter's name is nested too deeply")
    node = tree
    for step in steps[:-1]:
        child = node.get(step)
        if child is None:
            child = node[step] = {}
        elif isinstance(child, str):
            raise Malformed("syntax", bound=f"{step} is both a value and a structure")
        node = child
    if steps[-1] in node:
        raise Malformed("syntax", bound=f"{steps[-1]} is given twice")
    node[steps[-1]] = value
