"""URI templates of one REST service, and the operation that a method and a URI mean."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from skerry.wire.http import HttpRequest
from skerry.wire.models import Operation, ServiceModel
from skerry.wire.parse.form import pairs
from skerry.wire.problems import Malformed

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class _Template:
    """One operation's URI. ``rank`` orders templates from the most to the least specific."""

    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literals: tuple[tuple[str, str | None], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]
    rank: tuple[int, int, int, int]
    is_deprecated: bool


class UriTable:
    """The templates of one service, by method."""

    def __init__(self, service: ServiceModel) -> None:
        self._methods: dict[str, list[_Template]] = {}
        for name in service.operation_names:
            operation = service.operation(name)
            if operation is not None:
                template = _template(operation)
                self._methods.setdefault(operation.method, []).append(template)
        for templates in self._methods.values():
            templates.sort(key=lambda template: template.rank)

    def match(self, request: HttpRequest, path: str) -> tuple[str, dict[str, str]] | None:
        """The operation and its decoded labels, or None.

        Of templates equally specific in path and query, the one with the most required
        parameters present wins: GetBucketAnalyticsConfiguration has an id, the listing has none.
        """
        try:
            query = dict(pairs(request.query)) if request.query else {}
        except Malformed:
            return None
        best: list[tuple[_Template, re.Match[str]]] = []
        for template in self._methods.get(request.method, ()):
            if best and template.rank != best[0][0].rank:
                break
            found = template.pattern.fullmatch(path)
            if found is not None and _has_literals(template, query):
                best.append((template, found))
        if not best:
            return None
        headers = {name for name, _ in request.headers}
        template, found = max(best, key=lambda match: _fit(match[0], query, headers))
        labels = zip(template.labels, found.groups(), strict=True)
        return template.operation, {name: unquote(value) for name, value in labels}


def _template(operation: Operation) -> _Template:
    path, _, query = operation.uri.partition("?")
    literals = tuple(_literal(item) for item in query.split("&") if item)
    labels = tuple(_LABEL.findall(path))
    segments = [segment for segment in path.split("/") if segment]
    is_greedy = any(greedy for _, greedy in labels)
    shape = operation.input
    required = [shape.member(name) for name in shape.required] if shape is not None else []
    names = [(member.location, member.location_name or "") for member in required]
    rank = (
        -sum("{" not in segment for segment in segments),
        -len(segments),
        int(is_greedy),
        -len(literals),
    )
    return _Template(
        operation=operation.name,
        pattern=_pattern(path, is_greedy=is_greedy),
        labels=tuple(name for name, _ in labels),
        literals=literals,
        required_query=frozenset(name for where, name in names if where == "querystring"),
        required_headers=frozenset(name.lower() for where, name in names if where == "header"),
        rank=rank,
        is_deprecated=operation.is_deprecated,
    )


def _pattern(path: str, *, is_greedy: bool) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[position : label.start()]))
        parts.append("(.+)" if label[2] else "([^/]+)")
        position = label.end()
    parts.append(re.escape(path[position:].rstrip("/")))
    return re.compile("".join(parts) + ("" if is_greedy else "/?"), re.DOTALL)


def _literal(item: str) -> tuple[str, str | None]:
    name, equals, value = item.partition("=")
    return name, value if equals else None


def _has_literals(template: _Template, query: dict[str, str]) -> bool:
    return all(
        name in query and (value is None or query[name] == value)
        for name, value in template.literals
    )


def _fit(template: _Template, query: dict[str, str], headers: set[str]) -> tuple[bool, int, bool]:
    is_satisfied = query.keys() >= template.required_query and headers >= template.required_headers
    wanted = len(template.required_query) + len(template.required_headers)
    return is_satisfied, wanted if is_satisfied else -wanted, not template.is_deprecated
