"""MaxResults and NextToken, the same way everywhere."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from skerry.kernel.errors import AwsError

Item = TypeVar("Item")


class InvalidNextToken(AwsError):
    code = "InvalidNextToken"
    text = "The token '{token}' is invalid or has expired."


def page(
    items: Sequence[Item], request: Mapping[str, Any], key: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """The page of ``items`` that ``request`` asks for, in the order of ``key``, and the next token.

    The token names the last key shown, so rows that come or go between pages neither repeat nor hide others.
    """
    ordered = sorted(items, key=key)
    token = request.get("NextToken")
    if token:
        last = _decode(token)
        ordered = [item for item in ordered if key(item) > last]
    limit = request.get("MaxResults")
    if not limit or len(ordered) <= limit:
        return ordered, None
    shown = ordered[:limit]
    return shown, _encode(key(shown[-1]))


def _encode(last: str) -> str:
    return base64.urlsafe_b64encode(b"1" + last.encode()).decode()


def _decode(token: str) -> str:
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as bad:
        raise InvalidNextToken(token=token) from bad
    if not text.startswith("1"):
        raise InvalidNextToken(token=token)
    return text[1:]
