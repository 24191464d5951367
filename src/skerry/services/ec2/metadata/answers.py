"""What a guest gets for a request: versions, listings, values, tokens, refusals, as EC2 answers them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from skerry.services.ec2.metadata.subject import Subject
from skerry.services.ec2.metadata.tokens import MAX_TTL_S, make_token, ttl_left_s
from skerry.services.ec2.metadata.tree import Tree, Value, grown, metadata_tree

VERSIONS = (
    *("1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15"),
    *("2008-02-01", "2008-09-01", "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12"),
    *("2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19", "2016-06-30", "2016-09-02"),
    *("2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03"),
    *("2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest"),
)
TOKEN = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TOKEN_TTL = "x-aws-ec2-metadata-token-ttl-seconds"  # noqa: S105 - a header's name
TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
MAX_PATH_CHARS = 1024

_TTL = re.compile(r"[0-9]{1,9}")

_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{status} - {reason}</title>
 </head>
 <body>
  <h1>{status} - {reason}</h1>
 </body>
</html>
"""
_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """``hop_limit``: how many hops the answer may travel, when that is limited."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hop_limit: int | None = None


def refusal(status: int) -> Answer:
    """EC2's page for a refusal."""
    body = _PAGE.format(status=status, reason=_REASONS[status]).encode()
    return Answer(status, body, "text/html")


def answer(question: Question, subject: Subject | None, secret: bytes, now_s: float) -> Answer:
    """The answer to one request of one guest."""
    if subject is None:
        return refusal(404)
    if not subject.instance.metadata_enabled:
        return refusal(403)
    if question.path == TOKEN_PATH:
        return _token(question, subject, secret, now_s)
    if question.method not in ("GET", "HEAD"):
        return refusal(405)
    token = question.headers.get(TOKEN)
    left_s = ttl_left_s(secret, subject.instance.id, now_s, token) if token is not None else 0
    if not left_s and (token is not None or subject.instance.metadata_tokens == "required"):
        return refusal(401)
    found = _look_up(question.path, subject)
    if found is None:
        return refusal(404)
    kind = "application/octet-stream" if isinstance(found, bytes) else "text/plain"
    body = found if isinstance(found, bytes) else found.encode()
    headers = {TOKEN_TTL: str(left_s)} if left_s else {}
    return Answer(200, body, kind, headers)


def _token(question: Question, subject: Subject, secret: bytes, now_s: float) -> Answer:
    if question.method != "PUT":
        return refusal(405)
    if "x-forwarded-for" in question.headers:  # a proxy that was made to ask for somebody else
        return refusal(403)
    asked = question.headers.get(TOKEN_TTL, "")
    if not _TTL.fullmatch(asked) or not 1 <= int(asked) <= MAX_TTL_S:
        return refusal(400)
    token = make_token(secret, subject.instance.id, now_s, int(asked))
    hop_limit = subject.instance.metadata_hop_limit
    return Answer(200, token.encode(), headers={TOKEN_TTL: asked}, hop_limit=hop_limit)


def _look_up(path: str, subject: Subject) -> str | bytes | None:
    if len(path) > MAX_PATH_CHARS:
        return None
    steps = [unquote(step) for step in path.split("/") if step]
    if not steps:
        return "\n".join(VERSIONS)
    if steps[0] not in VERSIONS:
        return None
    node: Value = metadata_tree(subject)
    for step in steps[1:]:
        if not isinstance(node, dict):
            return None
        node = _step(node, step)
    return _listing(node) if isinstance(node, dict) else node


def _step(node: Tree, name: str) -> Value:
    """A key pair is listed as ``0=name`` and asked for as ``0``."""
    if name == "0" and name not in node:
        numbered = next((node[key] for key in node if key.startswith("0=")), None)
        return None if isinstance(numbered, str) else grown(numbered)
    return grown(node.get(name))


def _listing(node: Tree) -> str:
    return "\n".join(
        _entry(name, child)
        for name, child in ((name, grown(node[name])) for name in sorted(node))
        if child is not None
    )


def _entry(name: str, child: Value) -> str:
    return f"{name}/" if isinstance(child, dict) and "=" not in name else name
